"""The diagonal along two axes and its transpose, which writes a diagonal into zeros. Floor 2."""

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, apply
from glassgrad.graph.op import Linear, Shifted, op


def _diagonal_aval(x: Aval, first: int, second: int, offset: int) -> Aval:
    rows, columns = x.shape[first], x.shape[second]
    length = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    rest = [size for axis, size in enumerate(x.shape) if axis not in (first, second)]
    return Aval((*rest, length), x.dtype)


def _diagonal_text(x: Aval, first: int, second: int, offset: int) -> str:
    if x.ndim == 2 and (first, second) == (0, 1):
        return "np.diagonal(x)" if offset == 0 else "np.diagonal(x, offset)"
    return "np.diagonal(x, offset, first, second)"


DIAGONAL = op(
    "diagonal",
    "x -> y",
    infer=_diagonal_aval,
    numpy=_diagonal_text,
    batching=Shifted(axes=("first", "second")),
    rule="selection of the diagonal",
    x=Linear(
        lambda ct, x, first, second, offset: put_diagonal(ct, first, second, offset, (x.shape[first], x.shape[second]))
    ),
)


def diagonal_of(x: Node, first: int = 0, second: int = 1, offset: int = 0) -> Node:
    """The diagonal along two axes, as the last axis of the result."""
    return apply(DIAGONAL, x, first=first, second=second, offset=offset)


def _put_aval(v: Aval, first: int, second: int, offset: int, sizes: tuple[int, int]) -> Aval:
    del offset
    shape = list(v.shape[:-1])
    for axis, size in sorted(((first, sizes[0]), (second, sizes[1]))):
        shape.insert(axis, size)
    return Aval(tuple(shape), v.dtype)


def put_on_diagonal(v: np.ndarray, first: int, second: int, offset: int, sizes: tuple[int, int]) -> np.ndarray:
    """Zeros with `v` on the diagonal of two axes."""
    out = np.zeros((*v.shape[:-1], *sizes), v.dtype)
    along = np.arange(v.shape[-1])
    out[..., along - min(offset, 0), along + max(offset, 0)] = v
    return np.moveaxis(out, (-2, -1), (first, second))


def _put_text(v: Aval, first: int, second: int, offset: int, sizes: tuple[int, int]) -> str:
    plain = v.ndim == 1 and (first, second) == (0, 1) and sizes == (v.shape[0] + abs(offset),) * 2
    if plain:
        return "np.diag(v)" if offset == 0 else "np.diag(v, offset)"
    return "put_on_diagonal(v, first, second, offset, sizes)"


PUT_DIAGONAL = op(
    "put_diagonal",
    "v -> y",
    infer=_put_aval,
    numpy=_put_text,
    kernels=(put_on_diagonal,),
    batching=Shifted(axes=("first", "second")),
    rule="a diagonal written into zeros",
    v=Linear(lambda ct, first, second, offset: diagonal_of(ct, first, second, offset)),
)


def put_diagonal(
    v: Node, first: int = 0, second: int = 1, offset: int = 0, sizes: tuple[int, int] | None = None
) -> Node:
    """Zeros with `v` (its last axis) on the diagonal of two axes of the result."""
    shape = sizes or (v.shape[-1] + abs(offset),) * 2
    return apply(PUT_DIAGONAL, v, first=first, second=second, offset=offset, sizes=shape)
