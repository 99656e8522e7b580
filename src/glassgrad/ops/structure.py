"""The linear rows on which every other file of the table builds: cast, real part, broadcast, reshape, transpose, sum.

Floor 2. Their transposes are one another: a broadcast is undone by a sum, a sum by a broadcast.
"""

from collections.abc import Sequence
from math import prod

import numpy as np

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import ShapeError
from glassgrad.graph.node import Node, make, operators
from glassgrad.graph.op import Batched, Elementwise, Linear, op
from glassgrad.ops.leaves import LITERAL, literal, literal_value


# ------------------------------------------------------------------ cast
def _cast_aval(x: Aval, dtype: np.dtype) -> Aval:
    return Aval(x.shape, dtype)


def _cast_batch(args: Sequence[Node], mapped: Sequence[bool], size: int, *, dtype: np.dtype) -> Node:
    del mapped, size
    return cast(args[0], dtype)


def _cast_back(ct: Node, x: Node) -> Node:
    return cast(real(ct) if ct.dtype.kind == "c" and x.dtype.kind == "f" else ct, x.dtype)


CAST = op(
    "cast",
    "x -> y",
    infer=_cast_aval,
    numpy="x.astype(dtype)",
    tex="{x}",
    batching=Batched(_cast_batch),
    rule="change of dtype",
    x=Linear(_cast_back),
)


def cast(node: Node, dtype: np.dtype) -> Node:
    """The same values at another dtype (a complex value is cast to a real one by its real part)."""
    if node.dtype == dtype:
        return node
    if node.dtype.kind == "c" and dtype.kind not in "cb":
        return cast(real(node), dtype)
    if node.op is LITERAL:
        return literal(literal_value(node), dtype, node.shape)
    return make(CAST, (node,), (("dtype", dtype),))


# ------------------------------------------------------------------ real part
def real_aval(x: Aval) -> Aval:
    """A real part's shape and dtype."""
    return Aval(x.shape, np.empty(0, x.dtype).real.dtype)


REAL = op(
    "real",
    "x -> y",
    infer=real_aval,
    numpy="np.real(x)",
    batching=Elementwise(),
    rule="real part",
    x=Linear(lambda ct, x: cast(ct, x.dtype)),
)


def real(node: Node) -> Node:
    """The real part; the value itself where it is real."""
    return make(REAL, (node,)) if node.dtype.kind == "c" else node


# ------------------------------------------------------------------ broadcast
def _broadcast_aval(x: Aval, shape: tuple[int, ...]) -> Aval:
    fits = all(a in (1, b) for a, b in zip(x.shape[::-1], shape[::-1], strict=False))
    if len(shape) < x.ndim or not fits:
        raise ShapeError(f"an array of shape {show_shape(x.shape)} cannot be broadcast to {show_shape(shape)}")
    return Aval(shape, x.dtype)


def _broadcast_batch(args: Sequence[Node], mapped: Sequence[bool], size: int, *, shape: tuple[int, ...]) -> Node:
    del mapped
    (x,) = args
    missing = len(shape) - (x.ndim - 1)
    return broadcast(reshape(x, (x.shape[0], *[1] * missing, *x.shape[1:])), (size, *shape))


BROADCAST = op(
    "broadcast",
    "x -> y",
    infer=_broadcast_aval,
    numpy="np.broadcast_to(x, shape)",
    tex="{x}",
    batching=Batched(_broadcast_batch),
    rule="broadcast rule",
    why="the same number is used at each place it is spread to, so its derivative is the sum over those places",
    x=Linear(lambda ct, x: sum_to_shape(ct, x.shape)),
)


def broadcast(node: Node, shape: tuple[int, ...]) -> Node:
    """The values repeated to `shape`, as NumPy broadcasts: matched from the right."""
    if node.aval.shape == shape:
        return node
    if node.op is LITERAL:
        _broadcast_aval(node.aval, shape)
        return make(LITERAL, (), (*node.params[:2], ("shape", shape)))
    return make(BROADCAST, (node,), (("shape", shape),))


def repeated(node: Node, size: int) -> Node:
    """The same value for each of `size` examples: a batch axis in front."""
    return broadcast(reshape(node, (1, *node.shape)), (size, *node.shape))


# ------------------------------------------------------------------ reshape
def _reshape_aval(x: Aval, shape: tuple[int, ...]) -> Aval:
    if prod(shape) != x.size:
        raise ShapeError(
            f"an array of shape {show_shape(x.shape)} ({x.size} elements) cannot be reshaped "
            f"to {show_shape(shape)} ({prod(shape)} elements)"
        )
    return Aval(shape, x.dtype)


def _reshape_batch(args: Sequence[Node], mapped: Sequence[bool], size: int, *, shape: tuple[int, ...]) -> Node:
    del mapped
    return reshape(args[0], (size, *shape))


RESHAPE = op(
    "reshape",
    "x -> y",
    infer=_reshape_aval,
    numpy="np.reshape(x, shape)",
    tex="{x}",
    batching=Batched(_reshape_batch),
    rule="reshape",
    x=Linear(lambda ct, x: reshape(ct, x.shape)),
)


def reshape(node: Node, shape: tuple[int, ...]) -> Node:
    """The same elements in C order with another shape (all sizes given)."""
    if node.aval.shape == shape:
        return node
    if node.op is LITERAL:
        _reshape_aval(node.aval, shape)
        return make(LITERAL, (), (*node.params[:2], ("shape", shape)))
    return make(RESHAPE, (node,), (("shape", shape),))


# ------------------------------------------------------------------ transpose
def _transpose_aval(x: Aval, axes: tuple[int, ...]) -> Aval:
    if sorted(axes) != list(range(x.ndim)):
        raise ShapeError(f"axes {axes} are no permutation of the {x.ndim} axes of shape {show_shape(x.shape)}")
    return Aval(tuple([x.shape[axis] for axis in axes]), x.dtype)


def _transpose_text(x: Aval, axes: tuple[int, ...]) -> str:
    return "x.T" if axes == tuple(range(x.ndim))[::-1] else "np.transpose(x, axes)"


def _transpose_batch(args: Sequence[Node], mapped: Sequence[bool], size: int, *, axes: tuple[int, ...]) -> Node:
    del mapped, size
    return transpose(args[0], (0, *[axis + 1 for axis in axes]))


TRANSPOSE = op(
    "transpose",
    "x -> y",
    infer=_transpose_aval,
    numpy=_transpose_text,
    tex=r"{x}^{{\top}}",
    batching=Batched(_transpose_batch),
    rule="transpose",
    x=Linear(lambda ct, axes: transpose(ct, inverse_permutation(axes))),
)


def transpose(node: Node, axes: tuple[int, ...] | None = None) -> Node:
    """The axes in another order; reversed unless given."""
    if axes is None:
        axes = tuple(range(node.ndim))[::-1]
    if axes == tuple(range(node.ndim)):
        return node
    return make(TRANSPOSE, (node,), (("axes", axes),))


def inverse_permutation(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes `axes`."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


operators["transpose"] = transpose


# ------------------------------------------------------------------ sum
def reduced_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without these axes."""
    return tuple([size for axis, size in enumerate(shape) if axis not in axes])


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with these axes of size 1, as `keepdims=True` gives."""
    return tuple([1 if axis in axes else size for axis, size in enumerate(shape)])


def reduced_aval(x: Aval, axes: tuple[int, ...]) -> Aval:
    """What a reduction over these axes gives, at the dtype of the values."""
    return Aval(reduced_shape(x.shape, axes), x.dtype)


def axis_text(x: Aval, axes: tuple[int, ...], call: str) -> str:
    """`np.sum(x)` over all axes, `np.sum(x, axis=0)` over one, `np.sum(x, axis=axes)` over several."""
    if len(axes) == x.ndim:
        return f"{call}(x)"
    return f"{call}(x, axis={axes[0]})" if len(axes) == 1 else f"{call}(x, axis=axes)"


def _sum_text(x: Aval, axes: tuple[int, ...]) -> str:
    return in_own_dtype(axis_text(x, axes, "np.sum"), x)


def in_own_dtype(call: str, x: Aval) -> str:
    """The call of a sum or product at the dtype of x, where NumPy would take a wider one (small whole numbers)."""
    if x.dtype.kind in "fc" or np.sum(np.empty(0, x.dtype)).dtype == x.dtype:
        return call
    return f"{call[:-1]}, dtype=np.{x.dtype.name})"


def shifted(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The same axes behind a batch axis."""
    return tuple([axis + 1 for axis in axes])


def _sum_batch(args: Sequence[Node], mapped: Sequence[bool], size: int, *, axes: tuple[int, ...]) -> Node:
    del mapped, size
    return sum_over(args[0], shifted(axes))


SUM = op(
    "sum",
    "x -> y",
    infer=reduced_aval,
    numpy=_sum_text,
    batching=Batched(_sum_batch),
    rule="sum rule",
    why="each summand enters the sum with factor 1, so each receives the same derivative",
    x=Linear(lambda ct, x, axes: spread(ct, x.shape, axes)),
)


def sum_over(node: Node, axes: tuple[int, ...]) -> Node:
    """The sum over these axes (non-negative, sorted)."""
    return make(SUM, (node,), (("axes", axes),)) if axes else node


def spread(node: Node, shape: tuple[int, ...], axes: tuple[int, ...]) -> Node:
    """What a reduction over `axes` gave, repeated along those axes to `shape`."""
    return broadcast(reshape(node, kept_shape(shape, axes)), shape)


def sum_to_shape(node: Node, shape: tuple[int, ...]) -> Node:
    """The sum over the axes along which an array of `shape` was broadcast to this node's shape."""
    extra = node.ndim - len(shape)
    axes = (*range(extra), *[a + extra for a, n in enumerate(shape) if n == 1 and node.shape[a + extra] != 1])
    return reshape(sum_over(node, axes), shape)
