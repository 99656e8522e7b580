"""Stacks of small matrices, many at once: the same numbers as LAPACK, and the same refusal where one is singular."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.scipy.linalg import solve_triangular

STACKS = [(8,), (37,), (3, 7), (1, 8)]


def matrices(shape, n, dtype):
    random = np.random.default_rng(n)
    return (random.normal(size=(*shape, n, n)) + 2.0 * np.eye(n)).astype(dtype)


def close(found, expected):
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    allowed = 2e-4 if found.dtype == np.float32 else 1e-10
    np.testing.assert_allclose(found, expected, rtol=allowed, atol=allowed)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("shape", STACKS, ids=str)
def test_values_are_those_of_lapack(shape, n, dtype):
    a = matrices(shape, n, dtype)
    b = np.random.default_rng(0).normal(size=(*shape, n, 4 if n < 5 else 1)).astype(dtype)
    close(gg.jit(np.linalg.det)(a), np.linalg.det(a))
    for found, expected in zip(gg.jit(np.linalg.slogdet)(a), np.linalg.slogdet(a), strict=True):
        close(found, expected)
    close(gg.jit(np.linalg.inv)(a), np.linalg.inv(a))
    close(gg.jit(np.linalg.solve)(a, b), np.linalg.solve(a, b))
    close(gg.jit(np.linalg.solve)(np.swapaxes(a, -1, -2), b), np.linalg.solve(np.swapaxes(a, -1, -2), b))


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("shape", STACKS, ids=str)
def test_triangles_are_those_of_lapack(shape, n, dtype):
    a = matrices(shape, n, dtype)
    b = np.random.default_rng(0).normal(size=(*shape, n, 2 if n < 5 else 1)).astype(dtype)
    squares = a @ np.swapaxes(a, -1, -2)
    close(gg.jit(np.linalg.cholesky)(squares), np.linalg.cholesky(squares))
    for lower, unit in [(True, False), (False, False), (True, True), (False, True)]:
        keys = {"lower": lower, "unit_diagonal": unit}
        found = gg.jit(gg.vmap(lambda a, b, keys=keys: solve_triangular(a, b, **keys)))(
            a.reshape(-1, n, n), b.reshape(-1, n, b.shape[-1])
        )
        triangle = np.tril(a, -unit) if lower else np.triu(a, unit)
        triangle = triangle + unit * np.eye(n, dtype=dtype)
        close(found, np.linalg.solve(triangle, b).reshape(found.shape))


@pytest.mark.parametrize("function", [np.linalg.solve, np.linalg.inv, np.linalg.det, np.linalg.slogdet])
def test_matrices_of_four_rows_share_lanes(function):
    a = matrices((50,), 4, np.float64)
    found = gg.jit(function).inspect(*(a, a)[: 2 if function is np.linalg.solve else 1])
    assert not [call.op for call in found.calls if call.op != "refused"]
    assert max(kernel.lanes for kernel in found.kernels) > 1


def test_what_is_compiled_does_not_grow_with_the_right_sides():
    a, b = matrices((8,), 3, np.float64), np.ones((8, 3, 500))
    assert [call.op for call in gg.jit(np.linalg.solve).inspect(a, b).calls if call.op != "refused"]
    close(gg.jit(np.linalg.solve)(a, b), np.linalg.solve(a, b))


@pytest.mark.parametrize("n", [2, 3, 4])
def test_derivatives_are_those_of_the_reference(n):
    a, b = matrices((11,), n, np.float64), np.ones((11, n, 2))
    for function in (
        lambda a: np.sum(np.linalg.cholesky(a @ np.swapaxes(a, -1, -2) + np.eye(n)) ** 3),
        lambda a: np.sum(np.linalg.slogdet(a)[1] ** 2),
        lambda a: np.sum(np.linalg.solve(a, b) ** 2),
        lambda a: np.sum(np.sin(np.linalg.inv(a))),
        lambda a: np.sum(np.linalg.det(a) ** 2),
    ):
        with gg.settings(engine="reference"):
            expected = gg.jit(gg.grad(function))(a)
        close(gg.jit(gg.grad(function))(a), expected)


def special():
    a = matrices((9,), 3, np.float64)
    a[1], a[2, 1], a[3, :, 0], a[4, 0, 0] = 0.0, a[2, 0], 0.0, 0.0
    a[5], a[6] = np.diag([1.0, 2.0, 0.0]), [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    return a


def test_determinants_of_singular_matrices_and_of_exchanges():
    a = special()
    a[7, 1, 1] = np.nan
    with np.errstate(all="ignore"):
        close(gg.jit(np.linalg.det)(a), np.linalg.det(a))


def test_signs_and_logarithms_of_singular_matrices():
    a = special()[[0, 1, 3, 4, 5, 6, 7, 8]]  # without the one where rounding decides
    with np.errstate(all="ignore"):
        for found, expected in zip(gg.jit(np.linalg.slogdet)(a), np.linalg.slogdet(a), strict=True):
            close(found, expected)


def test_a_zero_in_the_corner_is_no_obstacle():
    a = special()[[0, 4, 6, 7, 8, 0, 4, 6]]
    close(gg.jit(np.linalg.inv)(a), np.linalg.inv(a))


def test_one_singular_matrix_among_many_is_refused():
    a, good = special(), matrices((9,), 3, np.float64)
    inverse = gg.jit(np.linalg.inv)
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
        inverse(a)
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
        gg.jit(np.linalg.solve)(a, a)
    close(inverse(good), np.linalg.inv(good))


def test_one_matrix_that_is_not_positive_definite_is_refused():
    good = matrices((9,), 4, np.float64)
    good = good @ np.swapaxes(good, -1, -2)
    for refused in (-np.eye(4), np.zeros((4, 4)), np.diag([1.0, 1.0, 0.0, 1.0])):
        a = good.copy()
        a[5] = refused
        with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
            gg.jit(np.linalg.cholesky)(a)
    a = good.copy()
    a[5, 0, 0] = np.nan
    close(gg.jit(np.linalg.cholesky)(a), np.linalg.cholesky(a))


def test_a_zero_on_the_diagonal_of_a_triangle_is_refused_unless_it_is_not_read():
    a, b = matrices((9,), 3, np.float64), np.ones((9, 3, 1))
    a[4, 1, 1] = 0.0
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
        gg.jit(gg.vmap(lambda a, b: solve_triangular(a, b, lower=True)))(a, b)
    assert np.all(np.isfinite(gg.jit(gg.vmap(lambda a, b: solve_triangular(a, b, unit_diagonal=True)))(a, b)))
