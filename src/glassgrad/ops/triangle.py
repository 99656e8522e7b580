"""The lower and upper triangle of matrices: the other elements become zero. Floor 2."""

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, apply
from glassgrad.graph.op import Linear, Stacked, op


def _triangle_aval(x: Aval, offset: int) -> Aval:
    del offset
    return x


TRIL = op(
    "tril",
    "x -> y",
    infer=_triangle_aval,
    numpy=lambda x, offset: "np.tril(x, offset)" if offset else "np.tril(x)",
    batching=Stacked(),
    rule="selection of the lower triangle",
    x=Linear(lambda ct, offset: tril(ct, offset)),
)
TRIU = op(
    "triu",
    "x -> y",
    infer=_triangle_aval,
    numpy=lambda x, offset: "np.triu(x, offset)" if offset else "np.triu(x)",
    batching=Stacked(),
    rule="selection of the upper triangle",
    x=Linear(lambda ct, offset: triu(ct, offset)),
)


def tril(x: Node, offset: int = 0) -> Node:
    """The elements on and below the diagonal `offset`; zeros above."""
    return apply(TRIL, x, offset=offset)


def triu(x: Node, offset: int = 0) -> Node:
    """The elements on and above the diagonal `offset`; zeros below."""
    return apply(TRIU, x, offset=offset)
