"""What the doctor's watching costs a training, by the clock: the same training with it and without, in turn.

    python -m benchmarks.doctor.overhead [--steps 300] [--rounds 7] [NAME…]

`watch` stands around a loop of PyTorch's, `fit` is `fit(…, doctor=True)`. Told are the medians of the rounds; the
parameters at the end must be equal bit for bit.
"""

import argparse
import time
from contextlib import nullcontext
from statistics import median

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import nn

import glassgrad as gg
from glassgrad import nn as own
from glassgrad import optim, train


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


def own_mlp():
    return own.mlp([512, 512, 512, 512, 512, 512, 10], key=0), 512, 10, 256


def own_tiny():
    return own.mlp([16, 64, 64, 2], key=0), 16, 2, 32


def looped(make, steps, *, watched):
    """A loop of PyTorch's: (seconds, the parameters at the end, the trace or None)."""
    torch.manual_seed(0)
    model, x, y = make()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    began = time.perf_counter()
    with gg.doctor.watch(model, optimizer) if watched else nullcontext() as visit:
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    seconds = time.perf_counter() - began
    return seconds, [one.detach().numpy() for one in model.parameters()], visit and visit.trace()


def fitted(make, steps, *, watched):
    """A run of ours, in the same shape; compiling is left out, and samples are taken when the report is asked for."""
    model, inputs, classes, batch = make()
    random = np.random.default_rng(0)
    x = random.normal(size=(batch * 10, inputs)).astype(np.float32)
    y = random.integers(0, classes, batch * 10)
    run = train.fit(
        model, (x, y), own.cross_entropy, optim.adam(1e-3), epochs=steps // 10, batch_size=batch, store=False,
        progress=False, doctor=watched,
    )  # fmt: skip
    return run.timings.total - run.timings.compiling, list(run.last_model.parameters().values()), run.visit


TRAININGS = {
    "watch: 5 × 512, batch 256": (looped, mlp),
    "watch: small CNN, batch 64": (looped, cnn),
    "watch: tiny MLP, batch 32": (looped, tiny),
    "fit: 5 × 512, batch 256": (fitted, own_mlp),
    "fit: tiny MLP, batch 32": (fitted, own_tiny),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", help="parts of the names of the trainings; all by default")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    print(
        f"{'training':28}{'ms a step':>11}{'watched':>9}{'samples':>9}{'overhead':>10}{'spread':>15}{'reported':>10}"
        f"{'equal':>7}"
    )
    for name, (trained, make) in TRAININGS.items():
        if chosen.names and not any(part in name for part in chosen.names):
            continue
        trained(make, 20, watched=True)  # what is done once
        plain, watched, equal = [], [], True
        for _ in range(chosen.rounds):
            seconds, expected, _ = trained(make, chosen.steps, watched=False)
            plain.append(seconds)
            seconds, found, seen = trained(make, chosen.steps, watched=True)
            watched.append(seconds)
            equal = equal and all(np.array_equal(one, other) for one, other in zip(expected, found, strict=True))
        shares = sorted(with_it / without - 1 for with_it, without in zip(watched, plain, strict=True))
        samples = len(seen.samples if trained is looped else seen.moments)
        print(
            f"{name:28}{1e3 * median(plain) / chosen.steps:11.3f}{1e3 * median(watched) / chosen.steps:9.3f}{samples:9}"
            f"{median(watched) / median(plain) - 1:10.1%}{f'{shares[0]:.1%} … {shares[-1]:.1%}':>15}"
            f"{seen.overhead / seen.seconds:10.1%}{equal!s:>7}",
            flush=True,
        )


if __name__ == "__main__":
    main()
