"""Linear algebra by LAPACK inside of native programs: stacks, shapes, transposes, refusals."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import MatrixError
from tests.engines.cpu.rows_alone import both

LEADING = [(), (3,), (2, 1, 2)]
TOLERANCE = {"float64": 1e-10, "float32": 2e-3}


def matrices(lead, rows, columns, dtype, seed=0):
    random = np.random.default_rng(seed)
    return (random.normal(size=(*lead, rows, columns)) + 3 * np.eye(rows, columns) * rows**0.5).astype(dtype)


def turned(a):
    return np.swapaxes(a, -1, -2)


def assert_same(name, dtype, *values, **params):
    for found, wanted in both(name, *values, **params):
        np.testing.assert_allclose(found, wanted, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("lead", LEADING, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_systems(size, dtype, lead):
    a = matrices(lead, size, size, dtype)
    for columns in (1, 3):
        b = matrices(lead, size, columns, dtype, 1)
        assert_same("solve", dtype, a, b)
        for lower in (True, False):
            assert_same("solve_triangular", dtype, a, b, lower=lower, unit=False)
            assert_same("solve_triangular", dtype, a / 20, b, lower=lower, unit=True)
    for name in ("inv", "det", "slogdet"):
        assert_same(name, dtype, a)
    assert_same("cholesky", dtype, (a @ turned(a) / size).astype(dtype))


@pytest.mark.parametrize("lead", LEADING, ids=str)
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (5, 2), (2, 5), (20, 20)])
def test_factors(shape, lead):
    a = matrices(lead, *shape, np.float64)
    assert_same("qr", "float64", a)
    assert_same("svd", "float64", a)
    for lower in (True, False):
        assert_same("eigh", "float64", a @ turned(a), lower=lower)


@pytest.mark.parametrize("shape", [(4, 4), (7, 3), (3, 7)])
def test_factors_at_single_precision_are_factors(shape):
    """Signs of vectors are LAPACK's choice, and its builds differ."""
    a = matrices((2,), *shape, np.float32)
    u, s, vh = (found for found, _ in both("svd", a))
    np.testing.assert_allclose(u * s[:, None] @ vh, a, atol=1e-4)
    values, vectors = (found for found, _ in both("eigh", a @ turned(a), lower=True))
    np.testing.assert_allclose(vectors * values[:, None] @ turned(vectors), a @ turned(a), atol=1e-3)


def test_a_singular_matrix_has_a_determinant():
    ((found, wanted),) = both("det", np.ones((3, 3)))
    assert found == wanted == 0
    (sign, _), (logarithm, _) = both("slogdet", np.zeros((2, 2)))
    assert sign == 0
    assert logarithm == -np.inf


def test_a_gradient_uses_the_factors_of_the_value():
    def f(a, b):
        return gg.numpy.sum(gg.numpy.linalg.solve(a, b) ** 2)

    a, b = matrices((), 4, 4, np.float64), matrices((), 4, 2, np.float64, 1)
    value, (da, db) = gg.jit(gg.value_and_grad(f, (0, 1)))(a, b)
    x = np.linalg.solve(a, b)
    back = np.linalg.solve(a.T, 2 * x)
    np.testing.assert_allclose(value, (x**2).sum())
    np.testing.assert_allclose(db, back)
    np.testing.assert_allclose(da, -back @ x.T)


@pytest.mark.parametrize("name", ["inv", "solve", "cholesky"])
def test_what_has_no_factors_is_refused(name):
    library = gg.numpy.linalg
    calls = {
        "inv": library.inv,
        "solve": lambda a: library.solve(a, a),
        "cholesky": lambda a: library.cholesky(a - 2 * gg.numpy.eye(3)),
    }
    compiled = gg.jit(calls[name])
    good = np.eye(3) * 4.0
    for _ in range(3):
        assert np.isfinite(compiled(good)).all()
        with pytest.raises(MatrixError, match=name):
            compiled(np.zeros((3, 3)))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "shape", [(1, 1), (2, 2), (3, 3), (4, 4), (7, 7), (2, 3, 5, 5), (9, 2, 2), (2, 1, 1), (4, 3, 3)]
)
def test_gradients_of_determinants_are_native(shape, dtype):
    rng = np.random.default_rng(2)
    a = rng.normal(size=shape).astype(dtype)
    a[..., -1, :] = a[..., 0, :] if shape[-1] > 2 else a[..., -1, :]  # singular: the cofactors are finite there
    f = gg.jit(gg.grad(lambda a: np.sum(np.linalg.det(a))))
    with gg.settings(engine="reference"):
        expected = gg.jit(gg.grad(lambda a: np.sum(np.linalg.det(a))))(a)
    scale = np.max(np.abs(expected))
    np.testing.assert_allclose(f(a) / scale, expected / scale, atol=1e-4 if dtype == "float32" else 1e-12)
    (version,) = f.cache.values()
    assert not version.program.module.host
