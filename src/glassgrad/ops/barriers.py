"""Rows that are the identity and only change what flows past: stop_gradient, and functions run on the host. Floor 2."""

from collections.abc import Callable
from typing import Any

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Elementwise, Subgraph, Zero, op

STOP = op(
    "stop_gradient",
    "x -> y",
    infer=lambda x: x,
    numpy="x",
    batching=Elementwise(),
    javascript="x",
    rule="held constant",
    x=Zero("stop_gradient asks for it"),
)


def stopped(node: Node) -> Node:
    """The same value, taken as a constant by derivatives."""
    return make(STOP, (node,))


def _host_aval(*arguments: Aval, function: Callable[..., Any], avals: tuple[Aval, ...]) -> tuple[Aval, ...]:
    del arguments, function
    return avals


HOST = op(
    "host",
    "*arguments -> *results",
    infer=_host_aval,
    numpy="",
    batching=None,
    arguments=Subgraph(),
    rule="a function that is not traced: it needs a derivative rule of its own",
)
