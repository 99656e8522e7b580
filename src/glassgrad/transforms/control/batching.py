"""Batching of ops that carry graphs: their graphs are batched, the loop runs once for all examples. Floor 3.

Where the end of a while_loop differs between examples, finished ones stand still until the last is done. What it
records as true or false (whether a step was taken) becomes false for them.
"""

from collections.abc import Sequence

from glassgrad.base.avals import Aval
from glassgrad.graph.graph import Graph, substitute
from glassgrad.graph.node import Node, apart
from glassgrad.ops.control import CALL, COND, CUSTOM, SCAN, WHILE
from glassgrad.ops.leaves import input_node, outputs_of, zeros
from glassgrad.ops.reduce import any_over
from glassgrad.ops.select import where
from glassgrad.ops.structure import repeated, spread, transpose
from glassgrad.transforms.batch import Outputs, batch, batch_subgraph
from glassgrad.transforms.control.branch import make_cond
from glassgrad.transforms.control.call import CustomRule, make_call, make_custom
from glassgrad.transforms.control.scan import loop_of, make_scan
from glassgrad.transforms.control.while_loop import make_while


def batch_body(graph: Graph, mapped: Sequence[bool], size: int) -> tuple[list[Node], Outputs]:
    """The body's inputs, mapped ones with the batch axis, and its outputs. Call within `apart()`."""
    new = {x: input_node(Aval((size, *x.shape), x.dtype)) for x, flag in zip(graph.inputs, mapped, strict=True) if flag}
    return [new.get(x, x) for x in graph.inputs], batch(graph.outputs, new, size)


def spread_carries(graph: Graph, mapped: Sequence[bool], carries: int, size: int) -> list[bool]:
    """Which inputs are mapped, when a carry that comes out mapped goes in mapped."""
    flags = list(mapped)
    while True:
        with apart():
            _, outputs = batch_body(graph, flags, size)
        grown = [a or b for a, (_, b) in zip(flags[:carries], outputs[:carries], strict=True)]
        if grown == flags[:carries]:
            return flags
        flags[:carries] = grown


def _with_axis(node: Node, is_mapped: bool, want: bool, size: int) -> Node:
    return repeated(node, size) if want and not is_mapped else node


def _time_first(node: Node) -> Node:
    """From (batch, time, …) to (time, batch, …) and back."""
    return transpose(node, (1, 0, *range(2, node.ndim)))


def batch_scan(node: Node, inputs: Sequence[Node], mapped: Sequence[bool], size: int) -> Outputs:
    """One loop whose steps work on all examples."""
    loop = loop_of(node)
    flags = spread_carries(loop.body, mapped, loop.carries, size)
    n, m = loop.carries, loop.carries + loop.sequences
    with apart():
        body_in, body_out = batch_body(loop.body, flags, size)
        wanted = [*flags[:n], *[is_mapped for _, is_mapped in body_out[n:]]]
        results = [_with_axis(y, is_mapped, want, size) for (y, is_mapped), want in zip(body_out, wanted, strict=True)]
        body = Graph(tuple(body_in), tuple(results))
    operands = [_with_axis(x, old, new, size) for x, old, new in zip(inputs, mapped, flags, strict=True)]
    operands[n:m] = [_time_first(x) if flag else x for x, flag in zip(operands[n:m], flags[n:m], strict=True)]
    new = make_scan(
        body,
        operands[:n],
        operands[n:m],
        operands[m:],
        length=loop.length,
        backwards=loop.backwards,
        recompute=loop.recompute,
    )
    return _timed_outputs(new, wanted, n)


def _timed_outputs(node: Node, mapped: Sequence[bool], carries: int) -> Outputs:
    outputs = []
    for index, (y, flag) in enumerate(zip(outputs_of(node), mapped, strict=False)):
        outputs.append((_time_first(y) if flag and index >= carries else y, flag))
    return outputs


def _select(runs: Node, new: Node, old: Node) -> Node:
    """`new` for the examples that still run, `old` for the others."""
    mask = runs if new.ndim == 1 else spread(runs, new.shape, tuple(range(1, new.ndim)))
    return where(mask, new, old)


def batch_while(node: Node, inputs: Sequence[Node], mapped: Sequence[bool], size: int) -> Outputs:
    """One loop until the last example is done."""
    condition, body, carries = node.param("condition"), node.param("body"), node.param("carries")
    flags = spread_carries(body, mapped, carries, size)
    with apart():
        _, ((_, differs),) = batch_body(condition, flags, size)
    if differs:
        flags[:carries] = [True] * carries
    with apart():
        condition_in, ((goes_on, _),) = batch_body(condition, flags, size)
        body_in, body_out = batch_body(body, flags, size)
        wanted = [*flags[:carries], *[flag or differs for _, flag in body_out[carries:]]]
        results = [_with_axis(y, old, want, size) for (y, old), want in zip(body_out, wanted, strict=True)]
        if differs:
            runs = substitute([goes_on], dict(zip(condition_in, body_in, strict=True)))[0]
            results[:carries] = [_select(runs, new, old) for new, old in zip(results[:carries], body_in, strict=False)]
            results[carries:] = [
                _select(runs, y, zeros(y.aval)) if y.dtype.kind == "b" else y for y in results[carries:]
            ]
            goes_on = any_over(goes_on, (0,))
        new_condition = Graph(tuple(condition_in), (goes_on,))
        new_body = Graph(tuple(body_in), tuple(results))
    operands = [_with_axis(x, old, new, size) for x, old, new in zip(inputs, mapped, flags, strict=True)]
    new = make_while(new_condition, new_body, operands[:carries], operands[carries:], node.param("length"))
    return _timed_outputs(new, wanted, carries)


def batch_cond(node: Node, inputs: Sequence[Node], mapped: Sequence[bool], size: int) -> Outputs:
    """A choice shared by all examples stays one; where it differs, every branch runs and each example picks its own."""
    branches = node.param("branches")
    flags = list(mapped[1:])
    built = []
    for graph in branches:
        with apart():
            built.append(batch_body(graph, flags, size))
    if mapped[0]:
        return _pick(
            inputs[0],
            [
                substitute(
                    [_with_axis(y, is_mapped, True, size) for y, is_mapped in outputs],
                    dict(zip(body_in, inputs[1:], strict=True)),
                )
                for body_in, outputs in built
            ],
        )
    wanted = [any(kinds) for kinds in zip(*[[flag for _, flag in outputs] for _, outputs in built], strict=True)]
    graphs = []
    for body_in, outputs in built:
        with apart():
            results = [_with_axis(y, old, want, size) for (y, old), want in zip(outputs, wanted, strict=True)]
        graphs.append(Graph(tuple(body_in), tuple(results)))
    return list(zip(outputs_of(make_cond(inputs[0], inputs[1:], graphs)), wanted, strict=True))


def _pick(index: Node, results: Sequence[Sequence[Node]]) -> Outputs:
    picked = list(results[-1])
    for number in range(len(results) - 2, -1, -1):
        takes = index <= number
        picked = [_select(takes, new, old) for new, old in zip(results[number], picked, strict=True)]
    return [(node, True) for node in picked]


def batch_call(node: Node, inputs: Sequence[Node], mapped: Sequence[bool], size: int) -> Outputs:
    """A call of the batched function."""
    with apart():
        body_in, outputs = batch_body(node.param("graph"), mapped, size)
    graph = Graph(tuple(body_in), tuple(y for y, _ in outputs))
    return list(zip(outputs_of(make_call(graph, inputs)), [flag for _, flag in outputs], strict=True))


def batch_custom(node: Node, inputs: Sequence[Node], mapped: Sequence[bool], size: int) -> Outputs:
    """The batched function with the batched rule."""
    rule: CustomRule = node.param("rule")
    every = [_with_axis(x, flag, True, size) for x, flag in zip(inputs, mapped, strict=True)]
    with apart():
        all_in, all_out = batch_body(node.param("graph"), [True] * len(inputs), size)
        results = [_with_axis(y, flag, True, size) for y, flag in all_out]
    new = make_custom(Graph(tuple(all_in), tuple(results)), every, batched_rule(rule, size))
    return [(y, True) for y in outputs_of(new)]


def batched_rule(rule: CustomRule, size: int) -> CustomRule:
    """The person's rule, applied to one example and batched."""

    def over(function: object) -> object:
        if function is None:
            return None

        def all_examples(moving: Sequence[Node], inputs: Sequence[Node], outputs: Sequence[Node]) -> list[Node | None]:
            groups = (moving, inputs, outputs)
            single = [[input_node(Aval(x.shape[1:], x.dtype)) for x in group] for group in groups]
            found = function(*single)  # type: ignore[operator]  # checked above
            mapping = {
                one: many
                for ones, manys in zip(single, groups, strict=True)
                for one, many in zip(ones, manys, strict=True)
            }
            kept = [y for y in found if y is not None]
            results = iter([_with_axis(y, flag, True, size) for y, flag in batch(kept, mapping, size)])
            return [None if y is None else next(results) for y in found]

        return all_examples

    return CustomRule(rule.name, over(rule.pullback), over(rule.tangent))  # type: ignore[arg-type]  # as found


batch_subgraph[SCAN] = batch_scan
batch_subgraph[WHILE] = batch_while
batch_subgraph[COND] = batch_cond
batch_subgraph[CALL] = batch_call
batch_subgraph[CUSTOM] = batch_custom
