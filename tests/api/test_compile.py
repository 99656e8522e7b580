"""jit, checkpoint, vmap, custom_derivative, stop_gradient; threads; memory."""

import threading
import tracemalloc

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import ConcretizationError, DtypeError, ShapeError, UsageError

RNG = np.random.default_rng(0)


# ------------------------------------------------------------------ jit
def test_jit_traces_once_for_each_signature():
    calls = []

    @gg.jit
    def f(x, y):
        calls.append(x.shape)
        return {"sum": np.sum(x * y), "pair": (x, y)}

    for _ in range(3):
        out = f(np.ones(3), 2.0)
    assert out["sum"] == 6.0
    assert calls == [(3,)]
    f(np.ones(4), 2.0)
    f(np.ones(4, np.float32), 2.0)
    f(np.ones(4, np.float32), np.float64(2.0))
    assert len(calls) == 4


def test_jit_static_arguments():
    f = gg.jit(lambda x, n, *, mode: x**n if mode == "power" else x * n, static=(1, "mode"))
    assert f(2.0, 3, mode="power") == 8.0
    assert f(2.0, 3, mode="times") == 6.0


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ([3], "pass a tuple instead of the list"),
        ((1, [3]), "within the tuple: pass a tuple"),
        ({"a": 1}, "pass its items as a tuple"),
        ({1}, "frozenset"),
        (np.ones(2), "arrays as ordinary arguments"),
        (bytearray(2), "a tuple has a hash"),
    ],
)
def test_static_arguments_without_a_hash_are_told_what_to_pass(value, hint):
    with pytest.raises(
        UsageError, match=rf"static argument 1 of jit must be hashable, found {type(value).__name__}"
    ) as e:
        gg.jit(lambda x, n: x, static=1)(2.0, value)
    assert hint in e.value.hint
    with pytest.raises(UsageError, match="static argument 'mode' of jit must be hashable"):
        gg.jit(lambda x, n, mode: x, static=(1, "mode"))(2.0, 3, mode=value)


def test_jit_says_what_cannot_depend_on_values():
    with pytest.raises(ConcretizationError, match=r"cond|where"):
        gg.jit(lambda x: x if x > 0 else -x)(1.0)
    with pytest.raises(UsageError, match="static"):
        gg.jit(lambda x, name: x)(1.0, "text")


def test_jit_sees_captured_arrays_as_they_are():
    table = np.ones(3)
    f = gg.jit(lambda x: np.sum(x * table))
    assert f(np.ones(3)) == 3.0
    table[:] = 2.0
    assert f(np.ones(3)) == 6.0


def test_jit_inside_grad_keeps_stop_gradient_and_surroundings():
    inner = gg.jit(lambda x: x * gg.stop_gradient(x))
    assert gg.grad(inner)(3.0) == 3.0
    assert gg.grad(gg.jit(gg.grad(lambda x: x**3)))(2.0) == 12.0
    assert gg.grad(lambda w: gg.jit(lambda x: x * w)(2.0))(5.0) == 2.0


def test_threads_trace_and_run_at_once():
    f = gg.jit(lambda x: np.sum(np.sin(x) ** 2))
    errors = []

    def work(seed):
        try:
            for size in range(1, 30):
                x = np.random.default_rng(seed).normal(size=size)
                np.testing.assert_allclose(gg.grad(f)(x), np.sin(2 * x))
                np.testing.assert_allclose(gg.vmap(gg.grad(np.sin))(x), np.cos(x))
                np.testing.assert_allclose(f(x), np.sum(np.sin(x) ** 2))
        except Exception as error:  # noqa: BLE001 - handed to the main thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


# ------------------------------------------------------------------ memory
def peak_in_arrays(function, argument):
    function(argument)
    tracemalloc.start()
    function(argument)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / argument.nbytes


def block(x):
    for _ in range(10):
        x = np.tanh(np.sin(x) * 0.9 + 0.1)
    return x


@pytest.mark.parametrize("depth", [2, 5])
def test_reverse_mode_keeps_one_array_for_each_needed_value(depth):
    def f(x):
        for _ in range(depth):
            x = block(x)
        return np.sum(x * x)

    x = RNG.normal(size=20_000)
    # of each step the input of sin and the output of tanh are needed, and the latter is the next one's input
    needed = 10 * depth + 1
    assert peak_in_arrays(gg.grad(f), x) <= 1.3 * needed


def test_checkpoint_trades_memory_for_time():
    def f(x, step):
        for _ in range(10):
            x = step(x)
        return np.sum(x * x)

    x = RNG.normal(size=20_000)
    plain = peak_in_arrays(gg.grad(lambda x: f(x, block)), x)
    saved = peak_in_arrays(gg.grad(lambda x: f(x, gg.checkpoint(block))), x)
    np.testing.assert_allclose(gg.grad(lambda x: f(x, gg.checkpoint(block)))(x), gg.grad(lambda x: f(x, block))(x))
    assert plain > 95
    assert saved < 30


# ------------------------------------------------------------------ vmap
def test_vmap_axes_and_trees():
    a, b = RNG.normal(size=(4, 3)), RNG.normal(size=(2, 4))
    both = gg.vmap(
        lambda p, x: {"dot": p["w"] @ x, "same": p["c"] * 2},
        in_axes=({"w": 0, "c": None}, 1),
        out_axes={"dot": 0, "same": None},
    )({"w": a, "c": 1.5}, RNG.normal(size=(3, 4)))
    assert both["dot"].shape == (4,)
    assert both["same"] == 3.0
    np.testing.assert_allclose(gg.vmap(lambda x: x * 2, in_axes=1, out_axes=1)(b), b * 2)
    np.testing.assert_allclose(
        gg.vmap(gg.vmap(lambda x, y: x * y, (None, 0)), (0, None))(a[:, 0], b[0]), np.outer(a[:, 0], b[0])
    )


def test_vmap_errors():
    with pytest.raises(ShapeError, match="different numbers of examples"):
        gg.vmap(lambda x, y: x + y)(np.ones(3), np.ones(4))
    with pytest.raises(UsageError, match="nothing to map"):
        gg.vmap(lambda x: x, in_axes=None)(np.ones(3))
    with pytest.raises(ShapeError, match="in_axes=None"):
        gg.vmap(lambda x, y: x + y)(np.ones(3), 1.0)


def test_per_example_gradients_are_a_loop():
    w, x, y = RNG.normal(size=(3, 2)), RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
    loss = lambda w, x, y: np.sum((np.tanh(x @ w) - y) ** 2)  # noqa: E731
    together = gg.vmap(gg.grad(loss), in_axes=(None, 0, 0))(w, x, y)
    np.testing.assert_allclose(together, [gg.grad(loss)(w, x[i], y[i]) for i in range(5)])
    np.testing.assert_allclose(together.sum(axis=0), gg.grad(loss)(w, x, y))


# ------------------------------------------------------------------ custom derivatives
@pytest.mark.parametrize("direction", ["pullback", "tangent"])
def test_custom_derivative_in_one_direction_gives_both(direction):
    @gg.custom_derivative
    def scaled(x, w):
        return np.sin(x) * w

    if direction == "pullback":
        scaled.pullback(lambda ct, y, x, w: (10.0 * ct * np.cos(x) * w, None))
    else:
        scaled.tangent(lambda tangents, y, x, w: 10.0 * tangents[0] * np.cos(x) * w)
    assert gg.grad(scaled)(0.3, 2.0) == pytest.approx(20 * np.cos(0.3))
    assert gg.grad(scaled, 1)(0.3, 2.0) == 0.0
    assert gg.jvp(scaled, (0.3, 2.0), (1.0, 1.0))[1] == pytest.approx(20 * np.cos(0.3))
    assert gg.grad(gg.grad(scaled))(0.3, 2.0) == pytest.approx(-20 * np.sin(0.3))
    xs = np.array([0.1, 0.2])
    np.testing.assert_allclose(gg.vmap(gg.grad(scaled), (0, None))(xs, 2.0), 20 * np.cos(xs))
    assert gg.jit(gg.grad(scaled))(0.3, 2.0) == pytest.approx(20 * np.cos(0.3))


def test_a_function_that_is_not_traced():
    table = {1.0: 10.0, 2.0: 40.0}
    looked_up = gg.custom_derivative(lambda x: np.float64(table[float(x)]), traced=False)
    looked_up.pullback(lambda ct, y, x: ct * 20.0 * x)
    assert looked_up(2.0) == 40.0
    assert gg.value_and_grad(lambda x: looked_up(x) + 1)(2.0) == (41.0, 40.0)


def test_straight_through_on_a_tree():
    @gg.custom_derivative
    def rounded(tree):
        return {"a": np.round(tree["a"]), "b": tree["b"]}

    rounded.pullback(lambda ct, y, tree: ct)
    g = gg.grad(lambda t: np.sum(rounded(t)["a"] * 3.0) + rounded(t)["b"])({"a": np.array([0.2, 1.7]), "b": 1.0})
    np.testing.assert_array_equal(g["a"], [3.0, 3.0])
    assert g["b"] == 1.0


def test_only_functions_are_compiled():
    with pytest.raises(UsageError, match="jit takes a function, found int"):
        gg.jit(3)


def test_none_is_no_array():
    with pytest.raises(DtypeError, match="None stands where"):
        gg.jit(lambda x, w: np.dot(x, w))(None, np.ones(2))
