"""Forward and reverse mode of `while_loop`. The backward loop is a scan over the steps that were taken. Floor 3.

The forward loop records, as it runs, the values that the backward steps read; their number is known when it ends.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.graph import Graph, substitute
from glassgrad.graph.node import Node, apart, apply
from glassgrad.ops.control import WHILE
from glassgrad.ops.leaves import input_node, literal, outputs_of, zeros
from glassgrad.ops.select import where
from glassgrad.transforms.control.bodies import moving_inputs, push_body
from glassgrad.transforms.control.scan import Backward, Loop, backward_body, run_backward
from glassgrad.transforms.control.settle import supersede
from glassgrad.transforms.forms import pull_subgraph, push_subgraph


def make_while(condition: Graph, body: Graph, carries: Sequence[Node], constants: Sequence[Node], length: int) -> Node:
    """A while_loop node; `length` names the number of steps, which the run decides."""
    return apply(WHILE, *carries, *constants, condition=condition, body=body, carries=len(carries), length=length)


def push_while(node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
    """One loop that carries values and tangents side by side; its end depends on the values alone."""
    body, carries = node.param("body"), node.param("carries")
    moving, moving_out = moving_inputs(body, [t is not None for t in tangents], carries)
    moving_out[:carries] = moving[:carries]
    with apart():
        pushed = push_body(body, moving, moving_out)
        first, rest = list(body.inputs[:carries]), list(body.inputs[carries:])
        count = sum(moving[:carries])
        d_first, d_rest = pushed.inputs[:count], pushed.inputs[count:]
        inputs = (*first, *d_first, *rest, *d_rest)
        outputs = (
            *pushed.primals[:carries],
            *pushed.tangents[:count],
            *pushed.primals[carries:],
            *pushed.tangents[count:],
        )
        new_body = Graph(inputs, outputs)
        old = node.param("condition")
        swap = dict(zip(old.inputs, (*first, *rest), strict=True))
        new_condition = Graph(inputs, tuple(substitute(old.outputs, swap)))
    given = [zeros(x.aval) if t is None else t for x, t in zip(node.inputs, tangents, strict=True)]
    moved = [t for t, flag in zip(given, moving, strict=True) if flag]
    new = make_while(
        new_condition,
        new_body,
        [*node.inputs[:carries], *moved[:count]],
        [*node.inputs[carries:], *moved[count:]],
        node.param("length"),
    )
    results = outputs_of(new)
    stacked = len(moving_out) - carries
    supersede(outputs_of(node), [*results[:carries], *results[carries + count : carries + count + stacked]])
    found = iter([*results[carries : carries + count], *results[carries + count + stacked :]])
    return [next(found) if flag else None for flag in moving_out]


def pull_while(node: Node, cotangents: Sequence[Node | None], wanted: Sequence[bool]) -> list[Node | None]:
    """The forward loop records; a scan runs back over the steps that were taken."""
    body, carries, length = node.param("body"), node.param("carries"), node.param("length")
    loop = Loop(body, carries, 0, length, backwards=False, recompute=False)
    back = backward_body(loop, wanted, cotangents)
    went = literal(True, np.dtype(bool))
    recording = make_while(
        node.param("condition"),
        Graph(body.inputs, (*back.primals, *back.kept, went)),
        node.inputs[:carries],
        node.inputs[carries:],
        length,
    )
    outputs = outputs_of(recording)
    supersede(outputs_of(node), outputs)
    return run_backward(
        loop, replace(back, body=_where_it_went(back)), node.inputs, outputs[len(back.primals) :], cotangents
    )


def _where_it_went(back: Backward) -> Graph:
    """The backward body with one more sequence, true for a step that was taken.

    It always is, until the loop is batched: then an example that was done before the others stands still here too.
    The sequence also tells how many steps there were where no value was kept.
    """
    body = back.body
    carried = len(back.carried) + len(back.summed)
    place = carried + len(back.given) + len(back.kept)
    with apart():
        went = input_node(Aval((), np.dtype(bool)))
        results = [where(went, new, old) for new, old in zip(body.outputs[:carried], body.inputs, strict=False)]
    return Graph((*body.inputs[:place], went, *body.inputs[place:]), (*results, *body.outputs[carried:]))


push_subgraph[WHILE] = push_while
pull_subgraph[WHILE] = pull_while
