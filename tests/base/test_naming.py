"""Values in words that another process gives them too."""

import functools
import math
import os
import subprocess
import sys

import numpy as np

from glassgrad import nn, optim
from glassgrad.base.naming import described

PROGRAM = """
import functools
import numpy as np
from glassgrad import nn, optim
from glassgrad.base.naming import described

def inside(rate):
    def loss(p, y):
        return rate if p in {"a", "b", "c"} else y
    return loss

class Plain:
    def __call__(self, x): return x

array = np.arange(100.0)
print(described([
    lambda p: p * 2, inside(0.1), functools.partial(nn.cross_entropy, class_weights=array), Plain(), Plain,
    optim.adam(lambda count: 1e-3 / (1 + count)), optim.adamw(1e-3, mask=lambda path, value: True),
    optim.chain(optim.clip_by_norm(1.0), optim.sgd(optim.schedules.cosine(0.1, 10))), {"a": np.exp, "b": (len,)},
]))
"""


def test_two_processes_say_the_same():
    found = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in (1, 2)
    ]  # fmt: skip
    assert found[0] == found[1]
    assert "0x" not in found[0]
    assert "<lambda>#" in found[0]


def rated(rate):
    return lambda x: x * rate


def test_what_differs_is_told_apart():
    assert described(rated(1.0)) == described(rated(1.0)) != described(rated(2.0))
    assert described(lambda x: x * 2) != described(lambda x: x * 3)
    assert described(lambda x, y=1: x) != described(lambda x, y=2: x)
    ones, twos = functools.partial(rated, np.ones(50)), functools.partial(rated, np.full(50, 2.0))
    assert described(ones) != described(twos)
    assert described(optim.adam(1e-3)) != described(optim.adam(1e-2))


def test_names_are_where_things_are_defined():
    assert described(nn.mse) == "glassgrad.nn.losses.regression.mse"
    assert described((math.sin,)) == "(math.sin,)"
    assert described(3.5) == "3.5"
    assert described(np.float32) == "numpy.float32"


def test_functions_that_hold_themselves_come_to_an_end():
    held = []

    def turning(x):
        return held[0](x) if x else turning(x)

    held.append(turning)
    assert described(turning) == described(held)[1:-1]
