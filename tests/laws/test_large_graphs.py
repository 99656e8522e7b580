"""Graphs of 100,000 nodes and more: no step on the way from a program to its numbers recurses over their depth."""

import sys
from collections.abc import Iterator

import numpy as np
import pytest

from glassgrad.api.pipeline import tracing
from glassgrad.base.settings import settings
from glassgrad.engines.reference import compile_graph, evaluate
from glassgrad.graph.graph import Graph
from glassgrad.graph.text import text
from glassgrad.graph.verify import verify
from glassgrad.ops.leaves import ones
from glassgrad.tracing.trace import known_input
from glassgrad.transforms.forward import push
from glassgrad.transforms.reverse import pull
from glassgrad.transforms.simplify import simplify

LENGTH = 100_000
PAIRS = LENGTH // 2
FACTOR = 0.99999


def _chain(x):
    """Two nodes a turn, so 100,000 nodes, each standing on the one before."""
    for _ in range(PAIRS):
        x = np.sin(x) * FACTOR
    return x


def _by_hand(x: float) -> tuple[float, float]:
    slope = 1.0
    for _ in range(PAIRS):
        slope *= np.cos(x) * FACTOR
        x = np.sin(x) * FACTOR
    return x, slope


@pytest.fixture(autouse=True)
def shallow() -> Iterator[None]:
    """A stack on which a recursion over the graph would end at once; its laws are checked once, by a test."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        with settings(verify=False):
            yield
    finally:
        sys.setrecursionlimit(before)


def test_a_chain_goes_all_the_way() -> None:
    value, slope = _by_hand(0.5)
    with tracing():
        x = known_input(0.5)
        y = _chain(x).node
        (gradient,) = pull([y], [ones(y.aval)], [x.node])
        (tangent,) = push([y], {x.node: ones(x.aval)})
        everything = [y, gradient, tangent]
        simple = simplify(everything)
        verify(simple)
        graph = Graph((), tuple(simple))
        page = text(graph)
        compiled = compile_graph(graph)()
        node_by_node = evaluate(everything, {})
    assert page.count("sin(") == PAIRS
    assert page.count("\n") > 2 * LENGTH
    for numbers in (compiled, node_by_node):
        np.testing.assert_allclose(numbers, [value, slope, slope], rtol=1e-9)


def test_a_number_asked_for_at_the_end_of_a_chain() -> None:
    value, _ = _by_hand(0.5)
    with tracing():
        assert abs(float(_chain(known_input(0.5)).value) - value) <= 1e-9 * abs(value)
