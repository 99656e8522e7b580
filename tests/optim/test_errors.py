"""Bad input says what is wrong, where, and what to do."""

from functools import partial

import numpy as np
import pytest

from glassgrad import nn, optim, train
from glassgrad.optim import schedules

X = {"layer": {"w": np.ones((2, 3)), "b": np.ones(3)}}
MAKERS = [optim.sgd, optim.momentum, optim.nesterov, optim.adagrad, optim.rmsprop, optim.adam, optim.adamw, optim.nadam]
MAKERS += [optim.lion, optim.adafactor]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf])
def test_rates_that_are_none(make, rate):
    with pytest.raises(ValueError, match=r"the rate of .* is a finite number ≥ 0"):
        make(rate)


@pytest.mark.parametrize("make", MAKERS)
def test_rates_that_are_no_numbers(make):
    with pytest.raises(TypeError, match="is a number, found 'fast'"):
        make("fast")
    with pytest.raises(TypeError, match="is a number"):
        make(np.ones(2))
    with pytest.raises(TypeError, match="is a number, found '1e-3'"):
        make("1e-3")
    with pytest.raises(TypeError, match="is a number, found True"):
        make(True)


@pytest.mark.parametrize(
    "make",
    [
        lambda: optim.adam(betas=(0.9, 1.0)),
        lambda: optim.adam(betas=(-0.1, 0.9)),
        lambda: optim.adam(eps=-1.0),
        lambda: optim.adamw(weight_decay=-1.0),
        lambda: optim.sgd(0.1, momentum=-0.5),
        lambda: optim.sgd(0.1, momentum=1.5),
        lambda: optim.nesterov(0.1, 1.0),
        lambda: optim.rmsprop(0.1, momentum=1.0),
        lambda: optim.rmsprop(decay=1.5),
        lambda: optim.adafactor(threshold=0.5),
        lambda: optim.adafactor(beta2_decay=0.5),
        lambda: optim.clip_by_norm(-1.0),
        lambda: optim.weight_decay(-1.0),
        lambda: optim.ema(optim.sgd(0.1), 1.1),
        lambda: optim.lookahead(optim.sgd(0.1), 0),
        lambda: optim.Plateau(factor=1.0),
        lambda: schedules.cosine(0.1, 10, warm_up=10),
        lambda: schedules.cosine(0.1, 0),
        lambda: schedules.exponential(-0.1, 0.9),
    ],
)
def test_numbers_outside_of_their_ranges(make):
    with pytest.raises(ValueError, match=r"found|fewer"):
        make()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: optim.adam(betas=0.9), "two numbers"),
        (lambda: optim.sgd(0.1, nesterov=True), "needs a momentum"),
        (lambda: optim.chain(optim.adam(), optim.clip_by_norm(1.0)), "it stands last"),
        (lambda: optim.chain(optim.adam), "takes transformations and an optimiser"),
        (lambda: optim.accumulate(optim.clip_by_norm(1.0), 2), "makes no step"),
        (lambda: optim.accumulate(optim.adam(), 2.5), "whole number"),
        (lambda: optim.by_path({"*": optim.clip_by_norm(1.0)}), "makes no step"),
        (lambda: optim.masked("adam", "*"), "takes an optimiser"),
        (lambda: schedules.step(0.1), "every"),
        (lambda: schedules.step(0.1, 3, at=(1,)), "every"),
        (lambda: schedules.joined({3: 0.1}), "from step 0"),
        (lambda: schedules.cosine(0.1, 2.5), "whole number"),
    ],
)
def test_calls_that_mean_nothing(make, said):
    with pytest.raises(TypeError, match=said):
        make()


@pytest.mark.parametrize("make", MAKERS)
def test_parameters_that_do_not_learn(make):
    optimizer = make(0.1)
    with pytest.raises(TypeError, match=r"parameter 'layer.n' holds int64 values"):
        optimizer.start({"layer": {"n": np.arange(3)}})
    with pytest.raises(TypeError, match=r"parameter 'z' holds complex128 values"):
        optimizer.start({"z": np.ones(2, complex)})
    with pytest.raises(TypeError, match=r"parameter 'name' is a str"):
        optimizer.start({"name": "relu"})
    with pytest.raises(TypeError, match=r"parameter 'flag' holds bool values"):
        optimizer.start({"flag": True})


@pytest.mark.parametrize("make", MAKERS)
def test_trees_that_do_not_match(make):
    optimizer = make(0.1)
    state = optimizer.start(X)
    with pytest.raises(TypeError, match=r"the gradients do not have the structure .*: 'layer.b' missing"):
        optimizer.update({"layer": {"w": np.ones((2, 3))}}, state, X)
    with pytest.raises(TypeError, match=r"'extra' not among the parameters"):
        optimizer.update({**X, "extra": np.ones(2)}, state, X)
    with pytest.raises(TypeError, match="their containers are of other kinds"):
        optimizer.update({"layer": [X["layer"]["b"], X["layer"]["w"]]}, state, {"layer": (np.ones(3), np.ones((2, 3)))})
    with pytest.raises(ValueError, match=r"the gradient of 'layer.b' has shape \(4,\), the parameter \(3,\)"):
        optimizer.update({"layer": {"w": np.ones((2, 3)), "b": np.ones(4)}}, state, X)
    with pytest.raises(TypeError, match=r"the gradient of 'layer.b' holds complex128"):
        optimizer.update({"layer": {"w": np.ones((2, 3)), "b": np.ones(3, complex)}}, state, X)


def test_states_of_other_parameters():
    optimizer = optim.adam()
    with pytest.raises(TypeError, match="the state's mean does not have the structure"):
        optimizer.update(X, optimizer.start({"other": np.ones(2)}), X)
    chained = optim.chain(optim.clip_by_norm(1.0), optimizer)
    with pytest.raises(TypeError, match="a tuple of 2 states"):
        chained.update(X, optimizer.start(X), X)
    grouped = optim.by_path({"*": optimizer})
    with pytest.raises(TypeError, match="a dict of its patterns"):
        grouped.update(X, optimizer.start(X), X)


def test_patterns_that_fit_nothing():
    with pytest.raises(TypeError, match=r"no parameter fits the pattern 'decoder'(.|\n)*layer.b, layer.w"):
        optim.by_path({"decoder": optim.sgd(0.1), "*": optim.sgd(0.1)}).start(X)
    with pytest.raises(TypeError, match=r"no pattern of by_path fits 'layer.b'"):
        optim.by_path({"layer.w": optim.sgd(0.1)}).start(X)
    for optimizer in [optim.adamw(mask="*.weight"), optim.masked(optim.sgd(0.1), ["layer", "weights"])]:
        with pytest.raises(TypeError, match="no parameter fits the pattern"):
            optimizer.start(X)
    with pytest.raises(TypeError, match="a mask is a tree of True and False"):
        optim.adamw(mask={"layer": {"w": 1.0, "b": 0.0}}).start(X)
    with pytest.raises(TypeError, match="a mask is a tree of True and False"):
        optim.adamw(mask={"layer": True}).start(X)


def test_two_parameters_of_one_path():
    with pytest.raises(TypeError, match=r"two parameters have the path 'a.b'"):
        optim.by_path({"*": optim.sgd(0.1)}).start({"a.b": np.ones(1), "a": {"b": np.ones(1)}})


def test_updates_that_do_not_match():
    with pytest.raises(TypeError, match="the updates do not have the structure"):
        optim.apply(X, {"layer": np.ones(2)})


def test_a_loss_that_is_no_number():
    plateau, state = optim.Plateau(), optim.sgd(0.1).start(X)
    with pytest.raises(TypeError, match="one number as the loss"):
        plateau.update(plateau.start(), state, np.ones(3))


@pytest.mark.parametrize("optimizer", [optim.adam, partial(optim.adam, eps=1e-6)], ids=["function", "partial"])
def test_an_optimiser_that_was_not_called(optimizer):
    x = np.ones((8, 2), np.float32)
    for call in (
        lambda: optim.ema(optimizer),
        lambda: train.fit(nn.Linear(2, 1, key=0), (x, x[:, :1]), nn.mse, optimizer, store=False, progress=False),
    ):
        with pytest.raises(TypeError, match=r"found the function adam that makes one") as caught:
            call()
        assert "adam(1e-3)" in str(caught.value)
