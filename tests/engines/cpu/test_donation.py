"""Arguments that are given up: results lie in their memory where nobody reads them later, and are right everywhere."""

from dataclasses import dataclass, field

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.api import compile as compiling
from glassgrad.base.errors import UsageError
from glassgrad.engines.cpu.native import door as doors

RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True, params=["cpu", "reference"])
def engine(request):
    with gg.settings(engine=request.param):
        yield request.param


def adam(weights, state, x, y):
    def loss(w):
        return np.mean((np.tanh(x @ w["a"] + w["b"]) @ w["c"] - y) ** 2)

    count, means, squares = state
    gradients = gg.grad(loss)(weights)
    means = {name: 0.9 * means[name] + 0.1 * g for name, g in gradients.items()}
    squares = {name: 0.99 * squares[name] + 0.01 * g * g for name, g in gradients.items()}
    new = {name: w - 0.01 * means[name] / (np.sqrt(squares[name]) + 1e-8) for name, w in weights.items()}
    return new, (count + 1, means, squares)


def start(dtype):
    shapes = {"a": (7, 33), "b": (33,), "c": (33, 1)}
    weights = {name: RANDOM.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
    zeros = {name: np.zeros(shape, dtype) for name, shape in shapes.items()}
    return weights, (np.array(0.0, dtype), zeros, {name: value.copy() for name, value in zeros.items()})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_training_step_writes_over_what_it_is_given(engine, dtype):
    x, y = RANDOM.normal(size=(19, 7)).astype(dtype), RANDOM.normal(size=(19, 1)).astype(dtype)
    plain, giving = gg.jit(adam), gg.jit(adam, donate=(0, "state"))
    weights, state = start(dtype)
    others = [np.array(w) for w in weights.values()]
    mine, mine_state = start(dtype)
    mine = dict(zip(mine, others, strict=True))
    for _ in range(5):
        before = {id(value) for part in (mine, *mine_state[1:]) for value in part.values()}
        weights, state = plain(weights, state, x, y)
        mine, mine_state = giving(mine, mine_state, x, y)
        after = {id(value) for part in (mine, *mine_state[1:]) for value in part.values()}
        assert (before == after) == (engine == "cpu")
        for one, other in zip(weights.values(), mine.values(), strict=True):
            np.testing.assert_array_equal(one, other)


CASES = {
    "the same place": lambda x, y: x * 2.0 + y,
    "turned": lambda x, y: x.T + y,
    "backwards": lambda x, y: x[::-1] + y,
    "shifted": lambda x, y: np.roll(x, 1, axis=0) - y,
    "a sum of all": lambda x, y: x - np.sum(x) * y,
    "sums of rows": lambda x, y: x - np.sum(x, axis=1, keepdims=True) * y,
    "softmax of columns": lambda x, y: np.exp(x - np.max(x, axis=0)) / np.sum(np.exp(x - np.max(x, axis=0)), axis=0),
    "two results": lambda x, y: (x + y, x - y),
    "three results of one": lambda x, y: (x + 1.0, np.cumsum(x, axis=0), x[:, ::-1] * y),
    "results one of the other": lambda x, y: (x + y, (x + y) @ x),
    "a product": lambda x, y: x @ y,
    "looked up": lambda x, y: x[np.argsort(y[0])] + x,
    "written into": lambda x, y: np.concatenate([x[:3] * 2.0, x[3:] + y[3:]]),
    "a running sum": lambda x, y: np.cumsum(x * y, axis=1),
    "a running sum of rows": lambda x, y: np.cumsum(x, axis=0)[::-1] + y,
    "a loop": lambda x, y: gg.scan(lambda c, row: (c + row, c * row), y, x)[0] + x,
    "filled up": lambda x, y: (np.pad(x, 1), y * 2.0, np.prod(x[0]) + x),
    "given back": lambda x, y: (y, x),
    "a chain of many": lambda x, y: np.sin(np.exp(x * y) + np.tanh(x + y)) + np.log1p(x * x) * x,
    "whole numbers": lambda x, y: (np.rint(x).astype(np.int64) + 1, x > y, x),
}


@pytest.mark.parametrize("donate", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [1, 6, 70])
def test_results_are_those_of_a_call_that_gives_nothing_up(name, donate, size):
    function = CASES[name]
    x, y = RANDOM.normal(size=(2, size, size))
    expected = gg.jit(function)(x, y)
    x, y = x.copy(), y.copy()
    kept = [value.copy() for value in (x, y)]
    found = gg.jit(function, donate=donate)(x, y)
    for one, other in zip(listed(found), listed(expected), strict=True):
        np.testing.assert_array_equal(one, other)
    for place, (value, before) in enumerate(zip((x, y), kept, strict=True)):
        assert place in donate or np.array_equal(value, before)
    arrays = [value for value in listed(found) if isinstance(value, np.ndarray)]
    assert not any(np.shares_memory(a, b) for k, a in enumerate(arrays) for b in arrays[:k])


def listed(value):
    return [*value] if isinstance(value, tuple) else [value]


def test_arrays_that_do_not_lie_whole_are_copied():
    wide = RANDOM.normal(size=(8, 8))
    before = wide.copy()
    found = gg.jit(lambda x: x + 1.0, donate=0)(wide[:, ::2])
    np.testing.assert_array_equal(found, before[:, ::2] + 1.0)
    np.testing.assert_array_equal(wide, before)


def test_what_may_not_be_given_up_is_refused():
    step = gg.jit(lambda x, y: x + y, donate="x")
    x = np.ones(4)
    with pytest.raises(UsageError, match="shares memory"):
        step(x, x)
    with pytest.raises(UsageError, match="shares memory"):
        step(x[:3], x[1:])
    x.flags.writeable = False
    with pytest.raises(UsageError, match="read-only"):
        step(x, np.ones(4))
    with pytest.raises(UsageError, match="both static and in donate"):
        gg.jit(lambda n, x: x * n, static="n", donate=0)
    weights = np.ones(4)
    with pytest.raises(UsageError, match="shares memory"):
        gg.jit(lambda x: x * weights, donate=0)(weights)


def test_inside_of_other_transforms_nothing_is_taken():
    step = gg.jit(lambda x: x * x, donate=0)
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(gg.grad(lambda x: step(x).sum())(x), [2.0, 4.0])
    np.testing.assert_array_equal(x, [1.0, 2.0])
    np.testing.assert_array_equal(step(3.0), 9.0)


def test_the_peak_is_one_array_less(engine):
    if engine == "reference":
        pytest.skip("the reference engine takes no memory over")
    import tracemalloc

    step = gg.jit(lambda x: x * 2.0 + 1.0, donate=0)
    x = np.ones(1 << 20)
    step(x)
    tracemalloc.start()
    step(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes // 4


def descent(weights, means, x):
    def loss(weights):
        h = x
        for weight in weights:
            h = np.tanh(h @ weight)
        return np.sum(h**2)

    means = [0.9 * mean + gradient for mean, gradient in zip(means, gg.grad(loss)(weights), strict=True)]
    return [weight - 0.01 * mean for weight, mean in zip(weights, means, strict=True)], means


def test_each_weight_is_updated_before_the_next_gradient_needs_memory(engine):
    if engine == "reference":
        pytest.skip("the reference engine takes no memory over")
    weights, means = [[RANDOM.normal(size=(128, 128)) / 12 for _ in range(5)] for _ in "wm"]
    x = RANDOM.normal(size=(16, 128))
    expected = gg.jit(descent)(weights, means, x)
    giving = gg.jit(descent, donate=("weights", "means"))
    for one, other in zip(giving(weights, means, x), expected, strict=True):
        np.testing.assert_array_equal(one, other)
    (entry,) = giving.cache.values()
    assert entry.program.plan.arena_bytes < 4 * expected[0][0].nbytes


def test_an_update_waits_for_the_last_that_reads_the_weight(engine):
    def step(weight, x):
        y = x @ weight
        change = x.T @ y
        return weight - change, np.sum(weight, axis=0) + np.sum(np.cumsum(y, axis=0) @ weight, axis=0)

    weight, x = RANDOM.normal(size=(128, 128)), RANDOM.normal(size=(128, 128))
    expected = gg.jit(step)(weight, x)
    for one, other in zip(gg.jit(step, donate="weight")(weight.copy(), x), expected, strict=True):
        np.testing.assert_array_equal(one, other)


# ------------------------------------------------------------------ through the door
@pytest.fixture(params=["native", "python"])
def passes(request, monkeypatch, engine):
    """How often a call came through Python; with the native door and with the one in Python."""
    if engine == "reference":
        pytest.skip("only the CPU engine has a door")
    if request.param == "python":
        monkeypatch.setattr(doors, "native", lambda: None)
    seen = []
    known = compiling.signature_of
    monkeypatch.setattr(compiling, "signature_of", lambda *given: seen.append(given) or known(*given))
    return seen


@dataclass(frozen=True)
class Layer:
    weight: np.ndarray
    bias: np.ndarray
    name: str = field(default="tanh", metadata={"static": True})


def test_a_training_loop_with_trees_passes_through_python_once(passes):
    def step(layers, state, x, y):
        def loss(layers):
            hidden = x
            for layer in layers:
                hidden = np.tanh(hidden @ layer.weight + layer.bias)
            return np.mean((hidden - y) ** 2)

        value, slopes = gg.value_and_grad(loss)(layers)
        moved = zip(state["mean"], slopes, strict=True)
        state = {"mean": [Layer(0.9 * m.weight + g.weight, 0.9 * m.bias + g.bias) for m, g in moved]}
        pairs = zip(layers, state["mean"], strict=True)
        return [Layer(p.weight - 0.1 * m.weight, p.bias - 0.1 * m.bias) for p, m in pairs], state, value

    def begin():
        random = np.random.default_rng(1)
        layers = [Layer(random.normal(size=(20, 20)), random.normal(size=20)) for _ in range(3)]
        return layers, {"mean": [Layer(np.zeros((20, 20)), np.zeros(20)) for _ in range(3)]}

    x, y = RANDOM.normal(size=(2, 30, 20))
    plain, giving = gg.jit(step), gg.jit(step, donate=("layers", "state"))
    layers, state = begin()
    mine, mine_state = begin()
    for _ in range(6):
        held = {id(m.bias) for m in mine_state["mean"]}
        layers, state, value = plain(layers, state, x, y)
        mine, mine_state, own_value = giving(mine, mine_state, x, y)
        assert held == {id(m.bias) for m in mine_state["mean"]}
        assert value == own_value
        for one, other in zip(layers, mine, strict=True):
            np.testing.assert_array_equal(one.weight, other.weight)
            np.testing.assert_array_equal(one.bias, other.bias)
    assert len(passes) == 2


def test_what_may_not_be_given_up_is_refused_at_every_call(passes):
    step = gg.jit(lambda x, y, z: (x + y * z, x - z), donate=("x", "y"))
    block = np.zeros(64)
    for _ in range(3):
        np.testing.assert_array_equal(step(np.ones(4), np.ones(4), np.ones(4))[0], np.full(4, 2.0))
        for x, y, z in (
            (block[:4], block[3:7], block[10:14]),
            (block[8:12], block[:4], block[3:7]),
            (block[:8:2], block[20:24], block[1:9:2]),
            (block[3::-1], block[20:24], block[2:6]),
        ):
            with pytest.raises(UsageError, match="shares memory"):
                step(x, y, z)
        fixed = np.ones(4)
        fixed.flags.writeable = False
        with pytest.raises(UsageError, match="read-only"):
            step(np.ones(4), fixed, np.ones(4))
        shared = np.ones(4)
        step(np.ones(4), np.ones(4), fixed)
        with pytest.raises(UsageError, match="shares memory"):
            step(shared, np.ones(4), shared)
    np.testing.assert_array_equal(block, np.zeros(64))


def test_neighbours_in_one_block_may_be_given_up(passes):
    block = np.zeros(40)
    step = gg.jit(lambda parts, x: [part + x for part in parts], donate="parts")
    places = [slice(4 * k, 4 * k + 4) for k in range(8)]
    for order in ((0, 1, 2, 3), (3, 1, 0, 2), (7, 6, 5, 4), (0, 7, 1, 6)):
        parts = [block[places[k]] for k in order]
        found = step(parts, np.ones(4))
        assert all(one is other for one, other in zip(found, parts, strict=True))
        step(parts, block[36:40])
    assert len(passes) == 1
    expected = np.zeros((8, 4))
    np.add.at(expected, [0, 1, 2, 3, 3, 1, 0, 2, 7, 6, 5, 4, 0, 7, 1, 6], 1.0)
    np.testing.assert_array_equal(block[:32].reshape(8, 4), expected)


def test_arrays_that_cannot_be_taken_are_left_as_they_are(passes):
    step = gg.jit(lambda x, n: x * 2.0 + n, donate=("x", "n"))
    wide = RANDOM.normal(size=(6, 6))
    before = wide.copy()
    for _ in range(2):
        for x in (wide[:, ::2], wide[::2].T, wide[::-1, :3]):
            np.testing.assert_array_equal(step(x, 1.0), x * 2.0 + 1.0)
        np.testing.assert_array_equal(step(np.zeros((0, 3)), 1.0), np.zeros((0, 3)))
        assert step(np.array(2.0), 1.0) == 5.0
    np.testing.assert_array_equal(wide, before)
    x = before.copy()
    assert step(x, 1.0) is x


def test_an_argument_that_is_given_up_lives_as_long_as_the_call(passes):
    step = gg.jit(lambda x: np.cumsum(np.tanh(x)) * 0.5, donate=0)
    for _ in range(20):
        found = step(np.full(200_000, 0.5))
        np.testing.assert_allclose(found[0], np.tanh(0.5) * 0.5, rtol=1e-15)
