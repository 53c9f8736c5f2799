"""Takes steps of PyTorch's AdamW, or of SGD after the decay of SGDW.

Reads [{ optimizer, kwargs, decay, start, rates, target }] from standard input:
each rate is that of a step on sum((w - target) ** 2 * (1, 2, 3, ...)). Writes
the weights after each step.
"""

import json
import sys

import torch

rows = []
for item in json.load(sys.stdin):
    w = torch.nn.Parameter(torch.tensor(item["start"], dtype=torch.float32))
    target = torch.tensor(item["target"], dtype=torch.float32)
    slopes = torch.arange(1, len(target) + 1, dtype=torch.float32)
    decoupled = item["optimizer"] == "AdamW"
    kwargs = item["kwargs"]
    if decoupled:
        kwargs = {**kwargs, "weight_decay": item["decay"]}
    optimizer = getattr(torch.optim, item["optimizer"])(
        [w], lr=item["rates"][0], **kwargs
    )
    steps = []
    for rate in item["rates"]:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        ((w - target) ** 2 * slopes).sum().backward()
        if not decoupled:
            with torch.no_grad():
                w.mul_(1 - rate * item["decay"])
        optimizer.step()
        steps.append(w.tolist())
    rows.append(steps)
json.dump(rows, sys.stdout)
