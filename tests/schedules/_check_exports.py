"""Runs exported schedules and reports how far they are from the given rates.

Reads [{ name, pytorch, optax, keras, rates, momenta? }] from standard input and
writes [{ name, ... the largest relative errors }] to standard output. Keras is
not needed: its exported callback is driven as fit() would drive it.
"""

import json
import math
import sys
import types
import warnings

import numpy
import torch

warnings.simplefilter("ignore")

jax = types.ModuleType("jax")
jax.numpy = numpy
keras = types.ModuleType("keras")
keras.callbacks = types.SimpleNamespace(Callback=object)
sys.modules.update({"jax": jax, "jax.numpy": numpy, "keras": keras})


def error(actual, expected, least=sys.float_info.min):
    if len(actual) != len(expected):
        return math.inf
    return max(
        0.0 if a == e else abs(a - e) / max(abs(e), least)
        for a, e in zip(actual, expected)
    )


def load(source):
    module = {}
    exec(source, module)
    return module


def run_pytorch(source, count, adam):
    parameters = [
        {"params": torch.nn.Parameter(torch.zeros(1))},
        {"params": torch.nn.Parameter(torch.zeros(1)), "lr": 0.6},
    ]
    optimizer = (
        torch.optim.Adam(parameters, lr=0.3)
        if adam
        else torch.optim.SGD(parameters, lr=0.3, momentum=0.5)
    )
    scheduler = load(source)["Scheduler"](optimizer)
    rates, momenta = [], []
    for _ in range(count):
        group, twice = optimizer.param_groups
        # Below the smallest normal double, doubling rounds.
        off = abs(twice["lr"] - 2 * group["lr"])
        if off > sys.float_info.min:
            raise ValueError("a group lost its ratio to the optimizer's rate")
        rates.append(group["lr"])
        momenta.append(group["betas"][0] if adam else group["momentum"])
        optimizer.step()
        scheduler.step()
    return rates, momenta


def run_optax(source, count, name):
    # All iterations at once: what branches on a number would fail, as in JAX.
    iterations = numpy.arange(count)
    with numpy.errstate(all="ignore"):
        values = load(source)[name](iterations)
    return numpy.broadcast_to(values, iterations.shape).tolist()


def run_keras(source, count):
    callback = load(source)["Scheduler"]()
    optimizer = types.SimpleNamespace(learning_rate=None)
    callback.model = types.SimpleNamespace(optimizer=optimizer)
    rates = []
    for t in range(count):
        callback.on_train_batch_begin(t)
        rates.append(optimizer.learning_rate)
        callback.on_train_batch_end(t)
    return rates


report = []
for item in json.load(sys.stdin):
    expected, momenta = item["rates"], item.get("momenta")
    count = len(expected)
    row = {"name": item["name"]}
    for adam in (False, True) if momenta else (False,):
        rates, actual = run_pytorch(item["pytorch"], count, adam)
        kind = "Adam" if adam else "SGD"
        # PyTorch's own schedulers round where the rate is next to nothing.
        is_native = "LambdaLR" not in item["pytorch"]
        least = max(expected) if is_native else sys.float_info.min
        row[f"PyTorch rate, {kind}"] = error(rates, expected, least)
        if momenta:
            row[f"PyTorch momentum, {kind}"] = error(actual, momenta)
    row["optax rate"] = error(
        run_optax(item["optax"], count, "learning_rate"), expected
    )
    if momenta:
        row["optax momentum"] = error(
            run_optax(item["optax"], count, "momentum"), momenta
        )
    if item.get("keras"):
        row["Keras rate"] = error(run_keras(item["keras"], count), expected)
    report.append(row)
json.dump(report, sys.stdout)
