"""The GradBench tool: every eval right on small inputs, and its protocol."""

import json

import numpy as np
import pytest

from benchmarks.gradbench import golden, tool
from benchmarks.gradbench import workloads as made
from benchmarks.gradbench.evals import ba, descent, particle, saddle

random = np.random.RandomState(7)
SMALL = {
    "llsq": {"x": random.rand(8).tolist(), "n": 16},
    "lse": {"x": (5 * random.rand(40)).tolist()},
    "gmm": made.mixture(3, 2, 5),
    "lstm": made.network("so it goes’", 2, random),
    "ode": {"x": random.rand(5).tolist(), "s": 3},
    "ba": made.made_up_adjustment(2, 3, 7),
    "ht": made.made_up_hand(vertices=30, triangles=10, points=4),
    "det": {"A": random.rand(49).tolist(), "ell": 7},
    "kmeans": {"points": (points := random.rand(30, 3).tolist()), "centroids": points[-4:]},
}


def asked(module, function, given):
    answer = tool.answered({"kind": "evaluate", "module": module, "function": function, "input": given})
    assert answer["success"], answer["error"]
    return answer


@pytest.mark.parametrize("module", SMALL)
def test_functions_and_all_their_derivatives_are_right(module):
    given = SMALL[module]
    for function in tool.defined(module).FUNCTIONS:
        output = asked(module, function, given)["output"]
        rule = golden.RULES.get(module)
        size = len(rule.parameters(given)) if rule else np.size(given.get("x", ()))
        assert golden.off(module, function, given, output, np.eye(size)[:60] if size else None) < 1e-12


@pytest.mark.parametrize("module", ["gmm", "ode", "lse", "ht"])
def test_the_check_finds_a_wrong_number(module):
    given = SMALL[module]
    function = list(tool.defined(module).FUNCTIONS)[-1]
    output = asked(module, function, given)["output"]
    row = output["mu"][1] if module == "gmm" else output[2] if module == "ht" else output
    row[1] += 1e-3
    assert golden.off(module, function, given, output) > golden.TOLERANCE


def test_hello():
    assert asked("hello", "square", 3.0)["output"] == 9.0
    assert asked("hello", "double", 3.0)["output"] == 6.0


def test_an_adjustment_without_rotation_takes_the_limit():
    camera = np.array([0.0, 0.0, 0.0, 0.1, 0.2, -0.4, 400.0, 5.0, -8.0, 0.08, 0.002])
    rest = (np.array([[1.5, -0.7, 4.0]]), np.ones(1), np.zeros((1, 2)), np.zeros((1, 2), int))
    values = ba.jacobian(camera[None], *rest)
    step = 1e-6 * np.eye(11)[:1]
    ahead, behind = (ba.objective(camera + sign * step, *rest)[0] for sign in (1.0, -1.0))
    np.testing.assert_allclose(values[[0, 15]], (ahead - behind).ravel() / 2e-6, rtol=1e-3)


@pytest.mark.parametrize("mode", "fr")
def test_the_particle_lands_and_its_landing_has_the_right_slope(mode):
    def by_euler(w):
        (x, y), (vx, vy) = (0.0, 8.0), (0.75, 0.0)
        while True:
            ax = ay = 0.0
            for cx, cy in ((10.0, 10.0 - w), (10.0, 0.0)):
                cube = ((x - cx) ** 2 + (y - cy) ** 2) ** 1.5
                ax, ay = ax + (x - cx) / cube, ay + (y - cy) / cube
            x, y = x + 0.1 * vx, y + 0.1 * vy
            if y <= 0.0:
                return (x - y / vy * vx) ** 2
            vx, vy = vx + 0.1 * ax, vy + 0.1 * ay

    assert particle.landing(0.2, mode) == pytest.approx(by_euler(0.2), rel=1e-12)
    for outer in descent.MODES.values():
        (slope,) = outer(lambda w: particle.landing(w, mode))(0.2)
        assert slope == pytest.approx((by_euler(0.2 + 1e-6) - by_euler(0.2 - 1e-6)) / 2e-6, rel=1e-5)


@pytest.fixture
def long_steps(monkeypatch):
    """The prescribed first rate takes 10⁴ steps: that is for benchmarks/gradbench/run.py."""
    monkeypatch.setattr(descent, "FIRST_RATE", 0.2)


@pytest.mark.parametrize("mode", "fr")
def test_descent_finds_a_minimum(mode, long_steps):
    def bowl(x, y):
        return (x - 1.0) ** 2 + 2.0 * (y + 0.5) ** 2

    assert descent.argmin(bowl, descent.MODES[mode](bowl), (3.0, 2.0)) == pytest.approx((1.0, -0.5), abs=3e-5)


@pytest.mark.parametrize("order", saddle.FUNCTIONS)
def test_the_saddle_is_found_in_every_order_of_modes(order, long_steps):
    assert saddle.saddle_point(*order)(1.0, 0.5) == pytest.approx((0.0, 0.0, 0.0, 0.0), abs=3e-5)


def test_the_protocol_from_start_to_end():
    messages = [
        {"id": 0, "kind": "start", "eval": "hello"},
        {"id": 1, "kind": "define", "module": "hello"},
        {"id": 2, "kind": "evaluate", "module": "hello", "function": "square", "input": 4.0},
        {"id": 3, "kind": "analysis", "of": 2, "valid": True},
        {"id": 4, "kind": "define", "module": "os"},
        {"id": 5, "kind": "evaluate", "module": "llsq", "function": "primal", "input": SMALL["llsq"] | {"min_runs": 3}},
        {"id": 6, "kind": "end"},
        {"id": 7, "kind": "start"},
    ]
    answers = [json.loads(line) for line in tool.answers(map(json.dumps, messages))]
    assert [answer["id"] for answer in answers] == [0, 1, 2, 3, 4, 5]
    assert answers[0] == {"id": 0, "tool": "glassgrad"}
    assert answers[1] == {"id": 1, "success": True}
    assert answers[2]["output"] == 16.0
    assert answers[3] == {"id": 3}
    assert not answers[4]["success"]
    assert "no eval 'os'" in answers[4]["error"]
    assert [timing["name"] for timing in answers[5]["timings"]] == ["prepare", "compile", *["evaluate"] * 3]


def test_an_error_inside_is_an_answer():
    answer = tool.answered({"kind": "evaluate", "module": "ht", "function": "objective", "input": {}})
    assert not answer["success"]
    assert "KeyError" in answer["error"]


def test_differences_are_measured_as_the_suite_does():
    assert golden.difference(1000.0, 1000.1) == pytest.approx(0.1 / 2000.1)
    assert golden.difference(0.0, 1e-3) == 1e-3
    assert golden.difference([1.0], [[1.0]]) == np.inf
    assert golden.difference(np.nan, np.nan) == np.inf
    assert golden.differs({"a": [1.0, 2.0]}, {"a": [1.0, 2.5]}) == pytest.approx(0.5 / 4.5)
    assert golden.differs({"a": 1.0}, {"b": 1.0}) == np.inf
    assert golden.differs([[1.0], [2.0, 3.0]], [[1.0], [2.0, 3.0]]) == 0.0


def test_every_eval_has_its_default_workloads():
    assert set(made.WORKLOADS) == set(tool.EVALS)
    counts = {
        name: sum(1 for _ in made.WORKLOADS[name](None)) for name in ("llsq", "gmm", "kmeans", "ba", "det", "ode")
    }
    assert counts == {"llsq": 11, "gmm": 25, "kmeans": 12, "ba": 14, "det": 7, "ode": 9}
    for name in ("particle", "saddle"):
        (work,) = made.WORKLOADS[name](None)
        assert set(work.functions) == set(tool.defined(name).FUNCTIONS)
