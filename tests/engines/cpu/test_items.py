"""Loops whose items do not meet: the items in the lanes, the steps inside; each must stop where it would alone."""

import numpy as np
import pytest

import glassgrad as gg

SIZES = [1, 8, 9, 16, 37, 100]


def compared(function, *arguments, items=1):
    with gg.settings(engine="reference"):
        expected = gg.jit(function)(*arguments)
    compiled = gg.jit(function)
    with gg.settings(engine="cpu"):
        found = compiled(*arguments)
    for one, other in zip(*[r if isinstance(r, tuple) else (r,) for r in (found, expected)], strict=True):
        assert (np.shape(one), np.asarray(one).dtype) == (np.shape(other), np.asarray(other).dtype)
        close = 3e-4 if np.asarray(one).dtype == np.float32 else 1e-10
        np.testing.assert_allclose(one, other, rtol=close, atol=close)
    (version,) = compiled.cache.values()
    if items is not None:
        assert len(version.program.plan.items) == items
    return found


def lorenz(start):
    def slope(x):
        return np.stack([10.0 * (x[1] - x[0]), x[0] * (28.0 - x[2]) - x[1], x[0] * x[1] - x[2] * (8.0 / 3.0)])

    def step(x, _):
        half = x + 0.005 * slope(x)
        return x + 0.01 * slope(half), x[0]

    return gg.scan(step, start, None, length=9)


def root(a):
    return gg.while_loop(lambda x: np.abs(x * x - a) > 1e-4 * a, lambda x: 0.5 * (x + a / x), a)


def polynomial(coefficients, t):
    fitted, _ = gg.scan(lambda total, c: (total * t + c, None), np.zeros_like(t), coefficients, reverse=True)
    return fitted


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_scans_of_vectors(size, dtype):
    x = np.random.default_rng(size).normal(size=(size, 3)).astype(dtype)
    many = int(size >= 8)
    compared(gg.vmap(lorenz), x, items=many)
    compared(gg.vmap(gg.grad(lambda x: np.sum(lorenz(x)[0]))), x, items=None)


@pytest.mark.parametrize("size", SIZES)
def test_a_recurrence_with_its_derivative(size):
    random = np.random.default_rng(size)
    c, t = random.normal(size=7), random.uniform(-1, 1, size=size)
    many = int(size >= 8)
    compared(polynomial, c, t, items=many)
    compared(gg.grad(lambda c, t: np.sum(polynomial(c, t) ** 2)), c, t, items=2 * many)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_sums_over_items_that_are_computed_side_by_side_at_once(size, dtype):
    x = np.random.default_rng(size).normal(size=size).astype(dtype)

    def sums(x):
        def step(c, k):
            return np.sin(c) + x, (np.sum(c), 2.0 * np.mean(c * x) - 1.0, np.sum(c > 0.0, dtype=x.dtype), k + np.sum(x))

        return gg.scan(step, x, np.arange(5.0).astype(x.dtype))[1]

    compared(sums, x, items=None)
    compared(lambda x: sums(np.where(x > 0.0, np.inf, x))[:1], x, items=None)
    compared(gg.grad(lambda x: sum(np.sum(part**2) for part in sums(x))), x, items=None)


def test_long_sums_over_the_items_are_put_aside():
    t = np.random.default_rng(0).uniform(-1, 1, size=20_011)
    compared(gg.grad(lambda c, t: np.sum(polynomial(c, t) ** 2)), np.ones(5), t, items=2)
    (summed,) = compared(
        lambda t: (gg.scan(lambda c, _: (-c, np.mean(c)), t, None, length=2)[1],), np.full(10**6, 0.1), items=1
    )
    np.testing.assert_allclose(summed, [0.1, -0.1], rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_each_item_ends_by_itself(size, dtype):
    a = np.random.default_rng(size).uniform(0.5, 1e3, size=size).astype(dtype)
    found = compared(gg.vmap(root), a, items=int(size >= 8))
    alone = np.array([gg.jit(root)(x) for x in a])
    np.testing.assert_allclose(found, alone, rtol=1e-6)


def test_items_that_wait_for_the_last_are_not_ended_by_themselves():
    def halved(x):
        return gg.while_loop(lambda x: np.any(x > 1.0), lambda x: x / 2.0, x)

    compared(halved, np.arange(100.0), items=0)


def test_nan_and_infinity_end_or_go_on_as_in_the_reference():
    a = np.array([np.nan, np.inf, 4.0, 0.0, -0.0, 1e-300, 9.0, 2.0, np.nan])
    with np.errstate(all="ignore"):
        compared(gg.vmap(root), a)


def test_all_items_take_as_many_steps_where_the_number_is_one_for_all():
    r = np.random.default_rng(0).uniform(1, 3, size=50)

    def iterated(r):
        return gg.fori_loop(0, 40, lambda i, x: r * x * (1.0 - x) + 0.0 * i, 0.3)

    compared(gg.vmap(iterated), r)
    compared(gg.vmap(gg.grad(iterated)), r, items=None)


@pytest.mark.parametrize("size", SIZES)
def test_products_with_a_matrix_that_all_items_share_and_with_their_own(size):
    random = np.random.default_rng(size)
    shared, own = random.normal(size=(3, 3)) * 0.4, random.normal(size=(size, 3, 3)) * 0.4
    x = random.normal(size=(size, 3))
    many = int(size >= 8)
    compared(gg.vmap(lambda x: gg.fori_loop(0, 5, lambda i, x: np.tanh(shared @ x), x)), x, items=many)
    compared(gg.vmap(lambda m, x: gg.fori_loop(0, 5, lambda i, x: np.tanh(m @ x) + x.sum(), x)), own, x, items=many)


def test_views_writes_and_folds_inside():
    def step(x, _):
        turned = x.T[::-1].at[0].add(1.0) if hasattr(x, "at") else x.T[::-1]
        joined = np.concatenate([turned[:1], x[1:]])
        return np.where(joined > 0.0, joined, np.max(x, axis=0)) * 0.9, np.prod(x, axis=1)

    x = np.random.default_rng(0).normal(size=(21, 2, 2))
    compared(gg.vmap(lambda x: gg.scan(step, x, None, length=4)), x)


def test_sequences_and_results_of_each_item_lie_where_they_belong():
    random = np.random.default_rng(0)
    x, u = random.normal(size=(19, 2)), random.normal(size=(19, 6, 2))

    def run(x, u):
        return gg.scan(lambda c, v: (0.5 * c + v, np.stack([c[1], v[0], c[0]])), x, u, reverse=True)

    compared(gg.vmap(run), x, u)
    compared(gg.vmap(gg.grad(lambda x, u: np.sum(run(x, u)[1] ** 2), (0, 1))), x, u, items=None)
