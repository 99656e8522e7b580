"""What `gg.doctor.watch` costs a training: the same loop watched and not, in turn, and the least time of each.

    python -m benchmarks.doctor.overhead [--steps 150] [--rounds 3] [--wall]

Processor time is compared, unless `--wall` asks for the clock. The parameters at the end must be equal bit for bit.
"""

import argparse
import time
from contextlib import nullcontext

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import nn

import glassgrad as gg


def mlp():
    layers = []
    for _ in range(5):
        layers += [nn.Linear(512, 512), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(512, 10)), torch.randn(256, 512), torch.randint(0, 10, (256,))


def cnn():
    layers = [nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(32 * 64, 10)), torch.randn(64, 3, 32, 32), torch.randint(0, 10, (64,))


def tiny():
    layers = [nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)]
    return nn.Sequential(*layers), torch.randn(32, 16), torch.randint(0, 2, (32,))


NETWORKS = {"5 × 512, batch 256": mlp, "small CNN, batch 64": cnn, "tiny MLP, batch 32": tiny}


def trained(make, steps, clock, *, watched):
    """(seconds of a loop, its parameters at the end, the visit)."""
    torch.manual_seed(0)
    model, x, y = make()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    began = clock()
    with gg.doctor.watch(model, optimizer) if watched else nullcontext() as visit:
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    return clock() - began, [one.detach().clone() for one in model.parameters()], visit


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wall", action="store_true")
    chosen = parser.parse_args()
    clock = time.perf_counter if chosen.wall else time.process_time
    print(
        f"{'network':24}{'ms a step':>12}{'watched':>10}{'samples':>9}{'overhead':>10}{'as reported':>13}{'equal':>7}"
    )
    for name, make in NETWORKS.items():
        trained(make, 3, clock, watched=True)
        plain, watched, equal = [], [], True
        for _ in range(chosen.rounds):
            seconds, expected, _ = trained(make, chosen.steps, clock, watched=False)
            plain.append(seconds)
            seconds, found, visit = trained(make, chosen.steps, clock, watched=True)
            watched.append(seconds)
            equal = equal and all(torch.equal(one, other) for one, other in zip(expected, found, strict=True))
        trace = visit.trace()
        step, with_it = (1e3 * min(times) / chosen.steps for times in (plain, watched))
        print(
            f"{name:24}{step:12.2f}{with_it:10.2f}{len(trace.samples):9}{with_it / step - 1:10.1%}"
            f"{trace.overhead / trace.seconds:13.1%}{equal!s:>7}"
        )


if __name__ == "__main__":
    main()
