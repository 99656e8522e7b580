"""Rewrites of products of matrices. Floor 3."""

from glassgrad.graph.node import Node
from glassgrad.ops.contract import CONTRACT, contract, parts
from glassgrad.ops.elementwise import (
    multiply,
    negative,
)
from glassgrad.ops.leaves import LITERAL, is_literal, literal, literal_value
from glassgrad.ops.structure import (
    TRANSPOSE,
    broadcast,
    reshape,
    sum_over,
    transpose,
)
from glassgrad.transforms.rewrites.table import negated, rewrites


# ------------------------------------------------------------------ products of matrices
@rewrites(CONTRACT, "a transpose is read in the letters")
def contract_transpose(a: Node, b: Node, spec: str) -> Node | None:
    left, right, out = parts(spec)
    if a.op is TRANSPOSE:
        return contract(a.inputs[0], b, f"{_untransposed(left, a)},{right}->{out}")
    if b.op is TRANSPOSE:
        return contract(a, b.inputs[0], f"{left},{_untransposed(right, b)}->{out}")
    return None


def _untransposed(letters: str, node: Node) -> str:
    """The letters of what a transpose was made from."""
    axes: tuple[int, ...] = node.param("axes")
    return "".join(letters[axes.index(axis)] for axis in range(len(axes)))


@rewrites(CONTRACT, "(-a) · b = -(a · b)")
def contract_negative(a: Node, b: Node, spec: str) -> Node | None:
    if (u := negated(a)) is not None:
        return negative(contract(u, b, spec))
    return negative(contract(a, u, spec)) if (u := negated(b)) is not None else None


@rewrites(CONTRACT, "a product with equal numbers is a sum")
def contract_literal(a: Node, b: Node, spec: str) -> Node | None:
    left, right, out = parts(spec)
    for number, other, own, theirs in ((a, b, left, right), (b, a, right, left)):
        if number.op is LITERAL and number.dtype.kind in "fc":
            summed = tuple(axis for axis, c in enumerate(theirs) if c not in out)
            kept = [c for c in theirs if c in out]
            factor = literal(literal_value(number), number.dtype, other.shape)
            is_one = is_literal(number, 1) and number.dtype.kind == "f"
            total = sum_over(other if is_one else multiply(other, factor), summed)
            sizes = dict(zip(own, number.shape, strict=True)) | dict(zip(theirs, other.shape, strict=True))
            ordered = transpose(total, tuple(kept.index(c) for c in out if c in kept))
            shape = tuple([sizes[c] for c in out])
            return broadcast(reshape(ordered, tuple([sizes[c] if c in kept else 1 for c in out])), shape)
    return None
