"""Looking inside of compiled functions: what is shown is what runs."""

import json
from io import StringIO

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from rich.console import Console

import glassgrad as gg
from glassgrad.base.errors import UnsupportedError, UsageError
from glassgrad.engines import reference
from glassgrad.engines.cpu.program import translated
from glassgrad.engines.cpu.report import inspection as inspection_module
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import working
from glassgrad.graph.notes import Notes
from glassgrad.transforms.simplify import simplify
from tests.laws.programs import programs
from tests.laws.test_laws import examples, gradient_nodes
from tests.table.rows import CASES, sample

RNG = np.random.default_rng(0)


def layer(x, w, b):
    z = x @ w + b
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


LAYER = (RNG.normal(size=(64, 300)), RNG.normal(size=(300, 20)), RNG.normal(size=20))


def recurrent(w, h, xs):
    def step(h, x):
        h = np.tanh(w @ h + x)
        return h, h.sum()

    h, ys = gg.scan(step, h, xs)
    return ys.sum()


RECURRENT = (RNG.normal(size=(8, 8)), np.zeros(8), RNG.normal(size=(20, 8)))


def test_shows_the_loops_with_the_names_and_lines_of_the_person():
    found = gg.jit(layer).inspect(*LAYER)
    code = found.kernels[-1].code
    assert "z" in code
    assert "exp(" in code
    assert "for (int i = 0; i < 64; i++) {" in code
    assert "test_inspect.py:" in code
    assert "z = x @ w + b" in code
    assert code.count("{") == code.count("}")


def test_results_of_a_tuple_are_called_by_their_places():
    found = gg.jit(gg.value_and_grad(lambda x: np.sum(x**2))).inspect(np.ones(10))
    assert {buffer.name for buffer in found.buffers} == {"x", "result[0]", "result[1]"}
    (alone,) = gg.jit(lambda x: np.exp(x)).inspect(np.ones(10)).buffers[1:]
    assert alone.name == "result"


def test_products_tell_their_sizes_and_work():
    (product,) = [call for call in gg.jit(layer).inspect(*LAYER).calls if type(call).__name__ == "Product"]
    assert (product.batch, product.m, product.k, product.n) == (1, 64, 300, 20)
    assert product.work.flops == 2 * 64 * 300 * 20
    assert product.work.bytes_read == LAYER[0].nbytes + LAYER[1].nbytes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_counts_operations_and_bytes(dtype):
    x, size = np.ones(1000, dtype), np.dtype(dtype).itemsize
    (kernel,) = gg.jit(lambda x: x * 2 + np.exp(x)).inspect(x).kernels
    assert kernel.work.flops == 3000
    assert (kernel.work.bytes_read, kernel.work.bytes_written) == (1000 * size, 1000 * size)
    (kernel,) = gg.jit(lambda x: np.where(x > 0, x, 0)).inspect(x).kernels
    assert kernel.work.flops == 0


def test_what_does_not_depend_on_an_inner_loop_is_counted_once_a_row():
    (kernel,) = gg.jit(lambda x, y: np.exp(x)[:, None] * y).inspect(np.ones(50), np.ones((50, 1000))).kernels
    assert kernel.work.flops == 50 + 50 * 1000
    assert kernel.code.index("exp") < kernel.code.index("int j")


def test_buffers_in_the_arena_do_not_overlap_while_they_live():
    found = gg.jit(gg.value_and_grad(lambda w, x: np.mean(np.tanh(np.tanh(x @ w) @ w.T) ** 2))).inspect(
        RNG.normal(size=(30, 40)), RNG.normal(size=(64, 30))
    )
    inside = [one for one in found.buffers if one.place.startswith("arena")]
    assert inside
    for one in inside:
        start = int(one.place.split()[-1])
        assert start + one.nbytes <= found.arena_bytes
        for other in inside:
            begin = int(other.place.split()[-1])
            ends, begins = min(one.last, other.last), max(one.first, other.first)
            takes_over = start == begin and ends == begins  # read for the last time where it is written over
            if other is not one and begins <= ends and not takes_over:
                assert start + one.nbytes <= begin or begin + other.nbytes <= start


def test_loops_carry_the_steps_of_their_bodies():
    found = gg.jit(gg.grad(recurrent)).inspect(*RECURRENT)
    loops = [step for step in found.steps if type(step).__name__ == "Loop"]
    assert [loop.rounds for loop in loops] == [20, 20]
    inner = loops[0].parts[0][1]
    assert inner
    assert loops[0].work.flops == 20 * sum(step.work.flops for step in inner)
    assert set(found.kernels) >= {step for step in inner if step in found.kernels}


@pytest.mark.parametrize(
    ("function", "argument", "op", "reason"),
    [
        (lambda x: scipy.special.struve(1.0, x).sum() + 1, np.ones(9), "struve", "no native loop"),
        (lambda x: np.tanh(x) * 2, np.ones(9, complex), "tanh", "complex128"),
    ],
)
def test_ops_that_numpy_computes_say_why(function, argument, op, reason):
    found = gg.jit(function).inspect(argument)
    assert op in [step.op for step in found.fallbacks]
    assert any(reason in step.reason for step in found.fallbacks)
    assert "NumPy" in found.text()


def test_a_function_that_falls_back_as_a_whole_says_why(monkeypatch):
    def refuse(*_, **__):
        raise UnsupportedError("an array of some kind")

    monkeypatch.setattr(inspection_module, "planned", refuse)
    found = gg.jit(layer).inspect(*LAYER)
    assert found.engine == "reference"
    assert "an array of some kind" in found.text()
    with pytest.raises(UsageError, match="an array of some kind"):
        _ = found.llvm


def test_the_reference_engine_shows_its_ops():
    with gg.settings(engine="reference"):
        found = gg.jit(layer).inspect(*LAYER)
    assert found.engine == "reference"
    assert "exp" in [step.op for step in found.steps]
    assert "reference engine" in found.text()
    assert not found.kernels


def test_text_and_machine_code_on_demand():
    found = gg.jit(layer).inspect(*LAYER)
    name = found.kernels[-1].name
    assert f"@{name}(" in found.llvm
    assert "define" in found.optimised_llvm
    assert "ret" in found.assembly(name)
    assert len(found.assembly(name)) < len(found.assembly())
    assert {"trace", "simplify", "plan", "write", "LLVM"} <= found.compile_seconds.keys()
    with pytest.raises(UsageError, match="there is no kernel 'k99'"):
        found.assembly("k99")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_fits_the_width(width):
    text = gg.jit(gg.grad(recurrent)).inspect(*RECURRENT).text(width)
    assert max(len(line) for line in text.splitlines()) <= width


def test_shown_everywhere():
    found = gg.jit(layer).inspect(*LAYER)
    assert json.loads(found.to_json())["steps"][-1]["kind"] == "kernel"
    assert "<pre" in found._repr_html_()
    assert repr(found).startswith("layer(x f64[64,300]")
    console = Console(record=True, width=100, file=StringIO())
    console.print(found)
    assert "arena" in console.export_text()


@pytest.mark.parametrize(
    "argument", [np.ones((0, 3)), np.ones((1, 1)), np.ones((7, 5))[::2, ::-1], np.float32(2.0), np.array([np.nan] * 3)]
)
def test_awkward_arguments(argument):
    found = gg.jit(lambda x: (np.cumsum(x), np.tanh(x).max(initial=0.0), x)).inspect(argument)
    assert found.text()
    assert found.to_json()


def test_arguments_by_name_and_static_ones():
    found = gg.jit(lambda params, n: params["w"][0] * n, static="n").inspect({"w": [np.ones(3)]}, n=2)
    assert 'params["w"][0] f64[3]' in found.text()


def test_inside_of_a_trace_it_is_refused():
    with pytest.raises(UsageError, match="inside of a trace"):
        gg.grad(lambda x: gg.jit(np.sin).inspect(x) or x)(1.0)


def test_inspecting_leaves_the_function_as_it_was():
    function = gg.jit(layer)
    before = function(*LAYER)
    function.inspect(*LAYER)
    assert np.array_equal(function(*LAYER), before)


def inspected(graph):
    """A graph without names or lines."""
    given = {node: f"x{place}" for place, node in enumerate(graph.inputs)}
    results = [f"result[{place}]" for place in range(len(graph.outputs))]
    return inspection_module.inspection_of(graph, Notes(), given, results, title="graph", engine="cpu", seconds={})


def assert_is_whole(found, host):
    """What is shown holds together, and names all that NumPy computes."""
    assert sorted(step.op for step in found.fallbacks) == sorted(node.op.name for node in host)
    for kernel in found.kernels:
        assert kernel.code.count("{") == kernel.code.count("}")
        assert min(kernel.work.flops, kernel.work.bytes_read, kernel.work.bytes_written) >= 0
    assert found.text(80)
    assert json.loads(found.to_json())["engine"] == "cpu"


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_every_row_can_be_looked_into(dtype):
    for case in CASES:
        if dtype in case.dtypes:
            with working():
                graph, _ = sample(case, dtype)
            assert_is_whole(inspected(graph), translated(graph)[1].host)


@examples(15)
@given(programs())
def test_random_programs_can_be_looked_into(program):
    with working() as here:
        here.evaluate = reference.evaluate
        _, everything = gradient_nodes(program)
        graph = Graph((), tuple(simplify(everything)))
    found = inspected(graph)
    if found.engine == "cpu":
        assert_is_whole(found, translated(graph)[1].host)
