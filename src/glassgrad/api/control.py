"""Control flow whose course depends on values: cond, while_loop, fori_loop, scan. Floor 5.

All of them are differentiated forwards and backwards, and nest in each other and in every transform.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from glassgrad.api.pipeline import deliver, tracing
from glassgrad.base.avals import Aval, run_length, show_shape
from glassgrad.base.errors import DtypeError, ShapeError, UsageError
from glassgrad.base.trees import Structure, Tree, flatten, flatten_with_paths, paths_of, show_structure, unflatten
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, fresh_serial, workspace
from glassgrad.ops.leaves import outputs_of
from glassgrad.ops.select import where
from glassgrad.ops.structure import cast
from glassgrad.tracing.body import Body, share_outside, trace_body
from glassgrad.tracing.tracer import Tracer, to_node, weak_type
from glassgrad.transforms.control.branch import make_cond
from glassgrad.transforms.control.scan import make_scan
from glassgrad.transforms.control.while_loop import make_while

Carry = TypeVar("Carry")


class _Leaves:
    """A tree's leaves as nodes, with what is needed to trace a body over them."""

    def __init__(self, tree: Tree) -> None:
        leaves, self.structure = flatten(tree)
        self.weak = [weak_type(leaf) for leaf in leaves]
        self.nodes = [to_node(leaf) for leaf in leaves]

    @property
    def avals(self) -> list[Aval]:
        return [node.aval for node in self.nodes]


def _finish(structure: Structure, nodes: Sequence[Node], since: int, *, outermost: bool) -> Any:
    return unflatten(structure, deliver(nodes, since, outermost=outermost))


# ------------------------------------------------------------------ cond
def cond(predicate: Any, true_function: Callable[..., Any], false_function: Callable[..., Any], *operands: Tree) -> Any:
    """`true_function(*operands)` where the predicate holds, else `false_function(*operands)`; only that one runs.

    Both give results of the same structure, shapes and dtypes; a Python number takes the dtype that stands in its place
    in the other branch.

    >>> cond(3 > 2, lambda x: x + 1.0, lambda x: x - 1.0, 10.0)
    np.float64(11.0)
    """
    _check_functions("cond", true_function, false_function)
    with tracing():
        holds = cast(_one_number(predicate), np.dtype(bool))
    return _choose(where(holds, 0, 1), [true_function, false_function], operands)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Tree) -> Any:
    """`branches[index](*operands)`, the index clipped into range; only that branch runs.

    >>> switch(1, [lambda x: x, lambda x: 2.0 * x], 10.0)
    np.float64(20.0)
    """
    if not branches:
        raise UsageError("switch needs at least one branch")
    _check_functions("switch", *branches)
    with tracing():
        chosen = _one_number(index)
    if chosen.dtype.kind not in "biu":
        raise DtypeError(f"the index of switch is a whole number, found {chosen.dtype}", hint="index.astype(int)")
    return _choose(chosen, branches, operands)


def _check_functions(name: str, *functions: Any) -> None:
    for function in functions:
        if not callable(function):
            raise UsageError(
                f"{name} takes functions, found {type(function).__name__}", hint="lambda: x for a value that is there"
            )


def _one_number(value: Any) -> Node:
    node = to_node(value)
    if node.shape != ():
        raise ShapeError(
            f"a choice between branches takes one number, found shape {show_shape(node.shape)}",
            hint="np.where chooses element by element; vmap gives each example its own choice",
        )
    return node


def _choose(chosen: Node, branches: Sequence[Callable[..., Any]], operands: Sequence[Tree]) -> Any:
    outermost = workspace() is None
    with tracing():
        since = fresh_serial()
        groups = [_Leaves(operand) for operand in operands]
        bodies = [
            trace_body(branch, [g.structure for g in groups], [g.avals for g in groups], [g.weak for g in groups])
            for branch in branches
        ]
        own = sum(len(g.nodes) for g in groups)
        graphs, outside = share_outside(_agreeing(bodies), [own] * len(bodies))
        operand_nodes = [node for g in groups for node in g.nodes]
        result = make_cond(cast(chosen, np.dtype(np.int64)), [*operand_nodes, *outside], graphs)
        return _finish(bodies[0].structure, outputs_of(result), since, outermost=outermost)


def _agreeing(bodies: Sequence[Body]) -> list[Body]:
    """The bodies, Python's numbers among their results cast to the dtypes of the others; an error where they differ."""
    first = bodies[0]
    for other in bodies[1:]:
        if other.structure != first.structure:
            raise UsageError(
                f"the branches return different structures: {show_structure(first.structure)} "
                f"and {show_structure(other.structure)}",
                hint="every branch returns the same dicts, tuples and lists, with arrays of the same shapes in them",
            )
        for path, a, b in zip(paths_of(first.structure), first.graph.outputs, other.graph.outputs, strict=True):
            if a.shape != b.shape:
                raise ShapeError(
                    f"the branches return shapes {show_shape(a.shape)} and {show_shape(b.shape)}{_standing_at(path)}",
                    hint=_same_shape(a.shape, b.shape),
                )
    dtypes = [
        _common_dtype(path, [(body.graph.outputs[place].dtype, body.weak[place]) for body in bodies])
        for place, path in enumerate(paths_of(first.structure))
    ]
    return [
        Body(
            Graph(b.graph.inputs, tuple(cast(y, d) for y, d in zip(b.graph.outputs, dtypes, strict=True))),
            b.outside,
            b.structure,
            b.weak,
        )
        for b in bodies
    ]


def _standing_at(path: str) -> str:
    return f" at {path}" if path else ""


def _same_shape(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    """How two branches come to one shape."""
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError:
        return "every branch returns arrays of the same shapes: cut, pad or reshape in one of them"
    return f"both return {show_shape(shape)}: np.broadcast_to(x, {show_shape(shape)}) in the branch that returns less"


def _common_dtype(path: str, found: Sequence[tuple[np.dtype, type | None]]) -> np.dtype:
    """The dtype of all branches' results in one place; Python's numbers give way to the others."""
    strong = dict.fromkeys([dtype for dtype, weak in found if weak is None])
    weak = [weak(0) for _, weak in found if weak is not None]
    dtype = np.result_type(*strong, *weak) if strong else np.result_type(*[dtype for dtype, _ in found])
    for other in strong:
        if other != dtype:
            raise DtypeError(
                f"the branches return {other} and {dtype}{_standing_at(path)}",
                hint=f"every branch returns the same dtypes: .astype(np.{dtype}) where it is {other}",
            )
    return dtype


# ------------------------------------------------------------------ loops
def while_loop(condition: Callable[[Any], Any], body: Callable[[Any], Any], initial: Carry) -> Carry:
    """Repeats `carry = body(carry)` while `condition(carry)` holds.

    The carry keeps its structure, shapes and dtypes. Reverse mode works with an end that depends on data: the loop
    records, as it runs, the values that the backward steps need; no bound is asked for.

    >>> while_loop(lambda x: x < 100.0, lambda x: 2.0 * x, 3.0)
    np.float64(192.0)
    """
    _check_functions("while_loop", condition, body)
    outermost = workspace() is None
    with tracing():
        since = fresh_serial()
        carry = _Leaves(initial)
        traced = _carried(lambda c: trace_body(body, [c.structure], [c.avals], [c.weak]), carry, 0)
        test = trace_body(condition, [carry.structure], [carry.avals], [carry.weak])
        if len(test.graph.outputs) != 1 or test.graph.outputs[0].shape != ():
            raise ShapeError(
                "the condition of while_loop must give one truth value", hint="np.any or np.all make one of many"
            )
        test = Body(Graph(test.graph.inputs, (_truth(test.graph.outputs[0]),)), test.outside, test.structure, test.weak)
        count = len(carry.nodes)
        graphs, outside = share_outside([test, traced], [count, count])
        node = make_while(graphs[0], graphs[1], carry.nodes, outside, run_length())
        return _finish(carry.structure, outputs_of(node), since, outermost=outermost)  # type: ignore[no-any-return]  # a tree


def _truth(node: Node) -> Node:
    return cast(node, np.dtype(bool))


def fori_loop(lower: Any, upper: Any, body: Callable[[Any, Any], Any], initial: Carry) -> Carry:
    """`for i in range(lower, upper): carry = body(i, carry)`. The bounds are whole numbers, and may be traced.

    >>> fori_loop(0, 5, lambda i, total: total + i, 0)
    np.int64(10)
    """
    for bound in (lower, upper):
        dtype = bound.dtype if isinstance(bound, Tracer) else np.asarray(bound).dtype
        if dtype.kind not in "biu":
            raise DtypeError(
                f"the bounds of fori_loop are whole numbers, found {dtype}",
                hint="int(n), or .astype(int) where it is traced",
            )
    if isinstance(lower, Tracer) or isinstance(upper, Tracer):
        _, result = while_loop(
            lambda state: state[0] < upper, lambda state: (state[0] + 1, body(*state)), (lower, initial)
        )
        return result
    carry, _ = scan(lambda c, i: (body(i, c), None), initial, np.arange(lower, upper))
    return carry


def scan(
    step: Callable[[Any, Any], tuple[Any, Any]],
    initial: Carry,
    sequence: Tree = None,
    length: int | None = None,
    *,
    reverse: bool = False,
    checkpoint: bool = False,
) -> tuple[Carry, Any]:
    """A loop over the first axis: `carry, y = step(carry, x)` for each x; gives the last carry and the y's stacked.

    `sequence` is a tree of arrays with a first axis in common, or None with `length` given. `reverse` runs from the
    last to the first. With `checkpoint`, reverse mode keeps only the carries and computes the rest of each step again.

    >>> scan(lambda total, x: (total + x, total), 0.0, np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 1., 3.]))
    """
    _check_functions("scan", step)
    outermost = workspace() is None
    with tracing():
        since = fresh_serial()
        carry, xs = _Leaves(initial), _Leaves(sequence)
        steps = _scan_length(sequence, xs, length)
        rows = [Aval(aval.shape[1:], aval.dtype) for aval in xs.avals]
        strong: list[type | None] = [None] * len(rows)
        count = len(carry.nodes)
        traced = _carried(
            lambda c: trace_body(step, [c.structure, xs.structure], [c.avals, rows], [c.weak, strong]), carry, None
        )
        node = make_scan(
            traced.graph, carry.nodes, xs.nodes, traced.outside, length=steps, backwards=reverse, recompute=checkpoint
        )
        results = deliver(outputs_of(node), since, outermost=outermost)
        _, y_structure = _pair(traced.structure)
        return unflatten(carry.structure, results[:count]), unflatten(y_structure, results[count:])


def _pair(structure: Structure) -> tuple[Structure, Structure]:
    children = structure.children()
    if structure.type is not tuple or len(children) != 2:
        raise UsageError("the step function of scan must return a pair (carry, y)", hint="return carry, None")
    return children[0], children[1]


def _scan_length(sequence: Tree, xs: _Leaves, length: Any) -> int:
    paths, _, _ = flatten_with_paths(sequence)
    lengths = {}
    for path, node in zip(paths, xs.nodes, strict=True):
        if not node.shape:
            raise ShapeError(
                f"scan runs over the first axis, but {path or 'the sequence'} is a number",
                hint="what every step reads the step function may take from its surroundings, or from the carry",
            )
        lengths[path or "sequence"] = node.shape[0]
    if length is not None:
        if not isinstance(length, int | np.integer) or length < 0:
            raise UsageError(f"the length of scan is a whole number from 0, found {length!r}", hint="int(n)")
        lengths["length"] = int(length)
    if not lengths:
        raise UsageError("scan needs a sequence or a length", hint="scan(step, initial, length=100)")
    if len(set(lengths.values())) != 1:
        listing = ", ".join(f"{path}: {size}" for path, size in lengths.items())
        raise ShapeError(
            f"scan runs over first axes of different lengths: {listing}",
            hint=f"cut the longer ones: x[:{min(lengths.values())}]; what every step reads whole the step function may "
            "take from its surroundings",
        )
    return next(iter(lengths.values()))


def _carried(trace: Callable[[_Leaves], Body], carry: _Leaves, part: int | None) -> Body:
    """The traced body, with the carry's dtypes widened until the body gives back what it takes."""
    for _ in range(3):
        traced = trace(carry)
        structure = traced.structure if part is not None else _pair(traced.structure)[0]
        _check_structure(carry.structure, structure)
        count = len(carry.nodes)
        results = traced.graph.outputs[:count]
        _check_shapes(carry, results)
        wide = [_widened(x, y, kind) for x, y, kind in zip(carry.nodes, results, carry.weak, strict=True)]
        if all(x.dtype == dtype for x, dtype in zip(carry.nodes, wide, strict=True)):
            outputs = tuple(cast(y, x.dtype) for x, y in zip(carry.nodes, results, strict=True))
            return Body(
                Graph(traced.graph.inputs, (*outputs, *traced.graph.outputs[count:])),
                traced.outside,
                traced.structure,
                traced.weak,
            )
        carry.nodes = [cast(x, dtype) for x, dtype in zip(carry.nodes, wide, strict=True)]
        carry.weak = [
            None if x.dtype != y.dtype else kind for x, y, kind in zip(carry.nodes, results, carry.weak, strict=True)
        ]
    raise DtypeError(
        "the body of the loop changes the dtype of its carry at every step",
        hint="cast what it returns: .astype(x.dtype)",
    )


def _widened(before: Node, after: Node, weak: type | None) -> np.dtype:
    """The dtype for a carry: a Python number takes on what the body makes of it, an array only widens."""
    return np.result_type(before.dtype if weak is None else weak(0), after.dtype)


def _check_structure(expected: Structure, found: Structure) -> None:
    if expected != found:
        raise UsageError(
            "the body of the loop must give back the structure it takes: "
            f"{show_structure(expected)}, found {show_structure(found)}",
            hint="return the carry as it came in, with its values changed",
        )


def _check_shapes(carry: _Leaves, results: Sequence[Node]) -> None:
    for before, after in zip(carry.nodes, results, strict=True):
        if before.shape != after.shape:
            raise ShapeError(
                f"the body of the loop turns a carry of shape {show_shape(before.shape)} into "
                f"{show_shape(after.shape)}",
                hint="start with an array of the shape it will have",
            )


__all__ = ["cond", "fori_loop", "scan", "switch", "while_loop"]
