"""Loops rewritten so that their steps do only what has to be done step by step. Floor 4."""

from collections.abc import Callable, Sequence

from glassgrad.engines.cpu.motion.after import Later, move_results, move_sums
from glassgrad.engines.cpu.motion.before import move_constants, move_products, turn_matrices
from glassgrad.engines.cpu.motion.loop import Loop, body_graph
from glassgrad.engines.cpu.motion.still import fix_sequences
from glassgrad.engines.cpu.motion.twice import count_once, give_once, read_once
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, apart, make, reachable, workspace
from glassgrad.ops.control import SCAN, WHILE
from glassgrad.ops.leaves import PROJECT, outputs_of
from glassgrad.transforms.control.scan import loop_of, make_scan
from glassgrad.transforms.control.while_loop import make_while

Flat = Callable[[Graph], list[Node]]  # a graph's outputs with calls opened


def moved(outputs: Sequence[Node], flat: Flat) -> list[Node]:
    """The outputs with work moved out of the loops that they come from."""
    order = reachable(outputs)
    if not any(node.op in (SCAN, WHILE) for node in order):
        return list(outputs)
    here = workspace()
    used: dict[Node, set[int]] = {}
    for node in order:
        if node.op is PROJECT:
            used.setdefault(node.inputs[0], set()).add(node.param("index"))
    new: dict[Node, Node] = {}
    found: dict[Node, dict[int, Node]] = {}
    for node in order:
        inputs = tuple([new.get(x, x) for x in node.inputs])
        if node.op is SCAN:
            found[node] = _scan(node, inputs, used.get(node, set()), flat)
        elif node.op is WHILE:
            found[node] = _while(node, inputs, used.get(node, set()), flat)
        elif node.op is PROJECT and node.inputs[0] in found:
            new[node] = found[node.inputs[0]][node.param("index")]
        elif inputs != node.inputs:
            new[node] = make(node.op, inputs, node.params)
        if here is not None and node in new:
            here.notes.pass_on(node, new[node])
    return [new.get(node, node) for node in outputs]


def _scan(node: Node, operands: Sequence[Node], used: set[int], flat: Flat) -> dict[int, Node]:
    """The outputs that are read of a loop that does less."""
    old = loop_of(node)
    carries, sequences, constants = old.groups(old.body.inputs)
    starts, stacks, fixed = old.groups(operands)
    with apart():
        outputs = moved(flat(old.body), flat)
    loop = Loop(
        old.length,
        dict(enumerate(zip(carries, starts, strict=True))),
        dict(zip(sequences, stacks, strict=True)),
        dict(zip(constants, fixed, strict=True)),
        dict(enumerate(outputs)),
    )
    later: dict[int, Later] = {}
    results: dict[int, Node] = {}
    _keep_live(loop, used)
    read_once(loop)
    count_once(loop)
    _unmoving(loop, results)
    with apart():
        if loop.length > 1:
            later |= move_sums(loop)
            later |= move_results(loop)
    if loop.length > 1:
        fix_sequences(loop)
        move_products(loop)
    move_constants(loop)
    turn_matrices(loop)
    same = give_once(loop)
    results |= _run(loop, old.backwards, later)
    return results | {k: results[first] for k, first in same.items()}


def _keep_live(loop: Loop, used: set[int]) -> None:
    """Drops what nobody reads, neither outside nor in a later step."""
    live = set(used)
    while True:
        read = set(reachable([loop.outputs[k] for k in live]))
        more = {k for k, (x, _) in loop.carries.items() if x in read} - live
        if not more:
            break
        live |= more
    loop.outputs = {k: y for k, y in loop.outputs.items() if k in live}
    loop.carries = {k: pair for k, pair in loop.carries.items() if k in live}


def _unmoving(loop: Loop, results: dict[int, Node]) -> None:
    """A carry that stays as it is becomes a constant."""
    for k, (x, start) in list(loop.carries.items()):
        if loop.outputs[k] is x:
            loop.constants[x] = results[k] = start
            del loop.carries[k], loop.outputs[k]


def _run(loop: Loop, backwards: bool, later: dict[int, Later]) -> dict[int, Node]:
    """The loop that is left, and the results that are made of what it gives."""
    read = set(reachable(loop.results()))
    inside = set(loop.sequences) if loop.length < 0 else read
    all_sequences = dict(loop.sequences)
    loop.sequences = {x: value for x, value in loop.sequences.items() if x in inside}
    all_constants = dict(loop.constants)
    loop.constants = {x: value for x, value in loop.constants.items() if x in read}
    order = [*loop.carries, *[k for k in loop.outputs if k not in loop.carries]]
    loop.outputs = {k: loop.outputs[k] for k in order}
    results: dict[int, Node] = {}
    stacks = dict(all_sequences)
    if order or loop.extra:
        node = make_scan(
            body_graph(loop),
            [start for _, start in loop.carries.values()],
            list(loop.sequences.values()),
            list(loop.constants.values()),
            length=loop.length,
            backwards=backwards,
        )
        given = outputs_of(node)
        results = dict(zip(order, given, strict=False))
        stacks |= {y: given[at] for at, y in enumerate(loop.results()) if at >= len(loop.carries)}
    stacks |= {node: stacks[current] for node, current in loop.now.items()}
    loop.sequences, loop.constants = all_sequences, all_constants
    return results | {k: make_result(stacks) for k, make_result in later.items()}


def _while(node: Node, operands: Sequence[Node], used: set[int], flat: Flat) -> dict[int, Node]:
    """The same loop with work on constants done before it, and each step's values recorded once."""
    carries, body, condition = node.param("carries"), node.param("body"), node.param("condition")
    with apart():
        outputs = moved(flat(body), flat)
    loop = Loop(
        -1,
        dict(enumerate(zip(body.inputs[:carries], operands[:carries], strict=True))),
        {},
        dict(zip(body.inputs[carries:], operands[carries:], strict=True)),
        dict(enumerate(outputs)),
    )
    loop.outputs = {k: y for k, y in loop.outputs.items() if k < carries or k in used}
    count_once(loop)
    move_constants(loop)
    same = give_once(loop)
    added = list(loop.constants)[len(operands) - carries :]
    test = Graph((*condition.inputs, *added), condition.outputs)
    starts = [start for _, start in loop.carries.values()]
    new = make_while(test, body_graph(loop), starts, list(loop.constants.values()), node.param("length"))
    results = dict(zip(loop.outputs, outputs_of(new), strict=True))
    return results | {k: results[first] for k, first in same.items()}
