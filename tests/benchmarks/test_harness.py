"""The arithmetic of the benchmarks: spreads, ratios, agreement, rates, and that every group can be measured."""

import json
import time
from dataclasses import asdict

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import calls, costs, elementwise, products, training
from benchmarks.gradbench import run as gradbench
from benchmarks.harness import machine, measure, page, report
from benchmarks.harness.case import Case, Run, apart, leaves
from benchmarks.models import steps

BRIEF = measure.Effort(0.0005, 3)
HERE = ("glassgrad", "numpy")  # what is installed wherever the tests run


def test_a_spread_is_the_median_and_the_quartiles():
    assert measure.spread([5.0, 1.0, 3.0, 2.0, 4.0]) == measure.Spread(3.0, 2.0, 4.0)
    assert measure.spread([7.0]) == measure.Spread(7.0, 7.0, 7.0)


def test_ratios_are_taken_round_by_round(monkeypatch):
    times = {"glassgrad": [1.0, 2.0, 4.0], "numpy": [3.0, 6.0, 12.0]}  # a machine that slows down
    monkeypatch.setattr(measure, "interleaved", lambda runs, effort: times)
    case = Case("both", {name: lambda: Run(lambda: 1.0) for name in times})
    own, other = measure.measured(case, ("glassgrad", "numpy"), BRIEF)
    assert own.ratio == measure.Spread(1.0, 1.0, 1.0)
    assert other.ratio == measure.Spread(3.0, 3.0, 3.0)
    assert other.seconds == measure.Spread(6.0, 4.5, 9.0)


def test_every_round_begins_with_another_library(monkeypatch):
    order = []

    def timed(run, count):
        order.append(run.function)
        return 1.0

    monkeypatch.setattr(measure, "timed", timed)
    monkeypatch.setattr(measure, "calls_for", lambda run, seconds: 2)
    found = measure.interleaved({"a": Run("a"), "b": Run("b")}, measure.Effort(0.1, 3))
    assert order[::2] == order[1::2] == ["a", "b", "b", "a", "a", "b"]  # each after a call that is not counted
    assert found == {"a": [0.5] * 3, "b": [0.5] * 3}


def test_sleeping_is_timed():
    run = Run(time.sleep, (0.002,))
    assert measure.calls_for(run, 0.02) in range(1, 11)  # a sleep may be longer than asked, never shorter
    assert measure.timed(run, 3) >= 0.006


def test_a_library_with_other_numbers_is_left_out():
    case = Case("one", {"glassgrad": lambda: Run(lambda: 1.0), "numpy": lambda: Run(lambda: 1.1)})
    own, other = measure.measured(case, ("glassgrad", "numpy"), BRIEF)
    assert own.seconds is not None
    assert other.seconds is None
    assert "differ by 1.0e-01" in other.wrong


def test_a_library_that_fails_is_left_out():
    def fails():
        raise NotImplementedError("no such thing")

    case = Case("one", {"glassgrad": lambda: Run(lambda: 1.0), "jax": fails})
    own, other = measure.measured(case, ("glassgrad", "jax"), BRIEF)
    assert own.seconds is not None
    assert other.wrong == "NotImplementedError: no such thing"
    assert "left out: NotImplementedError" in report.lines(case, [own, other])[1]


def test_results_are_compared_leaf_by_leaf():
    assert leaves({"b": 2.0, "a": [1.0, None]}) == [1.0, 2.0]
    assert apart((1.0, [np.array([2.0, 4.0])]), [1.0, (np.array([2.0, 5.0]),)]) == 0.25
    assert apart(1.0, np.nan) == np.inf
    assert apart([1.0], [1.0, 2.0]) == np.inf


def test_durations_and_rates_are_readable():
    assert [report.duration(s) for s in (2.0, 1.234e-3, 56e-6, 45e-9)] == ["2 s ", "1.23 ms", "56 µs", "45 ns"]
    case = Case("c", {}, bytes=4e9, flops=1e9)
    assert report.rates(case, 0.5, ceiling=16e9) == "8 GB/s (50%)  2 GFLOP/s"


def test_the_best_peer_is_the_one_with_the_smallest_ratio():
    timings = [
        measure.Timing(name, 0.0, measure.spread([1.0]), measure.spread([ratio]))
        for name, ratio in (("glassgrad", 1.0), ("jax", 3.0), ("torch", 2.0))
    ]
    assert report.best_peer(timings).library == "torch"
    assert report.best_peer(timings[:1]) is None


def test_the_machine_is_described():
    facts = machine.described()
    assert facts["cores"] >= 1
    assert "numpy" in facts["versions"]
    speed = machine.bandwidth(megabytes=1, repeats=1)
    assert speed["all cores"] >= speed["one core"] > 0


def test_bytes_moved_count_arguments_and_results():
    assert elementwise.moved("chain", "forward", 10, "float32") == 3 * 40  # x, y, result
    assert elementwise.moved("chain", "gradient", 10, "float64") == 4 * 80  # x, y, cotangent, gradient
    assert elementwise.moved("logsumexp", "forward", 10, "float32") == 40
    assert elementwise.moved("logsumexp", "gradient", 10, "float32") == 80


@pytest.mark.parametrize("name", elementwise.SHAPES)
@pytest.mark.parametrize("change", ["forward", "gradient"])
def test_elementwise_functions_agree_with_numpy_by_hand(name, change):
    results = []
    for library in HERE:
        run = elementwise.MAKERS[library](name, change, 1024, "float64")
        results.append(run.numbers(run.function(*run.arguments)))
    assert apart(*results) < 1e-12


@pytest.mark.parametrize("sizes", [(3, 5, 4, 1), (3, 5, 4, 10)])
def test_training_steps_agree_with_numpy_by_hand(sizes):
    losses = []
    for library in HERE:
        run = getattr(training.mlp, library)(sizes, 6)
        losses.append([run.numbers(run.function(*run.arguments)) for _ in range(4)])
    assert losses[0][3] < losses[0][0]
    assert apart(*losses) < 1e-5


def test_adam_takes_its_first_step_by_the_sign():
    parameters, state = {"a": np.array([1.0, 2.0])}, steps.adam_start({"a": np.zeros(2)})
    new, (count, *_) = steps.adam(parameters, {"a": np.array([0.3, -40.0])}, state)
    np.testing.assert_allclose(new["a"], [1.0 - 1e-3, 2.0 + 1e-3], rtol=1e-6)
    assert count == 1.0


@pytest.mark.parametrize("group", [calls, elementwise, products, training])
def test_groups_have_cases_of_different_names(group):
    for quick in (True, False):
        cases = group.cases(quick=quick, dtype="float32")
        assert len({case.name for case in cases}) == len(cases) > 0
        assert all("glassgrad" in case.makers for case in cases)
    assert len(group.cases(quick=True, dtype="float32")) <= len(cases)


def test_the_command_measures_a_group_and_writes_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(measure, "QUICK", BRIEF)
    monkeypatch.setattr(machine, "bandwidth", lambda megabytes: {"one core": 1e10, "all cores": 2e10})
    file = tmp_path / "found.json"
    monkeypatch.setattr("sys.argv", ["bench", "calls", "--quick", "--json", str(file), "--libraries", *HERE])
    command.main()
    found = json.loads(file.read_text())
    assert [record["case"] for record in found["groups"]["calls"]] == ["scalar function", "scalar gradient"]
    assert {timing["library"] for timing in found["groups"]["calls"][0]["timings"]} == set(HERE)
    assert "scalar gradient" in capsys.readouterr().out


def test_measurements_become_a_page(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(measure, "QUICK", BRIEF)
    monkeypatch.setattr(machine, "bandwidth", lambda megabytes: {"one core": 1e10, "all cores": 2e10})
    monkeypatch.setattr(page, "CACHED", 0.0)
    file = tmp_path / "found.json"
    given = ["bench", "calls", "elementwise", "--only", "s", "--quick", "--json", str(file), "--libraries", *HERE]
    monkeypatch.setattr("sys.argv", given)
    command.main()
    run = json.loads(file.read_text())
    run["groups"]["gradbench"] = [
        {"case": "lse", **asdict(gradbench.Outcome("lse", "n", "gradient", True, 0.0, 0.0, 1.0, 4.0))}
    ]
    text = page.page([run], "speed.svg")
    rows = {line.split(" | ")[0]: line for line in text.splitlines() if line.startswith("| ")}
    assert "## Elementwise chains and reductions, float32" in text
    assert len(rows["| scalar gradient"].split("|")) == 5  # the case, our time, one peer
    assert "%" in rows["| softmax forward 102400"]
    assert rows["| lse"].split(" | ")[1:3] == ["valid", "0.25"]
    assert "copies moved 20 GB/s" in text


def test_a_file_without_measurements_is_named(monkeypatch, tmp_path):
    for text in (None, "{", "{}", "[]"):
        file = tmp_path / "found.json"
        if text is not None:
            file.write_text(text)
        monkeypatch.setattr("sys.argv", ["page", str(tmp_path), str(file)])
        with pytest.raises(SystemExit, match=r"found\.json: not a file of"):
            page.main()
    assert not (tmp_path / "speed.md").exists()


def test_an_unknown_group_is_named(monkeypatch):
    monkeypatch.setattr("sys.argv", ["bench", "speed"])
    with pytest.raises(SystemExit, match="no benchmark speed; there are calls"):
        command.main()


def test_costs_are_printed(capsys):
    (record, *_) = costs.gradient_against_function(True, ["glassgrad"])
    assert record["ratio"] > 0
    (record, *_) = costs.growth(True, ["glassgrad"])
    assert record["seconds"] > 0


def test_gradbench_means_are_geometric():
    def one(function, seconds, peer):
        return gradbench.Outcome("lse", "n", function, True, 0.0, 0.0, seconds, peer)

    found = gradbench.summary([one("gradient", 1.0, 2.0), one("gradient", 4.0, 2.0), one("primal", 3.0, None)])
    assert found == {"lse": {"valid": True, "primal": None, "derivative": pytest.approx(1.0), "compile": None}}


def test_gradbench_runs_through_its_protocol(monkeypatch, capsys):
    options = gradbench.parser().parse_args(["hello", "llsq", "--quick"])
    found = gradbench.run(options)
    assert [(r["eval"], r["valid"]) for r in found["results"]] == [("hello", True)] * 4 + [("llsq", True)] * 4
    assert "llsq     valid" in capsys.readouterr().out


def test_trainings_are_timed_by_the_epoch():
    pytest.importorskip("sklearn")
    from benchmarks import fit

    task = fit.Task("breast_cancer", (16,), 64, 15)
    x, y = fit.read(task.data)
    found = fit.compared(task, {"glassgrad": fit.own(task, x, y), "scikit-learn": fit.peer(task, x, y)}, 1)
    assert [record["library"] for record in found] == ["glassgrad", "scikit-learn"]
    assert found[0]["ratio"]["median"] == 1.0
    assert all(record["accuracy"] > 0.9 and record["whole"] > 0 for record in found)
    with pytest.raises(RuntimeError, match="have not learnt"):
        fit.compared(task, {"glassgrad": lambda epochs: 0.5}, 1)


def test_what_is_measured_is_kept_after_each_row_and_whole(tmp_path, monkeypatch, capsys):
    place = tmp_path / "new" / "found.json"
    seen = []

    def measured(case, libraries, effort):
        seen.append(json.loads(place.read_text())["groups"]["calls"] if place.exists() else None)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return []

    three = [Case(name, {"numpy": lambda: Run(lambda: 1.0)}) for name in ("one", "two", "three")]
    monkeypatch.setattr(measure, "measured", measured)
    monkeypatch.setattr(calls, "cases", lambda **_: iter(three))
    monkeypatch.setattr("sys.argv", ["bench", "calls", "--quick", "--json", str(place)])
    with pytest.raises(KeyboardInterrupt):
        command.main()
    assert [None if found is None else [row["case"] for row in found] for found in seen] == [
        None,
        ["one"],
        ["one", "two"],
    ]
    assert json.loads(place.read_text())["groups"]["calls"] == seen[-1]
    assert [path.name for path in place.parent.iterdir()] == ["found.json"]
    capsys.readouterr()
