"""Rewrites of what changes shapes and dtypes, and of sums over axes. Floor 3."""

from math import prod

import numpy as np

from glassgrad.graph.node import Node, make
from glassgrad.ops.contract import CONTRACT, contract, parts
from glassgrad.ops.elementwise import (
    multiply,
    negative,
)
from glassgrad.ops.leaves import LITERAL, MARK, literal, literal_value
from glassgrad.ops.structure import (
    BROADCAST,
    CAST,
    REAL,
    RESHAPE,
    SUM,
    TRANSPOSE,
    broadcast,
    cast,
    kept_shape,
    reshape,
    sum_over,
    transpose,
)
from glassgrad.transforms.rewrites.table import negated, rewrites


# ------------------------------------------------------------------ structure
@rewrites(MARK, "a name for the same value")
def unmark(x: Node, name: object) -> Node:
    del name
    return x


@rewrites(CAST, "a change of dtype undone")
def cast_back(x: Node, dtype: np.dtype) -> Node | None:
    if x.op is CAST and x.inputs[0].dtype == dtype and _keeps_all(dtype, x.dtype):
        return x.inputs[0]
    return cast(x, dtype) if x.op is LITERAL and x.dtype.kind != "c" else None


def _keeps_all(dtype: np.dtype, wider: np.dtype) -> bool:
    """Is each value of the first a value of the second? NumPy calls int64 to float64 safe, which it is not."""
    if dtype.kind in "iu" and wider.kind in "fc":
        return 8 * dtype.itemsize - (dtype.kind == "i") <= np.finfo(wider).nmant + 1
    return bool(np.can_cast(dtype, wider))


@rewrites(REAL, "the real part of a real value")
def real_of_cast(x: Node) -> Node | None:
    if x.op is CAST and x.inputs[0].dtype.kind == "f" and np.empty(0, x.dtype).real.dtype == x.inputs[0].dtype:
        return x.inputs[0]
    return None


@rewrites(RESHAPE, "one reshape of two")
def reshape_twice(x: Node, shape: tuple[int, ...]) -> Node | None:
    return reshape(x.inputs[0], shape) if x.op is RESHAPE else x if x.shape == shape else None


@rewrites(RESHAPE, "a reshape undone around an elementwise op")
def reshape_elementwise(x: Node, shape: tuple[int, ...]) -> Node | None:
    """f(x reshaped, 2) reshaped back is f(x, 2); a sum reshaped to keep its axes keeps them where it is used."""
    if x.op.ufunc is None or not x.inputs or x.op.multiple:
        return None
    inputs = []
    for part in x.inputs:
        if part.op is LITERAL:
            inputs.append(literal(literal_value(part), part.dtype, shape))
        elif part.op is RESHAPE and part.inputs[0].shape == shape:
            inputs.append(part.inputs[0])
        elif part.op is SUM and kept_shape(part.inputs[0].shape, part.param("axes")) == shape:
            inputs.append(reshape(part, shape))
        else:
            return None
    return make(x.op, tuple(inputs), x.params) if any(part.op is not LITERAL for part in x.inputs) else None


@rewrites(TRANSPOSE, "one transpose of two")
def transpose_twice(x: Node, axes: tuple[int, ...]) -> Node | None:
    if x.op is not TRANSPOSE:
        return None
    inner: tuple[int, ...] = x.param("axes")
    return transpose(x.inputs[0], tuple([inner[axis] for axis in axes]))


@rewrites(TRANSPOSE, "the transpose of a product has its letters in another order")
def transpose_contract(x: Node, axes: tuple[int, ...]) -> Node | None:
    if x.op is not CONTRACT:
        return None
    a, b, out = parts(x.param("spec"))
    return contract(x.inputs[0], x.inputs[1], f"{a},{b}->{''.join(out[axis] for axis in axes)}")


@rewrites(TRANSPOSE, "the transpose of equal numbers")
def transpose_literal(x: Node, axes: tuple[int, ...]) -> Node | None:
    return literal(literal_value(x), x.dtype, tuple([x.shape[a] for a in axes])) if x.op is LITERAL else None


@rewrites(BROADCAST, "one broadcast of two")
def broadcast_twice(x: Node, shape: tuple[int, ...]) -> Node | None:
    return broadcast(x.inputs[0], shape) if x.op is BROADCAST else broadcast(x, shape) if x.op is LITERAL else None


# ------------------------------------------------------------------ sums over axes
@rewrites(SUM, "one sum of two")
def sum_twice(x: Node, axes: tuple[int, ...]) -> Node | None:
    if x.op is not SUM:
        return None
    inner: tuple[int, ...] = x.param("axes")
    left = [axis for axis in range(x.inputs[0].ndim) if axis not in inner]
    return sum_over(x.inputs[0], tuple(sorted((*inner, *[left[axis] for axis in axes]))))


@rewrites(SUM, "the sum of negatives is the negative of the sum")
def sum_of_negative(x: Node, axes: tuple[int, ...]) -> Node | None:
    u = negated(x)
    return None if u is None else negative(sum_over(u, axes))


@rewrites(SUM, "the sum of equal numbers is their number times one of them")
def sum_of_broadcast(x: Node, axes: tuple[int, ...]) -> Node | None:
    count = prod(x.shape[axis] for axis in axes)
    if x.dtype.kind not in "fc" or not 0 < count <= float(np.finfo(x.dtype).max):
        return None
    if x.op is LITERAL:
        kept = tuple([size for axis, size in enumerate(x.shape) if axis not in axes])
        with np.errstate(all="ignore"):
            return literal(literal_value(x) * x.dtype.type(count), x.dtype, kept)
    if x.op is not BROADCAST:
        return None
    inner = x.inputs[0]
    missing = x.ndim - inner.ndim
    repeated = all(axis < missing or inner.shape[axis - missing] == 1 for axis in axes)
    if not repeated:
        return None
    kept = tuple([size for axis, size in enumerate(x.shape) if axis not in axes])
    ones_out = tuple([1 if axis in axes else size for axis, size in enumerate(kept_shape(x.shape, axes))])
    smaller = broadcast(inner, ones_out) if prod(ones_out) != inner.aval.size else reshape(inner, ones_out)
    return multiply(reshape(smaller, kept), literal(count, x.dtype, kept))
