"""A run that goes on is the same run: what may not differ, what may, and callbacks that remember."""

import functools
import subprocess
import sys

import numpy as np
import pytest

from glassgrad import nn, optim, train
from glassgrad.base.errors import CheckpointError

X = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
Y = (X[:, :1] * 0.3).astype(np.float32)


def network(key=0):
    return nn.Sequential(nn.Linear(4, 3, key=key), nn.relu, nn.Linear(3, 1, key=1))


def go(folder, model=None, data=(X, Y), loss=nn.mse, optimizer=None, **given):
    options = {"epochs": 3, "batch_size": 16, "metrics": {"gap": nn.mae}} | given
    model, optimizer = model or network(), optimizer or optim.adam(1e-2)
    return train.fit(model, data, loss, optimizer, checkpoint=folder, **options)


OTHER = {
    "key": {"key": 1},
    "loss": {"loss": nn.mae},
    "loss of a lambda": {"loss": lambda p, y: np.mean((p - y) ** 2) * 2},
    "metrics": {"metrics": {"gap": nn.mse}},
    "metrics less": {"metrics": {}},
    "validation": {"validation": (X[:8], Y[:8])},
    "data of which a part is held back": {"validation": 0.25},
    "monitor": {"monitor": "gap"},
    "largest": {"largest": True},
    "precision": {"precision": train.Precision()},
    "model with a frozen layer": {"model": network().freeze("layers[0]")},
    "model": {"model": nn.Sequential(nn.Linear(4, 3, key=0), nn.tanh, nn.Linear(3, 1, key=1))},
    "model of a lambda": {"model": nn.Sequential(nn.Linear(4, 3, key=0), lambda x: x * 2, nn.Linear(3, 1, key=1))},
    "optimizer": {"optimizer": optim.adam(2e-2)},
    "optimizer of a lambda": {"optimizer": optim.adam(lambda count: 1e-2 / (1 + count))},
    "batch size": {"batch_size": 8},
    "shuffle": {"shuffle": False},
    "last": {"last": "drop"},
    "data": {"data": (X + 1, Y)},
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    go(folder)
    return folder


@pytest.mark.parametrize("name", OTHER)
def test_another_run_is_refused(kept, name):
    with pytest.raises(CheckpointError, match=f"of a run with another {name.split()[0]}"):
        go(kept, **OTHER[name])


def test_frozen_arrays_are_part_of_the_run(tmp_path):
    first = network().freeze("layers[0]")
    go(tmp_path, first)
    go(tmp_path, network().freeze("layers[0]"), epochs=4)
    with pytest.raises(CheckpointError, match="another frozen"):
        go(tmp_path, network(key=5).freeze("layers[0]"))


def test_what_may_differ(tmp_path):
    whole = go(None, epochs=6, patience=50)
    go(tmp_path, epochs=2)
    run = go(
        tmp_path, epochs=6, patience=50, tolerance=0.0, statistics_every=3, checkpoint_seconds=0.0,
        callbacks=[lambda event: None],
    )  # fmt: skip
    assert np.array_equal(run.history["loss"], whole.history["loss"])


@pytest.mark.parametrize("name", ["same", "functions", "partial"])
def test_runs_with_functions_go_on(tmp_path, name):
    def given():
        return {
            "same": {"optimizer": optim.adam(lambda count: 1e-2 / (1 + count))},
            "functions": {
                "optimizer": optim.adamw(1e-3, mask=lambda path, value: np.ndim(value) > 1),
                "loss": lambda p, y: np.mean((p - y) ** 2),
                "metrics": {"gap": lambda p, y: np.mean(np.abs(p - y))},
            },
            "partial": {"loss": functools.partial(nn.huber, delta=0.5)},
        }[name]

    whole = go(None, epochs=5, **given())
    go(tmp_path, epochs=2, **given())
    assert np.array_equal(go(tmp_path, epochs=5, **given()).history["loss"], whole.history["loss"])


PROGRAM = """
import sys
import numpy as np
from glassgrad import nn, optim, train

x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
optimizer = optim.adamw(lambda count: 1e-3 / (1.0 + count), mask=lambda path, value: np.ndim(value) > 1)
run = train.fit(nn.Linear(4, 1, key=0), (x, x[:, :1]), lambda p, y: np.mean((p - y) ** 2), optimizer,
                epochs=int(sys.argv[2]), checkpoint=sys.argv[1], store=False)
print(run.epoch)
"""


def test_another_process_goes_on_with_functions(tmp_path):
    for epochs in (1, 2):
        arguments = [sys.executable, "-c", PROGRAM, str(tmp_path), str(epochs)]
        found = subprocess.run(arguments, capture_output=True, text=True, check=False)
        assert found.stdout.strip() == str(epochs), found.stderr


# ------------------------------------------------------------------ patience
def test_more_patience_goes_on(tmp_path):
    first = go(tmp_path, epochs=20, patience=1, tolerance=1e3)
    assert (first.status, first.epoch) == ("stopped", 3)
    assert go(tmp_path, epochs=20, patience=1, tolerance=1e3).epoch == 3
    second = go(tmp_path, epochs=20, patience=4, tolerance=1e3)
    assert (second.status, second.epoch) == ("stopped", 6)
    third = go(tmp_path, epochs=8)
    assert (third.status, third.epoch) == ("finished", 8)
    assert np.array_equal(third.history["loss"], go(None, epochs=8).history["loss"])


def test_what_a_callback_stopped_stays_so(tmp_path):
    def enough(event):
        if isinstance(event, train.EpochEnded):
            event.run.stop("enough")

    go(tmp_path, callbacks=[enough])
    again = go(tmp_path, epochs=9)
    assert (again.status, again.reason, again.epoch) == ("stopped", "enough", 1)


# ------------------------------------------------------------------ callbacks that remember
class PowerCutError(Exception):
    pass


def falling():
    return train.OnPlateau(optim.Plateau(factor=0.5, patience=1, threshold=0.3, cooldown=1))


@pytest.mark.parametrize("broken", [1, 3, 4, 7])
def test_a_plateau_goes_on_where_it_was(tmp_path, broken):
    def cut(event):
        if isinstance(event, train.Stepped) and event.run.step == broken * 4 + 2:
            raise PowerCutError

    whole = go(None, epochs=12, callbacks=[falling()])
    assert len(set(whole.history["rate"])) > 2
    with pytest.raises(PowerCutError):
        go(tmp_path, epochs=12, callbacks=[falling(), cut])
    run = go(tmp_path, epochs=12, callbacks=[falling()])
    assert np.array_equal(run.history["rate"], whole.history["rate"])
    assert np.array_equal(run.history["loss"], whole.history["loss"])


def test_one_plateau_serves_two_runs():
    callback = falling()
    first = go(None, epochs=8, callbacks=[callback])
    assert np.array_equal(go(None, epochs=8, callbacks=[callback]).history["rate"], first.history["rate"])


class Counting:
    """How many steps there were, and the losses so far."""

    def __init__(self):
        self.losses = []

    def __call__(self, event):
        if isinstance(event, train.Stepped):
            self.losses.append(float(event.measured.loss))

    def state(self):
        return {"losses": np.array(self.losses)}

    def restore(self, state):
        self.losses = state["losses"].tolist()


def test_callbacks_of_ones_own_remember(tmp_path):
    assert isinstance(Counting(), train.Remembering)
    assert not isinstance(lambda event: None, train.Remembering)
    whole = Counting()
    go(None, epochs=5, callbacks=[whole])
    go(tmp_path, epochs=2, callbacks=[Counting()])
    again = Counting()
    go(tmp_path, epochs=5, callbacks=[again])
    assert again.losses == whole.losses
    with pytest.raises(CheckpointError, match="callbacks with a memory were Counting"):
        go(tmp_path, epochs=6)
    with pytest.raises(CheckpointError, match="callbacks with a memory were Counting"):
        go(tmp_path, epochs=6, callbacks=[falling()])


def test_names_with_strokes_go_on(tmp_path):
    metrics = {"top/1": nn.mae, "top/1/step": nn.mse, "a/value": nn.mae}
    whole = go(None, metrics=metrics, epochs=4)
    go(tmp_path, metrics=metrics, epochs=2)
    run = go(tmp_path, metrics=metrics, epochs=4)
    for name in metrics:
        assert list(run.history.steps[name].values) == list(whole.history.steps[name].values)
    assert run.history.steps.keys() == whole.history.steps.keys()


def test_statistics_keep_their_dtype(tmp_path):
    def wide():
        return train.Arrays(X.astype(np.float64), Y.astype(np.float64))

    model = nn.Sequential(nn.Linear(4, 3, key=0), nn.BatchNorm(3), nn.Linear(3, 1, key=1))
    run = go(tmp_path, model, wide())
    assert {value.dtype for value in run.state.states.values()} == {np.dtype(np.float32)}
    assert go(tmp_path, model, wide(), epochs=5).epoch == 5


class Counter(nn.Layer):
    """A state that a layer of one's own gives in another dtype."""

    seen: np.ndarray = nn.state()

    def __init__(self):
        self.seen = np.zeros((), np.float32)

    def __call__(self, x):
        pass_ = nn.calls.current()
        if pass_ is not None:
            pass_.change(self, seen=np.float64(1.0) + np.sum(x.astype(np.float64)) * 0 + self.seen)
        return x


def test_states_of_ones_own_layers_keep_their_dtype_too(tmp_path):
    model = nn.Sequential(nn.Linear(4, 1, key=0), Counter())
    run = go(tmp_path, model)
    assert run.last_model.layers[1].seen == np.float32(12)
    assert run.last_model.layers[1].seen.dtype == np.float32
    assert go(tmp_path, model, epochs=4).epoch == 4
