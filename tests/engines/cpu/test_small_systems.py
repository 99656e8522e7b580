"""Stacks of small matrices, many at once: the same numbers as LAPACK, and the same refusal where one is singular."""

import numpy as np
import pytest

import glassgrad as gg

STACKS = [(8,), (37,), (3, 7), (1, 8)]


def matrices(shape, n, dtype):
    random = np.random.default_rng(n)
    return (random.normal(size=(*shape, n, n)) + 2.0 * np.eye(n)).astype(dtype)


def close(found, expected):
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    allowed = 2e-4 if found.dtype == np.float32 else 1e-10
    np.testing.assert_allclose(found, expected, rtol=allowed, atol=allowed)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("shape", STACKS, ids=str)
def test_values_are_those_of_lapack(shape, n, dtype):
    a = matrices(shape, n, dtype)
    b = np.random.default_rng(0).normal(size=(*shape, n, 4)).astype(dtype)
    close(gg.jit(np.linalg.det)(a), np.linalg.det(a))
    close(gg.jit(np.linalg.inv)(a), np.linalg.inv(a))
    close(gg.jit(np.linalg.solve)(a, b), np.linalg.solve(a, b))
    close(gg.jit(np.linalg.solve)(np.swapaxes(a, -1, -2), b), np.linalg.solve(np.swapaxes(a, -1, -2), b))


@pytest.mark.parametrize("n", [2, 3])
def test_derivatives_are_those_of_the_reference(n):
    a, b = matrices((11,), n, np.float64), np.ones((11, n, 2))
    for function in (
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
