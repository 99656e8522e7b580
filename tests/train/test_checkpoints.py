"""Checkpoints: killed and resumed runs are bit for bit those without a break; damaged files cost one checkpoint."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from glassgrad import nn, optim, train
from glassgrad.base.errors import CheckpointError
from glassgrad.base.tensors import read, write

PROGRAM = """
import sys, time
import numpy as np
import glassgrad as gg
from glassgrad import nn, optim, train

random = np.random.default_rng(0)
x = random.normal(size=(200, 4)).astype(np.float32)
y = (x @ random.normal(size=(4, 2))).astype(np.float32)

def loss(prediction, target):
    return np.mean((prediction - target) ** 2)

def model():
    keys = gg.random.split(gg.random.key(0), 2)
    first, second = nn.Linear(4, 16, key=keys[0]), nn.Linear(16, 2, key=keys[1])
    return nn.Sequential(first, nn.BatchNorm(16), nn.Dropout(0.2), np.tanh, second)

def slowly(event):
    if isinstance(event, train.Stepped):
        time.sleep(0.002)

def go(folder, epochs=12, told=None, **options):
    given = {"batch_size": 16, "validation": 0.2, "checkpoint_seconds": 0.0} | options
    return train.fit(
        model(), (x, y), loss, optim.adam(1e-2), epochs=epochs, checkpoint=folder,
        callbacks=[told] if told else [], **given
    )
"""
NAMES: dict = {}
exec(PROGRAM, NAMES)
go = NAMES["go"]


def same(one, other):
    assert np.array_equal(one.history["loss"], other.history["loss"])
    assert np.array_equal(one.history["validation loss"], other.history["validation loss"])
    assert one.best == other.best
    assert np.array_equal(one.history.layers.norms("update"), other.history.layers.norms("update"))
    assert list(one.history.steps["loss"].values) == list(other.history.steps["loss"].values)
    for a, b in [(one.model, other.model), (one.last_model, other.last_model)]:
        arrays = [model.parameters() | model.states() for model in (a, b)]
        assert all(np.array_equal(value, arrays[1][path]) for path, value in arrays[0].items())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return go(tmp_path_factory.mktemp("whole"))


def test_a_killed_run_goes_on_as_if_nothing_had_been(whole, tmp_path):
    program = f"{PROGRAM}\nprint('begin', flush=True)\ngo({str(tmp_path)!r}, told=slowly)\n"
    for wait in (0.35, 0.1, 0.6):
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            deadline = time.monotonic() + 60
            while not (tmp_path / "last.safetensors").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(wait)
            os.kill(process.pid, signal.SIGKILL)
        assert (tmp_path / "last.safetensors").exists() or (tmp_path / "previous.safetensors").exists()
    found = read(
        tmp_path / "last.safetensors" if (tmp_path / "last.safetensors").exists() else tmp_path / "previous.safetensors"
    )
    assert found.facts["step"] > 0
    same(go(tmp_path), whole)


def test_a_run_can_be_made_longer(whole, tmp_path):
    go(tmp_path, epochs=5)
    run = go(tmp_path)
    assert run.step == whole.step
    same(run, whole)


def test_a_finished_run_is_only_read(whole, tmp_path):
    go(tmp_path)
    again = go(tmp_path)
    assert again.status == "finished"
    same(again, whole)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "foreign", "empty"])
def test_a_damaged_checkpoint_costs_one(whole, tmp_path, damage):
    go(tmp_path, epochs=5)
    path = tmp_path / "last.safetensors"
    content = bytearray(path.read_bytes())
    match damage:
        case "truncated":
            content = content[: len(content) // 2]
        case "flipped":
            content[-10] ^= 1
        case "foreign":
            content = bytearray(b"PK\x03\x04 a zip file")
        case "empty":
            content = bytearray()
    path.write_bytes(content)
    with pytest.warns(RuntimeWarning, match=r"last\.safetensors.*going on from the checkpoint before"):
        run = go(tmp_path)
    same(run, whole)


def test_nothing_readable_is_an_error_that_names_the_files(tmp_path):
    go(tmp_path, epochs=3)
    for name in ("last", "previous"):
        (tmp_path / f"{name}.safetensors").write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match=r"last\.safetensors.*previous\.safetensors"):
        go(tmp_path)
    assert go(tmp_path, epochs=3, resume=False).status == "finished"


def test_checkpoints_of_other_runs_are_refused(tmp_path):
    go(tmp_path, epochs=2)
    with pytest.raises(CheckpointError, match="another batch size"):
        go(tmp_path, batch_size=8)
    other = NAMES["x"].astype(np.float64)
    with pytest.raises(CheckpointError, match="another model"):
        train.fit(nn.Linear(4, 2, key=0), (other, NAMES["y"]), NAMES["loss"], optim.adam(1e-2), checkpoint=tmp_path)


def test_an_interrupt_is_saved_and_told(whole, tmp_path):
    def interrupting(event):
        if isinstance(event, train.Stepped) and event.run.step == 33:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, checkpoint_seconds=100.0, told=interrupting)
    same(go(tmp_path), whole)


def test_files_are_arrays_and_facts(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(3, np.int64), "c": np.zeros((0, 2), np.float16)}
    write(tmp_path / "deep" / "one.safetensors", train.Checkpoint(arrays, {"text": "ä", "number": 1.5}))
    found = read(tmp_path / "deep" / "one.safetensors")
    assert found.facts == {"text": "ä", "number": 1.5}
    for name, array in arrays.items():
        assert np.array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == array.dtype
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["one.safetensors"]
    with pytest.raises(CheckpointError, match="there is no file"):
        read(tmp_path / "none.safetensors")


@pytest.mark.filterwarnings("ignore:the training failed")
def test_a_state_whose_loss_is_no_number_is_not_saved(tmp_path):
    given = {"epochs": 5, "batch_size": 16, "checkpoint": tmp_path, "checkpoint_seconds": 0.0, "statistics_every": 1}
    huge = (NAMES["x"] * np.float32(1e15), NAMES["y"])
    run = train.fit(nn.Linear(4, 2, key=0), huge, NAMES["loss"], optim.sgd(1.0), **given)
    assert run.status == "failed"
    assert list(run.history.layers.steps) == list(range(1, run.step + 1))  # each step once, the failing one too
    kept = [path for path in tmp_path.glob("*.safetensors") if path.stem in ("last", "previous")]
    for path in kept:
        assert np.isfinite(read(path).arrays["history/steps/loss/value"]).all()
    assert kept
