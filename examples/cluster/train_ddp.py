"""Trains between the bounds that @clr/clr found, on several processes:

    torchrun --nproc_per_node 2 train_ddp.py --steps 40

schedule.py is what export_schedule.ts wrote. A run that is started again with
more steps goes on from checkpoint.pt.
"""

import argparse
import itertools
import json
import os

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

import schedule

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, required=True)
parser.add_argument("--data", default="data.json")
parser.add_argument("--batch-size", type=int, default=16, help="of each process")
arguments = parser.parse_args()

dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
rank = dist.get_rank()
if torch.cuda.is_available():
    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
device = "cuda" if torch.cuda.is_available() else "cpu"

with open(arguments.data) as file:
    rows = json.load(file)
data = TensorDataset(torch.tensor(rows["xs"]), torch.tensor(rows["ys"]))
sampler = DistributedSampler(data, seed=1)
loader = DataLoader(data, arguments.batch_size, sampler=sampler)

torch.manual_seed(1)
model = torch.nn.Sequential(
    torch.nn.Linear(data[0][0].numel(), 16),
    torch.nn.ReLU(),
    torch.nn.Linear(16, data[0][1].numel()),
)
model = DistributedDataParallel(model.to(device))
# The rate here is the scheduler's to replace; another group's keeps its ratio to it.
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = schedule.Scheduler(optimizer)

step = 0
if os.path.exists("checkpoint.pt"):
    saved = torch.load("checkpoint.pt", map_location=device)
    step = saved["step"]
    model.module.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    scheduler.load_state_dict(saved["scheduler"])

rates = []
while step < arguments.steps:
    epoch, first = divmod(step, len(loader))
    sampler.set_epoch(epoch)
    for xs, ys in itertools.islice(loader, first, first + arguments.steps - step):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(xs.to(device)), ys.to(device))
        loss.backward()
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
        step += 1

weights = torch.cat([p.detach().flatten() for p in model.parameters()])
gathered = [torch.zeros_like(weights) for _ in range(dist.get_world_size())]
dist.all_gather(gathered, weights)
if rank == 0:
    state = {
        "step": step,
        "model": model.module.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
    }
    torch.save(state, "checkpoint.pt")
    result = {
        "processes": dist.get_world_size(),
        "step": step,
        "loss": loss.item(),
        "rates": rates,
        "same weights": all(torch.equal(weights, other) for other in gathered),
        "weights": weights.tolist(),
    }
    with open("result.json", "w") as file:
        json.dump(result, file)
    print(f"step {step}, rate {rates[-1]}, loss {loss.item():.4f}")
dist.destroy_process_group()
