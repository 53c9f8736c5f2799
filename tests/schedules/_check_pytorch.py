"""Steps PyTorch's own schedulers and writes what they say of themselves.

Reads [{ cls, kwargs, steps, probe }] from standard input. For each, writes the
state after `steps` steps as JSON with default=str, the group of parameters, and
the rate and momentum of the `probe` first iterations.
"""

import json
import sys
import warnings

import torch

warnings.simplefilter("ignore")


def create(optimizer, cls, kwargs):
    kwargs = dict(kwargs)
    inner = kwargs.pop("schedulers", None)
    kind = getattr(torch.optim.lr_scheduler, cls)
    if inner is None:
        return kind(optimizer, **kwargs)
    schedulers = [create(optimizer, one["cls"], one["kwargs"]) for one in inner]
    if cls == "ChainedScheduler":
        return kind(schedulers)
    return kind(optimizer, schedulers, **kwargs)


def run(cls, kwargs, steps):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.4, momentum=0.9)
    scheduler = create(optimizer, cls, kwargs)
    rates, momenta = [], []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        scheduler.step()
    return optimizer, scheduler, rates, momenta


rows = []
for item in json.load(sys.stdin):
    optimizer, scheduler, _, _ = run(item["cls"], item["kwargs"], item["steps"])
    _, _, rates, momenta = run(item["cls"], item["kwargs"], item["probe"])
    rows.append(
        {
            "state": json.dumps(scheduler.state_dict(), default=str),
            "group": optimizer.state_dict()["param_groups"][0],
            "rates": rates,
            "momenta": momenta,
        }
    )
json.dump(rows, sys.stdout)
