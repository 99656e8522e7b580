"""The vector maths gives the same bits in every lane, at every width, in line and called."""

import numpy as np
import pytest

from benchmarks.maths.arrays import BINARY, WIDTHS, native
from benchmarks.maths.points import points
from glassgrad.engines.cpu.emit.maths import MATHS

WIDE = {"float64": (1, 2, 3, 14, 24), "float32": (1, 4, 8, 14)}
SOME = ["exp", "tanh", "expit", "sin", "power", "gammaln", "erfc"]


def given_to(name, dtype):
    arrays = points(name, dtype, 400, np.random.default_rng(6))
    order = np.random.default_rng(7).permutation(arrays[0].size)  # huge angles beside small ones
    return [array[order] for array in arrays]


@pytest.mark.parametrize("dtype", WIDE)
@pytest.mark.parametrize("name", SOME)
@np.errstate(all="ignore")
def test_any_number_of_lanes(name, dtype):
    given = given_to(name, dtype)
    wanted = native(name, dtype)(*given)
    for lanes in WIDE[dtype]:
        np.testing.assert_array_equal(native(name, dtype, lanes)(*given), wanted, err_msg=f"{lanes} lanes")


@pytest.mark.parametrize("name", SOME)
@np.errstate(all="ignore")
def test_called_and_contracted(name):
    given = given_to(name, "float64")
    wanted = native(name, "float64")(*given)
    np.testing.assert_array_equal(native(name, "float64", called=True)(*given), wanted)
    np.testing.assert_array_equal(native(name, "float64", contract=True)(*given), wanted)


def test_every_function_of_one_lane():
    for name in MATHS:
        x = np.array([0.5, 0.25, 0.75] * 6)
        given = [x, x[::-1].copy()] if name in BINARY else [x + (name == "arccosh")]
        np.testing.assert_array_equal(native(name, "float64", 1)(*given), native(name, "float64")(*given), err_msg=name)


def test_widths_fill_two_registers():
    assert {dtype: np.dtype(dtype).itemsize * lanes for dtype, lanes in WIDTHS.items()} == {"d": 64, "f": 64}
