"""Pushing forward and pulling back: jvp, vjp, linearize. Floor 5."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.api.arguments import Call, Chosen
from glassgrad.api.derivatives import trace_call
from glassgrad.api.pipeline import deliver, memory, tracing
from glassgrad.base.avals import Aval, is_inexact, show_shape
from glassgrad.base.errors import DtypeError, ShapeError, UsageError
from glassgrad.base.trees import Structure, Tree, flatten, leaves_up_to, unflatten
from glassgrad.engines.reference import evaluate
from glassgrad.graph.graph import Graph, inline, substitute
from glassgrad.graph.node import Node, fresh_serial, reachable, workspace
from glassgrad.ops.leaves import ARRAY, LITERAL, Held, array_leaf, input_node, zeros
from glassgrad.ops.structure import cast
from glassgrad.tracing.trace import output_node
from glassgrad.tracing.tracer import to_node
from glassgrad.transforms.control import forget, settle
from glassgrad.transforms.forward import push
from glassgrad.transforms.reverse import pull
from glassgrad.transforms.simplify import simplify

Function = Callable[..., Any]


def _as_tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, tuple | list) else (values,)


def jvp(function: Function, primals: Any, tangents: Any, *, has_aux: bool = False) -> Any:
    """The function's value and its derivative along `tangents`: `(f(x), J v)`.

    `primals` is the tuple of arguments (one argument may stand alone), `tangents` has the same shape.

    >>> jvp(lambda x: x**2, (3.0,), (1.0,))
    (np.float64(9.0), np.float64(6.0))
    """
    arguments, directions = _as_tuple(primals), _as_tuple(tangents)
    if len(arguments) != len(directions):
        raise UsageError(f"jvp needs a tangent for each argument: {len(arguments)} primals, {len(directions)} tangents")
    outermost = workspace() is None
    with tracing():
        since = fresh_serial()
        traced = trace_call(function, Call(arguments, {}), _all(len(arguments)), has_aux=has_aux)
        leaves, structure = flatten(traced.result)
        outputs = [output_node(leaf) for leaf in leaves]
        moves = _matching(traced.input_structures, directions, traced.inputs, "tangent")
        moved = push(outputs, dict(zip(traced.inputs, moves, strict=True)))
        changes = [zeros(y.aval) if d is None else d for y, d in zip(outputs, moved, strict=True)]
        aux_leaves, aux_structure = flatten(traced.aux)
        results = deliver([*outputs, *changes, *[output_node(leaf) for leaf in aux_leaves]], since, outermost=outermost)
    count = len(outputs)
    value, change = unflatten(structure, results[:count]), unflatten(structure, results[count : 2 * count])
    return (value, change, unflatten(aux_structure, results[2 * count :])) if has_aux else (value, change)


def _all(count: int) -> Chosen:
    return Chosen(tuple(range(count)), single=False)


def _matching(structures: Sequence[Structure], trees: Sequence[Tree], like: Sequence[Node], what: str) -> list[Node]:
    """Nodes for trees of tangents or cotangents, checked against what they belong to."""
    leaves = [leaf for structure, tree in zip(structures, trees, strict=True) for leaf in leaves_up_to(structure, tree)]
    return [_fitting(leaf, node, what) for leaf, node in zip(leaves, like, strict=True)]


def _fitting(leaf: Any, like: Node, what: str) -> Node:
    node = to_node(leaf)
    if node.shape != like.shape:
        raise ShapeError(
            f"a {what} has the shape of what it belongs to: {show_shape(like.shape)}, found {show_shape(node.shape)}"
        )
    if node.dtype.kind == "c" and like.dtype.kind != "c":
        raise DtypeError(f"a {what} of a real value must be real, found {node.dtype}")
    return cast(node, like.dtype) if is_inexact(like.dtype) else zeros(like.aval)


@dataclass(frozen=True, slots=True)
class LinearMap:
    """A linear function that was split off its numbers: call it on a tree of the structure it was made for."""

    graph: Graph
    like: tuple[Aval, ...]
    given: Structure
    result: Structure
    single: bool
    what: str

    def __call__(self, *arguments: Tree) -> Any:
        """The linear map applied to a tangent or cotangent."""
        tree = arguments if self.single else arguments[0]
        outermost = workspace() is None
        with tracing():
            since = fresh_serial()
            templates = [input_node(aval) for aval in self.like]
            nodes = _matching([self.given], [tree], templates, self.what)
            results = deliver(inline(self.graph, nodes), since, outermost=outermost)
        return unflatten(self.result, results)


def vjp(function: Function, *primals: Any, has_aux: bool = False) -> Any:
    """The function's value and the pullback: `pullback(ct)` gives the tuple of cotangents of the arguments, `ct J`.

    >>> value, pullback = vjp(lambda x, y: x * y, 3.0, 4.0)
    >>> pullback(1.0)
    (np.float64(4.0), np.float64(3.0))
    """
    outermost = workspace() is None
    with tracing():
        since = fresh_serial()
        traced = trace_call(function, Call(primals, {}), _all(len(primals)), has_aux=has_aux)
        leaves, structure = flatten(traced.result)
        outputs = [output_node(leaf) for leaf in leaves]
        cts = [input_node(y.aval) for y in outputs]
        pulled = pull(outputs, cts, traced.inputs)
        found = [zeros(x.aval) if g is None else g for x, g in zip(traced.inputs, pulled, strict=True)]
        settled = settle([*outputs, *found])
        graph = split_off(cts, settled[len(outputs) :], outermost=outermost)
        aux_leaves, aux_structure = flatten(traced.aux)
        nodes = [*settled[: len(outputs)], *[output_node(leaf) for leaf in aux_leaves]]
        results = deliver(nodes, since, outermost=outermost)
    whole = _tuple_structure(traced.input_structures)
    pullback = LinearMap(graph, tuple(y.aval for y in outputs), structure, whole, single=False, what="cotangent")
    value = unflatten(structure, results[: len(outputs)])
    return (value, pullback, unflatten(aux_structure, results[len(outputs) :])) if has_aux else (value, pullback)


def linearize(function: Function, *primals: Any) -> tuple[Any, LinearMap]:
    """The function's value and its derivative at this point as a function of the tangents.

    >>> value, derivative = linearize(lambda x: x**3, 2.0)
    >>> derivative(1.0)
    np.float64(12.0)
    """
    outermost = workspace() is None
    with tracing():
        since = fresh_serial()
        traced = trace_call(function, Call(primals, {}), _all(len(primals)))
        leaves, structure = flatten(traced.result)
        outputs = [output_node(leaf) for leaf in leaves]
        moves = [input_node(x.aval) for x in traced.inputs]
        pushed = push(outputs, dict(zip(traced.inputs, moves, strict=True)))
        found = [zeros(y.aval) if d is None else d for y, d in zip(outputs, pushed, strict=True)]
        graph = split_off(moves, settle(found), outermost=outermost)
        forget(moves)
        results = deliver(outputs, since, outermost=outermost)
    whole = _tuple_structure(traced.input_structures)
    derivative = LinearMap(graph, tuple(x.aval for x in traced.inputs), whole, structure, single=True, what="tangent")
    return unflatten(structure, results), derivative


def _tuple_structure(structures: Sequence[Structure]) -> Structure:
    _, structure = flatten(tuple(unflatten(s, [0] * s.num_leaves) for s in structures))
    return structure


def split_off(unknown: Sequence[Node], outputs: Sequence[Node], *, outermost: bool) -> Graph:
    """The part of a graph that depends on `unknown`. The rest is computed now, unless it belongs to an outer trace,
    whose derivatives flow through it.
    """
    here = workspace()
    assert here is not None
    if not outermost:
        return Graph(tuple(unknown), tuple(outputs))
    outputs = simplify(outputs)
    varying = set(unknown)
    order = reachable(outputs)
    for node in order:
        if node not in varying and not varying.isdisjoint(node.inputs):
            varying.add(node)
    border = dict.fromkeys(x for node in order if node in varying for x in node.inputs if x not in varying)
    border.update(dict.fromkeys(y for y in outputs if y not in varying))
    computed = [x for x in border if x.op is not LITERAL and type(x.aval) is not tuple]
    values = evaluate(computed, here.values)
    lent = [value for node, value in here.values.items() if node.op is ARRAY]
    swap = {x: _known(x, value) for x, value in zip(computed, _kept(values, lent), strict=True)}
    return Graph(tuple(unknown), tuple(substitute(outputs, swap)))


def _kept(values: Sequence[Any], lent: Sequence[Any]) -> list[Any]:
    """The values, copied where they are the arguments' own memory, which may be written before they are used."""
    taken = {id(memory(array)) for array in lent}
    return [x.copy() if isinstance(x, np.ndarray) and id(memory(x)) in taken else x for x in values]


def _known(x: Node, value: Any) -> Node:
    """A leaf for what is computed. What loops of different lengths have recorded is a list of arrays and stays one."""
    if isinstance(value, list):
        return Node(ARRAY, (), (("held", Held(value)),), x.aval)  # type: ignore[arg-type]  # see above
    return array_leaf(np.asarray(value))
