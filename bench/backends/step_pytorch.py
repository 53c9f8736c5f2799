"""The PyTorch half of bench/backends/step.ts: the same networks, optimizers
and batches on the processor.

Prints one line of JSON: the milliseconds of each measured step, PyTorch's
version, and whether its matrix products come from a fast BLAS.
"""

import argparse
import json
import time

import torch
from torch import nn
from torch.nn import functional


def quick(batch):
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
    return model, optimizer, torch.randn(batch, 3, 32, 32), 10


class Residual(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(channels, filters, 3, stride, 1, bias=False),
            nn.BatchNorm2d(filters),
            nn.ReLU(),
            nn.Conv2d(filters, filters, 3, 1, 1, bias=False),
            nn.BatchNorm2d(filters),
        )
        self.stride = stride
        self.missing = filters - channels

    def forward(self, x):
        shortcut = x
        if self.stride > 1:
            shortcut = functional.avg_pool2d(x, 1, self.stride)
            shortcut = functional.pad(shortcut, (0, 0, 0, 0, 0, self.missing))
        return functional.relu(self.branch(x) + shortcut)


def resnet20(batch):
    layers = [
        nn.Conv2d(3, 16, 3, 1, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
    ]
    channels = 16
    for filters in (16, 32, 64):
        for block in range(3):
            stride = 2 if filters > 16 and block == 0 else 1
            layers.append(Residual(channels, filters, stride))
            channels = filters
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    model = nn.Sequential(*layers)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.0001
    )
    return model, optimizer, torch.randn(batch, 3, 32, 32), 10


def convolution(channels, filters, size, stride=1, padding=0):
    return nn.Sequential(
        nn.Conv2d(channels, filters, size, stride, padding),
        nn.BatchNorm2d(filters, eps=1e-3),
        nn.ReLU(),
    )


class Join(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def inception(channels, ones, threes):
    return Join(
        convolution(channels, ones, 1),
        convolution(channels, threes, 3, padding=1),
    )


def downsample(channels, filters):
    return Join(convolution(channels, filters, 3, 2), nn.MaxPool2d(3, 2))


def minigooglenet(batch):
    model = nn.Sequential(
        convolution(3, 96, 3, padding=1),
        inception(96, 32, 32),
        inception(64, 32, 48),
        downsample(80, 80),
        inception(160, 112, 48),
        inception(160, 96, 64),
        inception(160, 80, 80),
        inception(160, 48, 96),
        downsample(144, 96),
        inception(240, 176, 160),
        inception(336, 176, 160),
        nn.AvgPool2d(7),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(336, 10),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return model, optimizer, torch.randn(batch, 3, 32, 32), 10


def perceptron(batch):
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 784), nn.ReLU(), nn.Linear(784, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    return model, optimizer, torch.rand(batch, 1, 28, 28), 10


class Sentences(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20_000, 64)
        self.lstm = nn.LSTM(64, 64, batch_first=True)
        self.classes = nn.Linear(64, 2)

    def forward(self, words):
        _, (state, _) = self.lstm(self.embedding(words))
        return self.classes(state[0])


def lstm(batch):
    model = Sentences()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    return model, optimizer, torch.randint(0, 20_000, (batch, 80)), 2


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.TransformerEncoderLayer(
            256, 4, 1024, dropout=0.0, batch_first=True
        )
        self.classes = nn.Linear(256, 10)

    def forward(self, tokens):
        return self.classes(self.block(tokens).mean(1))


def transformer(batch):
    model = Transformer()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    return model, optimizer, torch.randn(batch, 64, 256), 10


def blas():
    """The library that multiplies matrices, by the files that are loaded."""
    torch.randn(64, 64) @ torch.randn(64, 64)
    try:
        with open("/proc/self/maps") as maps:
            files = maps.read().lower()
    except OSError:
        return "unknown"
    for name in ("openblas", "mkl_", "blis", "atlas"):
        if name in files:
            return name.rstrip("_")
    return "reference" if "/libblas" in files else "unknown"


networks = {
    network.__name__: network
    for network in (quick, resnet20, minigooglenet, perceptron, lstm, transformer)
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", choices=networks, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--warmup", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model, optimizer, xs, classes = networks[options.network](options.batch_size)
    labels = torch.randint(0, classes, (options.batch_size,))
    loss = nn.CrossEntropyLoss()
    times = []
    # As long as step.ts: at least so many steps, for at least a second.
    end = time.perf_counter() + 1
    warmup = options.warmup
    while len(times) < warmup + options.steps:
        start = time.perf_counter()
        if len(times) == warmup and start < end:
            warmup += 1
        optimizer.zero_grad()
        value = loss(model(xs), labels)
        value.backward()
        optimizer.step()
        value.item()
        times.append(1000 * (time.perf_counter() - start))
    print(
        json.dumps(
            {
                "times": times[warmup:],
                "version": torch.__version__,
                "blas": blas(),
            }
        )
    )


main()
