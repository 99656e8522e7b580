"""Graphs as text against the files in tests/golden/graph, which were read by eye line by line.

After a wanted change: `python -m tests.laws.test_golden_graphs` writes the files anew; read what changed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.api.pipeline import tracing
from glassgrad.base.avals import Aval
from glassgrad.graph.graph import Graph
from glassgrad.graph.text import text
from glassgrad.ops.leaves import ones
from glassgrad.tracing.trace import abstract_input, output_node
from glassgrad.transforms.control import settle
from glassgrad.transforms.reverse import pull
from glassgrad.transforms.simplify import simplify

_FOLDER = Path(__file__).parents[1] / "golden" / "graph"


def layer(x: Any, w: Any, b: Any) -> Any:
    """A product, a broadcast, a number among the operands."""
    return np.mean(np.tanh(x @ w + b) ** 2)


def written(x: Any) -> Any:
    """A place written and places read."""
    out = np.zeros_like(x)
    out[1:] = x[:-1] * 2.0
    return np.sum(out[[0, 2, 2]])


def scanned(w: Any, xs: Any) -> Any:
    """A loop, which carries its body; its gradient is a loop as well."""
    carry, _ = gg.scan(lambda c, x: (np.tanh(w * c + x), None), np.zeros(2), xs)
    return np.sum(carry)


def chosen(x: Any) -> Any:
    """A choice, which carries its branches."""
    return gg.cond(x > 0.5, lambda t: np.sin(t), lambda t: t * t, x)


_PROGRAMS: tuple[tuple[Callable[..., Any], tuple[tuple[int, ...], ...]], ...] = (
    (layer, ((5, 3), (3, 2), (2,))),
    (written, ((4,),)),
    (scanned, ((), (3, 2))),
    (chosen, ((),)),
)


def _page(function: Callable[..., Any], shapes: tuple[tuple[int, ...], ...]) -> str:
    """The value and its gradients."""
    with tracing():
        inputs = [abstract_input(Aval(shape, np.dtype(float))) for shape in shapes]
        leaves = [tracer.node for tracer in inputs]
        value = output_node(function(*inputs))
        gradients = [node for node in pull([value], [ones(value.aval)], leaves) if node is not None]
        outputs = simplify(settle([value, *gradients]))
        return text(Graph(tuple(leaves), tuple(outputs))) + "\n"


@pytest.mark.parametrize(("function", "shapes"), _PROGRAMS, ids=[function.__name__ for function, _ in _PROGRAMS])
def test_reads_as_on_file(function: Callable[..., Any], shapes: tuple[tuple[int, ...], ...]) -> None:
    assert _page(function, shapes) == (_FOLDER / f"{function.__name__}.txt").read_text(encoding="utf-8")


if __name__ == "__main__":
    for function, shapes in _PROGRAMS:
        (_FOLDER / f"{function.__name__}.txt").write_text(_page(function, shapes), encoding="utf-8")
