"""A graph that was compiled before is loaded: no planning, no text, no compiling; and its numbers are the same."""

import subprocess
import sys

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu import program
from glassgrad.engines.cpu.fingerprint import fingerprint
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import input_node

WEIGHTS = np.linspace(-1.0, 1.0, 12).reshape(3, 4)
MORE = np.linspace(2.0, 3.0, 12).reshape(3, 4)
X = np.linspace(0.1, 2.0, 12).reshape(3, 4)
SQUARE = X[:, :3] + np.eye(3) * 4


def loop(x):
    def step(h, row):
        h = np.tanh(h + row @ WEIGHTS.T)
        return h, h.sum()

    h, sums = gg.scan(step, np.zeros(3), x)
    return h.sum() + (sums * sums).sum()


def newton(x):
    return gg.while_loop(lambda y: np.abs(y * y - x) > 1e-9, lambda y: 0.5 * (y + x / y), x)


PROGRAMS = {
    "elementwise": (lambda x: np.sin(x) * 2.0 + np.exp(-x), X),
    "captured": (lambda x: x * WEIGHTS + (x @ MORE.T).sum() + WEIGHTS, X),
    "gradient": (gg.grad(lambda x: np.sum(np.tanh(x @ WEIGHTS.T) ** 2)), X),
    "gradient of a loop": (gg.grad(loop), X),
    "loop to the end": (gg.vmap(newton), X[0]),
    "gradient of a loop to the end": (gg.grad(newton), 2.0),
    "mask": (lambda x: np.tril(x @ x.T) + np.triu(x @ x.T, 1), X),
    "host": (lambda a: np.linalg.svd(a)[1] + np.sort(a.ravel())[:3], SQUARE),
    "host with a number": (lambda a: np.linalg.matrix_power(a, 3) + np.percentile(a, 30.0), SQUARE),
    "indices": (lambda x: x[np.array([2, 0, 2]), ::2] + x[0, 1], X),
    "branch": (lambda x: gg.cond(x[0, 0] > 0.0, lambda y: y * 2.0, lambda y: y - 1.0, x), X),
    "several": (lambda x: {"a": x, "b": (x.sum(), 3.0)}, X),
}


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    with gg.settings(engine="cpu"):
        yield


@pytest.fixture
def _nothing_to_compile(monkeypatch):
    def refuse(*_):
        raise AssertionError("this was done before")

    for name in ("lowered", "planned", "translated", "object_code", "cached_object_code"):
        monkeypatch.setattr(program, name, refuse)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_second_time_all_comes_from_the_disk(name, request):
    function, argument = PROGRAMS[name]
    first = gg.jit(function)(argument)
    request.getfixturevalue("_nothing_to_compile")
    again = gg.jit(lambda x: function(x))
    for _ in range(3):  # also through the door
        for one, other in zip(flat(again(argument)), flat(first), strict=True):
            np.testing.assert_array_equal(one, other)


def flat(value):
    return [x for part in value.values() for x in flat(part)] if isinstance(value, dict) else [*np.atleast_1d(value)]


def test_what_was_captured_is_read_anew():
    def scaled_by(weights):
        return gg.jit(lambda x: x * weights + 1.0)

    np.testing.assert_allclose(scaled_by(WEIGHTS)(X), X * WEIGHTS + 1.0, rtol=1e-14)
    np.testing.assert_allclose(scaled_by(MORE)(X), X * MORE + 1.0, rtol=1e-14)


@pytest.mark.parametrize(
    "other",
    [
        lambda x: np.sin(x) * 2.0 + np.exp(-X),
        lambda x: np.sin(x) * 3.0 + np.exp(-x),
        lambda x: np.cos(x) * 2.0 + np.exp(-x),
        lambda x: np.exp(-x) + np.sin(x) * 2.0 + 0.0 * x,
    ],
)
def test_other_graphs_are_told_apart(other):
    gg.jit(PROGRAMS["elementwise"][0])(X)
    np.testing.assert_allclose(gg.jit(other)(X), other(X), rtol=1e-14)
    for x in (X.T, X.astype(np.float32), X[:2], X[0, 0]):
        function = PROGRAMS["elementwise"][0]
        np.testing.assert_allclose(gg.jit(function)(x), function(x), rtol=1e-6)


def test_settings_are_told_apart(request):
    function, argument = PROGRAMS["gradient"]
    with gg.settings(threads=2):
        first = gg.jit(function)(argument)
    request.getfixturevalue("_nothing_to_compile")
    with gg.settings(threads=1), pytest.warns(RuntimeWarning, match="done before.*a defect of Glassgrad"):
        np.testing.assert_allclose(gg.jit(function)(argument), first, rtol=1e-9)  # by the reference engine
    with gg.settings(threads=2):
        np.testing.assert_array_equal(gg.jit(function)(argument), first)


def test_equal_graphs_have_equal_fingerprints_and_unequal_ones_have_not():
    def graph_of(function, *arguments):
        jitted = gg.jit(function)
        jitted(*arguments)
        return next(iter(jitted.cache.values())).graph

    found = [fingerprint(graph_of(f, x)).digest for f, x in PROGRAMS.values()]
    again = [fingerprint(graph_of(lambda x, f=f: f(x), x)).digest for f, x in PROGRAMS.values()]
    assert found == again
    assert len(set(found)) == len(found)


def test_an_op_that_is_no_row_of_the_table_has_no_fingerprint():
    from dataclasses import replace

    from glassgrad.base.avals import Aval
    from glassgrad.graph.op import OPS

    x = input_node(Aval((3,), np.dtype(float)))
    own = Node(replace(OPS["sin"], why="mine"), (x,), (), x.aval)
    assert fingerprint(Graph((x,), (own,))) is None


def test_a_damaged_image_is_made_again(tmp_path):
    function, argument = PROGRAMS["gradient"]
    expected = gg.jit(function)(argument)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-3] + b"abc")
    np.testing.assert_array_equal(gg.jit(function)(argument), expected)


def test_a_program_from_the_disk_still_shows_its_plan():
    function, argument = PROGRAMS["host"]
    sizes = []
    for _ in range(2):
        version = gg.jit(lambda x: function(x))
        version(argument)
        found = next(iter(version.cache.values())).program
        sizes.append((found.plan.arena_bytes, found.arena_bytes, len(found.plan.steps), len(found.module.host)))
    assert sizes[0] == sizes[1]
    assert sizes[0][0] == sizes[0][1]


SCRIPT = """
import sys, numpy as np, glassgrad as gg
from glassgrad.engines.cpu import program
if sys.argv[1] == "warm":
    program.lowered = program.planned = program.object_code = None
weights = np.arange(12.0).reshape(3, 4)
def loss(x):
    h, _ = gg.scan(lambda h, row: (np.tanh(h + weights @ row), None), np.zeros(3), x)
    return np.sum(np.sort(h)) + np.linalg.svd(x)[1].sum() + np.log1p(x).mean()
with gg.settings(engine="cpu"):
    print(repr(gg.jit(gg.value_and_grad(loss))(np.linspace(0.1, 2.0, 20).reshape(5, 4))))
"""


def test_another_process_plans_and_compiles_nothing():
    cold, warm = (
        subprocess.run([sys.executable, "-c", SCRIPT, kind], check=True, capture_output=True, text=True).stdout
        for kind in ("cold", "warm")
    )
    assert warm == cold
