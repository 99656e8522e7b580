"""The way through the house in one place: trace, transform, simplify, run. Floor 5.

A call inside another trace gives traced results that belong to that trace; a call from outside gives numbers.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from glassgrad.base.errors import GlassgradError
from glassgrad.base.settings import current
from glassgrad.engines import reference
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, Workspace, reachable, working, workspace
from glassgrad.graph.verify import verify
from glassgrad.ops.leaves import LITERAL
from glassgrad.tracing import dispatch as _dispatch  # noqa: F401 - binds NumPy's functions
from glassgrad.tracing.tracer import Tracer
from glassgrad.transforms.control import settle
from glassgrad.transforms.simplify import simplify


@contextmanager
def tracing() -> Iterator[Workspace]:
    """The workspace of the trace under way, or a fresh one where this is the outermost."""
    here = workspace()
    if here is not None:
        origin = here.origin
        try:
            yield here
        finally:
            here.origin = origin
    else:
        with working(Workspace(reference.evaluate)) as fresh, _our_errors_unwrapped():
            yield fresh


@contextmanager
def _our_errors_unwrapped() -> Iterator[None]:
    """NumPy wraps what goes wrong in `out[i] = x` into an error that says less: ours is raised in its place."""
    try:
        yield
    except ValueError as error:
        if isinstance(error.__cause__, GlassgradError) and "setting an array element" in str(error):
            raise error.__cause__ from None
        raise


def deliver(outputs: Sequence[Node], since: int, *, outermost: bool) -> list[Any]:
    """Numbers where the outputs depend on nothing of an outer trace, tracers where they do.

    `since` is the number of the first node that this call made: what is older belongs to the outer trace.
    """
    outputs = settle(outputs)
    if not outermost and _depends_on_outer(outputs, since):
        return [Tracer(node) for node in outputs]
    here = workspace()
    assert here is not None
    simple = simplify(outputs)
    if current().verify:
        verify([*outputs, *simple])
    program = reference.compile_graph(Graph((), tuple(simple)), here.values)
    return own(program(), [value for _, value in program.constants])


def _depends_on_outer(outputs: Sequence[Node], since: int) -> bool:
    """Does any output stand on a node older than `since`? Only what is newer is walked."""
    inner = reachable(outputs, since - 1)
    below = [x for node in inner for x in node.inputs]
    return any(node.serial < since and node.op is not LITERAL for node in (*outputs, *below))


def as_result(value: Any) -> Any:
    """A result as NumPy gives it: a scalar for no axes, else an array that may be written."""
    if np.ndim(value) == 0:
        return value[()] if isinstance(value, np.ndarray) else value
    return value if value.flags.writeable else value.copy()


def own(values: Sequence[Any], lent: Sequence[Any]) -> list[Any]:
    """Results that share no memory with one another or with what is `lent` (arguments, captured arrays), so that
    whoever gets them may write into them.
    """
    taken = {id(memory(value)) for value in lent if isinstance(value, np.ndarray)}
    results = []
    for value in values:
        result = as_result(value)
        if isinstance(result, np.ndarray):
            if id(memory(result)) in taken:
                result = result.copy()
            taken.add(id(memory(result)))
        results.append(result)
    return results


def memory(array: np.ndarray) -> object:
    """The object that owns the array's memory."""
    owner: Any = array
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    return owner
