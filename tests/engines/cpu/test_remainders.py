"""Remainders, whole quotients, shifts and steps: NumPy's values bit by bit, also at 0, at NaN and at the ends."""

from itertools import product

import numpy as np
import pytest

from tests.engines.cpu.rows_alone import is_same

SPECIAL = np.array([
    0.0, -0.0, 1, -1, 2, -2,
    0.5, -0.5, 1.5, 2.5, -2.5, 3, -3, 7.5, -7.5, np.inf, -np.inf, np.nan, 1e300, -1e300, 1e-310,
    5e-324, 1e17, -1e17, 0.1, 0.3, -0.3, 1e-5, 360.0,
])  # fmt: skip
WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


def pairs(values):
    return (np.array(side) for side in zip(*product(values, values), strict=True))


def floats(dtype):
    random = np.random.default_rng(0)
    x, y = pairs(SPECIAL)
    more = random.normal(size=(2, 3001)) * 10.0 ** random.integers(-20, 20, (2, 3001))
    return np.r_[x, more[0]].astype(dtype), np.r_[y, more[1]].astype(dtype)


def whole(dtype):
    ends = np.iinfo(dtype)
    values = [0, 1, 2, 3, 7, 8 * np.dtype(dtype).itemsize - 1, ends.max, ends.max - 1, ends.min]
    values += [-1, -2, -7] if ends.min else []
    return (side.astype(dtype) for side in pairs(np.array(values, dtype)))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod", "nextafter"])
def test_floats(name, dtype):
    assert is_same(name, *floats(dtype))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["spacing", "round"])
def test_floats_alone(name, dtype):
    assert is_same(name, floats(dtype)[0])


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod", "left_shift", "right_shift"])
def test_whole_numbers(name, dtype):
    assert is_same(name, *whole(dtype))


@pytest.mark.parametrize("dtype", WHOLE)
def test_bits_are_counted(dtype):
    assert is_same("bitwise_count", next(iter(whole(dtype))))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("kind", "reach"), [("int64", 2400), ("int32", 160), ("int8", 127)])
def test_powers_of_two(dtype, kind, reach):
    x, _ = floats(dtype)
    assert is_same("ldexp", x, np.random.default_rng(1).integers(-reach, reach, x.size).astype(kind))


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5), (2, 1, 17)])
def test_shapes(shape):
    random = np.random.default_rng(2)
    assert is_same("remainder", random.normal(size=shape), random.normal(size=shape))
