"""Forward and reverse mode of `scan`: a loop that also moves, a loop that runs back over what was kept. Floor 3."""

from collections.abc import Sequence
from dataclasses import dataclass

from glassgrad.graph.graph import Graph, substitute
from glassgrad.graph.node import Node, apart, apply, reachable
from glassgrad.ops.control import SCAN
from glassgrad.ops.elementwise import add
from glassgrad.ops.leaves import input_node, outputs_of, zeros
from glassgrad.transforms.control.bodies import Pulled, moving_inputs, pull_body, push_body, residuals
from glassgrad.transforms.control.settle import supersede
from glassgrad.transforms.forms import pull_subgraph, push_subgraph


@dataclass(frozen=True, slots=True)
class Loop:
    """The parts of a scan: its body and how many operands are carried and read step by step."""

    body: Graph
    carries: int
    sequences: int
    length: int
    backwards: bool
    recompute: bool

    def groups(self, values: Sequence[Node]) -> tuple[list[Node], list[Node], list[Node]]:
        """Operands, or the body's inputs, as carries, sequences and constants."""
        middle = self.carries + self.sequences
        return list(values[: self.carries]), list(values[self.carries : middle]), list(values[middle:])


def make_scan(
    body: Graph,
    carries: Sequence[Node],
    sequences: Sequence[Node],
    constants: Sequence[Node],
    *,
    length: int,
    backwards: bool = False,
    recompute: bool = False,
) -> Node:
    """A scan node from its operands in groups."""
    return apply(
        SCAN,
        *carries,
        *sequences,
        *constants,
        body=body,
        carries=len(carries),
        sequences=len(sequences),
        length=length,
        backwards=backwards,
        recompute=recompute,
    )


def loop_of(node: Node) -> Loop:
    """The parts of a scan node."""
    return Loop(**dict(node.params))


# ------------------------------------------------------------------ forward
def push_scan(node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
    """One loop that carries values and tangents side by side."""
    loop = loop_of(node)
    moving, moving_out = moving_inputs(loop.body, [t is not None for t in tangents], loop.carries)
    moving_out[: loop.carries] = moving[: loop.carries]
    with apart():
        pushed = push_body(loop.body, moving, moving_out)
        c, x, k = loop.groups(loop.body.inputs)
        marks = iter(pushed.inputs)
        dc, dx, dk = (
            [next(marks) for _, flag in zip(group, flags, strict=True) if flag]
            for group, flags in zip((c, x, k), _split(loop, moving), strict=True)
        )
        moved_carries = sum(moving_out[: loop.carries])
        body = Graph(
            (*c, *dc, *x, *dx, *k, *dk),
            (
                *pushed.primals[: loop.carries],
                *pushed.tangents[:moved_carries],
                *pushed.primals[loop.carries :],
                *pushed.tangents[moved_carries:],
            ),
        )
    given = [zeros(operand.aval) if t is None else t for operand, t in zip(node.inputs, tangents, strict=True)]
    c, x, k = loop.groups(node.inputs)
    dc, dx, dk = (
        [t for t, flag in zip(group, flags, strict=True) if flag]
        for group, flags in zip(loop.groups(given), _split(loop, moving), strict=True)
    )
    new = make_scan(
        body, [*c, *dc], [*x, *dx], [*k, *dk], length=loop.length, backwards=loop.backwards, recompute=loop.recompute
    )
    return _sorted_tangents(node, new, loop.carries, moving_out)


def _sorted_tangents(node: Node, new: Node, carries: int, moving_out: Sequence[bool]) -> list[Node | None]:
    """The tangents among the outputs (carry, dcarry, y, dy) of the loop that also moves."""
    outputs = outputs_of(new)
    moved_carries = sum(moving_out[:carries])
    sequences = len(moving_out) - carries
    primal = [*outputs[:carries], *outputs[carries + moved_carries : carries + moved_carries + sequences]]
    tangents = iter([*outputs[carries : carries + moved_carries], *outputs[carries + moved_carries + sequences :]])
    supersede(outputs_of(node), primal)
    return [next(tangents) if flag else None for flag in moving_out]


def _split(loop: Loop, flags: Sequence[bool]) -> tuple[list[bool], list[bool], list[bool]]:
    middle = loop.carries + loop.sequences
    return list(flags[: loop.carries]), list(flags[loop.carries : middle]), list(flags[middle:])


# ------------------------------------------------------------------ reverse
@dataclass(frozen=True, slots=True)
class Backward:
    """The loop that runs back: its body, what the forward loop must keep for it, and which operands it answers for."""

    body: Graph
    kept: list[Node]  # values of each forward step, to be added to the forward body's outputs
    primals: list[Node]  # the forward body's own outputs
    read: list[int]  # sequences that the backward body reads again
    carried: list[int]  # the carries with a cotangent
    summed: list[int]  # the constants with a cotangent
    answered: list[int]  # the sequences with a cotangent
    given: list[int]  # the stacked outputs whose cotangent comes in


def backward_body(loop: Loop, wanted: Sequence[bool], cotangents: Sequence[Node | None]) -> Backward:
    """The body of the backward loop: carries are cotangents and sums for the constants; it answers for sequences."""
    wanted, active = moving_inputs(loop.body, wanted, loop.carries)
    given = [flag and cotangents[index] is not None for index, flag in enumerate(active)]
    given[: loop.carries] = wanted[: loop.carries]
    inputs = loop.body.inputs
    carries, sequences, constants = loop.groups(inputs)
    with apart():
        pulled = pull_body(loop.body, given, wanted)
        by_input = dict(zip([x for x, flag in zip(inputs, wanted, strict=True) if flag], pulled.pulled, strict=True))
        used = _used_values(loop, pulled, carries, sequences)
        read_again = set(sequences).intersection(used)
        read = [index for index, node in enumerate(sequences) if node in read_again]
        kept = [node for node in used if node not in read_again]
        swap = {node: input_node(node.aval) for node in (*kept, *[sequences[index] for index in read])}
        carried = [index for index, node in enumerate(carries) if node in by_input]
        answered = [index for index, node in enumerate(sequences) if node in by_input]
        summed = [index for index, node in enumerate(constants) if by_input.get(node) is not None]
        sums = [input_node(constants[index].aval) for index in summed]
        results = [
            *[_or_zeros(by_input[carries[i]], carries[i]) for i in carried],
            *[add(total, by_input[constants[i]]) for total, i in zip(sums, summed, strict=True)],
            *[_or_zeros(by_input[sequences[i]], sequences[i]) for i in answered],
        ]
        marks = pulled.cotangents
        body = Graph(
            (*marks[: len(carried)], *sums, *marks[len(carried) :], *swap.values(), *constants),
            tuple(substitute(results, swap)),
        )
    stacked = [index for index in range(loop.carries, len(given)) if given[index]]
    return Backward(body, kept, pulled.primals, read, carried, summed, answered, stacked)


def _used_values(loop: Loop, pulled: Pulled, carries: list[Node], sequences: list[Node]) -> list[Node]:
    """The forward values to keep (or read again) at each step; all that is carried where the rest is recomputed."""
    if loop.recompute:
        reached = set(reachable([node for node in pulled.pulled if node is not None]))
        return [node for node in (*carries, *sequences) if node in reached]
    return residuals(pulled.pulled, pulled.cotangents, carries, sequences)


def _or_zeros(pulled: Node | None, like: Node) -> Node:
    return zeros(like.aval) if pulled is None else pulled


def run_backward(
    loop: Loop, back: Backward, operands: Sequence[Node], stacks: Sequence[Node], cotangents: Sequence[Node | None]
) -> list[Node | None]:
    """The backward loop over what was kept (`stacks`), and the cotangents of the operands."""
    _, sequences, constants = loop.groups(operands)
    start = [_or_zeros(cotangents[index], loop.body.outputs[index]) for index in back.carried]
    sums = [zeros(constants[index].aval) for index in back.summed]
    incoming = [cotangents[index] for index in back.given]
    read = [*[ct for ct in incoming if ct is not None], *stacks, *[sequences[index] for index in back.read]]
    node = make_scan(
        back.body,
        [*start, *sums],
        read,
        constants,
        length=loop.length,
        backwards=not loop.backwards,
        recompute=loop.recompute,
    )
    results = iter(outputs_of(node))
    found: dict[int, Node] = {index: next(results) for index in back.carried}
    found.update({loop.carries + loop.sequences + index: next(results) for index in back.summed})
    found.update({loop.carries + index: next(results) for index in back.answered})
    return [found.get(index) for index in range(len(operands))]


def pull_scan(node: Node, cotangents: Sequence[Node | None], wanted: Sequence[bool]) -> list[Node | None]:
    """The loop runs once more over what it kept, from the last step to the first."""
    loop = loop_of(node)
    back = backward_body(loop, wanted, cotangents)
    stacks: list[Node] = []
    if back.kept:
        body = Graph(loop.body.inputs, (*back.primals, *back.kept))
        recording = make_scan(
            body, *loop.groups(node.inputs), length=loop.length, backwards=loop.backwards, recompute=loop.recompute
        )
        outputs = outputs_of(recording)
        supersede(outputs_of(node), outputs)
        stacks = outputs[len(back.primals) :]
    return run_backward(loop, back, node.inputs, stacks, cotangents)


push_subgraph[SCAN] = push_scan
pull_subgraph[SCAN] = pull_scan
