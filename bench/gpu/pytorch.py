"""The PyTorch half of bench/gpu.ts: the same networks, batches and steps.

Prints all that it has as a line of JSON after each measurement. In 32-bit floats, once with the tensor cores' TF32 and
once without; WebGPU computes without.
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn


# Like Caffe's, the last window of a pool hangs over the edge.
def max_pool():
    return nn.MaxPool2d(3, 2, ceil_mode=True)


def average_pool():
    return nn.AvgPool2d(3, 2, ceil_mode=True)


def cifar10_quick():
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2),
        max_pool(),
        nn.ReLU(),
        nn.Conv2d(32, 32, 5, padding=2),
        nn.ReLU(),
        average_pool(),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(),
        average_pool(),
        nn.Flatten(),
        nn.Linear(1024, 64),
        nn.Linear(64, 10),
    )


def convolution(inputs, filters, size, stride=1, padding="same"):
    return nn.Sequential(
        nn.Conv2d(inputs, filters, size, stride, padding),
        nn.BatchNorm2d(filters),
        nn.ReLU(),
    )


class Join(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def minigooglenet():
    layers = [convolution(3, 96, 3)]
    channels = 96

    def inception(ones, threes):
        nonlocal channels
        layers.append(
            Join(convolution(channels, ones, 1), convolution(channels, threes, 3))
        )
        channels = ones + threes

    def downsample(filters):
        nonlocal channels
        layers.append(
            Join(convolution(channels, filters, 3, 2, 0), nn.MaxPool2d(3, 2))
        )
        channels += filters

    inception(32, 32)
    inception(32, 48)
    downsample(80)
    inception(112, 48)
    inception(96, 64)
    inception(80, 80)
    inception(48, 96)
    downsample(96)
    inception(176, 160)
    inception(176, 160)
    layers += [nn.AvgPool2d(7), nn.Dropout(0.5), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(channels, 10))


def cifar10_full():
    def norm():
        return nn.LocalResponseNorm(3, alpha=5e-5, beta=0.75)

    return nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2),
        max_pool(),
        nn.ReLU(),
        norm(),
        nn.Conv2d(32, 32, 5, padding=2),
        nn.ReLU(),
        average_pool(),
        norm(),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(),
        average_pool(),
        nn.Flatten(),
        nn.Linear(1024, 10),
    )


class Residual(nn.Module):
    """Two convolutions and a shortcut, padded with zeros where it grows."""

    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(inputs, filters, 3, stride, 1, bias=False),
            nn.BatchNorm2d(filters),
            nn.ReLU(),
            nn.Conv2d(filters, filters, 3, 1, 1, bias=False),
            nn.BatchNorm2d(filters),
        )
        self.stride = stride
        self.growth = filters - inputs

    def forward(self, x):
        shortcut = x[:, :, :: self.stride, :: self.stride]
        shortcut = nn.functional.pad(shortcut, (0, 0, 0, 0, 0, self.growth))
        return torch.relu(self.branch(x) + shortcut)


def resnet20():
    layers = [
        nn.Conv2d(3, 16, 3, 1, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
    ]
    channels = 16
    for filters in [16, 32, 64]:
        for block in range(3):
            stride = 2 if block == 0 and filters > 16 else 1
            layers.append(Residual(channels, filters, stride))
            channels = filters
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(*layers)


NETWORKS = {
    "cifar10_quick": cifar10_quick,
    "cifar10_full": cifar10_full,
    "minigooglenet": minigooglenet,
    "resnet20": resnet20,
}
WEIGHT_DECAY = {
    "cifar10_quick": 0.004,
    "cifar10_full": 0.004,
    "minigooglenet": 0,
    "resnet20": 1e-4,
}


def measure(network, batch_size, steps, repeats, device):
    torch.manual_seed(0)
    model = NETWORKS[network]().to(device)
    optimizer = torch.optim.SGD(
        model.parameters(), 0.001, 0.9, weight_decay=WEIGHT_DECAY[network]
    )
    loss_function = nn.CrossEntropyLoss()
    xs = torch.randn(batch_size, 3, 32, 32, device=device)
    ys = torch.arange(batch_size, device=device) % 10

    def step():
        optimizer.zero_grad()
        loss = loss_function(model(xs), ys)
        loss.backward()
        optimizer.step()
        return loss

    def queued():
        for _ in range(steps):
            loss = step()
        loss.item()

    def reading():
        for _ in range(steps):
            step().item()

    def per_second(run):
        start = time.perf_counter()
        run()
        return steps / (time.perf_counter() - start)

    queued()
    speeds = [(per_second(queued), per_second(reading)) for _ in range(repeats)]
    return {
        "network": network,
        "parameters": sum(p.numel() for p in model.parameters()),
        "batchSize": batch_size,
        "stepsPerSecond": {
            "queued": statistics.median(q for q, _ in speeds),
            "reading": statistics.median(r for _, r in speeds),
        },
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-sizes", default="100,1000")
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--allow-cpu", action="store_true")
    args = parser.parse_args()

    cuda = torch.cuda.is_available()
    if not cuda and not args.allow_cpu:
        raise SystemExit("PyTorch sees no CUDA device")
    device = torch.device("cuda" if cuda else "cpu")
    torch.backends.cudnn.benchmark = True
    speeds = []

    def report():
        """A line for each measurement: a cut loses none before it."""
        print(
            json.dumps(
                {
                    "pytorch": torch.__version__,
                    "cuda": torch.version.cuda,
                    "device": torch.cuda.get_device_name() if cuda else "CPU",
                    "threads": torch.get_num_threads(),
                    "speeds": speeds,
                }
            ),
            flush=True,
        )

    for tf32 in [False, True] if cuda else [False]:
        torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cuda.matmul.allow_tf32 = tf32
        for network in args.networks.split(","):
            for batch_size in map(int, args.batch_sizes.split(",")):
                speed = measure(
                    network, batch_size, args.steps, args.repeats, device
                )
                speeds.append({"tf32": tf32, **speed})
                report()

if __name__ == "__main__":
    main()
