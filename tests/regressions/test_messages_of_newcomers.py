"""What newcomers met: a message that did not say what to do, or a function that worked outside of jit only."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import ConcretizationError, DtypeError, MatrixError


@pytest.mark.parametrize(
    "f",
    [
        lambda n: np.zeros(n),
        lambda n: np.ones((n, 2)),
        lambda n: np.full(n, 1.0),
        lambda n: np.eye(n),
        lambda n: gg.numpy.zeros(n),
        lambda n: np.tile(np.arange(3), n),
        lambda n: sum(range(n)),
    ],
)
@pytest.mark.parametrize("transform", [gg.jit, lambda f: lambda n: gg.vmap(f)(np.array([n]))])
def test_lengths_that_are_traced_say_static(f, transform):
    with pytest.raises(ConcretizationError, match="static"):
        transform(f)(3)


def test_numbers_of_more_than_64_bits():
    with pytest.raises(DtypeError, match=r"does not fit into 64 bits"):
        gg.jit(lambda x: x + 1)(10**30)
    with pytest.raises(OverflowError, match=r"out of bounds for int64; hint: .*1e30"):
        gg.jit(lambda x: x + 10**30)(np.arange(3))
    assert gg.jit(lambda x: x + 10**30)(1.0) == 1e30


@pytest.mark.parametrize("engine", ["cpu", "reference"])
@pytest.mark.parametrize("size", [2, 5])
def test_a_refused_matrix_is_said_once(size, engine):
    with gg.settings(engine=engine), pytest.raises(MatrixError) as caught:
        gg.jit(np.linalg.solve)(np.zeros((size, size)), np.ones(size))
    assert str(caught.value).startswith("solve does not take this matrix: Singular matrix")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("engine", ["cpu", "reference"])
def test_i0_keeps_its_dtype(dtype, engine):
    x = np.array([-1.0, 0.0, 2.0], dtype)
    with gg.settings(engine=engine):
        found = gg.jit(np.i0)(x)
    assert found.dtype == np.i0(x).dtype == dtype
    np.testing.assert_allclose(found, np.i0(x), rtol=1e-3 if dtype == "float16" else 1e-6)


HOLES = np.array([[1.0, np.nan, 3.0, 7.0, -2.0], [np.nan, np.nan, 5.0, 4.0, 4.5], [0.5, 1.5, 2.5, 9.0, -1.0]])


@pytest.mark.parametrize("engine", ["cpu", "reference"])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("method", ["linear", "lower", "higher", "nearest", "midpoint", "hazen"])
def test_quantiles_that_skip_nan(axis, method, engine):
    functions = [
        lambda x: np.nanquantile(x, [0.0, 0.3, 1.0], axis=axis, method=method),
        lambda x: np.nanpercentile(x, 40, axis=axis, method=method, keepdims=True),
        lambda x: np.nanmedian(x, axis=axis),
    ]
    with gg.settings(engine=engine):
        for f in functions:
            np.testing.assert_allclose(gg.jit(f)(HOLES), f(HOLES), rtol=1e-14)
            np.testing.assert_allclose(gg.vmap(f)(np.stack([HOLES, HOLES[::-1]]))[1], f(HOLES[::-1]), rtol=1e-14)


@pytest.mark.filterwarnings("ignore:All-NaN slice", "ignore:Mean of empty slice", "ignore:invalid value")
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,), (2, 2)])
def test_medians_of_nothing(shape):
    x = np.full(shape, np.nan)
    for f in (np.nanmedian, lambda x: np.nanmedian(x, axis=0), np.median):
        np.testing.assert_array_equal(gg.jit(f)(x), f(x))


def test_the_gradient_of_a_median_that_skips_nan():
    row = HOLES[0]
    np.testing.assert_array_equal(gg.jit(gg.grad(np.nanmedian))(row), [0.5, 0, 0.5, 0, 0])


@pytest.mark.parametrize("right", [False, True])
def test_bins_that_only_the_run_knows(right):
    edges, values = np.array([-1.0, 0.0, 0.5, 2.0]), np.array([-2.0, -1.0, 0.2, 0.5, 3.0, np.nan])
    f = gg.jit(lambda v, e: np.digitize(v, e, right=right))
    for bins in (edges, edges[::-1].copy()):
        np.testing.assert_array_equal(f(values, bins), np.digitize(values, bins, right=right))
