"""Every optimiser: eager, compiled, in a scan and on the reference engine the same; in any tree; in its dtypes."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import optim
from glassgrad.base.trees import flatten, flatten_with_paths

MAKERS = {
    "sgd": lambda rate: optim.sgd(rate, weight_decay=0.1),
    "momentum": lambda rate: optim.sgd(rate, momentum=0.9, dampening=0.1),
    "nesterov": optim.nesterov,
    "adagrad": lambda rate: optim.adagrad(rate, rate_decay=0.1),
    "rmsprop": lambda rate: optim.rmsprop(rate, momentum=0.5, centered=True),
    "adam": lambda rate: optim.adam(rate, amsgrad=True),
    "adamw": lambda rate: optim.adamw(rate, mask=lambda path, p: np.ndim(p) > 1),
    "nadam": lambda rate: optim.nadam(rate, weight_decay=0.1, decoupled=True),
    "lion": lambda rate: optim.lion(rate, weight_decay=0.1),
    "adafactor": lambda rate: optim.adafactor(rate, weight_decay=0.1),
    "clipped": lambda rate: optim.chain(
        optim.clip_adaptive(0.1),
        optim.clip_by_norm(1.0),
        optim.clip_by_value(0.2),
        optim.weight_decay(0.03),
        optim.adam(rate),
    ),
    "by path": lambda rate: optim.by_path({"layers[0].*": optim.sgd(rate), "*": optim.adam(rate)}),
    "masked": lambda rate: optim.masked(optim.adam(rate), lambda path, p: "weight" in path),
    "accumulated": lambda rate: optim.accumulate(optim.adam(rate), 3),
    "averaged": lambda rate: optim.ema(optim.momentum(rate), 0.9),
    "lookahead": lambda rate: optim.lookahead(optim.adam(rate), every=2),
}


@dataclass(frozen=True)
class Layer:
    weight: Any
    bias: Any


class Pair(NamedTuple):
    first: Any
    second: Any


def trees(dtype):
    """Parameters and gradients: dataclasses, lists, named tuples, None, numbers of no axes, arrays of no elements."""
    random = np.random.default_rng(2)

    def tree():
        draw = lambda *shape: np.asarray(random.normal(size=shape), dtype)  # noqa: E731
        return {
            "layers": [Layer(draw(3, 4), draw(4)), Layer(draw(2, 4, 1), None)],
            "rest": (Pair(draw(), draw(0, 3)), None, ()),
        }

    return tree(), tree()


def steps(optimizer, parameters, gradients, count=5, move=lambda function: function):
    def step(parameters, state, gradients):
        updates, state = optimizer.update(gradients, state, parameters)
        return optim.apply(parameters, updates), state

    compiled = move(step)
    state = optimizer.start(parameters)
    for _ in range(count):
        parameters, state = compiled(parameters, state, gradients)
    return parameters, state


def same(found, expected, rtol):
    paths, ours, structure = flatten_with_paths(found)
    theirs, other = flatten(expected)
    assert structure == other
    for path, one, two in zip(paths, ours, theirs, strict=True):
        assert np.shape(one) == np.shape(two), path
        assert np.asarray(one).dtype == np.asarray(two).dtype, path
        np.testing.assert_allclose(one, two, rtol=rtol, atol=rtol, err_msg=path)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MAKERS)
def test_eager_compiled_and_in_a_scan_alike(name, dtype):
    optimizer = MAKERS[name](optim.schedules.cosine(0.1, 10, warm_up=2))
    parameters, gradients = trees(dtype)
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    expected, state = steps(optimizer, parameters, gradients)
    assert all(leaf.dtype == dtype for leaf in flatten(expected)[0])
    compiled, compiled_state = steps(optimizer, parameters, gradients, move=gg.jit)
    same(compiled, expected, rtol)
    same(compiled_state, state, rtol)

    def step(carry, _):
        parameters, state = carry
        updates, state = optimizer.update(gradients, state, parameters)
        return (optim.apply(parameters, updates), state), None

    (looped, looped_state), _ = gg.scan(step, (parameters, optimizer.start(parameters)), None, 5)
    same(looped, expected, rtol)
    same(looped_state, state, rtol)
    with gg.settings(engine="reference"):
        reference, _ = steps(optimizer, parameters, gradients, move=gg.jit)
    same(reference, expected, rtol)


@pytest.mark.parametrize("name", MAKERS)
def test_dtypes_do_not_mix(name):
    """A float32 leaf beside a float64 one, a float64 gradient for a float32 leaf: each leaf keeps its own."""
    parameters = {"layers": [{"weight": np.ones((2, 2), np.float32)}], "wide": np.ones(3)}
    gradients = {"layers": [{"weight": np.full((2, 2), 0.5)}], "wide": np.full(3, 0.5, np.float32)}
    after, state = steps(MAKERS[name](0.1), parameters, gradients, move=gg.jit)
    assert after["layers"][0]["weight"].dtype == np.float32
    assert after["wide"].dtype == np.float64
    for path, leaf in zip(*flatten_with_paths(state)[:2], strict=True):
        if "weight" in path:
            assert leaf.dtype == np.float32, path


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("empty", [{}, (), None, {"a": None}])
def test_a_tree_without_parameters(name, empty):
    optimizer = MAKERS[name](0.1)
    updates, state = optimizer.update(empty, optimizer.start(empty), empty)
    assert flatten(updates)[0] == []
    gg.jit(optimizer.update)(empty, state, empty)


@pytest.mark.parametrize("name", MAKERS)
def test_states_are_arrays_in_memory_of_their_own(name):
    """So that a compiled step may write the new state over the old one."""
    optimizer = MAKERS[name](0.1)
    parameters, gradients = trees(np.float64)
    state = optimizer.start(parameters)
    leaves, _ = flatten((parameters, state))
    assert all(isinstance(leaf, np.ndarray | np.generic) for leaf in leaves)
    expected, _ = steps(optimizer, parameters, gradients, 3)
    fresh, _ = trees(np.float64)
    found, _ = steps(optimizer, fresh, gradients, 3, move=lambda step: gg.jit(step, donate=(0, 1)))
    same(found, expected, 1e-12)


def test_a_number_alone_is_a_tree():
    optimizer = optim.adam(0.1)
    state = optimizer.start(1.0)
    updates, _ = optimizer.update(2.0, state, 1.0)
    assert optim.apply(1.0, updates) == pytest.approx(0.9)
    one = np.float32(1.0)
    updates, _ = gg.jit(optimizer.update)(np.float32(2.0), optimizer.start(one), one)
    assert updates.dtype == np.float32


def test_lion_is_algorithm_2_of_its_paper():
    random = np.random.default_rng(7)
    optimizer = optim.lion(0.01, betas=(0.9, 0.99), weight_decay=0.3)
    theta = random.normal(size=(4, 3))
    m = np.zeros((4, 3))
    x, state = theta.copy(), optimizer.start(theta)
    update = gg.jit(optimizer.update)
    for _ in range(1000):
        g = theta**3 + random.normal(size=(4, 3))
        updates, state = update(g, state, x)
        x = optim.apply(x, updates)
        c = 0.9 * m + (1 - 0.9) * g
        theta = theta - 0.01 * (np.sign(c) + 0.3 * theta)
        m = 0.99 * m + (1 - 0.99) * g
    np.testing.assert_allclose(x, theta, rtol=1e-11)


def test_descent_follows_a_rate_that_is_differentiated():
    """The rate may be traced: the slope of a loss after two steps in the rate."""

    def after(rate):
        optimizer = optim.sgd(rate)
        x, state = np.array(1.0), optimizer.start(np.array(1.0))
        for _ in range(2):
            updates, state = optimizer.update(2.0 * x, state, x)
            x = x + updates
        return x

    np.testing.assert_allclose(gg.grad(after)(0.1), -4.0 * (1.0 - 0.2), rtol=1e-12)


def test_many_models_move_at_once():
    """vmap over start and update: an ensemble, each member with the norm of its own gradients."""
    random = np.random.default_rng(4)
    optimizer = optim.chain(optim.clip_by_norm(1.0), optim.adam(0.1))
    parameters, gradients = ({"w": random.normal(size=(3, 4)), "b": random.normal(size=3)} for _ in range(2))
    states = gg.vmap(optimizer.start)(parameters)
    updates, _ = gg.vmap(optimizer.update)(gradients, states, parameters)
    for member in range(3):
        own, slopes = ({path: tree[path][member] for path in tree} for tree in (parameters, gradients))
        expected, _ = optimizer.update(slopes, optimizer.start(own), own)
        np.testing.assert_allclose(updates["w"][member], expected["w"], rtol=1e-12)
        np.testing.assert_allclose(updates["b"][member], expected["b"], rtol=1e-12)


@pytest.mark.parametrize(
    "optimizer",
    [
        optim.chain(optim.clip_by_value(1.0), optim.adamw(optim.schedules.cosine(0.1, 100, warm_up=10))),
        optim.accumulate(optim.adam(0.1), 4),
        optim.ema(optim.lookahead(optim.nadam(0.1))),
        optim.by_path({"a": optim.lion(0.1), "*": optim.rmsprop(0.1, momentum=0.9)}),
    ],
    ids=repr,
)
def test_a_compiled_step_is_one_loop_for_each_parameter(optimizer):
    parameters = {name: np.ones((40, 50), np.float32) for name in "abc"}

    def step(parameters, state, gradients):
        updates, state = optimizer.update(gradients, state, parameters)
        return optim.apply(parameters, updates), state

    found = gg.jit(step).inspect(parameters, optimizer.start(parameters), parameters)
    assert not found.fallbacks
    large = [kernel for kernel in found.kernels if kernel.work.bytes_read > 1000]
    assert len(large) == 3
    for kernel in large:
        assert kernel.code.count("for (") == 1
        assert "pow" not in kernel.code[kernel.code.index("for (") :]  # bias corrections are numbers of the whole tree
    assert not [buffer for buffer in found.buffers if buffer.place == "arena" and buffer.nbytes > 1000]
