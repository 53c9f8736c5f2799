"""The PyTorch half of bench/backends/quick_step.ts: Caffe's CIFAR-10 quick
network, SGD with momentum and weight decay, on the processor.

Prints the milliseconds of each measured step, separated by spaces.
"""

import argparse
import time

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--steps", type=int, required=True)
parser.add_argument("--batch-size", type=int, required=True)
options = parser.parse_args()
torch.set_num_threads(options.threads)

# Like Caffe's, the last window of a pool hangs over the edge.
model = nn.Sequential(
    nn.Conv2d(3, 32, 5, padding=2),
    nn.MaxPool2d(3, 2, ceil_mode=True),
    nn.ReLU(),
    nn.Conv2d(32, 32, 5, padding=2),
    nn.ReLU(),
    nn.AvgPool2d(3, 2, ceil_mode=True),
    nn.Conv2d(32, 64, 5, padding=2),
    nn.ReLU(),
    nn.AvgPool2d(3, 2, ceil_mode=True),
    nn.Flatten(),
    nn.Linear(1024, 64),
    nn.Linear(64, 10),
)
optimizer = torch.optim.SGD(
    model.parameters(), lr=0.001, momentum=0.9, weight_decay=0.004
)
loss = nn.CrossEntropyLoss()
images = torch.randn(options.batch_size, 3, 32, 32)
labels = torch.randint(0, 10, (options.batch_size,))
times = []
for _ in range(options.steps + 3):
    start = time.perf_counter()
    optimizer.zero_grad()
    loss(model(images), labels).backward()
    optimizer.step()
    times.append(1000 * (time.perf_counter() - start))
print(*times[3:])
