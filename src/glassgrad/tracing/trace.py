"""From a Python function to a graph: call it on tracers and see what comes out. Floor 3."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval, plain_array
from glassgrad.base.errors import ConcretizationError, GlassgradError, UsageError
from glassgrad.base.source import Place, is_internal, locate
from glassgrad.base.trees import Structure, Tree, flatten, unflatten
from glassgrad.graph.node import Node, workspace
from glassgrad.ops.leaves import array_leaf, input_node, mark
from glassgrad.ops.lifting import lift
from glassgrad.tracing.tracer import Tracer, any_traced, to_node

Scalar = bool | int | float | complex


@dataclass(frozen=True, slots=True)
class Traced:
    """What a call on tracers gave: the nodes of its results and the structure they came in."""

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    structure: Structure
    weak: tuple[type | None, ...]


def is_array(value: object) -> bool:
    """Is this a value that a trace can carry: a number, an array, a tracer?"""
    return isinstance(value, Tracer | np.ndarray | np.generic | Scalar)


def known_input(value: Any) -> Tracer:
    """A fresh input that knows its number: for a tracer of an outer trace, a fresh name for it."""
    if isinstance(value, Tracer):
        renamed = Tracer(mark(value.node), value.weak)
        renamed.c_order = value.c_order if value.alias is None else False
        return renamed
    if type(value) in (int, float, complex, bool):
        return Tracer(array_leaf(np.asarray(value)), type(value))
    array = plain_array(value)
    fresh = Tracer(array_leaf(array))
    fresh.c_order = array.flags.c_contiguous
    return fresh


def abstract_input(aval: Aval, weak: type | None = None) -> Tracer:
    """A fresh input that stands for any value of this shape and dtype."""
    fresh = Tracer(input_node(aval), weak)
    fresh.c_order = False
    return fresh


def call(
    function: Callable[..., Tree], arguments: Sequence[Any], keywords: dict[str, Any], inputs: Sequence[Tracer]
) -> Traced:
    """Calls the function (its arguments hold the tracers `inputs`) and collects what it returns."""
    nodes = tuple([tracer.node for tracer in inputs])
    result = called(function, *arguments, **keywords)
    leaves, structure = flatten(result)
    here = workspace()
    assert here is not None
    outputs = tuple([output_node(leaf) for leaf in leaves])
    weak = tuple([leaf.weak if isinstance(leaf, Tracer) else None for leaf in leaves])
    return Traced(nodes, outputs, structure, weak)


def called(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """The user's function on traced values."""
    try:
        return function(*arguments, **keywords)
    except TypeError as error:
        _as_shape_error(error)
        raise


def _as_shape_error(error: TypeError) -> None:
    """Raises our own error in place of NumPy's, which hides that a traced value was asked for a length."""
    if isinstance(error, GlassgradError) or "integer, got 'Traced(" not in str(error):
        return
    place, trail = None, error.__traceback__
    while trail is not None:
        if not is_internal(trail.tb_frame.f_code):
            place = Place(trail.tb_frame.f_code, trail.tb_lasti)
        trail = trail.tb_next
    raise ConcretizationError(
        "a shape needs the number of a traced value, but here the value stands for many (under jit or vmap, or in the "
        "body of a loop or branch)",
        hint="mark the argument static, so that it is known before the function is compiled: "
        'glassgrad.jit(f, static="n")',
        where=None if place is None else locate(place),
    ) from None


def output_node(leaf: Any) -> Node:
    """The node of one of a function's results."""
    if isinstance(leaf, Tracer):
        return leaf.node
    if is_array(leaf):
        return lift(leaf)
    if isinstance(leaf, list | tuple) and any_traced(leaf):
        return to_node(leaf)
    raise UsageError(
        f"the function returns {type(leaf).__name__} among its results, which is no array or number",
        hint="return arrays, numbers, or dicts, tuples and dataclasses of them",
    )


def wrap_arguments(
    arguments: Sequence[Any], make_input: Callable[[Any], Tracer], chosen: Callable[[int], bool]
) -> tuple[list[Any], list[Tracer]]:
    """The arguments with the arrays of the chosen ones replaced by fresh inputs, and those inputs in order."""
    inputs: list[Tracer] = []
    wrapped = []
    for position, argument in enumerate(arguments):
        if not chosen(position):
            wrapped.append(argument)
            continue
        leaves, structure = flatten(argument)
        fresh = [make_input(leaf) if is_array(leaf) else leaf for leaf in leaves]
        inputs.extend(leaf for leaf in fresh if isinstance(leaf, Tracer))
        wrapped.append(unflatten(structure, fresh))
    return wrapped, inputs
