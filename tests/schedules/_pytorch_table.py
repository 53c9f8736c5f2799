"""The schedulers of PyTorch, and their rates.

Reads { steps, items: [{ cls, kwargs, code }] } from standard input, where code
stands for an argument that is a function, and writes { classes, rates }: the
names of all schedulers, and the rates of each item at its first steps.
"""

import inspect
import json
import sys
import warnings

import torch
from torch.optim import lr_scheduler, swa_utils

warnings.simplefilter("ignore")

given = json.load(sys.stdin)
base = getattr(lr_scheduler, "LRScheduler", None) or lr_scheduler._LRScheduler


def create(optimizer, item):
    kwargs = dict(item.get("kwargs", {}))
    for name, source in item.get("code", {}).items():
        kwargs[name] = eval(source)
    inner = [create(optimizer, one) for one in kwargs.pop("schedulers", [])]
    kind = getattr(lr_scheduler, item["cls"], None) or getattr(
        swa_utils, item["cls"]
    )
    if item["cls"] == "ChainedScheduler":
        return kind(inner)
    return kind(optimizer, *([inner] if inner else []), **kwargs)


def rates(item):
    optimizer = torch.optim.SGD(
        [torch.nn.Parameter(torch.zeros(1))], lr=0.4, momentum=0.9
    )
    scheduler = create(optimizer, item)
    row = []
    for _ in range(given["steps"]):
        row.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return row


classes = [
    name
    for module in (lr_scheduler, swa_utils)
    for name, kind in vars(module).items()
    if inspect.isclass(kind)
    and (issubclass(kind, base) or name == "ReduceLROnPlateau")
    and kind is not base
    and not name.startswith("_")
]
json.dump(
    {"classes": classes, "rates": [rates(item) for item in given["items"]]},
    sys.stdout,
)
