"""Trains networks in PyTorch as TensorFlow.js would, and writes their losses.

Reads [{ layers, weights, xs, ys, loss, learningRate, momentum, steps }] from
standard input; tensors are { shape, values }, channels last.
"""

import json
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def tensor(data):
    return torch.tensor(data["values"], dtype=torch.float32).reshape(data["shape"])


def to_first(x):
    return x.permute(0, x.dim() - 1, *range(1, x.dim() - 1))


def to_last(x):
    return x.permute(0, *range(2, x.dim()), 1)


def same(x, window, stride, value=0.0):
    """Pads as TensorFlow does: what is odd goes behind."""
    pads = []
    for size, taps, step in reversed(list(zip(x.shape[2:], window, stride))):
        total = max(0, (-(-size // step) - 1) * step + taps - size)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value), pads


ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": F.relu,
    "relu6": F.relu6,
    "softmax": lambda x: F.softmax(x, dim=-1),
    "sigmoid": torch.sigmoid,
}


def convolve(x, layer, take, dimensions):
    kernel = take()
    stride = layer["strides"]
    x = to_first(x)
    if layer["padding"] == "same":
        x, _ = same(x, kernel.shape[:dimensions], stride)
    order = (dimensions + 1, dimensions, *range(dimensions))
    op = F.conv2d if dimensions == 2 else F.conv3d
    return to_last(op(x, kernel.permute(*order), take(), stride=stride))


def depthwise(x, layer, take):
    kernel = take()
    height, width, channels, multiplier = kernel.shape
    x = to_first(x)
    if layer["padding"] == "same":
        x, _ = same(x, (height, width), layer["strides"])
    weight = kernel.permute(2, 3, 0, 1).reshape(
        channels * multiplier, 1, height, width
    )
    return to_last(
        F.conv2d(x, weight, take(), stride=layer["strides"], groups=channels)
    )


def normalize(x, take):
    gamma, beta = take(), take()
    axes = tuple(range(x.dim() - 1))
    mean = x.mean(axes)
    variance = ((x - mean) ** 2).mean(axes)
    return (x - mean) / torch.sqrt(variance + 1e-3) * gamma + beta


def pool(x, layer, dimensions, average):
    window, stride = layer["poolSize"], layer["strides"]
    x = to_first(x)
    if average:
        op = F.avg_pool2d if dimensions == 2 else F.avg_pool3d
        ones = torch.ones_like(x)
        if layer["padding"] == "same":
            ones, _ = same(ones, window, stride)
            x, _ = same(x, window, stride)
        # Divided by what lies on the image alone.
        return to_last(op(x, window, stride) / op(ones, window, stride))
    op = F.max_pool2d if dimensions == 2 else F.max_pool3d
    if layer["padding"] == "same":
        x, _ = same(x, window, stride, value=-float("inf"))
    return to_last(op(x, window, stride))


def apply(item, weights, x):
    left = iter(weights)
    kept = {}

    def take():
        return next(left)

    for layer in item["layers"]:
        kind = layer["kind"]
        if kind in ("conv2d", "conv3d"):
            x = convolve(x, layer, take, int(kind[4]))
        elif kind == "depthwiseConv2d":
            x = depthwise(x, layer, take)
        elif kind == "batchNormalization":
            x = normalize(x, take)
        elif kind in ("maxPooling2d", "maxPooling3d"):
            x = pool(x, layer, int(kind[10]), False)
        elif kind in ("averagePooling2d", "averagePooling3d"):
            x = pool(x, layer, int(kind[14]), True)
        elif kind == "globalAveragePooling2d":
            x = x.mean((1, 2))
        elif kind == "upSampling2d":
            x = to_last(F.interpolate(to_first(x), scale_factor=2, mode="nearest"))
        elif kind == "flatten":
            x = x.reshape(x.shape[0], -1)
        elif kind == "dense":
            x = x @ take() + take()
        elif kind == "keep":
            kept[layer["as"]] = x
        elif kind == "join":
            x = torch.cat([kept[layer["as"]], x], dim=-1)
        else:
            raise ValueError(kind)
        x = ACTIVATIONS[layer.get("activation", "linear")](x)
    return x


def train(item):
    weights = [tensor(w).requires_grad_() for w in item["weights"]]
    optimizer = torch.optim.SGD(
        weights, lr=item["learningRate"], momentum=item["momentum"]
    )
    xs, ys = tensor(item["xs"]), tensor(item["ys"])
    losses = []
    for _ in range(item["steps"]):
        y = apply(item, weights, xs)
        if item["loss"] == "meanSquaredError":
            loss = ((y - ys) ** 2).mean()
        else:
            loss = -(ys * torch.log(y.clamp(1e-7, 1 - 1e-7))).sum(-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


json.dump([train(item) for item in json.load(sys.stdin)], sys.stdout)
