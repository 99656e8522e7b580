"""Running sums and products along an axis, and the product of all elements. Floor 2.

The derivative of a running product is a linear recurrence; its transposes are linear recurrences again, so zeros
among the factors need no special case at any order.
"""

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, apply
from glassgrad.graph.op import Bilinear, Linear, Pullback, Shifted, Tangent, op
from glassgrad.ops.elementwise import multiply
from glassgrad.ops.reduce import gathered_last
from glassgrad.ops.structure import axis_text, in_own_dtype, reduced_aval, sum_over


def _along_aval(x: Aval, axis: int, backwards: bool) -> Aval:
    del axis, backwards
    return x


def _running_text(call: str) -> str:
    """The text of a running reduction, from the end where it runs backwards."""
    return f"np.flip({call}(np.flip(x, axis), axis=axis), axis)"


def _cumsum_text(x: Aval, axis: int, backwards: bool) -> str:
    del axis
    return _running_text("np.cumsum") if backwards else in_own_dtype("np.cumsum(x, axis=axis)", x)


CUMSUM = op(
    "cumsum",
    "x -> y",
    infer=_along_aval,
    numpy=_cumsum_text,
    batching=Shifted(axes=("axis",)),
    rule="running sum rule",
    why="each value enters every later sum, so it receives the sum of what those receive",
    x=Linear(lambda ct, axis, backwards: cumsum_along(ct, axis, backwards=not backwards)),
)


def cumsum_along(x: Node, axis: int, *, backwards: bool = False) -> Node:
    """The running sum along an axis, from the end where `backwards`."""
    return apply(CUMSUM, x, axis=axis, backwards=backwards)


# ------------------------------------------------------------------ shift and recurrence
def _shift_aval(x: Aval, axis: int, step: int, fill: float) -> Aval:
    del axis, step, fill
    return x


def shifted_values(x: np.ndarray, axis: int, step: int, fill: float) -> np.ndarray:
    """Each value moved `step` (1 or -1) places along the axis; `fill` comes in at the end that opens."""
    moved = np.roll(x, step, axis)
    if x.shape[axis]:
        edge = [slice(None)] * x.ndim
        edge[axis] = slice(0, 1) if step > 0 else slice(-1, None)
        moved[tuple(edge)] = fill
    return moved


SHIFT = op(
    "shift",
    "x -> y",
    infer=_shift_aval,
    numpy="shifted_values(x, axis, step, fill)",
    kernels=(shifted_values,),
    batching=Shifted(axes=("axis",)),
    rule="shift",
    x=Pullback(lambda ct, axis, step: shift(ct, axis, -step)),
)


def shift(x: Node, axis: int, step: int, fill: float = 0.0) -> Node:
    """Each value moved one place along the axis; `fill` comes in at the end that opens."""
    return apply(SHIFT, x, axis=axis, step=step, fill=fill)


def _recurrence_aval(a: Aval, b: Aval, axis: int, backwards: bool) -> Aval:
    del a, axis, backwards
    return b


def linear_recurrence(a: np.ndarray, b: np.ndarray, axis: int, backwards: bool) -> np.ndarray:
    """h[k] = a[k] h[k-1] + b[k] along the axis (from the end where `backwards`), starting from zero."""
    a, h = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0).copy()
    steps = range(len(h))
    for before, k in zip(steps[:0:-1], steps[-2::-1]) if backwards else zip(steps, steps[1:]):  # noqa: B905, RUF007 - generated source has only np
        h[k] += a[k] * h[before]
    return np.moveaxis(h, 0, axis)


RECURRENCE = op(
    "recurrence",
    "a, b -> h",
    infer=_recurrence_aval,
    numpy="linear_recurrence(a, b, axis, backwards)",
    kernels=(linear_recurrence,),
    batching=Shifted(axes=("axis",)),
    rule="linear recurrence",
    a=Tangent(
        lambda da, a, h, axis, backwards: recurrence(
            a, da * shift(h, axis, -1 if backwards else 1), axis, backwards=backwards
        )
    ),
    b=Bilinear(
        lambda ct, a, axis, backwards: recurrence(
            shift(a, axis, 1 if backwards else -1), ct, axis, backwards=not backwards
        )
    ),
)


def recurrence(a: Node, b: Node, axis: int, *, backwards: bool = False) -> Node:
    """h[k] = a[k] h[k-1] + b[k] along an axis, starting from zero."""
    return apply(RECURRENCE, a, b, axis=axis, backwards=backwards)


# ------------------------------------------------------------------ products
def _cumprod_text(x: Aval, axis: int, backwards: bool) -> str:
    del axis
    return _running_text("np.cumprod") if backwards else in_own_dtype("np.cumprod(x, axis=axis)", x)


def _cumprod_tangent(dx: Node, x: Node, y: Node, axis: int, backwards: bool) -> Node:
    before = shift(y, axis, -1 if backwards else 1, 1.0)
    return recurrence(x, dx * before, axis, backwards=backwards)


CUMPROD = op(
    "cumprod",
    "x -> y",
    infer=_along_aval,
    numpy=_cumprod_text,
    batching=Shifted(axes=("axis",)),
    rule="product rule along the axis",
    x=Tangent(_cumprod_tangent),
)


def cumprod_along(x: Node, axis: int, *, backwards: bool = False) -> Node:
    """The running product along an axis, from the end where `backwards`."""
    return apply(CUMPROD, x, axis=axis, backwards=backwards)


def _product_tangent(dx: Node, x: Node, axes: tuple[int, ...]) -> Node:
    """Each factor's tangent times the product of all others: those before it and those after it."""
    factors, moves = gathered_last(x, axes), gathered_last(dx, axes)
    last = factors.ndim - 1
    before = shift(cumprod_along(factors, last), last, 1, 1.0)
    after = shift(cumprod_along(factors, last, backwards=True), last, -1, 1.0)
    return sum_over(moves * multiply(before, after), (last,))


PROD = op(
    "prod",
    "x -> y",
    infer=reduced_aval,
    numpy=lambda x, axes: in_own_dtype(axis_text(x, axes, "np.prod"), x),
    batching=Shifted(axes=("axes",)),
    rule="product rule",
    why="with the others held, the product grows by their product for each unit",
    x=Tangent(_product_tangent),
)


def prod_over(x: Node, axes: tuple[int, ...]) -> Node:
    """The product over these axes."""
    return apply(PROD, x, axes=axes)
