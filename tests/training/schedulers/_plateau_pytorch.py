"""Runs PyTorch's ReduceLROnPlateau over series of values.

Reads [{ lr, kwargs, values }] from standard input and writes, for each, the
rate after each value.
"""

import json
import sys
import warnings

import torch

warnings.simplefilter("ignore")

rows = []
for item in json.load(sys.stdin):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=item["lr"])
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, **item["kwargs"]
    )
    rates = []
    for value in item["values"]:
        plateau.step(float("nan") if value is None else value)
        rates.append(optimizer.param_groups[0]["lr"])
    rows.append(rates)
json.dump(rows, sys.stdout)
