"""A call of a function as a graph: what it depends on, and the function called with values without numbers. Floor 5."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval, plain_array
from glassgrad.base.errors import UsageError
from glassgrad.base.settings import current
from glassgrad.base.trees import Structure, flatten, unflatten
from glassgrad.graph.closing import close
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, fresh_serial
from glassgrad.tracing.trace import abstract_input, called, is_array, output_node
from glassgrad.tracing.tracer import Tracer, weak_type
from glassgrad.transforms.control.settle import settle

Function = Callable[..., Any]


def _with_types(value: Any) -> Any:
    """A static value as a key that tells 1 from 1.0 and True, and 0.0 from -0.0, which are equal."""
    parts = value
    match value:
        case tuple():
            parts = tuple([_with_types(part) for part in value])
        case frozenset():
            parts = frozenset([_with_types(part) for part in value])
        case float() | complex() | np.inexact():
            parts = repr(value)
    return type(value), parts


def signature_of(
    args: Sequence[Any], kwargs: dict[str, Any], fixed: Collection[Any]
) -> tuple[list[Any], list[type | None], Structure, Any]:
    """The arrays of the call, which of them were Python's numbers, and what a traced version depends on."""
    dynamic = [arg for index, arg in enumerate(args) if index not in fixed]
    named = {name: value for name, value in sorted(kwargs.items()) if name not in fixed}
    leaves, structure = flatten((dynamic, named))
    key: list[Any] = [structure]
    arrays: list[Any] = []
    weak: list[type | None] = []
    for leaf in leaves:
        if not is_array(leaf):
            raise UsageError(
                f"jit takes arrays and numbers, found {type(leaf).__name__}",
                hint="jit(f, static='name') for an argument that is a Python value",
            )
        array = leaf if isinstance(leaf, Tracer) else plain_array(leaf)
        arrays.append(array)
        weak.append(weak_type(leaf))
        key.append((array.shape, array.dtype, weak[-1]))
    held: list[tuple[int | str, Any]] = [
        (index, _with_types(args[index])) for index in range(len(args)) if index in fixed
    ]
    held += [(name, _with_types(kwargs[name])) for name in sorted(kwargs) if name in fixed]
    try:
        signature = (tuple(key), tuple(held), current())
        hash(signature)
    except TypeError as error:
        raise _not_hashable(
            {name: args[name] if isinstance(name, int) else kwargs[name] for name, _ in held}
        ) from error
    return arrays, weak, structure, signature


_INSTEAD = {
    list: "pass a tuple instead of the list",
    set: "pass a frozenset instead of the set",
    dict: "pass its items as a tuple, tuple(sorted(d.items())), or a frozen dataclass",
    np.ndarray: "pass arrays as ordinary arguments, not as static ones",
}


def _not_hashable(held: dict[int | str, Any]) -> UsageError:
    """Which static argument has no hash, and what to pass in its place."""
    for name, value in held.items():
        try:
            hash(value)
        except TypeError:
            which = (
                f"the static argument {name!r} of jit" if isinstance(name, str) else f"static argument {name} of jit"
            )
            instead = _hashable_instead(value)
            return UsageError(f"{which} must be hashable, found {type(value).__name__}", hint=instead)
    raise AssertionError("one of them has no hash")


def _hashable_instead(value: Any) -> str:
    """What to pass in place of a value that has no hash; a tuple has none where something in it has none."""
    if isinstance(value, tuple):
        for part in value:
            try:
                hash(part)
            except TypeError:
                return f"within the tuple: {_hashable_instead(part)}"
    for kind, instead in _INSTEAD.items():
        if isinstance(value, kind):
            return instead
    return "a frozen dataclass or a tuple has a hash; arrays are ordinary arguments"


@dataclass(frozen=True, slots=True, eq=False)
class Plain:
    """A function as it was before `jit`, and its static arguments by position and name."""

    function: Function
    fixed: frozenset[int | str]


@dataclass(frozen=True, slots=True)
class TracedCall:
    """A call as a graph: its inputs are the arrays of the arguments, then what comes from `outside`."""

    graph: Graph
    outside: list[Node]
    structure: Structure


def trace_call(
    function: Function,
    structure: Structure,
    leaves: Sequence[tuple[Any, type | None]],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    fixed: Collection[Any],
) -> TracedCall:
    """The function called once with values that have no numbers, in the workspace of the trace under way."""
    since = fresh_serial()
    # A Python number gives way to the dtypes of arrays inside as it does outside.
    tracers = [abstract_input(Aval(leaf.shape, leaf.dtype), weak) for leaf, weak in leaves]
    inputs = [tracer.node for tracer in tracers]  # before the function may write into them
    dynamic, named = unflatten(structure, tracers)
    rest = iter(dynamic)
    full = [arg if index in fixed else next(rest) for index, arg in enumerate(args)]
    result = called(function, *full, **{name: named.get(name, value) for name, value in kwargs.items()})
    flat, out_structure = flatten(result)
    graph, outside = close(inputs, settle([output_node(leaf) for leaf in flat]), since)
    return TracedCall(graph, outside, out_structure)
