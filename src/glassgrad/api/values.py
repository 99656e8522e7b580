"""Functions of ours on values of either kind: traced ones give a traced result, plain arrays a plain array. Floor 5."""

from collections.abc import Callable
from typing import Any

from glassgrad.api.pipeline import as_result
from glassgrad.engines import reference
from glassgrad.graph.node import Node, working
from glassgrad.tracing.tracer import any_traced, note_origin, to_node, wrap


def on_values(build: Callable[..., Node], *values: Any) -> Any:
    """What `build` makes of the values' nodes: a tracer where one of them is traced, else its number at once."""
    if any_traced(values):
        note_origin()
        return wrap(build(*[to_node(value) for value in values]))
    with working():
        return as_result(reference.evaluate([build(*[to_node(value) for value in values])], {})[0])
