"""cond, switch, while_loop, fori_loop, scan: values, derivatives, errors."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import ConcretizationError, DtypeError, ShapeError, UsageError


def test_scan_gives_carry_and_stacked_results():
    total, partial = gg.scan(lambda c, x: (c + x, c * 10.0), 0.0, np.array([1.0, 2.0, 3.0]))
    assert total == 6.0
    np.testing.assert_array_equal(partial, [0.0, 10.0, 30.0])


def test_scan_over_trees_and_backwards():
    xs = {"a": np.arange(6.0).reshape(3, 2), "b": np.array([1, 2, 3])}
    carry, ys = gg.scan(
        lambda c, x: ({"s": c["s"] * 0.5 + x["a"] * x["b"]}, c["s"].sum()), {"s": np.zeros(2)}, xs, reverse=True
    )
    state, expected = np.zeros(2), np.zeros(3)
    for t in (2, 1, 0):
        expected[t] = state.sum()
        state = state * 0.5 + xs["a"][t] * xs["b"][t]
    np.testing.assert_allclose(carry["s"], state)
    np.testing.assert_allclose(ys, expected)


@pytest.mark.parametrize("checkpoint", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_gradients_for_carry_sequence_and_surroundings(checkpoint, reverse):
    rng = np.random.default_rng(0)
    w, c0, xs = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=(5, 3))

    def by_scan(w, c0, xs):
        def step(c, x):
            return np.tanh(w @ c + x), np.sin(c) * x

        c, ys = gg.scan(step, c0, xs, reverse=reverse, checkpoint=checkpoint)
        return (c * c).sum() + (ys * ys).sum()

    def by_hand(w, c0, xs):
        c, total = c0, 0.0
        for x in xs[::-1] if reverse else xs:
            total = total + ((np.sin(c) * x) ** 2).sum()
            c = np.tanh(w @ c + x)
        return (c * c).sum() + total

    everything = (0, 1, 2)
    assert by_scan(w, c0, xs) == pytest.approx(by_hand(w, c0, xs))
    for a, b in zip(gg.grad(by_scan, everything)(w, c0, xs), gg.grad(by_hand, everything)(w, c0, xs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    v = rng.normal(size=(5, 3))
    np.testing.assert_allclose(
        gg.hvp(lambda xs: by_scan(w, c0, xs), xs, v),
        gg.hvp(lambda xs: by_hand(w, c0, xs), xs, v),
        rtol=1e-9,
        atol=1e-11,
    )


def test_while_loop_without_any_step():
    f = lambda a: gg.while_loop(lambda x: x < 0.0, lambda x: x * a, 1.0 * a)  # noqa: E731
    assert gg.value_and_grad(f)(3.0) == (3.0, 1.0)


def test_newton_iteration_finds_its_own_end():
    def root(a):
        return gg.while_loop(lambda x: np.abs(x * x - a) > 1e-13, lambda x: 0.5 * (x + a / x), a)

    assert root(2.0) == pytest.approx(np.sqrt(2.0))
    assert gg.grad(root)(2.0) == pytest.approx(0.5 / np.sqrt(2.0))


def test_fori_loop_with_traced_bounds():
    power = lambda x, n: gg.fori_loop(0, n, lambda i, acc: acc * x, 1.0)  # noqa: E731
    assert gg.jit(power)(2.0, 5) == 32.0
    assert gg.grad(power)(2.0, 5) == 80.0
    assert gg.jit(gg.grad(power))(2.0, 5) == 80.0


def test_only_the_branch_taken_runs():
    # log of a negative number would be NaN in both directions
    f = lambda x: gg.cond(x > 0, lambda: np.log(x), lambda: x * x)  # noqa: E731
    assert gg.value_and_grad(f)(-2.0) == (4.0, -4.0)
    assert gg.value_and_grad(gg.jit(f))(np.e)[1] == pytest.approx(1 / np.e)


def test_switch_clips_its_index():
    f = lambda i, x: gg.switch(i, [lambda x: x, lambda x: x * x, lambda x: x**3], x)  # noqa: E731
    assert [gg.grad(f, 1)(i, 2.0) for i in (-1, 0, 1, 2, 7)] == [1.0, 1.0, 4.0, 12.0, 12.0]


def test_a_carry_starts_as_a_python_number_and_takes_the_dtype_of_the_body():
    x = np.float32(0.5)
    result = gg.while_loop(lambda c: c < 3, lambda c: c + x, 0)
    assert result.dtype == np.float32
    assert gg.scan(lambda c, x: (c + x, None), 0, np.ones(3, np.float32))[0].dtype == np.float32


def test_errors_say_what_does_not_fit():
    with pytest.raises(ShapeError, match=r"turns a carry of shape \(\) into \(3,\)"):
        gg.scan(lambda c, x: (c + np.ones(3), None), 0.0, np.arange(3.0))
    with pytest.raises(UsageError, match="structure"):
        gg.while_loop(lambda c: c[0] < 1, lambda c: c[0], (0.0, 1.0))
    with pytest.raises(UsageError, match="pair"):
        gg.scan(lambda c, x: c, 0.0, np.arange(3.0))
    with pytest.raises(ShapeError, match="different lengths"):
        gg.scan(lambda c, x: (c, None), 0.0, (np.arange(3.0), np.arange(4.0)))
    with pytest.raises(ShapeError, match="branches return shapes"):
        gg.cond(True, lambda: np.ones(2), lambda: np.ones(3))
    with pytest.raises(ConcretizationError, match=r"cond|while_loop"):
        gg.scan(lambda c, x: (c + 1 if c > 0 else c, None), 0.0, np.arange(3.0))


def test_branches_of_other_shapes_and_dtypes_are_told_with_a_hint():
    x = np.ones(2, np.float32)
    with pytest.raises(ShapeError, match=r"shapes \(2,\) and \(1,\)\n  at test_control.py:(?s:.*)hint: .*broadcast_to"):
        gg.cond(True, lambda x: x, lambda x: x[:1], x)
    with pytest.raises(ShapeError, match=r"shapes \(2,\) and \(3,\) at \['a'\](?s:.*)hint: .*same shapes"):
        gg.cond(True, lambda x: {"a": x}, lambda x: {"a": np.ones(3)}, x)
    with pytest.raises(
        DtypeError, match=r"return float32 and float64 at \[1\]\n  at test_control.py(?s:.*)hint: .*astype"
    ):
        gg.switch(0, [lambda x: (x, x), lambda x: (x, x), lambda x: (x, x.astype(float))], x)
    with pytest.raises(DtypeError, match="return int64 and float64"):  # 1.5 would not be what an integer branch gives
        gg.cond(True, lambda i: i, lambda i: 1.5, np.arange(3)[1])


def test_numbers_of_python_take_the_dtype_of_the_other_branch():
    x = np.float32(3.0)
    for zero in (0, 0.0):
        assert gg.cond(False, lambda x: x, lambda x: zero, x).dtype == np.float32  # noqa: B023 - traced at once
    assert gg.cond(True, lambda: 1, lambda: 0.5) == 1.0
    assert gg.jit(gg.grad(lambda x: gg.cond(x > 0, lambda x: x * x, lambda x: 0.0, x)))(x) == 6.0


def test_sequences_of_unequal_lengths_are_told_with_a_hint():
    with pytest.raises(ShapeError, match=r"\[0\]: 3, \[1\]: 4\n  at test_control.py(?s:.*)hint: .*x\[:3\]"):
        gg.scan(lambda c, x: (c, None), 0.0, (np.arange(3.0), np.arange(4.0)))
    with pytest.raises(ShapeError, match=r"\[1\] is a number(?s:.*)hint: .*surroundings"):
        gg.scan(lambda c, x: (c, None), 0.0, (np.arange(3.0), 4.0))


def test_what_is_no_function_no_index_and_no_length_is_told():
    for call in (
        lambda: gg.cond(True, 1.0, lambda: 2.0),
        lambda: gg.switch(0, [1.0]),
        lambda: gg.while_loop(lambda c: c < 1.0, 0.0, 0.0),
        lambda: gg.scan(0.0, 0.0, np.ones(3)),
    ):
        with pytest.raises(UsageError, match="takes functions, found float"):
            call()
    with pytest.raises(DtypeError, match="index of switch is a whole number, found float64"):
        gg.switch(0.5, [lambda: 1.0, lambda: 2.0])
    for length in (-1, 2.5, "3"):
        with pytest.raises(UsageError, match="length of scan is a whole number from 0"):
            gg.scan(lambda c, x: (c, x), 0.0, length=length)


def test_loops_nest_and_keep_memory_for_needed_values_only():
    def f(w):
        def outer(i, c):
            inner = gg.while_loop(lambda s: s[0] < 2.0 + 0.0 * i, lambda s: (s[0] + 0.5, s[1] * w), (0.0, c))
            return inner[1]

        return gg.fori_loop(0, 3, outer, 1.0)

    assert gg.value_and_grad(f)(1.1) == (pytest.approx(1.1**12), pytest.approx(12 * 1.1**11))


@pytest.mark.parametrize("bounds", [(0, 2.5), (0.0, 2), (np.float64(0.0), 2)])
def test_bounds_of_fori_loop_are_whole_numbers(bounds):
    with pytest.raises(DtypeError, match="whole numbers, found float64"):
        gg.fori_loop(*bounds, lambda i, c: c + 1, 0)
    with pytest.raises(DtypeError, match="whole numbers, found float64"):
        gg.jit(lambda a, b: gg.fori_loop(a, b, lambda i, c: c + 1, 0))(*bounds)
    assert gg.fori_loop(np.int8(1), np.array(3), lambda i, c: c + i, 0) == 3
