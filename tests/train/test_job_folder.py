"""The folder of a job: one process at a time, and nothing of a failed run in the way of the next."""

import multiprocessing
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("polars")
pytest.importorskip("sklearn")

from glassgrad.base.errors import DomainError, TableError, UsageError
from glassgrad.cli.table_errors import as_options
from glassgrad.train.job import Folder, Settings
from glassgrad.train.job.folder import FailedTrainingError
from glassgrad.train.job.predicting import free

SETTINGS = Settings("table.csv", "y")


def claim(folder, *, resume=False, overwrite=False):
    return folder.claimed(SETTINGS, resume=resume, overwrite=overwrite)


def save_something(folder):
    folder.checkpoints.mkdir()
    (folder.checkpoints / "last.safetensors").write_bytes(b"...")


def fails_after_saving(folder, error, **way):
    def fail():
        with claim(folder, **way):
            assert not folder.is_kept
            save_something(folder)
            raise error

    with pytest.raises(type(error)):
        fail()


def _hold(path, held, end):
    with claim(Folder(path)):
        held.set()
        end.wait(60)


def test_a_second_run_is_refused_before_anything_is_read(tmp_path):
    folder, context = Folder(tmp_path / "model"), multiprocessing.get_context("spawn")
    held, end = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(folder.path, held, end))
    process.start()
    try:
        assert held.wait(60)
        for way in ({}, {"overwrite": True}, {"resume": True}):
            with pytest.raises(UsageError, match="another run is writing"), claim(folder, **way):
                pytest.fail("two runs write one folder")
        assert (folder.unfinished / "config.toml").exists()
    finally:
        end.set()
        process.join(60)
    with claim(folder):  # the first has ended
        pass


def test_what_ended_while_the_second_run_waited_is_not_written_over(tmp_path):
    folder = Folder(tmp_path / "model")
    folder.path.mkdir()
    (folder.path / "config.toml").write_text("")
    with pytest.raises(UsageError, match="is there already"), claim(folder):
        pytest.fail("written over")
    assert not folder.unfinished.exists()


@pytest.mark.parametrize("error", [TableError("no column"), ValueError("a mistake"), KeyboardInterrupt()])
def test_a_run_that_fails_early_leaves_nothing(tmp_path, error):
    folder = Folder(tmp_path / "model")
    with pytest.raises(type(error)), claim(folder):
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_later_is_kept_to_go_on_with_unless_it_would_fail_again(tmp_path):
    folder = Folder(tmp_path / "model")
    fails_after_saving(folder, ValueError("a mistake"))
    with pytest.raises(UsageError, match="an unfinished run lies in"), claim(folder):
        pytest.fail("written over")
    with pytest.raises(TableError), claim(folder, resume=True):
        raise TableError("there is no file table.csv")
    assert folder.is_kept
    fails_after_saving(folder, FailedTrainingError("the loss is nan"), overwrite=True)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_without_a_checkpoint_is_in_nobodys_way(tmp_path):
    folder = Folder(tmp_path / "model")
    folder.unfinished.mkdir()
    (folder.unfinished / "config.toml").write_text("")
    with claim(folder):
        assert "table.csv" in (folder.unfinished / "config.toml").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_while_the_packages_are_loaded_is_no_traceback(tmp_path):
    start = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from glassgrad.cli.entry import run; run()"
    slow = "import sys, time; print(1, flush=True); time.sleep(30)"
    (tmp_path / "typer.py").write_text(slow)
    process = subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "1\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[1] == "error: interrupted\n"
    assert process.returncode == 130


# ------------------------------------------------------------------ words
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch_size": 0}, "--batch-size is 0"),
        ({"weight_decay": -1.0}, "--weight-decay is -1.0\nhint: a number from 0"),
        ({"dropout": 1.0}, "--dropout is 1.0\nhint: a share from 0 to below 1"),
        ({"lr": -1.0}, "--lr is -1.0\nhint: a positive number"),
        ({"lr": 0.0}, "--lr is 0.0\nhint: a positive number"),
        ({"seed": -1}, "--seed is -1\nhint: a whole number from 0"),
        ({"activation": "rely"}, "no activation 'rely'"),
    ],
)
def test_settings_are_told_in_the_words_of_the_command(given, said):
    with pytest.raises((UsageError, DomainError)) as caught:
        Settings.of({"data": "a.csv", "target": "y", **given}, "")
    text = f"{as_options(caught.value.message)}\nhint: {as_options(caught.value.hint or '')}"
    assert said in text
    assert "or give a function" not in text


def test_a_target_called_row_keeps_the_numbers_of_the_rows():
    assert free("row", ["row"]) == "row*"
    assert free("row", ["price"]) == "row"
