"""Half precision computed in single precision, and rounded once after each op, as NumPy does. Floor 4.

`np.exp(x) * y` of halves is `half(single(half(exp(single(x)))) * single(y))`: registers hold singles, memory halves.
What only moves numbers moves halves; what rounds within halves (the number next to a number) stays with the reference.
"""

from collections.abc import Callable, Sequence

import numpy as np

from glassgrad.engines.cpu.emit.scalars import is_scalar
from glassgrad.engines.cpu.native.target import has_halves
from glassgrad.engines.cpu.plan.roles import REDUCTIONS, RUNNING, moves
from glassgrad.engines.cpu.rebuilt import Now, rebuilt
from glassgrad.graph.node import Node, Params, make, reachable
from glassgrad.graph.notes import Notes
from glassgrad.ops.structure import cast

_HALF, _SINGLE = np.dtype(np.float16), np.dtype(np.float32)
_OF_HALVES = frozenset({"nextafter", "spacing"})  # which numbers there are is what they are about
_IN_LOOPS = REDUCTIONS | RUNNING | {"contract", "overlap", "add_places", "taps_beside"}


def in_singles(outputs: Sequence[Node], notes: Notes | None, is_lowered: Callable[[str], bool]) -> list[Node]:
    """The outputs, with ops on halves in single precision; `is_lowered` tells which ops become simpler ones."""
    order = reachable(outputs)
    if not has_halves() or not any(_is_half(node) for node in order):
        return list(outputs)

    def rule(node: Node, inputs: Sequence[Node], now: Now) -> Node | None:
        return _in_single(node, inputs, is_lowered) if any(_is_half(x) for x in (node, *inputs)) else None

    return rebuilt(order, outputs, rule, notes)


def _is_half(node: Node) -> bool:
    return not node.op.multiple and node.dtype == _HALF


def _in_single(node: Node, inputs: Sequence[Node], is_lowered: Callable[[str], bool]) -> Node | None:
    """The op on singles, rounded; None for one that no loop computes, or that only moves what it is given."""
    name = node.op.name
    if name == "cast" and node.dtype.kind == "c":
        return cast(cast(inputs[0], _SINGLE), node.dtype)
    if not inputs or node.op.multiple or name in _OF_HALVES or name in ("cast", "index_add") or moves(name):
        return None
    wide = make(node.op, tuple([cast(x, _SINGLE) if _is_half(x) else x for x in inputs]), _params(node))
    if not (name in _IN_LOOPS or is_lowered(name) or is_scalar(wide)):
        return None
    return cast(wide, node.dtype)


def _params(node: Node) -> Params:
    """The op's parameters; the numbers in place of infinities are the largest halves, not singles."""
    if node.op.name != "nan_to_num":
        return node.params
    largest = {"posinf": float(np.finfo(_HALF).max), "neginf": float(np.finfo(_HALF).min)}
    return tuple([(name, largest[name] if value is None else value) for name, value in node.params])
