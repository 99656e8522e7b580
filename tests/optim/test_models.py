"""Optimisers of a model itself: what is frozen and what is state stays, and no layer stands at two places."""

import copy

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn, optim
from glassgrad.base.errors import UsageError

X = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)


def objective(model):
    return nn.mse(model(X), X[:, :1])


def frozen():
    return nn.Sequential(
        nn.Linear(2, 3, key=0), nn.BatchNorm(3), np.tanh, nn.Linear(3, 1, key=1, initialiser="orthogonal")
    ).freeze("layers[0]", "layers[3].bias")


def unmoved(before, after):
    left, right = before.parameters() | before.states(), after.parameters() | after.states()
    return {path for path in left if np.array_equal(left[path], right[path])}


FIXED = {f"layers[{place}].{name}" for place, name in ((0, "weight"), (0, "bias"), (3, "bias"))}
FIXED |= {"layers[1].running_mean", "layers[1].running_variance"}

OPTIMISERS = [
    optim.sgd(0.1, momentum=0.9, weight_decay=0.1),
    optim.adamw(0.1, weight_decay=0.5),
    optim.chain(optim.clip_by_norm(1e-3), optim.weight_decay(0.1), optim.adam(0.1)),
    optim.chain(optim.clip_adaptive(), optim.rmsprop(0.1)),
    optim.by_path({"layers[0]": optim.sgd(1.0), "*": optim.lion(0.1, weight_decay=0.1)}),
    optim.lookahead(optim.ema(optim.adafactor(0.1)), every=1),
    optim.accumulate(optim.masked(optim.nadam(0.1), "layers[*].*"), 1),
]


@pytest.mark.parametrize("optimizer", OPTIMISERS, ids=str)
def test_optimisers_leave_alone_what_does_not_learn(optimizer):
    model = frozen()
    state = optimizer.start(model)
    for update in (optimizer.update, gg.jit(optimizer.update)):
        updates, _ = update(gg.grad(objective)(model), state, model)
        assert unmoved(model, optim.apply(model, updates)) == FIXED


def test_the_norm_of_gradients_is_that_of_what_learns():
    model, clip = frozen(), optim.clip_by_norm(1.0)
    gradients = gg.grad(objective)(model).replace("layers[0].weight", np.full((2, 3), 1e6, np.float32))
    clipped, _ = clip.update(gradients, clip.start(model), model)
    assert not clipped.layers[0].weight.any()
    assert np.abs(clipped.layers[3].weight).max() > 1e-4


@pytest.mark.parametrize("method", ["L-BFGS-B", "Newton-CG", "trust-exact", "Nelder-Mead"])
def test_minimize_leaves_alone_what_does_not_learn(method):
    model = frozen()
    seen = []
    found = optim.minimize(objective, model, method=method, steps=3, callback=lambda tree, value: seen.append(tree))
    assert found.value < objective(model)
    for tree in (found.tree, *seen):
        assert unmoved(model, tree) >= FIXED
    if found.gradient is not None:
        assert not found.gradient.layers[0].weight.any()
        np.testing.assert_allclose(
            found.gradient.layers[3].weight, gg.grad(objective)(found.tree).layers[3].weight, atol=1e-5
        )


def test_minimize_of_a_tree_with_a_frozen_layer_and_bounds():
    tree = {"model": frozen(), "scale": 2.0}

    def scaled(tree):
        return nn.mse(tree["model"](X) * tree["scale"], X[:, :1])

    lower = {"model": frozen(), "scale": 1.0}
    found = optim.minimize(scaled, tree, steps=2, bounds=(-10.0, 10.0))
    assert unmoved(tree["model"], found.tree["model"]) == FIXED
    assert found.tree["scale"] != 2.0
    bounded = optim.minimize(scaled, tree, steps=2, bounds=(lower, None))
    assert bounded.tree["scale"] >= 1.0


def test_a_layer_at_two_places_is_refused():
    layer = nn.Linear(2, 2, key=0)
    twice = nn.Sequential(layer, np.tanh, layer, nn.Linear(2, 1, key=1))
    said = r"'layers\[0\]' and 'layers\[2\]' are one and the same Linear\(2 → 2\)"
    for call in (
        twice.trainable,
        lambda: twice.freeze("layers[3]"),
        lambda: optim.adam(0.1).start(twice),
        lambda: optim.adam(0.1).start({"model": twice}["model"]),
        lambda: optim.minimize(objective, twice),
    ):
        with pytest.raises(UsageError, match=said) as caught:
            call()
        assert "nn.Shared(model, {'layers[2]': 'layers[0]'})" in str(caught.value)
    assert twice(X).shape == (20, 1)  # it can be called
    shared = nn.Shared(twice, {"layers[2]": "layers[0]"})
    assert len(shared.trainable()) == 4
    np.testing.assert_array_equal(shared(X), twice(X))
    assert len(nn.Sequential(layer, np.tanh, copy.deepcopy(layer)).trainable()) == 4
    bend = nn.Function(np.tanh)
    assert len(nn.Sequential(layer, bend, nn.Linear(2, 2, key=1), bend).trainable()) == 4
    assert nn.Sequential(layer.freeze(), *[layer.freeze()] * 2).trainable() == {}


def test_a_state_of_something_else():
    parameters = {"w": np.ones(2)}
    for optimizer in (optim.adam(0.1), optim.sgd(0.1), optim.ema(optim.lion(0.1)), optim.rmsprop(0.1)):
        with pytest.raises(UsageError, match="what its `start` gave, found a dict"):
            optimizer.update(parameters, parameters, parameters)
