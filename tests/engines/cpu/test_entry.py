"""jit on the CPU engine: calls go into native code, and mean what they mean in Python."""

import sys
import threading
from collections import OrderedDict
from contextlib import nullcontext
from contextvars import Context
from typing import Any, NamedTuple

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.api import compile as api_compile
from glassgrad.api import compile as compiling
from glassgrad.engines.cpu.native import layout


@pytest.fixture(autouse=True)
def native():
    with gg.settings(engine="cpu"):
        yield


def counted(function):
    """The function, and how often Python ran it."""
    runs = []

    def traced(*args, **kwargs):
        runs.append(args)
        return function(*args, **kwargs)

    return gg.jit(traced), runs


def test_a_function_is_traced_once_for_each_kind_of_argument():
    f, runs = counted(lambda x, y=2.0: x * y + 1.0)
    assert [f(2.0), f(3.0), f(2.0, y=4.0)] == [5.0, 7.0, 9.0]
    assert type(f(2.0)) is np.float64
    np.testing.assert_array_equal(f(np.ones(3)), [3.0, 3.0, 3.0])
    np.testing.assert_array_equal(f(np.ones(3, np.float32)), np.full(3, 3.0, np.float32))
    assert f(np.ones(3, np.float32)).dtype == np.float32
    assert len(runs) == 4


def test_trees_go_in_and_come_out():
    f = gg.jit(lambda p, x: {"a": p["w"] @ x, "b": [x.sum(), (p["z"], 3.0)]})
    p, x = {"w": np.arange(9.0).reshape(3, 3), "z": np.ones(2)}, np.ones(3)
    for _ in range(3):
        found = f(p, x)
        assert list(found) == ["a", "b"]
        assert type(found["b"]) is list
        assert type(found["b"][1]) is tuple
        np.testing.assert_array_equal(found["a"], [3.0, 12.0, 21.0])
        np.testing.assert_array_equal(found["b"][1][0], [1.0, 1.0])
    np.testing.assert_array_equal(f({"z": np.ones(2), "w": p["w"].T}, x)["a"], [9.0, 12.0, 15.0])


class Layer(NamedTuple):
    w: Any
    b: Any


def test_named_tuples_and_ordered_dicts_go_in_and_come_out():
    layers = OrderedDict(z=Layer(np.ones((2, 2)), np.ones(2)), a=Layer(np.zeros((2, 2)), np.zeros(2)))
    f = gg.jit(lambda layers: OrderedDict((key, Layer(p.w + 1.0, p.b * 2.0)) for key, p in layers.items()))
    for _ in range(3):
        found = f(layers)
        assert type(found) is OrderedDict
        assert list(found) == ["z", "a"]
        assert type(found["z"]) is Layer
        np.testing.assert_array_equal(found["z"].w, np.full((2, 2), 2.0))
        np.testing.assert_array_equal(found["a"].b, np.zeros(2))


@pytest.mark.parametrize("settings", [{}, {"threads": 1}])
def test_calls_of_a_known_kind_do_not_pass_through_python(settings, monkeypatch):
    seen = []
    known = compiling.signature_of
    monkeypatch.setattr(compiling, "signature_of", lambda *given: seen.append(given) or known(*given))

    def calls() -> None:  # in a context in which nothing was set
        with gg.settings(**settings) if settings else nullcontext():
            f = gg.jit(lambda p, x: {"y": p["w"] @ x})
            for _ in range(5):
                f({"w": np.ones((3, 3)), "unused": 2.0}, np.ones(3))

    Context().run(calls)
    assert len(seen) == 1


def test_arrays_without_axes_and_numbers_are_both_known(monkeypatch):
    function = gg.jit(lambda state: {"count": state["count"] + 1, "w": state["w"] * 0.5})
    state = {"count": np.array(0), "w": np.ones(3)}
    for _ in range(3):  # the first call has an array without axes, the others the number that came out
        state = function(state)
    monkeypatch.setattr(api_compile, "signature_of", None)  # a call through Python would need it
    for _ in range(3):
        state = function(state)
    assert state["count"] == 6


def test_results_own_their_memory():
    f = gg.jit(lambda x: (x, x * 1.0, x.reshape(3, 1)))
    x = np.ones(3)
    for _ in range(2):
        for value in f(x):
            value[...] = 7.0
    np.testing.assert_array_equal(x, [1.0, 1.0, 1.0])


def test_arrays_of_the_surroundings_are_read_at_each_call():
    c = np.ones(3)
    f = gg.jit(lambda x: x + c)
    for number in (1.0, 5.0, 9.0):
        c[:] = number
        np.testing.assert_array_equal(f(np.zeros(3)), [number] * 3)


def test_errors_of_the_host_come_out_and_the_function_goes_on():
    f = gg.jit(lambda a, b: np.linalg.inv(a) @ b)
    np.testing.assert_array_equal(f(np.eye(2) * 2, np.ones(2)), [0.5, 0.5])
    for _ in range(2):
        with pytest.raises(np.linalg.LinAlgError):
            f(np.zeros((2, 2)), np.ones(2))
    np.testing.assert_array_equal(f(np.eye(2) * 2, np.ones(2)), [0.5, 0.5])


def test_it_is_a_function_inside_transforms():
    f = gg.jit(lambda x: np.sum(np.sin(x) ** 2))
    x = np.linspace(0.0, 1.0, 5)
    assert f(x) == pytest.approx(np.sum(np.sin(x) ** 2))
    np.testing.assert_allclose(gg.grad(f)(x), np.sin(2 * x), atol=1e-15)
    np.testing.assert_allclose(gg.jit(gg.grad(f))(x), np.sin(2 * x), atol=1e-15)
    np.testing.assert_allclose(gg.jit(gg.vmap(gg.jit(np.cos)))(x), np.cos(x), atol=1e-15)


@pytest.mark.parametrize("x", [np.ones((0, 3)), np.ones((3, 1)), np.asfortranarray(np.arange(6.0).reshape(2, 3))])
def test_odd_arrays(x):
    f = gg.jit(lambda x: (np.exp(x), x.sum(axis=0), x.T @ x))
    for _ in range(2):
        for found, expected in zip(f(x), (np.exp(x), x.sum(axis=0), x.T @ x), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_several_threads_trace_compile_and_run_at_once():
    f = gg.jit(lambda x: np.tanh(x) @ np.cos(x) + np.sum(x))
    wrong = []

    def work(seed):
        generator = np.random.default_rng(seed)
        for size in (3, 50, 7, 200):
            x = generator.normal(size=size)
            expected = np.tanh(x) @ np.cos(x) + np.sum(x)
            with gg.settings(engine="cpu"):
                wrong.extend(size for _ in range(50) if not np.isclose(f(x), expected, rtol=1e-12))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not layout.is_as_expected(), reason="this Python has no native door")
def test_no_python_runs_for_a_call_that_is_known():
    f = gg.jit(lambda x: x + 1.0)
    f(1.0)
    seen = []
    sys.setprofile(lambda frame, event, argument: seen.append((event, frame.f_code.co_name)))
    f(1.0)
    sys.setprofile(None)
    assert not [name for event, name in seen if event == "call"]
