"""A loss, a gradient or a parameter that is no number ends a run, and never makes the best model or a checkpoint."""

import numpy as np
import pytest

from glassgrad import nn, optim, train
from glassgrad.base.errors import DomainError, UsageError
from glassgrad.base.tensors import read
from glassgrad.train.selection import Selection

pytestmark = pytest.mark.filterwarnings("ignore:the training failed")
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(64, 4)).astype(np.float32)
Y = X[:, :1]


def go(loss=nn.mse, data=(X, Y), **given):
    options = {"epochs": 3, "batch_size": 16} | given
    return train.fit(nn.Linear(4, 1, key=0), data, loss, options.pop("optimizer", optim.sgd(0.1)), **options)


def is_finite(model):
    return all(np.isfinite(value).all() for value in model.parameters().values())


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_validation_that_is_never_a_number_fails(number):
    wrong = Y.copy()
    wrong[0] = number
    with pytest.warns(RuntimeWarning, match="validation loss is (nan|inf) in epoch 1"):
        run = go(validation=(X, wrong), epochs=6, patience=1)
    assert (run.status, run.epoch, run.best) == ("failed", 2, None)
    assert "validation loss was no finite number in any epoch" in run.reason
    assert not np.array_equal(run.model.weight, nn.Linear(4, 1, key=0).weight)  # not the untrained one
    assert np.array_equal(run.model.weight, run.last_model.weight)


@pytest.mark.filterwarnings("ignore:loss is:RuntimeWarning")
def test_epochs_whose_number_is_none_count_as_waiting():
    selection, found = Selection("loss", patience=2), []
    for epoch, value in enumerate([3.0, np.nan, np.inf, 2.0, np.nan, np.nan, np.nan], 1):
        assert selection.why_enough is None
        found.append((selection.is_best(epoch, {"loss": value}), selection.waiting))
    assert found == [(True, 0), (False, 1), (False, 2), (True, 0), (False, 1), (False, 2), (False, 3)]
    assert selection.best == (4, 2.0)
    assert selection.why_enough == "loss was not better for 3 epochs"


def test_minus_infinity_is_no_best_either():
    selection = Selection("loss")
    with pytest.warns(RuntimeWarning, match="-inf"):
        assert not selection.is_best(1, {"loss": -np.inf})
    assert selection.is_best(2, {"loss": 5.0})


def distance(prediction, target):
    """0 with a gradient that is no number where all predictions are right."""
    return np.sqrt(np.sum((prediction - target) ** 2))


@pytest.mark.parametrize("steps", [1, 4])
def test_a_gradient_that_is_no_number_fails_the_run(tmp_path, steps):
    model = nn.Linear(4, 1, key=0).replace("weight", np.zeros((4, 1), np.float32))
    size = 64 // steps
    wrong = np.ones((64, 1), np.float32)
    wrong[-size:] = 0  # only the last batch has the gradient that is none
    rate = optim.sgd(0.0)
    run = train.fit(
        model, (X, wrong), distance, rate, epochs=1, batch_size=size, shuffle=False, checkpoint=tmp_path,
        checkpoint_seconds=0.0,
    )  # fmt: skip
    assert run.status == "failed"
    assert run.reason.startswith("the gradient of weight is no finite number at step")
    assert run.best is None
    assert is_finite(run.model)
    for path in tmp_path.glob("*.safetensors"):
        found = read(path)
        assert all(np.isfinite(array).all() for array in found.arrays.values()), path
    assert run.history.layers.steps[-1] == run.step


def test_a_parameter_that_overflows_in_the_last_step_fails_the_run(tmp_path):
    run = go(data=(X[:16] * 1e10, Y[:16]), optimizer=optim.sgd(1e30), epochs=1, checkpoint=tmp_path)
    assert run.status == "failed"
    assert run.reason == "weight is no finite number after its update at step 1, epoch 1"
    assert is_finite(run.model)
    assert not list(tmp_path.glob("*.safetensors"))


def test_statistics_that_overflow_fail_the_run():
    model = nn.Sequential(nn.Linear(4, 3, key=0), nn.BatchNorm(3), nn.Linear(3, 1, key=1))
    run = train.fit(model, (X * 1e18, Y), nn.mse, optim.sgd(0.0), epochs=1, batch_size=16)
    assert run.status == "failed" or np.isfinite(run.last_model.layers[1].running_variance).all()


def test_a_run_that_is_stopped_before_its_first_epoch_has_the_last_model():
    def enough(event):
        if isinstance(event, train.Stepped) and event.run.step == 2:
            event.run.stop("enough")

    run = go(callbacks=[enough])
    assert (run.status, run.best) == ("stopped", None)
    assert np.array_equal(run.model.weight, run.last_model.weight)
    assert not np.array_equal(run.model.weight, nn.Linear(4, 1, key=0).weight)


@pytest.mark.parametrize("given", [{"patience": -1}, {"patience": 1.5}, {"patience": True}])
def test_patience_is_a_number_of_epochs(given):
    with pytest.raises(UsageError, match="patience is a number of epochs"):
        go(**given)
    with pytest.raises(DomainError, match="the tolerance"):
        go(tolerance=-1.0)
    with pytest.raises(DomainError, match="checkpoint_seconds"):
        go(checkpoint_seconds=-1.0)


def test_models_that_callbacks_keep_stay_as_they_were():
    kept, copies = [], []

    def keeping(event):
        if isinstance(event, train.Stepped):
            kept.append(event.run.last_model)
            copies.append(np.array(event.run.last_model.weight))

    go(callbacks=[keeping])
    assert all(np.array_equal(model.weight, copy) for model, copy in zip(kept, copies, strict=True))
    assert not np.array_equal(kept[0].weight, kept[-1].weight)


def test_data_without_a_batch_is_named():
    few = train.Stream(lambda: iter([(X[:5], Y[:5])]))
    with pytest.raises(UsageError, match=r"the data gave no batch(?s:.*)less than 16 rows"):
        go(data=few, last="drop")
    for pieces in ([], [(X[:0], Y[:0])], [(X[:0], Y[:0])] * 3):
        with pytest.raises(UsageError, match="the stream has no rows"):
            go(data=train.Stream(lambda pieces=pieces: iter(pieces)))
        with pytest.raises(UsageError, match="the stream has no rows"):
            go(validation=train.Stream(lambda pieces=pieces: iter(pieces)))


def test_the_first_step_of_each_process_is_timed_as_compiling(tmp_path):
    first = go(checkpoint=tmp_path, epochs=1)
    assert 0 < first.timings.compiling <= first.timings.steps


# ------------------------------------------------------------------ what is said of it
def test_a_training_that_fails_says_so():
    with pytest.warns(train.FailedTrainingWarning, match="the training failed: the loss is ") as caught:
        run = go(optimizer=optim.sgd(1e6), epochs=30)
    assert run.status == "failed"
    said = str(caught[0].message)
    assert f"at step {run.step}, epoch {run.epoch + 1}; run.model is " in said
    assert "hint: a smaller learning rate" in said
    assert is_finite(run.model)


def test_a_training_that_fails_at_once_points_at_the_data():
    given = nn.Linear(4, 1, key=0)
    with pytest.warns(train.FailedTrainingWarning, match="the one given, untrained") as caught:
        run = train.fit(given, (X * np.nan, Y), nn.mse)
    assert run.model is given
    assert "are the data finite" in str(caught[0].message)


def test_a_training_that_fails_late_says_which_model_is_kept():
    def poisoned(event):
        if isinstance(event, train.EpochEnded) and event.run.epoch == 2:
            event.run.state.parameters["weight"][:] = np.nan

    with pytest.warns(train.FailedTrainingWarning, match="the best before, after epoch [12]"):
        run = go(callbacks=[poisoned])
    assert is_finite(run.model)
