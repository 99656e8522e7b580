"""The vector maths at zeros of both signs, infinities, NaN and the ends of domains: NumPy's and SciPy's values."""

import numpy as np
import pytest
import scipy.special

from benchmarks.maths.arrays import BINARY, native
from benchmarks.maths.points import special
from glassgrad.engines.cpu.emit.maths import MATHS

PEERS = {
    "expit": scipy.special.expit,
    "erf": scipy.special.erf,
    "erfc": scipy.special.erfc,
    "gammaln": scipy.special.gammaln,
    "digamma": scipy.special.digamma,
    "softplus": lambda x: np.logaddexp(x.dtype.type(0), x),
    "rsqrt": lambda x: 1 / np.sqrt(x),
}


def beside_one(x):
    return (np.abs(x) != 1) & (np.abs(np.abs(x) - 1) < 1e-6)


# Where a peer is wrong or cancels, and what is right is tried in test_maths_accuracy.py:
EXCEPT = {
    # SciPy: infinite at the smallest numbers, and few digits beside zeros and poles
    "gammaln": lambda x: ((np.abs(x) < 1e-300) & (x != 0)) | beside_one(x),
    "digamma": lambda x: beside_one(x),
    "expit": lambda x: (x < -87) & np.isfinite(x),  # SciPy: zero instead of subnormal numbers
    "logaddexp": lambda x, y: np.abs(np.logaddexp(x, y)) < 0.1,
}


def arguments(name, dtype):
    x = special(dtype)
    return [axis.ravel() for axis in np.meshgrid(x, x)] if name in BINARY else [x]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", MATHS)
@np.errstate(all="ignore")
def test_special_values_are_numpys(name, dtype):
    given = arguments(name, dtype)
    got, wanted = native(name, dtype)(*given), (PEERS.get(name) or getattr(np, name))(*given)
    if name in EXCEPT:
        kept = ~EXCEPT[name](*given)
        given, got, wanted = [x[kept] for x in given], got[kept], wanted[kept]
    special_ones = ~np.isfinite(wanted) | (wanted == 0)
    near = np.abs(got - wanted) <= np.finfo(dtype).smallest_subnormal
    same = near | (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    wrong = special_ones & (~same | ((np.signbit(got) != np.signbit(wanted)) & ~np.isnan(wanted)))
    assert not wrong.any(), [(*[x[i] for x in given], got[i], wanted[i]) for i in np.flatnonzero(wrong)[:5]]
    tolerance = 40 * np.finfo(dtype).eps
    np.testing.assert_allclose(got[~special_ones], wanted[~special_ones], rtol=tolerance, atol=np.finfo(dtype).tiny * 8)
    assert special_ones.any()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["exp", "exp2", "expit", "tanh"])
def test_beyond_all_results_and_next_to_zero(name, dtype):
    ends = np.finfo(dtype)
    sizes = np.ldexp(np.ones((), dtype), np.arange(ends.minexp - ends.nmant, ends.maxexp))
    sizes = np.concatenate([sizes, sizes * np.dtype(dtype).type(1.7), [ends.max]])
    far = sizes[sizes > 2000]
    low, high = {"exp": (0, np.inf), "exp2": (0, np.inf), "expit": (0, 1), "tanh": (-1, 1)}[name]
    function = native(name, dtype)
    assert (function(far) == high).all()
    assert (function(-far) == low).all()
    near = sizes[sizes < ends.eps / 4]
    wanted = near if name == "tanh" else {"expit": 0.5}.get(name, 1.0)
    assert (function(near) == wanted).all()
    assert (function(-near) == (-near if name == "tanh" else wanted)).all()
