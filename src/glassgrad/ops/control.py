"""Ops that carry graphs: call, cond, scan, while_loop. Floor 2.

Their derivatives transform the graphs they carry (`transforms/control/`). Operands come in groups: what is carried
from step to step, what is read step by step, and what stays the same ("constants": the values of the surroundings).
"""

from glassgrad.base.avals import Aval
from glassgrad.graph.graph import Graph
from glassgrad.graph.op import Subgraph, op


def _call_aval(*arguments: Aval, graph: Graph, keep: bool) -> tuple[Aval, ...]:
    del arguments, keep
    return graph.avals


def _cond_aval(*arguments: Aval, branches: tuple[Graph, ...]) -> tuple[Aval, ...]:
    del arguments
    return branches[0].avals


def _scan_aval(
    *arguments: Aval, body: Graph, carries: int, sequences: int, length: int, backwards: bool, recompute: bool
) -> tuple[Aval, ...]:
    del arguments, sequences, backwards, recompute
    return (*body.avals[:carries], *[Aval((length, *y.shape), y.dtype) for y in body.avals[carries:]])


def _while_aval(*arguments: Aval, condition: Graph, body: Graph, carries: int, length: int) -> tuple[Aval, ...]:
    del arguments, condition
    return (*body.avals[:carries], *[Aval((length, *y.shape), y.dtype) for y in body.avals[carries:]])


def _custom_aval(*arguments: Aval, graph: Graph, rule: object) -> tuple[Aval, ...]:
    del arguments, rule
    return graph.avals


CALL = op(
    "call",
    "*arguments -> *results",
    infer=_call_aval,
    numpy="",
    batching=None,
    arguments=Subgraph(),
    rule="chain rule for a function",
)
COND = op(
    "cond",
    "index, *operands -> *results",
    infer=_cond_aval,
    numpy="",
    batching=None,
    operands=Subgraph(),
    rule="derivative of the branch taken",
)
SCAN = op(
    "scan",
    "*operands -> *results",
    infer=_scan_aval,
    numpy="",
    batching=None,
    operands=Subgraph(),
    rule="chain rule through the steps of a loop",
    why="the loop is a chain of equal links: the cotangent runs through its steps from the last to the first",
)
WHILE = op(
    "while_loop",
    "*operands -> *results",
    infer=_while_aval,
    numpy="",
    batching=None,
    operands=Subgraph(),
    rule="chain rule through the steps of a loop",
    why="the steps that were taken are a chain of equal links; where the loop ends is held fixed",
)
CUSTOM = op(
    "custom",
    "*arguments -> *results",
    infer=_custom_aval,
    numpy="",
    batching=None,
    arguments=Subgraph(),
    rule="the function's own derivative rule",
)
