"""Rates, schedules, clipping, masks, groups, and what wraps an optimiser."""

import copy
import pickle

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import optim
from glassgrad.optim import schedules


def run(optimizer, x, gradients):
    """The parameters after each step, compiled once."""
    update = gg.jit(optimizer.update)
    state = optimizer.start(x)
    found = []
    for gradient in gradients:
        updates, state = update(gradient, state, x)
        x = optim.apply(x, updates)
        found.append(x)
    assert len(update.cache) == 1
    return np.array(found), state


# ------------------------------------------------------------------ rates
def test_a_rate_is_changed_without_compiling():
    optimizer, x = optim.chain(optim.clip_by_norm(10.0), optim.sgd(1.0)), np.zeros(2)
    update = gg.jit(optimizer.update)
    state = optimizer.start(x)
    assert optim.rates(state) == {"[1].rate": 1.0}
    for rate in [1.0, 0.5, 0.25]:
        state = optim.with_rate(state, rate)
        updates, state = update(np.ones(2), state, x)
        np.testing.assert_allclose(updates, -rate)
    assert len(update.cache) == 1
    traced = gg.jit(lambda state, rate: optim.with_rate(state, rate))(state, 2.0)
    assert optim.rates(traced) == {"[1].rate": 2.0}


def test_a_schedule_gives_the_rate_of_each_step_and_is_scaled():
    found, state = run(optim.sgd(schedules.step(1.0, every=2, factor=0.1)), np.zeros(()), [np.array(-1.0)] * 5)
    np.testing.assert_allclose(np.diff(found, prepend=0.0), [1.0, 1.0, 0.1, 0.1, 0.01], rtol=1e-12)
    assert optim.rates(state)["rate"] == pytest.approx(0.01)
    assert optim.rates(optim.scale_rate(optim.scale_rate(state, 0.5), 0.5))["rate"] == pytest.approx(0.0025)
    with pytest.raises(TypeError, match="schedule"):
        optim.with_rate(state, 0.1)
    with pytest.raises(TypeError, match="no rate"):
        optim.with_rate({"a": np.ones(2)}, 0.1)


def test_a_rate_of_a_float64_schedule_keeps_float32():
    found, _ = run(optim.adam(schedules.exponential(0.1, 0.9)), np.zeros(3, np.float32), [np.ones(3, np.float32)] * 3)
    assert found.dtype == np.float32


def test_joined_schedules_and_plain_functions():
    warm = schedules.joined({0: schedules.linear(0.0, 1.0, 4), 4: schedules.cosine(1.0, 10)})
    np.testing.assert_allclose(warm(np.array([0, 2, 4, 9, 14, 20])), [0.0, 0.5, 1.0, 0.5, 0.0, 0.0], atol=1e-12)
    found, _ = run(optim.sgd(lambda count: 1.0 / (1.0 + count)), np.zeros(()), [np.array(-1.0)] * 3)
    np.testing.assert_allclose(found, [1.0, 1.5, 1.5 + 1 / 3])


def test_one_cycle_stays_at_its_end():
    schedule = schedules.one_cycle(1.0, 20)
    assert schedule(19) == pytest.approx(schedule(500)) == pytest.approx(1 / 25e4)


# ------------------------------------------------------------------ clipping
def test_the_norm_is_that_of_all_gradients_and_below_the_limit_nothing_changes():
    clip = optim.clip_by_norm(1.0)
    parameters = {"a": np.zeros((2, 2)), "b": np.zeros(3, np.float32)}
    small = {"a": np.full((2, 2), 0.1), "b": np.full(3, 0.1, np.float32)}
    large = {"a": small["a"] * 100, "b": small["b"] * 100}
    kept, _ = clip.update(small, (), parameters)
    np.testing.assert_array_equal(kept["a"], small["a"])
    clipped, _ = gg.jit(clip.update)(large, (), parameters)
    assert optim.global_norm(clipped) == pytest.approx(1.0, rel=1e-6)
    assert clipped["b"].dtype == np.float32
    nothing, _ = clip.update({"a": np.zeros((2, 2)), "b": np.zeros(3, np.float32)}, (), parameters)
    assert optim.global_norm(nothing) == 0.0


@pytest.mark.parametrize("shape", [(), (5,), (4, 3), (6, 2, 3), (6, 2, 3, 3)])
def test_adaptive_clipping_is_equation_3_of_its_paper(shape):
    random = np.random.default_rng(8)
    w, g = random.normal(size=shape), random.normal(size=shape) * 0.3
    w, g = (np.asarray(value) for value in (w, g))
    axes = {0: None, 1: None, 2: 0}.get(w.ndim, tuple(range(1, w.ndim)))
    norm = lambda x: np.sqrt(np.sum(x**2, axis=axes, keepdims=True))  # noqa: E731
    most = 0.1 * np.maximum(norm(w), 1e-3)
    expected = np.where(norm(g) > most, most * g / norm(g), g)
    found, _ = optim.clip_adaptive(0.1).update(g, (), w)
    np.testing.assert_allclose(found, expected.reshape(shape), rtol=1e-12)
    assert np.shape(found) == shape


@pytest.mark.parametrize("clip", [optim.clip_by_norm(1.0), optim.clip_adaptive(1.0, eps=1.0)], ids=str)
@pytest.mark.parametrize(
    "gradient",
    [
        np.array([300, 0, -1], np.float16),
        np.full(10_000, 60_000, np.float16),  # the factor is below what half precision holds
        np.array([1e20, 1e19], np.float32),
        np.array([1e-30, 0], np.float32),
    ],
    ids=["half", "large and half", "float32", "small"],
)
def test_clipping_of_large_gradients_in_small_dtypes(clip, gradient):
    w = np.zeros(gradient.shape, gradient.dtype)
    norm = np.sqrt(np.sum(gradient.astype(np.float64) ** 2))
    for update in (clip.update, gg.jit(clip.update)):
        found, _ = update(gradient, (), w)
        assert found.dtype == gradient.dtype
        np.testing.assert_allclose(found, gradient / max(norm, 1.0), rtol=2e-3, atol=1e-45)


def test_adaptive_clipping_over_axes_of_ones_own():
    w, g = np.ones((2, 3)), np.full((2, 3), 5.0)
    whole, _ = optim.clip_adaptive(0.1, axes=lambda path, p: None).update(g, (), w)
    np.testing.assert_allclose(np.linalg.norm(whole), 0.1 * np.sqrt(6.0))
    zero, _ = optim.clip_adaptive(0.1).update(np.zeros((2, 3)), (), np.zeros((2, 3)))
    np.testing.assert_array_equal(zero, 0.0)


# ------------------------------------------------------------------ masks and groups
MODEL = {"encoder": [{"weight": np.ones((2, 2)), "bias": np.ones(2)}], "head": {"weight": np.ones((2, 1))}}
SLOPES = {"encoder": [{"weight": np.ones((2, 2)), "bias": np.ones(2)}], "head": {"weight": np.ones((2, 1))}}


@pytest.mark.parametrize(
    "mask",
    [
        "*.weight",
        ["encoder[0].weight", "head"],
        lambda path, parameter: path.endswith("weight"),
        {"encoder": [{"weight": True, "bias": False}], "head": {"weight": True}},
    ],
)
def test_masks_of_every_kind(mask):
    optimizer = optim.adamw(0.1, weight_decay=1.0, mask=mask)
    zeros = optim.masked(optim.sgd(0.0), "*").update(SLOPES, optim.masked(optim.sgd(0.0), "*").start(MODEL), MODEL)[0]
    updates, _ = optimizer.update(zeros, optimizer.start(MODEL), MODEL)
    np.testing.assert_allclose(updates["encoder"][0]["weight"], -0.1)
    np.testing.assert_allclose(updates["head"]["weight"], -0.1)
    np.testing.assert_array_equal(updates["encoder"][0]["bias"], 0.0)


def test_groups_have_states_and_rates_of_their_own():
    optimizer = optim.by_path({"*.bias": optim.still(), "encoder": optim.adam(0.1), "*": optim.momentum(1.0)})
    state = optimizer.start(MODEL)
    assert optim.rates(state) == {"['encoder'].rate": pytest.approx(0.1), "['*'].rate": 1.0}
    assert list(state["encoder"].mean) == ["encoder[0].weight"]
    state = {**state, "encoder": optim.with_rate(state["encoder"], 0.5)}
    updates, state = gg.jit(optimizer.update)(SLOPES, state, MODEL)
    np.testing.assert_allclose(updates["encoder"][0]["weight"], -0.5)
    np.testing.assert_allclose(updates["head"]["weight"], -1.0)
    np.testing.assert_array_equal(updates["encoder"][0]["bias"], 0.0)


def test_groups_of_a_dict_by_path():
    """As `fit` gives it: one dict whose keys are the paths of the model's parameters."""
    parameters = {"encoder.layers[0].weight": np.ones(2), "heads['left'].bias": np.ones(2), "scale": np.ones(())}
    optimizer = optim.by_path(
        {"encoder.*": optim.sgd(1.0), "heads['left']": optim.sgd(2.0), "*": optim.adamw(3.0, mask="scale")}
    )
    updates, _ = optimizer.update(parameters, optimizer.start(parameters), parameters)
    np.testing.assert_allclose([value.max() for value in updates.values()], [-1.0, -2.0, -3.03], rtol=1e-6)


# ------------------------------------------------------------------ around an optimiser
def test_accumulation_moves_every_so_many_steps_and_its_schedule_counts_the_moves():
    optimizer = optim.accumulate(optim.sgd(schedules.step(1.0, every=1, factor=0.5)), 3)
    gradients = [np.full(2, -value) for value in [1.0, 2.0, 3.0, 0.0, 0.0, 6.0, 9.0]]
    found, state = run(optimizer, np.zeros(2), gradients)
    np.testing.assert_allclose(found[:, 0], [0.0, 0.0, 2.0, 2.0, 2.0, 3.0, 3.0], rtol=1e-12)
    assert state.count == 1
    assert state.inner.count == 2


def test_accumulation_is_not_spoilt_by_what_is_not_used():
    """A gradient that overflows in between is seen when the step is made, not in the state before."""
    optimizer = optim.accumulate(optim.adam(0.1), 2)
    _, state = run(optimizer, np.zeros(1), [np.array([np.inf])])
    np.testing.assert_array_equal(state.inner.mean, 0.0)


def test_lookahead_is_algorithm_1_of_its_paper():
    random = np.random.default_rng(9)
    gradients = random.normal(size=(23, 4))
    found, _ = run(optim.lookahead(optim.momentum(0.1), every=5, step=0.3), np.ones(4), gradients)
    fast = slow = np.ones(4)
    velocity = np.zeros(4)
    for number, gradient in enumerate(gradients, 1):
        velocity = 0.9 * velocity + gradient
        fast = fast - 0.1 * velocity
        if number % 5 == 0:
            fast = slow = slow + 0.3 * (fast - slow)
        np.testing.assert_allclose(found[number - 1], fast, rtol=1e-12)


def test_averages_are_found_inside_of_other_states():
    optimizer = optim.chain(optim.clip_by_norm(1.0), optim.lookahead(optim.ema(optim.sgd(0.1))))
    x = {"w": np.array([5.0])}
    state = optimizer.start(x)
    np.testing.assert_array_equal(optim.averaged(state)["w"], 5.0)
    state[1].inner.average["w"][0] = 7.0
    assert x["w"][0] == 5.0  # a copy
    with pytest.raises(TypeError, match="no averages"):
        optim.averaged(optim.sgd(0.1).start(x))


def test_a_plateau_runs_inside_of_a_compiled_step():
    optimizer, plateau = optim.sgd(schedules.constant(1.0)), optim.Plateau(patience=0, factor=0.5)

    @gg.jit
    def step(x, state, watch):
        loss = np.sum(x**2) + 1.0
        updates, state = optimizer.update(2.0 * x, state, x)
        watch, state = plateau.update(watch, state, loss)
        return optim.apply(x, updates), state, watch

    x, watch = np.ones(2), plateau.start()
    state = optimizer.start(x)
    found = []
    for _ in range(4):  # at rate 1 the parameters change sign and the loss stays
        x, state, watch = step(x, state, watch)
        found.append(float(optim.rates(state)["rate"]))
    assert found == [1.0, 0.5, 0.25, 0.25]


def test_texts_say_how_it_was_made():
    inner = optim.adamw(schedules.cosine(0.1, 9), mask="*.w", betas=(0.8, 0.9))
    assert repr(optim.chain(optim.clip_by_norm(1.0), optim.accumulate(inner, 4))) == (
        "chain(clip_by_norm(1.0), accumulate(adamw(cosine(0.1, 9), betas=(0.8, 0.9), mask='*.w'), 4))"
    )
    assert repr(optim.Optimizer(lambda p: (), lambda g, s, p: (g, s), "mine")) == "mine"


@pytest.mark.parametrize(
    "optimizer",
    [
        optim.chain(optim.clip_adaptive(0.1), optim.weight_decay(0.1), optim.rmsprop(0.1)),
        optim.by_path({"*.bias": optim.still(), "encoder": optim.nadam(0.1), "*": optim.nesterov(0.1)}),
        optim.ema(
            optim.lookahead(optim.accumulate(optim.masked(optim.lion(schedules.linear(0.1, 0.0, 9)), "head"), 2))
        ),
        optim.adafactor(schedules.joined({0: schedules.step(0.1, at=(3,)), 5: 0.1})),
        optim.adagrad(schedules.one_cycle(0.1, 10)),
    ],
    ids=repr,
)
def test_optimisers_are_pickled_and_copied(optimizer):
    for again in [pickle.loads(pickle.dumps(optimizer)), copy.deepcopy(optimizer)]:
        assert repr(again) == repr(optimizer)
        expected, _ = optimizer.update(SLOPES, optimizer.start(MODEL), MODEL)
        found, _ = again.update(SLOPES, again.start(MODEL), MODEL)
        np.testing.assert_array_equal(found["head"]["weight"], expected["head"]["weight"])
