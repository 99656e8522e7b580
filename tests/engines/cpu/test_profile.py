"""Profiles: the program with a clock inside computes the same, and what is told of it holds."""

import json

import numpy as np
import pytest
import scipy.special

import glassgrad as gg
from glassgrad.api.inspecting import watched
from glassgrad.base.errors import UsageError
from glassgrad.engines.cpu.emit.clock import Clock
from glassgrad.engines.cpu.lower import lowered
from glassgrad.engines.cpu.plan.plan import planned
from glassgrad.engines.cpu.program import assembled, compile_graph, written
from glassgrad.engines.cpu.report import machine
from glassgrad.engines.cpu.report.machine import ceilings, repeated, timer
from glassgrad.engines.cpu.report.profile_page import trace_events

RNG = np.random.default_rng(0)


def recurrent(w, h, xs):
    def step(h, x):
        h = np.tanh(w @ h + x)
        return h, h.sum()

    h, ys = gg.scan(step, h, xs)
    return ys.sum() + scipy.special.struve(1.0, xs[:, 0])[0]


RECURRENT = (RNG.normal(size=(8, 8)), np.zeros(8), RNG.normal(size=(20, 8)))


def halved(x):
    return gg.while_loop(lambda x: np.max(x) > 1, lambda x: np.where(x > 1, x / 2, x), x)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (gg.value_and_grad(recurrent), RECURRENT),
        (halved, (np.arange(17.0),)),
        (lambda x: np.cumsum(x @ x.T), (RNG.normal(size=(33, 7)).astype(np.float32),)),
        (lambda x: np.where(np.isnan(x), -1, x) + x.sum(), (np.array([np.nan, np.inf, 1.0]),)),
    ],
)
def test_a_clock_inside_changes_nothing(function, arguments):
    graph = watched(function, arguments, {}, ()).graph
    plan = planned(lowered(graph))
    flat = [np.asarray(value) for value in arguments]
    for plain, timed in zip(
        compile_graph(graph)(*flat), assembled(graph, plan, written(plan, Clock()))(*flat), strict=True
    ):
        assert np.array_equal(plain, timed, equal_nan=True)


def test_tells_each_step_and_opens_loops():
    found = gg.profile(gg.value_and_grad(recurrent), *RECURRENT, seconds=0.02)
    loops = [step for step in found.steps if step.kind == "loop"]
    assert loops
    for loop in loops:
        for _, inner in loop.parts:
            assert all(step.count == 20 for step in inner)
    assert "struve by NumPy" in [step.does for step in found.steps]
    assert all(step.seconds >= 0 for step in found.steps)
    assert found.seconds > 0
    assert found.times.low <= found.times.median <= found.times.high


def test_a_large_product_is_told_as_arithmetic_and_a_copy_as_memory():
    a = RNG.normal(size=(400, 400))
    (product,) = gg.profile(lambda a: a @ a, a, seconds=0.05).steps
    assert (product.kind, product.bound) == ("product", "arithmetic")
    assert product.flops == 2 * 400**3
    (copy,) = gg.profile(lambda a: a + 1, np.ones(1 << 20), seconds=0.05).steps
    assert copy.bound == "memory"
    assert copy.bytes == 2 * 8 << 20


def test_works_for_functions_under_jit_with_static_arguments():
    found = gg.profile(gg.jit(lambda x, n: x**n, static="n"), np.ones(100), n=3, seconds=0.01)
    assert found.steps


def test_the_reference_engine_is_timed_op_by_op():
    with gg.settings(engine="reference"):
        found = gg.profile(recurrent, *RECURRENT, seconds=0.02)
    assert found.description.engine == "reference"
    assert "scan" in [step.does for step in found.steps]
    assert found.text()


@pytest.mark.parametrize("argument", [np.ones(0), np.ones(1), np.ones((6, 4))[::2, ::-1]])
def test_awkward_arguments(argument):
    assert gg.profile(lambda x: np.exp(x).sum(), argument, seconds=0.01).text(70)


def test_saved_and_shown(tmp_path):
    found = gg.profile(gg.grad(recurrent), *RECURRENT, seconds=0.02)
    found.save(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert events == trace_events("recurrent", found.steps)
    assert {event["ph"] for event in events} == {"X"}
    assert json.loads(found.to_json())["steps"]
    assert "<pre" in found._repr_html_()
    for width in (80, 120):
        assert max(len(line) for line in found.text(width).splitlines()) <= width


def test_what_the_machine_can_do_is_plausible():
    machine = ceilings()
    for one, every in machine.peak.values():
        assert 1e8 < one < 1e13
        assert every > 0.5 * one
    assert machine.peak["f32"][0] > machine.peak["f64"][0]
    assert all(1e8 < one < 1e13 for _, one, _ in machine.bandwidth)
    assert 0 < timer().inside <= timer().whole
    assert 1e-11 < timer().seconds < 1e-6


def test_the_best_that_a_machine_has_shown_is_kept(tmp_path, monkeypatch):
    def measured(one, every):
        peak = {"f32": (2 * one, 2 * every), "f64": (one, every)}
        monkeypatch.setattr(machine, "_measured", lambda threads: machine.Ceilings(threads, peak, ((9, one, every),)))
        machine._ceilings.cache_clear()
        return ceilings()

    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    try:
        assert measured(5.0, 6.0).peak["f64"] == (5.0, 6.0)  # while the machine was busy
        assert measured(4.0, 9.0).peak == {"f32": (10.0, 18.0), "f64": (5.0, 9.0)}
        assert measured(1.0, 1.0).bandwidth == ((9, 5.0, 9.0),)
        measured(1000.0, 1000.0)  # a clock told wrong
        for _ in range(machine._KEPT):
            last = measured(4.0, 6.0)
        assert last.peak["f64"] == (4.0, 6.0)
        (kept,) = tmp_path.glob("machine-*.json")
        for damaged in ("{", "[3]", '[{"threads": 1, "peak": {}, "bandwidth": []}]', '{"peak": 3}', '[{"peak": 3}]'):
            kept.write_text(damaged)
            assert measured(1.0, 2.0).peak["f64"] == (1.0, 2.0)
    finally:
        machine._ceilings.cache_clear()


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        (lambda x: x * x + 1.0, 2.0),
        (lambda x: np.sin(x) * np.cos(x) + x.sum(), np.ones(4)),
        (lambda x: (x @ x).sum() + np.cumsum(x)[-1], np.ones((8, 8))),
    ],
)
def test_functions_of_nanoseconds_are_timed_and_their_steps_add_up(function, argument):
    found = gg.profile(function, argument, seconds=0.05)
    together = sum(step.seconds for step in found.steps)
    assert 1e-9 < found.seconds < 1e-6
    assert together <= 1.01 * found.seconds
    for step in found.steps:  # nothing is faster than the machine
        assert step.flops_per_second < 1e12
        assert step.seconds == 0 or step.seconds > 1e-10
    assert ("between the steps" in found.text()) == (together <= 0.95 * found.seconds)


def test_runs_in_a_row_are_as_many_as_asked_for():
    program = compile_graph(watched(lambda x: x + 1.0, (np.ones(3),), {}, ()).graph)
    x = np.zeros(3)
    run, (result,) = program.prepared(x)
    run.alive[0][0][:] = 5.0
    repeated(run, 3)
    np.testing.assert_array_equal(result, 6.0)


def test_what_fails_in_a_run_that_is_profiled_is_an_error():
    with pytest.raises(IndexError, match="index 9 is out of bounds"):
        gg.profile(lambda x, i: x[i], np.ones(3), np.array([9]), seconds=0.01)


def test_a_clock_that_stands_still_makes_no_machine_faster_than_any():
    times = iter([0.0, 5.0, 5.0, 5.0, 5.0, 9.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine.time, "perf_counter", lambda: next(times))
        assert machine._best(lambda: None, 3) == 4.0
        patch.setattr(machine.time, "perf_counter", lambda: 1.0)
        assert machine._peak("f32", 1) <= 2e12
        assert max(machine._triads(3 << 15, 2)) <= 1e13


def test_what_is_no_function_is_told():
    with pytest.raises(UsageError, match=r"profile takes a function, found float64\n(?s:.*)hint: profile\(f, x\)"):
        gg.profile(np.sum(np.ones(3)))
