"""Mixed precision: what is cast and what is not, the loss scale, bfloat16 as a storage."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn, optim, train
from glassgrad.base.errors import UsageError
from glassgrad.train.precision import rounded

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(64, 4)).astype(np.float32)
Y = (X @ RANDOM.normal(size=(4, 1))).astype(np.float32)


def go(data=(X, Y), loss=nn.mse, model=None, precision=None, **given):
    options = {"epochs": 5, "batch_size": 16, "precision": precision or train.Precision()} | given
    model = nn.mlp([4, 16, 1], key=0) if model is None else model
    return train.fit(model, data, loss, options.pop("optimizer", optim.adam(1e-2)), **options)


def test_targets_that_half_precision_does_not_hold_are_learnt_towards():
    large = Y * np.float32(100)
    large[0] = 70_000
    run = go((X, large), epochs=20, optimizer=optim.adam(0.1))
    assert run.status == "finished"
    assert run.history["loss"][-1] < run.history["loss"][0]


@pytest.mark.filterwarnings("ignore:the training failed")
def test_a_run_without_a_step_that_went_well_has_not_finished():
    run = go(loss=lambda p, t: nn.mse(p, t) * np.float32(1e30), epochs=2)
    assert (run.status, run.step) == ("failed", 8)
    assert run.reason == "all gradients overflowed, down to a loss scale of 256"


@pytest.mark.filterwarnings("ignore:the training failed")
def test_targets_that_no_scale_helps_with_fail_and_say_so():
    run = go((X, Y * np.float32(1e6)))
    assert run.status == "failed"
    assert "is no finite number, though its scale is the smallest" in run.reason


def test_weights_of_examples_and_targets_are_not_rounded():
    seen = {}

    def loss(prediction, target, weights):
        seen.update(prediction=prediction.dtype, target=target.dtype, weights=weights.dtype)
        return nn.mse(prediction, target, weights=weights)

    go((X, Y, np.ones((64, 1), np.float32)), loss, epochs=1)
    assert seen == {"prediction": np.float16, "target": np.float32, "weights": np.float32}


@pytest.mark.filterwarnings("ignore:the training failed")
@pytest.mark.parametrize("precision", [train.Precision(), train.Precision("bfloat16"), None])
def test_data_that_is_no_number_fails(precision):
    wrong = X.copy()
    wrong[0] = np.nan
    run = train.fit(nn.mlp([4, 8, 1], key=0), (wrong, Y), nn.mse, epochs=3, precision=precision)
    assert run.status == "failed"
    assert "the loss is nan" in run.reason


@pytest.mark.filterwarnings("ignore:the training failed")
def test_gradients_that_overflow_at_the_smallest_scale_fail():
    def steep(prediction, target):
        return np.mean((prediction - target) ** 2) * np.float32(1e34)

    run = go(loss=steep, precision=train.Precision(scale=4.0))
    assert run.status == "failed"
    assert "though its scale is the smallest" in run.reason
    assert run.step == 3  # at 4, at 2, at 1
    assert all(np.isfinite(value).all() for value in run.last_model.parameters().values())


def test_an_overflow_that_a_smaller_scale_mends_is_none():
    run = go(loss=lambda p, t: nn.mse(p, t) * np.float32(30), precision=train.Precision(scale=2.0**24), epochs=20)
    assert run.status == "finished"
    assert float(run.state.scale.factor) < 2.0**24
    assert run.history["loss"][-1] < run.history["loss"][0] / 2


LAYERS = {
    "batch": lambda: nn.BatchNorm(16),
    "layer": lambda: nn.LayerNorm(16),
    "root mean square": lambda: nn.RMSNorm(16, epsilon=1e-5),
    "group": lambda: nn.GroupNorm(2, 16),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
def test_normalisation_of_half_precision_takes_its_statistics_in_float32(name, factor):
    layer = LAYERS[name]()
    x = (RANDOM.normal(size=(256, 16)) * factor + 3 * factor).astype(np.float16)
    for context in (nn.training, nn.evaluating):
        with context():
            found, expected = layer(x), layer(x.astype(np.float32))
        assert np.allclose(found.astype(np.float32), expected, rtol=3e-3, atol=3e-3)


def test_half_precision_stays_so_behind_a_normalisation():
    model = nn.Sequential(nn.Linear(4, 16, key=0), nn.BatchNorm(16), nn.relu, nn.Linear(16, 1, key=1))
    seen = []

    def loss(prediction, target):
        seen.append(prediction.dtype)
        return nn.mse(prediction, target)

    run = go((X, Y), loss, model, validation=(X, Y), epochs=30)
    assert set(seen) == {np.dtype(np.float16)}
    assert run.history["validation loss"][-1] < 0.2 * run.history["validation loss"][0]
    assert {value.dtype for value in run.state.states.values()} == {np.dtype(np.float32)}


def test_running_statistics_are_not_rounded_in_the_evaluation():
    model = nn.Sequential(nn.BatchNorm(4), nn.Linear(4, 1, key=1))
    run = go((X * np.float32(300), Y), nn.mse, model, validation=(X * np.float32(300), Y), epochs=60)
    assert np.isfinite(run.history["validation loss"]).all()
    assert run.last_model.layers[0].running_variance.max() > 65504  # which float16 does not hold


def bits(x):
    """bfloat16 by its bits: the upper half of a float32, rounded to the nearest, ties to even."""
    whole = x.view(np.uint32).astype(np.uint64)
    found = ((whole + 0x7FFF + ((whole >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    return np.where(np.isfinite(x), found, x)


@pytest.mark.parametrize("engine", ["eager", "jit", "reference"])
def test_rounding_is_that_of_the_bits(engine):
    x = RANDOM.integers(0, 2**32, 100_000, dtype=np.uint64).astype(np.uint32).view(np.float32)
    ties = (RANDOM.integers(0, 2**16, 10_000, dtype=np.uint32) << 16 | 0x8000).astype(np.uint32).view(np.float32)
    special = np.array([0, -0.0, np.inf, -np.inf, np.nan, 3.4028235e38, 1e-45, -1e-40, 1e-38], np.float32)
    x = np.concatenate([x, ties, special])
    with np.errstate(all="ignore"):
        match engine:
            case "eager":
                found = rounded(x)
            case "jit":
                found = gg.jit(rounded)(x)
            case _:
                with gg.settings(engine="reference"):
                    found = gg.jit(rounded)(x)
    assert np.array_equal(found, bits(x), equal_nan=True)


def test_the_derivative_of_rounding_is_that_of_the_number():
    assert gg.grad(lambda x: np.sum(rounded(x) * np.float32([2, 3])))(np.float32([0.1, 1e-40])).tolist() == [2, 3]


def test_bfloat16_stores_and_float32_computes():
    seen = []

    def loss(prediction, target):
        seen.append(prediction.dtype)
        return nn.mse(prediction, target)

    run = go(loss=loss, precision=train.Precision("bfloat16"), epochs=30)
    plain = go(precision=train.Precision(np.float32), epochs=30)
    assert set(seen) == {np.dtype(np.float32)}
    assert run.state.scale is None
    assert run.history["loss"][-1] < 0.2 * run.history["loss"][0]
    assert not np.array_equal(run.history["loss"], plain.history["loss"])
    first = run.history.steps["loss"].values[0]
    model = nn.mlp([4, 16, 1], key=0)
    stored = model.replace({path: bits(value) for path, value in model.parameters().items()})
    order = train.Order(16, gg.random.split(gg.random.key(0), 3)[1])
    batch = next(train.Arrays(X, Y).batches(order))
    assert np.isclose(first, nn.mse(stored(bits(batch.values[0])), batch.values[1]), rtol=1e-5)


@pytest.mark.parametrize(
    "given", [{"dtype": "nonsense"}, {"dtype": np.int8}, {"dtype": None.__class__}, {"scale": 0.0}, {"scale": np.nan},
              {"backoff": 1.0}, {"growth": 0.5}, {"interval": 0}]
)  # fmt: skip
def test_what_no_precision_is(given):
    with pytest.raises(UsageError, match=r"precision is of a float dtype|a loss scale"):
        train.Precision(**given)
