"""The vector maths against mpmath: errors in units in the last place over every range of arguments."""

import numpy as np
import pytest

from benchmarks.maths.arrays import native
from benchmarks.maths.points import points
from benchmarks.maths.references import errors, long_double, units
from glassgrad.engines.cpu.emit.maths import MATHS

DTYPES = ("float64", "float32")
EVERYWHERE = [(name, dtype) for name in MATHS for dtype in DTYPES]
SLOW = {"gammaln", "digamma", "erfc", "erf"}  # in mpmath
LONG = np.finfo(np.longdouble).nmant == 63

# What the functions keep to; 2 unless said otherwise. logaddexp: in units of the larger argument where that is larger.
BOUNDS = {"power": 4.0, "gammaln": 4.0, "digamma": 4.0, "sqrt": 0.5, "fmod": 0.0}


def bound(name, dtype):
    """float32 that is computed in float64 is rounded once."""
    if dtype == "float32" and name in {"power", "gammaln", "digamma", "logaddexp", "hypot", "erfc"}:
        return 0.75
    return BOUNDS.get(name, 2.0)


def worst(name, dtype, *given):
    function = native(name, dtype)
    arrays = [np.asarray(x, dtype) for x in given]
    return errors(name, function(*arrays), *arrays).max()


@pytest.mark.parametrize(("name", "dtype"), EVERYWHERE)
def test_random_points(name, dtype):
    count = 300 if name in SLOW else 1200
    given = points(name, dtype, count, np.random.default_rng(3))
    with np.errstate(all="ignore"):
        inside = np.isfinite(native(name, dtype)(*given))
    assert inside.mean() > 0.3, "most points are in the domain"
    assert worst(name, dtype, *[x[inside] for x in given]) <= bound(name, dtype)


@pytest.mark.skipif(not LONG, reason="long double is not longer than double here, or not x86's")
@pytest.mark.parametrize(("name", "dtype"), EVERYWHERE)
def test_many_points_against_long_doubles(name, dtype):
    given = points(name, dtype, 20_000, np.random.default_rng(4))
    scale = np.max(np.abs(given), axis=0) if name == "logaddexp" else 0.0
    with np.errstate(all="ignore"):
        error = units(native(name, dtype)(*given), long_double(name, *given), scale)
    if name == "digamma":
        error = error[np.abs(given[0] - 1.46163214496836) > 0.01]  # the reference has only absolute accuracy there
    assert error.max() <= bound(name, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_angles_near_multiples_of_half_pi(name, dtype):
    # 6381956970095103 · 2^797 is the double nearest to a multiple of π/2 (J.-M. Muller, "Elementary Functions")
    hardest = [6381956970095103.0 * 2.0**797] if dtype == "float64" else [float.fromhex("0x1.f3e0c8p+115")]
    near = np.concatenate([np.arange(1, 200), 10.0 ** np.arange(3, 16)]) * (np.pi / 2)
    edges = [2.0**30, np.nextafter(2.0**30, np.inf), 1e5, 100000.01, 2.0**31, 2.0**100, 1e22, 0.7853981633974483]
    x = np.concatenate([near, edges, hardest, [2.0**k for k in range(-10, 127, 3)]])
    assert worst(name, dtype, np.concatenate([x, -x])) <= 2


@pytest.mark.parametrize("name", ["gammaln", "digamma"])
def test_gamma_functions_near_their_zeros_and_joints(name):
    steps = np.concatenate([np.arange(-20, 21) * 2.2e-16, np.linspace(-1e-3, 1e-3, 21)])
    x = np.concatenate([place * (1 + steps) for place in (1.0, 1.5, 2.0, 2.5, 1.4616321449683623, 3.0, 5.5, 6.0)])
    assert worst(name, "float64", x) <= 4
    assert worst(name, "float32", np.concatenate([x, np.linspace(0.01, 12, 200)])) <= 0.75


def test_gamma_functions_left_of_zero():
    # in units of 1 where the value is below 1: at the zeros there only the absolute error can be small
    x = np.random.default_rng(5).uniform(-20, 0, 400)
    assert worst("gammaln", "float64", x) <= 4
    assert worst("digamma", "float64", x) <= 4
    assert worst("gammaln", "float32", x) <= 0.75
    assert worst("digamma", "float32", x) <= 0.75


@pytest.mark.parametrize("dtype", DTYPES)
def test_results_below_the_normal_numbers(dtype):
    low = {"float64": (-745.2, -708.0), "float32": (-104.0, -87.0)}[dtype]
    assert worst("exp", dtype, np.linspace(*low, 300)) <= 1
    assert worst("expit", dtype, np.linspace(*low, 300)) <= 2
    assert worst("exp2", dtype, np.linspace(*low, 300) / np.log(2)) <= 1
    assert worst("power", dtype, np.full(300, np.e), np.linspace(*low, 300)) <= 2
    assert worst("erfc", dtype, np.sqrt(-np.linspace(*low, 300) - 4)) <= 2
    tiny = np.finfo(dtype).smallest_subnormal * np.arange(1, 300, dtype=dtype)
    for name in ("log", "log2", "log10", "log1p", "cbrt", "sqrt", "rsqrt", "sin", "tanh", "arcsinh", "expm1", "erf"):
        assert worst(name, dtype, tiny) <= 2, name


def test_whole_results_are_exact():
    k = np.arange(-1074, 1024)
    powers = np.ldexp(1.0, k)
    assert (native("exp2", "float64")(k.astype(float)) == powers).all()
    assert (native("log2", "float64")(powers) == k).all()
    tens = np.arange(23)
    assert (native("log10", "float64")(10.0**tens) == tens).all()
    cubes = np.arange(-50.0, 51.0)
    assert (native("cbrt", "float64")(cubes**3) == cubes).all()
    squares = native("power", "float64")(np.repeat(np.arange(1.0, 12), 8), np.tile(np.arange(8.0), 11))
    assert (squares == [base**exponent for base in range(1, 12) for exponent in range(8)]).all()
    assert (native("hypot", "float64")(np.array([3.0, 5, 8]), np.array([4.0, 12, 15])) == [5, 13, 17]).all()
