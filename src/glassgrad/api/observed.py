"""A function called, watched and differentiated: the common ground of source, explanation and drawing. Floor 5."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glassgrad.api.derivatives import gradient_nodes
from glassgrad.api.pipeline import tracing
from glassgrad.api.wanted import (
    Argument,
    Leaf,
    Wanted,
    Wrt,
    argument_of,
    as_tracer,
    bound_arguments,
    call_values,
    check_differentiable,
    pieces_of,
    title_of,
    what_is_wanted,
    with_names,
)
from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DerivativeError, UsageError
from glassgrad.engines.source.bodies import all_graphs, carried_bindings, carried_operations
from glassgrad.engines.source.links import link_by_link
from glassgrad.engines.source.shifts import idle_extrema
from glassgrad.graph.node import Node, Workspace, fresh_serial, reachable
from glassgrad.ops.leaves import ones, zeros
from glassgrad.ops.structure import cast
from glassgrad.tracing.naming import Names, name_values
from glassgrad.tracing.observation import Observation
from glassgrad.tracing.observe import observing
from glassgrad.tracing.trace import is_array
from glassgrad.tracing.tracer import to_node
from glassgrad.transforms.reverse import cotangents_of


@dataclass(frozen=True, slots=True)
class Observed:
    """A traced call with its gradient: nodes, names and what was seen."""

    function: Callable[..., Any]
    title: str
    signature: inspect.Signature | None
    arguments: tuple[Argument, ...]
    wanted: tuple[Wanted, ...]
    single: bool
    workspace: Workspace
    observation: Observation
    names: Names
    output: Node
    gradients: tuple[Node, ...]  # one for each wanted leaf, in order
    cotangents: Mapping[Node, Node]
    bodies: Mapping[Node, Node]  # what stands behind each link's placeholder
    boundary: int
    idle: tuple[Node, ...] = ()  # extrema that only shift: no derivative flows through them
    recorded: frozenset[Node] = frozenset()  # loops that took the place of the person's, to record what is needed

    def call(self, leaves: Sequence[Any]) -> Any:
        """The function's result with these values in the places of the arguments' leaves."""
        positional, keywords = call_values(self.arguments, leaves)
        return self.function(*positional, **keywords)

    @property
    def leaves(self) -> dict[Node, Leaf]:
        """The arguments' leaves by their nodes."""
        return {leaf.node: leaf for argument in self.arguments for leaf in argument.leaves if leaf.node is not None}

    @property
    def wanted_leaves(self) -> tuple[Leaf, ...]:
        """The leaves whose gradients are asked for."""
        return tuple(leaf for wanted in self.wanted for leaf in wanted.leaves)


def observe_gradient(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], wrt: Wrt
) -> Observed:
    """Calls the function once under watch and differentiates it with respect to `wrt` (by default the first argument).

    `wrt` names parameters ("W1", 0), leaves of trees ('params["W1"]', "layers[0].weight") or everything ("all").
    """
    if not callable(function):
        raise UsageError(f"a function is needed, found {type(function).__name__}")
    bound, signature, given = bound_arguments(function, args, kwargs)
    with tracing() as here:
        try:
            return _observe(function, signature, bound, given, wrt, here, everything=True)
        except Exception as first:  # noqa: BLE001 - traced data may reach a place where only plain data works: trace less
            try:
                return _observe(function, signature, bound, given, wrt, here, everything=False)
            except Exception as second:
                raise second from first if type(second) is not type(first) else None


# ------------------------------------------------------------------ the call
def _observe(
    function: Callable[..., Any],
    signature: inspect.Signature | None,
    bound: list[tuple[str, Any, Any]],
    given: set[str],
    wrt: Wrt,
    here: Workspace,
    *,
    everything: bool,
) -> Observed:
    first_name = {bound[0][0]} if bound else set()
    plain = [argument_of(name, kind, value, None, given=name in given) for name, kind, value in bound]
    needed = {leaf.path for wanted in what_is_wanted(plain, wrt, function)[0] for leaf in wanted.leaves} or first_name
    arguments = [
        argument_of(name, kind, value, None if everything else needed, given=name in given)
        for name, kind, value in bound
    ]
    arguments = with_names(arguments)
    wanted, single = what_is_wanted(arguments, wrt, function)
    check_differentiable(wanted)
    leaves = [as_tracer(leaf) for argument in arguments for leaf in argument.leaves]
    positional, keywords = call_values(arguments, leaves)
    with observing() as seen:
        result = function(*positional, **keywords)
    output = _scalar(result, title_of(function))
    boundary = fresh_serial()
    inputs = [leaf.node for part in wanted for leaf in part.leaves if leaf.node is not None]
    idle = idle_extrema(output)
    cotangents = cotangents_of([output], [ones(output.aval)], [*inputs, *idle])  # it goes no further than these
    cotangents = {node: found for node, found in cotangents.items() if node not in idle}
    gradients = [cast(cotangents[x], x.dtype) if x in cotangents else zeros(x.aval) for x in inputs]
    recorded = _superseded(here)
    alive = [output, *recorded.values()]
    graphs = all_graphs(alive)
    seen.operations.update(carried_operations(seen.operations, graphs, here.notes.before))
    names = _names(arguments, seen, [*reachable(alive), *[x for graph in graphs for x in graph.nodes()]], here)
    links = link_by_link(cotangents, gradients, names.of, boundary, recorded)
    now = {links.bodies[old]: names.of[old] for old in recorded if old in names.of}
    names = Names({**names.of, **now}, names.aliases, names.depth)
    return Observed(
        function,
        title_of(function),
        signature,
        tuple(arguments),
        wanted,
        single,
        here,
        seen,
        names,
        output,
        links.gradients,
        links.cotangents,
        links.bodies,
        boundary,
        tuple(idle),
        links.recorded,
    )


def _scalar(result: Any, title: str) -> Node:
    if not is_array(result):
        raise DerivativeError(
            f"{title} returns {type(result).__name__}; a gradient needs a function of one number",
            hint="return the loss alone",
        )
    node = to_node(result)
    if node.shape != ():
        raise DerivativeError(
            f"{title} returns an array of shape {show_shape(node.shape)}; a gradient needs one number",
            hint="sum it: lambda *args: np.sum(f(*args))",
        )
    if node.dtype.kind == "c":
        raise DerivativeError(
            f"{title} returns a complex number; a gradient needs a real one",
            hint="take its real part or its absolute value",
        )
    return node


def _superseded(here: Workspace) -> dict[Node, Node]:
    """The results of loops that were replaced by recording ones -> the results that stand for them now."""
    found = {}
    for old in list(here.superseded):
        new = here.superseded[old]
        while new in here.superseded:
            new = here.superseded[new]
        found[old] = new
    here.superseded.clear()
    return found


def _names(arguments: Sequence[Argument], seen: Observation, alive: Sequence[Node], here: Workspace) -> Names:
    """Names of all values: arguments by their paths (by the loop's variable where the path is only numbers)."""
    bound = {binding.node for binding in seen.bindings}
    given: dict[Node, str] = {}
    for argument in arguments:
        for leaf in argument.leaves:
            numbered = leaf.path != argument.name and all(piece.isdigit() for piece in pieces_of(leaf.path)[1:])
            if leaf.node is not None and not (numbered and leaf.node in bound):
                given.setdefault(leaf.node, leaf.name)
    parameters = {argument.name for argument in arguments}
    captured = [node for node in bound if node.op.name == "array"]
    bindings = carried_bindings(seen.bindings, dict.fromkeys([*alive, *captured]), here.notes.before)
    found = name_values(bindings, given, parameters)
    names = dict(found.of)
    for node, name in seen.arrays.items():
        if node not in names and name not in names.values() and name not in parameters:
            names[node] = name
    return Names(names, found.aliases, found.depth)


__all__ = ["Argument", "Leaf", "Observed", "Wanted", "Wrt", "gradient_nodes", "observe_gradient"]
