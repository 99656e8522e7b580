"""A network of sigmoids that does not learn: the doctor names the links that break, and tries what brings it back.

python examples/doctor_vanishing.py
"""

import numpy as np

import glassgrad as gg
from glassgrad import nn, optim

LAYERS = 10


def two_moons(count):
    """Points on two half circles that reach into each other, and which of them each lies on."""
    random = np.random.default_rng(0)
    angle, label = random.uniform(0, np.pi, count), random.integers(0, 2, count)
    side = 1 - 2 * label
    points = np.stack([side * np.cos(angle) + label, side * np.sin(angle) + label / 2], axis=1)
    return (points + random.normal(scale=0.1, size=points.shape)).astype(np.float32), label


def main():
    model = nn.mlp([2, *[8] * LAYERS, 2], activation=nn.sigmoid, key=0)
    report = gg.doctor.examine(
        model, nn.cross_entropy, two_moons(512), optim.adam(0.003), steps=200, seeds=2, seconds=40
    )
    print(report)
    print()
    for family, decades in report.ledger.by_family:
        print(f"{family:>10}: the gradient times {10**decades:.1g}")
    assert report.verdict == "sick"
    assert report.causes[0].name == "activation"
    assert report.cures[0].works
    print(f"\nThe doctor's choice: {report.cures[0].title}")


if __name__ == "__main__":
    main()
