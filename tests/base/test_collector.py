"""The collector of cycles rests while a function is compiled, and works again whatever happens."""

import gc
import os
import sys
from threading import Event, Thread

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.collector import collector_held_back


def test_it_rests_within_and_works_again():
    assert gc.isenabled()
    with collector_held_back():
        assert not gc.isenabled()
        with collector_held_back():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_works_again_after_an_error():
    with pytest.raises(ZeroDivisionError), collector_held_back():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_who_has_switched_it_off_keeps_it_off():
    gc.disable()
    try:
        with collector_held_back():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_it_rests_while_a_function_is_compiled():
    seen = []

    def function(x):
        seen.append(gc.isenabled())
        return x + 1

    compiled = gg.jit(function)
    compiled(np.ones(3))
    assert seen == [False]
    assert gc.isenabled()
    with pytest.raises(ValueError, match="mine"):
        gg.jit(_raises)(1.0)
    assert gc.isenabled()


def _raises(x):
    raise ValueError("mine")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python warns of forks beside threads")
def test_a_child_process_has_it_at_work_though_a_thread_of_its_parent_held_it_back():
    inside, done = Event(), Event()

    def hold():
        with collector_held_back():
            inside.set()
            done.wait()

    thread = Thread(target=hold)
    thread.start()
    inside.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if gc.isenabled() else 1)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
