"""Two threads that meet a dataclass for the first time at the same moment both see its fields."""

import dataclasses
import sys
import threading

import numpy as np
import pytest

import glassgrad as gg


@pytest.fixture(autouse=True)
def _restless():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_first_meetings_do_not_race():
    errors = []

    def work(kind, barrier):
        barrier.wait()
        try:
            gg.grad(lambda p: np.sum(p.a * p.b))(kind(np.ones(2), np.ones(2)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the thread must not hide it
            errors.append(error)

    for number in range(40):
        kind = dataclasses.make_dataclass(f"Pair{number}", ["a", "b"])
        barrier = threading.Barrier(4)
        threads = [threading.Thread(target=work, args=(kind, barrier)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
