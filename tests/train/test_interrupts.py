"""Ctrl-C at any moment leaves a checkpoint of a whole step, and the run that goes on is the one without a break."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from glassgrad import nn, optim, train
from glassgrad.base.tensors import read
from glassgrad.train.interrupts import Whole

X = np.random.default_rng(0).normal(size=(512, 64)).astype(np.float32)


def go(folder=None, told=(), **given):
    options = {"epochs": 3, "batch_size": 64, "store": False, "progress": False} | given
    return train.fit(
        nn.mlp([64, 256, 256, 1], key=0), (X, X[:, :1]), nn.mse, optim.adam(1e-3), checkpoint=folder,
        callbacks=told, **options,
    )  # fmt: skip


class Parameters:
    """Keeps the parameters after each step."""

    def __init__(self):
        self.after = {}

    def __call__(self, event):
        if isinstance(event, train.Stepped):
            arrays = event.run.state.parameters
            self.after[event.run.step] = {path: np.array(value) for path, value in arrays.items()}


@pytest.fixture(scope="module")
def whole():
    kept = Parameters()
    return go(told=[kept]), kept.after


def interrupting(step, seconds):
    def callback(event):
        if isinstance(event, train.Stepped) and event.run.step == step:
            threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()

    return callback


@pytest.mark.parametrize("delay", [0.0, 0.0003, 0.0007, 0.0011, 0.0015, 0.002])
def test_ctrl_c_saves_the_parameters_of_the_step_that_it_names(whole, tmp_path, delay):
    run, after = whole
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, [interrupting(9, delay)], epochs=30)
    found = read(tmp_path / "last.safetensors")
    step = found.facts["step"]
    if step in after:
        for path, value in after[step].items():
            assert np.array_equal(found.arrays[f"state/parameters[{path!r}]"], value), (step, path)
    resumed = go(tmp_path, epochs=max(3, found.facts["epoch"]))
    if resumed.step == run.step:
        assert np.array_equal(resumed.history["loss"], run.history["loss"])


def test_another_signal_that_tears_a_step_saves_nothing(whole, tmp_path):
    run, _ = whole
    held = signal.signal(signal.SIGALRM, signal.default_int_handler)  # nothing holds this one back

    def alarmed(event):
        if isinstance(event, train.Stepped) and event.run.step == 11:
            os.kill(os.getpid(), signal.SIGALRM)  # within the block: this counts as torn

    try:
        with pytest.raises(KeyboardInterrupt):
            go(tmp_path, [alarmed])
    finally:
        signal.signal(signal.SIGALRM, held)
    assert read(tmp_path / "last.safetensors").facts["step"] == 8  # the end of the epoch before
    assert np.array_equal(go(tmp_path).history["loss"], run.history["loss"])


def test_a_callback_is_broken_off_at_once_and_the_checkpoint_before_it_stays(whole, tmp_path):
    run, _ = whole
    told, ended = [], []

    def slow(event):
        if isinstance(event, train.EpochEnded) and event.run.epoch == 2:
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
            time.sleep(30)  # the test fails by its time limit where Ctrl-C waits

    def next_one(event):
        if isinstance(event, train.EpochEnded):
            told.append(event.run.epoch)
        if isinstance(event, train.Ended):
            ended.append(event.run.status)

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, [slow, next_one])
    assert time.monotonic() - began < 20
    assert (told, ended) == ([1], ["interrupted"])
    assert read(tmp_path / "last.safetensors").facts["epoch"] == 1
    resumed = go(tmp_path, [next_one])  # which tells all of them of the second epoch
    assert told == [1, 2, 3]
    assert np.array_equal(resumed.history["loss"], run.history["loss"])


def test_what_was_learnt_before_an_interrupt_is_not_lost_without_a_folder():
    def callback(event):
        if isinstance(event, train.Stepped) and event.run.step == 11:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        go(told=[callback])
    run = caught.value.run
    assert (run.status, run.step, run.epoch, run.best[0]) == ("interrupted", 11, 1, 1)
    assert "error.run.model" in caught.value.__notes__[0]
    assert not np.array_equal(run.model.layers[0].weight, run.last_model.layers[0].weight)  # that after the first epoch


def test_a_run_that_an_error_breaks_in_its_first_epoch_has_what_it_learnt():
    def callback(event):
        if isinstance(event, train.Stepped) and event.run.step == 3:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        go(told=[callback])
    run = caught.value.run
    assert run.reason == "ZeroDivisionError: "
    assert np.array_equal(run.model.layers[0].weight, run.last_model.layers[0].weight)
    with pytest.raises(ZeroDivisionError) as caught:
        go(told=[lambda event: 1 // 0])
    assert not hasattr(caught.value, "run")  # before the first step there is nothing to tell of


def interrupted():
    os.kill(os.getpid(), signal.SIGINT)


def test_a_second_interrupt_does_not_wait():
    block, seen = Whole(), []

    def twice():
        with block:
            interrupted()
            seen.append("still inside")
            interrupted()
            seen.append("never")

    block.listen()
    try:
        with pytest.raises(KeyboardInterrupt):
            twice()
        assert block.is_torn
        with pytest.raises(KeyboardInterrupt):
            interrupted()  # outside of a block at once
    finally:
        block.stop_listening()
    assert seen == ["still inside"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_handler_of_before_is_asked_and_comes_back():
    heard = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        mine = signal.getsignal(signal.SIGINT)
        run = go(told=[interrupting(3, 0.0)], epochs=1)
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)
    assert run.status == "finished"
    assert heard == [signal.SIGINT]


def test_trainings_in_other_threads_leave_signals_alone():
    found = []
    thread = threading.Thread(target=lambda: found.append(go(epochs=1)))
    thread.start()
    thread.join()
    assert found[0].status == "finished"
