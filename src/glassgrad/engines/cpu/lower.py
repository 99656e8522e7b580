"""Composite ops as graphs of simpler ones, so that loops can share their parts: softmax is exp, max, sum. Floor 4."""

from collections.abc import Callable, Sequence

from glassgrad.engines.cpu import convolution, derived, draws, linear, parts, powers, quotients, sorting
from glassgrad.engines.cpu.blocks.rewrite import in_one_sweep
from glassgrad.engines.cpu.contraction import as_products
from glassgrad.engines.cpu.halves import in_singles
from glassgrad.engines.cpu.joining import joined
from glassgrad.engines.cpu.motion.scans import moved
from glassgrad.engines.cpu.planes import in_planes
from glassgrad.engines.cpu.rebuilt import Now, rebuilt
from glassgrad.engines.cpu.root_quotients import with_shared_reciprocals
from glassgrad.engines.cpu.shifts import with_shifts
from glassgrad.graph.graph import Graph, inline
from glassgrad.graph.node import Node, apply, make, reachable, working
from glassgrad.graph.notes import Notes
from glassgrad.graph.op import OPS
from glassgrad.ops.compare import isfinite
from glassgrad.ops.control import CALL, CUSTOM
from glassgrad.ops.elementwise import divide, exp, log
from glassgrad.ops.leaves import PROJECT, literal, zeros
from glassgrad.ops.reduce import max_over, size_along
from glassgrad.ops.select import where
from glassgrad.ops.structure import reshape, spread, sum_over

Rule = Callable[[Node, Sequence[Node]], Node]


def lowered(graph: Graph, notes: Notes | None = None) -> Graph:
    """The same function in ops that the planner knows how to put into loops. What is in `notes` is passed on."""
    with working() as here:
        if notes is not None:
            here.notes = notes
        opened = moved(_without_calls(graph, notes), lambda body: _without_calls(body, notes))
        opened = in_singles(opened, notes, _RULES.__contains__)
        inputs, opened = in_planes(graph.inputs, opened)
        if notes is not None:
            for before, node in zip(graph.inputs, inputs, strict=True):
                notes.pass_on(before, node)
        outputs = with_shared_reciprocals(_by_rules(with_shifts(opened, notes), _RULES, notes), notes)
        outputs = in_one_sweep(_by_rules(outputs, quotients.RULES, notes), notes)
    return Graph(inputs, tuple(outputs))


def _without_calls(graph: Graph, notes: Notes | None) -> list[Node]:
    """The outputs with called bodies in place of the calls, but for those whose inside is kept apart."""
    outputs = list(graph.outputs)
    while any(_is_inlined(node) for node in reachable(outputs)):
        inlined: dict[Node, list[Node]] = {}
        new: dict[Node, Node] = {}
        for node in reachable(outputs):
            inputs = tuple([new.get(x, x) for x in node.inputs])
            if _is_inlined(node):
                inlined[node] = inline(node.param("graph"), inputs)
            elif node.op is PROJECT and node.inputs[0] in inlined:
                new[node] = inlined[node.inputs[0]][node.param("index")]
            elif inputs != node.inputs:
                new[node] = make(node.op, inputs, node.params)
            if notes is not None and node in new:
                notes.pass_on(node, new[node])
        outputs = [new.get(node, node) for node in outputs]
    return outputs


def _is_inlined(node: Node) -> bool:
    return node.op is CUSTOM or (node.op is CALL and bool(node.param("keep")))


def _by_rules(outputs: Sequence[Node], rules: dict[str, Rule], notes: Notes | None) -> list[Node]:
    several: dict[Node, list[Node]] = {}

    def in_place(node: Node, inputs: Sequence[Node], now: Now) -> Node | None:
        if node.op.name in linear.RULES_OF_SEVERAL:
            several[node] = linear.RULES_OF_SEVERAL[node.op.name](node, inputs)
            return node  # nothing reads it but what takes one of its results
        if node.op is PROJECT and node.inputs[0] in several:
            place: int = node.param("index")
            return several[node.inputs[0]][place]
        rule = rules.get(node.op.name)
        return None if rule is None else rule(node, inputs)

    return rebuilt(reachable(outputs), outputs, in_place, notes)


# ------------------------------------------------------------------ reductions
def _sum(node: Node, inputs: Sequence[Node]) -> Node:
    return _in_two(node.op.name, inputs[0], tuple(node.param("axes")))


def _truth(node: Node, inputs: Sequence[Node]) -> Node:
    """Truth over axes, of truth values."""
    (x,) = inputs
    if x.dtype != node.dtype:
        x = apply(OPS["not_equal"], x, literal(0, x.dtype, x.shape))
    if all(x.shape[axis] == 1 for axis in node.param("axes")):
        return reshape(x, node.shape)
    return _in_two(node.op.name, x, tuple(node.param("axes")))


def _place(node: Node, inputs: Sequence[Node]) -> Node:
    """Along an axis of one element the largest stands at 0."""
    if inputs[0].shape[node.param("axis")] == 1:
        return literal(0, node.dtype, node.shape)
    return make(node.op, tuple(inputs), node.params)


def _in_two(name: str, x: Node, axes: tuple[int, ...]) -> Node:
    """A reduction over the last axes and over others: first the last ones."""
    last = x.ndim
    while last - 1 in axes:
        last -= 1
    trailing = tuple(axis for axis in axes if axis >= last)
    leading = tuple(axis for axis in axes if axis < last)
    if trailing and leading and last > len(leading):
        x, axes = apply(OPS[name], x, axes=trailing), leading
    return apply(OPS[name], x, axes=axes)


def _mean(node: Node, inputs: Sequence[Node]) -> Node:
    (x,), axes = inputs, node.param("axes")
    return _mean_of(x, axes)


def _mean_of(x: Node, axes: tuple[int, ...]) -> Node:
    return divide(_in_two("sum", x, axes), literal(size_along(x, axes), x.dtype, ()))


def _variance(node: Node, inputs: Sequence[Node]) -> Node:
    (x,), axes = inputs, node.param("axes")
    centred = x - spread(_mean_of(x, axes), x.shape, axes)
    freedom = size_along(x, axes) - node.param("ddof")
    return divide(_in_two("sum", centred * centred, axes), literal(freedom, x.dtype, ()))


def _deviation(node: Node, inputs: Sequence[Node]) -> Node:
    return apply(OPS["sqrt"], _variance(node, inputs))


def _largest(x: Node, axes: tuple[int, ...]) -> Node:
    """The largest entry, 0 where it is not finite."""
    top = max_over(x, axes)
    return where(isfinite(top), top, zeros(top.aval))


def _softmax(node: Node, inputs: Sequence[Node]) -> Node:
    (x,), axes = inputs, node.param("axes")
    e = exp(x - spread(_largest(x, axes), x.shape, axes))
    return divide(e, spread(sum_over(e, axes), x.shape, axes))


def _log_softmax(node: Node, inputs: Sequence[Node]) -> Node:
    (x,), axes = inputs, node.param("axes")
    moved = x - spread(_largest(x, axes), x.shape, axes)
    return moved - spread(log(sum_over(exp(moved), axes)), x.shape, axes)


def _logsumexp(node: Node, inputs: Sequence[Node]) -> Node:
    (x,), axes = inputs, node.param("axes")
    top = _largest(x, axes)
    return log(sum_over(exp(x - spread(top, x.shape, axes)), axes)) + top


# ------------------------------------------------------------------ from element to element
def _running(node: Node, inputs: Sequence[Node]) -> Node:
    """Along an axis of one element nothing runs."""
    if node.shape[node.param("axis")] == 1:
        return inputs[-1]
    return make(node.op, tuple(inputs), node.params)


_RULES: dict[str, Rule] = (
    {
        "sum": _sum,
        "max": _sum,
        "min": _sum,
        "prod": _sum,
        "any": _truth,
        "all": _truth,
        "argmax": _place,
        "argmin": _place,
        "mean": _mean,
        "var": _variance,
        "std": _deviation,
        "softmax": _softmax,
        "log_softmax": _log_softmax,
        "logsumexp": _logsumexp,
        "contract": lambda node, inputs: as_products(inputs[0], inputs[1], node.param("spec")),
        "reshape": lambda node, inputs: reshape(inputs[0], node.shape),  # of a literal it is a literal
        "power": powers.power,
        "index_add": joined,
        "index": parts.index,
        "cumsum": _running,
        "cumprod": _running,
        "recurrence": _running,
    }
    | convolution.RULES
    | derived.RULES
    | draws.RULES
    | linear.RULES
    | sorting.RULES
)
