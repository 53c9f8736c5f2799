"""PyTorch's half of bench/backends/convolutions_bench.ts: for each line that it
reads, it runs one kernel once and answers with a line.

A line is JSON: the kernel ("forward", "input" or "filter"), the images, their
size, channels, filters, the side of the window and the stride.
"""

import functools
import json
import sys

import torch
from torch.nn import functional, grad

torch.set_num_threads(int(sys.argv[1]))


@functools.lru_cache(maxsize=1)
def prepare(line):
    shape = json.loads(line)
    side, stride = shape["side"], shape["stride"]
    padding = (side - 1) // 2
    x = torch.randn(shape["images"], shape["channels"], shape["size"], shape["size"])
    weights = torch.randn(shape["filters"], shape["channels"], side, side)
    bias = torch.randn(shape["filters"])
    options = {"stride": stride, "padding": padding}
    y = functional.conv2d(x, weights, bias, **options)
    dy = torch.randn_like(y)
    return {
        "forward": lambda: functional.conv2d(x, weights, bias, **options),
        "input": lambda: grad.conv2d_input(x.shape, weights, dy, **options),
        "filter": lambda: grad.conv2d_weight(x, weights.shape, dy, **options),
    }[shape["kernel"]]


for line in sys.stdin:
    prepare(line)()
    print("done", flush=True)
