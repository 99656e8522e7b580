"""Random functions of NumPy statements on the CPU engine: values as NumPy has them, gradients as the reference.

`python -m tests.engines.cpu.test_statements 0 2000` tries two thousand others.
"""

import sys

import numpy as np
import pytest

import glassgrad as gg
from tests.engines.cpu.statements import drawn


def slope_of(function, results):
    """The gradient of a number that depends on each entry of the results in a way of its own."""
    weights = [
        np.cos(1.0 + k + np.arange(np.size(result))).reshape(np.shape(result)) for k, result in enumerate(results)
    ]

    def number(*arguments):
        found = function(*arguments)
        return sum(np.sum(np.asarray(w, found[0].dtype) * y) for w, y in zip(weights, found, strict=True))

    return gg.grad(number, (0, 1))


def agree(found, expected, text):
    """Equal up to rounding: of single precision, or of its like in what is a difference of larger numbers."""
    for mine, theirs in zip(found, expected, strict=True):
        assert np.shape(mine) == np.shape(theirs), text
        assert np.asarray(mine).dtype == np.asarray(theirs).dtype, text
        tolerance = 5e-3 if "float32" in text else 1e-8
        size = max(float(np.max(np.abs(theirs), initial=0.0)), 1.0)
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance * size, err_msg=text)


def check(seed):
    """One program: its values, twice, and its gradient."""
    text, function, arguments = drawn(seed)
    text = f"{text}# {arguments[0].dtype}, seed {seed}"
    expected = function(*arguments)
    with gg.settings(engine="cpu"):
        compiled = gg.jit(function)
        agree(compiled(*arguments), expected, text)
        agree(compiled(*arguments), expected, text)
        slope = slope_of(function, expected)
        gradient = gg.jit(slope)(*arguments)
    with gg.settings(engine="reference"):
        agree(gradient, gg.jit(slope)(*arguments), text)


@pytest.mark.parametrize("seed", range(24))
def test_values_and_gradients(seed):
    check(seed)


if __name__ == "__main__":
    first, last = (int(word) for word in sys.argv[1:3])
    for number in range(first, last):
        try:
            check(number)
        except AssertionError as error:
            print(error)
