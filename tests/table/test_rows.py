"""Every row of the op table against its own claims: meaning, derivative, kinks, batching, edges."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.special

from glassgrad.base.avals import Aval
from glassgrad.base.settings import settings
from glassgrad.engines.kernels import numpy_text
from glassgrad.engines.reference import compile_graph
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import working
from glassgrad.graph.op import OPS, Elementwise, Op
from glassgrad.ops.leaves import input_node
from glassgrad.ops.lifting import ufunc_of
from glassgrad.testing.gradient_check import (
    cotangent_graph,
    forward_meets_numbers,
    forward_meets_reverse,
    graph_map,
    numeric,
    tangent_graph,
)
from glassgrad.testing.numeric import distance, random_like
from glassgrad.transforms.batch import batch
from tests.table.case import Case, at_shape, hash_text
from tests.table.rows import CASES, EXCLUDED, ROWS, differentiable, graph_of, held_inputs, params_of, sample

ROUNDING = {"float64": 1e-12, "complex128": 1e-12, "float32": 2e-4, "complex64": 2e-4}


@pytest.fixture(autouse=True)
def verified() -> Iterator[None]:
    """The laws of each graph are checked, and warnings of the kernels are their own business."""
    with settings(verify=True), np.errstate(all="ignore"):
        yield


def each(cases: list[Case], dtypes: str = "all") -> Any:
    """One test for each case and dtype; `wide` takes only the dtypes on which differences can be formed."""
    runs = [
        (case, dtype)
        for case in cases
        for dtype in case.dtypes
        if dtypes == "all" or dtype in ("float64", "complex128")
    ]
    return pytest.mark.parametrize(("case", "dtype"), runs, ids=[f"{case.name}-{dtype}" for case, dtype in runs])


SMOOTH = [case for case in CASES if case.order and differentiable(OPS[case.op])]
KINKED = [case for case in CASES if case.kinks]
UNIFORM = [case for case in CASES if isinstance(OPS[case.op].batching, Elementwise)]


# ------------------------------------------------------------------ the table as such
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_each_row_has_a_case_and_names_its_rule(row: Op) -> None:
    assert any(case.op == row.name for case in CASES), f"{row.name}: add a case to tests/table/cases"
    assert row.rule, f"{row.name}: say the rule's name in words"
    told = {when for case in CASES if case.op == row.name for when in case.kinks}
    assert told >= {kink.when for kink in row.kinks}, f"{row.name}: a kink without a case"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_case_belongs_to_a_row(case: Case) -> None:
    assert case.op in ROWS
    assert case.op not in EXCLUDED


# ------------------------------------------------------------------ meaning
def meaning(row: Op, case: Case, values: list[Any]) -> list[Any]:
    """What the row means: the case's own meaning, the ufunc, or the row's text run as NumPy code."""
    if case.meaning is not None:
        found = case.meaning(*values, **case.params)
    elif row.ufunc is not None:
        found = ufunc_of(row)(*values)
    else:
        found = run_text(row, case, values)
    return list(found) if row.multiple else [found]


def run_text(row: Op, case: Case, values: list[Any]) -> Any:
    """The row's NumPy text, run by Python itself."""
    avals = tuple(Aval(np.shape(value), np.asarray(value).dtype) for value in values)
    names = {"np": np, "scipy": scipy} | {kernel.__name__: kernel for kernel in row.kernels} | dict(case.params)
    fixed = len(row.inputs) - row.variadic
    names |= dict(zip(row.inputs[:fixed], values, strict=False))
    if row.variadic:
        names[row.inputs[-1][1:]] = tuple(values[fixed:])
    return eval(numpy_text(row, avals, params_of(case)), names)


@each(CASES)
def test_value_is_the_meaning(case: Case, dtype: str) -> None:
    graph, values = sample(case, dtype)
    row = OPS[case.op]
    found = compile_graph(graph)(*values)
    for value, node in zip(found, graph.outputs, strict=True):
        assert (np.shape(value), np.asarray(value).dtype) == (node.shape, node.dtype)
    assert distance(found, meaning(row, case, values)) < ROUNDING[dtype]
    if not row.multiple and case.meaning is None:
        assert distance(found, [run_text(row, case, values)]) < ROUNDING[dtype]


# ------------------------------------------------------------------ derivatives
def check_derivative(graph: Graph, point: list[Any], held: list[int], case: Case, *, analytic: bool) -> None:
    """Forward against numbers, reverse against forward, along three random directions."""
    checked = graph_map(graph, held)
    generator = np.random.default_rng(7)
    for _ in range(3):
        direction = random_like(generator, point)
        for index in held:
            direction[index] = np.zeros_like(direction[index])
        estimate = numeric(checked, point, direction, analytic=analytic)
        assert forward_meets_numbers(checked, point, direction, estimate) < case.tolerance
    checked_reverse = [forward_meets_reverse(checked, point, np.random.default_rng(seed)) for seed in range(2)]
    assert max(checked_reverse) < 1e-9


@each(SMOOTH, "wide")
def test_derivative(case: Case, dtype: str) -> None:
    with working():
        graph, values = sample(case, dtype)
        held = held_inputs(OPS[case.op], len(values))
        check_derivative(graph, values, held, case, analytic=case.analytic and dtype == "float64")


@each([case for case in SMOOTH if case.order > 1], "wide")
@pytest.mark.parametrize("inner", ["reverse", "forward"])
def test_derivative_of_the_derivative(case: Case, dtype: str, inner: str) -> None:
    with working():
        graph, values = sample(case, dtype)
        held = held_inputs(OPS[case.op], len(values))
        derived = (cotangent_graph if inner == "reverse" else tangent_graph)(graph, held)
        generator = np.random.default_rng(11)
        extra = [node.aval for node in derived.inputs[len(values) :]]
        point = [*values, *random_like(generator, [np.zeros(aval.shape, aval.dtype) for aval in extra])]
        check_derivative(derived, point, held, case, analytic=False)


@each(SMOOTH)
def test_derivative_keeps_the_dtype(case: Case, dtype: str) -> None:
    """And at single precision it is the derivative at double precision, rounded."""
    with working():
        graph, values = sample(case, dtype)
        held = held_inputs(OPS[case.op], len(values))
        derived = [cotangent_graph(graph, held), tangent_graph(graph, held)]
        likes = [
            [node for i, node in enumerate(graph.inputs) if node.dtype.kind in "fc" and i not in held],
            list(graph.outputs),
        ]
        for each_derived, like in zip(derived, likes, strict=True):
            assert [node.aval for node in each_derived.outputs] == [node.aval for node in like]
    if dtype in ("float32", "complex64"):
        check_single_precision(case, dtype)


def check_single_precision(case: Case, dtype: str) -> None:
    wide = {"float32": "float64", "complex64": "complex128"}[dtype]
    results = []
    for precision in (dtype, wide):
        with working():
            graph, values = sample(case, precision)
            derived = cotangent_graph(graph, held_inputs(OPS[case.op], len(values)))
            extra = [np.ones(node.shape, node.dtype) for node in derived.inputs[len(values) :]]
            rounded = [
                value if np.asarray(value).dtype.kind not in "fc" else np.asarray(value, dtype).astype(value.dtype)
                for value in values
            ]
            results.append(compile_graph(derived)(*rounded, *extra))
    assert distance(results[0], results[1]) < 1e-3


# ------------------------------------------------------------------ kinks
@pytest.mark.parametrize("case", KINKED, ids=[case.name for case in KINKED])
def test_kinks(case: Case) -> None:
    row = OPS[case.op]
    for kink in row.kinks:
        if kink.when not in case.kinks:
            continue
        point, expected = case.kinks[kink.when]
        values = [np.asarray(value) for value in point]
        if is_expression(kink.when):
            assert eval(kink.when, {"np": np, **case.params}, dict(zip(row.inputs, values, strict=True)))
        if is_expression(kink.chosen) or kink.chosen == "inf":
            stated = next(value for value in expected if value is not None)
            assert (np.inf if kink.chosen == "inf" else float(Fraction(kink.chosen))) in np.ravel(stated)
        with working():
            graph = graph_of(case, values)
            found = graph_map(graph).pull(values, [np.ones(node.shape) for node in graph.outputs])
            for index, want in enumerate(expected):
                if want is None:
                    continue
                assert np.array_equal(found[index], np.broadcast_to(want, np.shape(found[index]))), (kink, index)
                if np.ndim(want):
                    continue  # a row that is not elementwise: its tangent has another shape
                direction = [np.zeros_like(value) for value in values]
                direction[index] = np.ones_like(values[index])
                assert graph_map(graph).push(values, direction)[0] == want


def is_expression(text: str) -> bool:
    """Is a kink stated as NumPy text, or in words?"""
    try:
        compile(text, "kink", "eval")
    except SyntaxError:
        return False
    return True


# ------------------------------------------------------------------ batching
@each([case for case in CASES if case.batched], "wide")
def test_batching_is_a_loop(case: Case, dtype: str) -> None:
    graph, values = sample(case, dtype)
    size = 3
    masks = list(product([True, False], repeat=len(values))) if len(values) <= 3 else [[True] * len(values)]
    for mask in masks:
        if any(mask):
            check_batch(graph, values, list(mask), size)


def check_batch(graph: Graph, values: list[Any], mask: list[bool], size: int) -> None:
    """The batched graph on stacked inputs gives the stack of what the graph gives on each."""
    stacks = [
        np.stack([shuffled(value, k) for k in range(size)]) if is_mapped else value
        for value, is_mapped in zip(values, mask, strict=True)
    ]
    with working():
        nodes = [input_node(Aval(np.shape(value), np.asarray(value).dtype)) for value in stacks]
        stacked = {old: new for old, new, is_mapped in zip(graph.inputs, nodes, mask, strict=True) if is_mapped}
        outputs = batch(graph.outputs, stacked, size)
        inputs = [stacked.get(old, old) for old in graph.inputs]
        found = compile_graph(Graph(tuple(inputs), tuple([node for node, _ in outputs])))(*stacks)
    run = compile_graph(graph)
    loop = [
        run(*[value[k] if is_mapped else value for value, is_mapped in zip(stacks, mask, strict=True)])
        for k in range(size)
    ]
    for index, (_, is_mapped) in enumerate(outputs):
        each_found = found[index] if is_mapped else np.broadcast_to(found[index], (size, *np.shape(found[index])))
        assert distance([each_found], [np.stack([np.asarray(result[index]) for result in loop])]) < 1e-11


def shuffled(value: Any, seed: int) -> Any:
    """The same numbers, the k-th example in another order (a matrix keeps its kind: rows and columns alike)."""
    if seed == 0 or np.ndim(value) == 0:
        return np.asarray(value)
    if np.ndim(value) >= 2 and np.shape(value)[-2] == np.shape(value)[-1]:
        order = np.random.default_rng(seed).permutation(np.shape(value)[-1])
        return value[..., order, :][..., :, order]
    return np.random.default_rng(seed).permutation(np.ravel(value)).reshape(np.shape(value))


# ------------------------------------------------------------------ edges
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0, 3), (1, 1)], ids=str)
@pytest.mark.parametrize("case", UNIFORM, ids=[case.name for case in UNIFORM])
def test_elementwise_rows_take_any_shape(case: Case, shape: tuple[int, ...]) -> None:
    dtype = case.dtypes[0]
    with working():
        graph, values = sample(at_shape(case, shape), dtype)
        found = compile_graph(graph)(*values)
        assert [np.shape(value) for value in found] == [shape] * len(found)
        if differentiable(OPS[case.op]):
            generator = np.random.default_rng(hash_text(case.name))
            checked = graph_map(graph, held_inputs(OPS[case.op], len(values)))
            assert forward_meets_reverse(checked, values, generator) < 1e-9
