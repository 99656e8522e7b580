"""The folder of checkpoints: what a crash, a damaged or a foreign file leaves of it, and that it belongs to one run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from glassgrad import nn, optim, train
from glassgrad.base import tensors as files
from glassgrad.base.errors import CheckpointError, UsageError
from glassgrad.train.lock import give_back, hold, holder

X = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)


def go(folder, epochs=3, key=0, **given):
    options = {"batch_size": 16, "validation": 0.25} | given
    return train.fit(
        nn.Linear(4, 1, key=0), (X, X[:, :1]), nn.mse, optim.adam(1e-2), epochs=epochs, key=key, checkpoint=folder,
        **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return go(tmp_path_factory.mktemp("whole"), epochs=6)


def same(one, other):
    assert np.array_equal(one.history["loss"], other.history["loss"])
    assert np.array_equal(one.history["validation loss"], other.history["validation loss"])
    assert np.array_equal(one.model.weight, other.model.weight)


def damage(path):
    path.write_bytes(path.read_bytes()[:100])


class PowerCut(BaseException):
    """What nobody catches."""


@pytest.mark.parametrize("name", ["before", "between", "after"])
def test_a_crash_while_writing_beside_a_damaged_file_leaves_the_good_one(whole, tmp_path, monkeypatch, name):
    go(tmp_path, epochs=3)
    damage(tmp_path / "last.safetensors")
    fsync, replace = os.fsync, Path.replace

    def cut(*arguments):
        raise PowerCut

    match name:
        case "before":
            monkeypatch.setattr(os, "fsync", cut)
        case "between":
            monkeypatch.setattr(Path, "replace", lambda one, two: cut() if two.stem == "last" else replace(one, two))
        case "after":
            monkeypatch.setattr(files, "_sync_folder", cut)
    with pytest.warns(RuntimeWarning, match="going on from the checkpoint before"), pytest.raises(PowerCut):
        go(tmp_path, epochs=6, checkpoint_seconds=0.0)
    monkeypatch.undo()
    assert os.fsync is fsync
    if name == "after":
        run = go(tmp_path, epochs=6)
    else:
        with pytest.warns(RuntimeWarning, match="going on from the checkpoint before"):
            run = go(tmp_path, epochs=6)
    same(run, whole)


@pytest.mark.parametrize("case", ["damaged", "missing", "of another run"])
def test_without_its_best_file_a_run_goes_on(tmp_path, case):
    go(tmp_path, epochs=3)
    best = tmp_path / "best.safetensors"
    match case:
        case "damaged":
            damage(best)
        case "missing":
            best.unlink()
        case "of another run":
            go(tmp_path / "other", epochs=1)
            shutil.copy(tmp_path / "other" / "best.safetensors", best)
    with pytest.warns(RuntimeWarning, match=r"best\.safetensors.*the best model so far is lost"):
        run = go(tmp_path, epochs=5)
    assert (run.status, run.epoch) == ("finished", 5)
    assert run.best[0] > 3
    with_nothing_left = tmp_path / "copy"
    shutil.copytree(tmp_path, with_nothing_left)
    (with_nothing_left / "best.safetensors").unlink()
    with pytest.warns(RuntimeWarning, match="the best model so far is lost"):
        run = go(with_nothing_left, epochs=5)
    assert run.best is None
    assert np.array_equal(run.model.weight, run.last_model.weight)


def foreign(path):
    save_file({"a": np.zeros(3, np.float32)}, path)


def without_facts(path):
    files.write(path, train.Checkpoint({"a": np.zeros(3, np.float32)}, {}))


def facts_of_no_dict(path):
    arrays = {"a": np.zeros(3, np.float32)}
    save_file(arrays, path, {"format": files.FORMAT, "hash": files._hash(arrays), "facts": "[1"})


def the_best(path):
    shutil.copy(path.with_name("best.safetensors"), path)


@pytest.mark.parametrize("put", [foreign, without_facts, facts_of_no_dict, the_best])
def test_files_that_are_no_run_are_passed_over(whole, tmp_path, put):
    go(tmp_path, epochs=3)
    put(tmp_path / "last.safetensors")
    with pytest.warns(RuntimeWarning, match=r"last\.safetensors.*going on from the checkpoint before"):
        same(go(tmp_path, epochs=6), whole)
    for name in ("last", "previous"):
        put(tmp_path / f"{name}.safetensors")
    with pytest.raises(CheckpointError, match=r"last\.safetensors.*previous\.safetensors"):
        go(tmp_path)


def test_the_folder_is_no_file(tmp_path):
    (tmp_path / "file").write_text("text")
    with pytest.raises(UsageError, match="checkpoint is a folder"):
        go(tmp_path / "file")


def test_a_disk_that_is_full_is_said(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match=r"best\.safetensors cannot be written: No space left on device"):
        go(tmp_path)
    assert not list(tmp_path.iterdir())


def test_beginning_anew_leaves_nothing_of_the_run_before(tmp_path):
    go(tmp_path, epochs=4, key=1)

    def cut(event):
        if isinstance(event, train.EpochEnded):
            assert (tmp_path / "best.safetensors").exists()
            assert not (tmp_path / "previous.safetensors").exists()
            raise PowerCut

    with pytest.raises(PowerCut):
        go(tmp_path, key=2, resume=False, callbacks=[cut])
    run = go(tmp_path, epochs=6, key=2)
    same(run, go(None, epochs=6, key=2))


def test_halves_of_files_that_a_killed_process_left_are_removed(tmp_path):
    tmp_path.mkdir(exist_ok=True)
    for name in (".best.safetensors.123.part", ".last.safetensors.9.part"):
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / "notes.part").write_text("not ours")
    go(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best.safetensors", "last.safetensors", "notes.part", "previous.safetensors",
    ]  # fmt: skip


# ------------------------------------------------------------------ one run at a time
HOLDING = """
import sys, time
from pathlib import Path
from glassgrad.train.lock import hold
file = hold(Path(sys.argv[1]) / "lock")
print("held", flush=True)
time.sleep(60)
"""


def test_a_folder_belongs_to_one_run_at_a_time(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        with pytest.raises(CheckpointError, match=rf"another training holds .*process {process.pid}"):
            go(tmp_path)
        process.kill()
    assert (tmp_path / "lock").exists()  # its process is gone, so it is taken over
    assert go(tmp_path).status == "finished"
    assert not (tmp_path / "lock").exists()


def test_two_runs_of_one_process_do_not_share_a_folder(tmp_path):
    errors = []

    def again(event):
        if isinstance(event, train.Started):
            try:
                go(tmp_path, epochs=1)
            except CheckpointError as error:
                errors.append(error.message)

    assert go(tmp_path, callbacks=[again]).status == "finished"
    assert len(errors) == 1
    assert "another training holds" in errors[0]


def test_what_is_given_back_after_an_error(tmp_path):
    def broken(event):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        go(tmp_path, callbacks=[broken])
    assert not (tmp_path / "lock").exists()


@pytest.mark.parametrize("content", ["", "nonsense", "1"])
def test_a_lock_that_nobody_holds_is_taken(tmp_path, content):
    path = tmp_path / "lock"
    path.write_text(content)
    file = hold(path)
    assert file is not None
    assert holder(path) == f"process {os.getpid()}"
    assert hold(path) is None
    give_back(path, file)
    assert not list(tmp_path.iterdir())
