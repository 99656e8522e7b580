"""Sorting along the last axis: the engine's own ops, with the axis that a row sorts along turned there. Floor 4."""

from collections.abc import Callable, Sequence

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.emit.types import kind_of
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Op
from glassgrad.ops.structure import inverse_permutation, transpose


def _positions_aval(x: Aval) -> Aval:
    return Aval(x.shape, np.dtype(np.intp))


SORTED = Op("sorted_lines", ("x",), ("y",), lambda x: x, "", {}, None)
ORDER = Op("order_of_lines", ("x",), ("places",), _positions_aval, "", {}, None)
PLACES = Op(
    "places_in_line",
    ("a", "v"),
    ("places",),
    lambda a, v, side: Aval(v.shape, np.dtype(np.intp)),
    "",
    {},
    None,
)
OWN = frozenset({SORTED, ORDER, PLACES})
LONGEST = 512  # elements of a line up to which sorting it here beats a call of NumPy's sort
_OWN_OF = {"sort": SORTED, "argsort": ORDER}


def _is_native(x: Node) -> bool:
    kind = kind_of(x.dtype)
    return kind is not None and not (kind.is_float and kind.bits == 16) and x.aval.size > 0


def _sorted(node: Node, inputs: Sequence[Node]) -> Node:
    (x,), axis = inputs, node.param("axis")
    if not _is_native(x) or x.shape[axis] > LONGEST:
        return make(node.op, tuple(inputs), node.params)
    axes = (*[other for other in range(x.ndim) if other != axis % x.ndim], axis % x.ndim)
    plain = axes == tuple(range(x.ndim))
    found = make(_OWN_OF[node.op.name], (x if plain else transpose(x, axes),))
    return found if plain else transpose(found, inverse_permutation(axes))


def _places(node: Node, inputs: Sequence[Node]) -> Node:
    a, v = inputs
    own = _is_native(a) and _is_native(v) and a.dtype == v.dtype and a.ndim == 1
    return make(PLACES if own else node.op, tuple(inputs), node.params)


RULES: dict[str, Callable[[Node, Sequence[Node]], Node]] = {
    "sort": _sorted,
    "argsort": _sorted,
    "searchsorted": _places,
}
