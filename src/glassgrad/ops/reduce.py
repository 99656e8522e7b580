"""Reductions besides the sum: mean, var, max, min, prod, any, all, argmax, argmin. Floor 2."""

from collections.abc import Callable
from math import prod

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import Kink, Linear, Op, Shifted, Tangent, op
from glassgrad.ops.compare import equal
from glassgrad.ops.elementwise import divide
from glassgrad.ops.leaves import zeros
from glassgrad.ops.select import where
from glassgrad.ops.structure import axis_text, cast, reduced_aval, reduced_shape, reshape, spread, sum_over, transpose


def reduction_text(call: str) -> Callable[..., str]:
    """The NumPy text of a reduction: `np.max(x)`, `np.max(x, axis=0)`."""
    return lambda x, axes, **_: axis_text(x, axes, call)


def size_along(x: Node, axes: tuple[int, ...]) -> int:
    """How many elements a reduction over these axes takes together."""
    return prod(x.shape[axis] for axis in axes)


# ------------------------------------------------------------------ mean and variance
_MOST_IN_HALF = 65_504


def _shared_out(ct: Node, size: int) -> Node:
    """The cotangent over the size. Of many elements half precision holds 1 / size, and not the size."""
    return ct * (1.0 / size) if ct.dtype == np.float16 and size > _MOST_IN_HALF else ct / size


MEAN = op(
    "mean",
    "x -> y",
    infer=reduced_aval,
    numpy=reduction_text("np.mean"),
    batching=Shifted(axes=("axes",)),
    rule="mean rule",
    why="each of the n values enters the mean with factor 1/n",
    x=Linear(lambda ct, x, axes: spread(_shared_out(ct, size_along(x, axes)), x.shape, axes)),
)


def mean_over(x: Node, axes: tuple[int, ...]) -> Node:
    """The mean over these axes."""
    return make(MEAN, (x,), (("axes", axes),))


def _variance_aval(x: Aval, axes: tuple[int, ...], ddof: float) -> Aval:
    del ddof
    return Aval(reduced_shape(x.shape, axes), x.dtype)


def _variance_text(x: Aval, axes: tuple[int, ...], ddof: float) -> str:
    text = axis_text(x, axes, "np.var")
    text = text if ddof == 0 else f"{text[:-1]}, ddof=ddof)"
    if x.dtype != np.float16:
        return text
    return f"{text[:-1]}, dtype=np.float32).astype(np.float16)"  # NumPy's own sums overflow there at 65,504


def _variance_tangent(dx: Node, x: Node, axes: tuple[int, ...], ddof: float) -> Node:
    centred = x - spread(mean_over(x, axes), x.shape, axes)
    return sum_over(centred * dx, axes) * (
        2.0 / (size_along(x, axes) - ddof) if size_along(x, axes) != ddof else np.nan
    )


VARIANCE = op(
    "var",
    "x -> y",
    infer=_variance_aval,
    numpy=_variance_text,
    batching=Shifted(axes=("axes",)),
    rule="variance rule",
    why="the mean moves as well, but deviations from the mean add up to zero, so that part cancels",
    x=Tangent(_variance_tangent),
)


def variance_over(x: Node, axes: tuple[int, ...], ddof: float = 0) -> Node:
    """The variance over these axes, with `n - ddof` in the denominator. For real values."""
    return apply(VARIANCE, x, axes=axes, ddof=ddof)


def _deviation_text(x: Aval, axes: tuple[int, ...], ddof: float) -> str:
    return _variance_text(x, axes, ddof).replace("np.var", "np.std")


def _deviation_tangent(dx: Node, x: Node, y: Node, axes: tuple[int, ...], ddof: float) -> Node:
    still = equal(y, 0.0)
    moved = divide(_variance_tangent(dx, x, axes, ddof), 2.0 * where(still, 1.0, y))
    return where(still, zeros(y.aval), moved)


DEVIATION = op(
    "std",
    "x -> y",
    infer=_variance_aval,
    numpy=_deviation_text,
    batching=Shifted(axes=("axes",)),
    rule="standard deviation rule",
    why="the root of the variance: half of the variance's derivative over the deviation",
    kinks=(Kink("np.any(np.std(x, axis=axes) == 0)", "0"),),
    x=Tangent(_deviation_tangent),
)


def deviation_over(x: Node, axes: tuple[int, ...], ddof: float = 0) -> Node:
    """The standard deviation over these axes, with `n - ddof` in the denominator. For real values."""
    return apply(DEVIATION, x, axes=axes, ddof=ddof)


# ------------------------------------------------------------------ extrema
def _extremum_tangent(dx: Node, x: Node, y: Node, axes: tuple[int, ...]) -> Node:
    """The mean of the tangents of those elements that attain the extremum.

    Where the extremum is NaN none attains it, for NaN equals nothing: the tangent is 0/0 = NaN, as the value is, and
    the gradient 0, for reverse mode selects by the same mask.
    """
    top = equal(x, spread(y, x.shape, axes))
    count = sum_over(cast(top, x.dtype), axes)
    return divide(sum_over(where(top, dx, zeros(dx.aval)), axes), count)


def _extremum_row(name: str) -> Op:
    return op(
        name,
        "x -> y",
        infer=reduced_aval,
        numpy=reduction_text(f"np.{name}"),
        batching=Shifted(axes=("axes",)),
        rule=f"derivative of the {name}imum",
        why="only the element that attains it moves the result",
        # Shared equally among the elements that attain it: 1/2 where there are two.
        kinks=(Kink(f"np.any(np.sum(x == np.{name}(x, axis=axes, keepdims=True), axis=axes) > 1)", "1/2"),),
        x=Tangent(_extremum_tangent),
    )


MAX, MIN = _extremum_row("max"), _extremum_row("min")


def max_over(x: Node, axes: tuple[int, ...]) -> Node:
    """The largest element over these axes."""
    return make(MAX, (x,), (("axes", axes),))


def min_over(x: Node, axes: tuple[int, ...]) -> Node:
    """The smallest element over these axes."""
    return make(MIN, (x,), (("axes", axes),))


# ------------------------------------------------------------------ truth values and positions
def _logical_aval(x: Aval, axes: tuple[int, ...]) -> Aval:
    return Aval(reduced_shape(x.shape, axes), np.dtype(bool))


ANY = op(
    "any",
    "x -> y",
    infer=_logical_aval,
    numpy=reduction_text("np.any"),
    batching=Shifted(axes=("axes",)),
    rule="no derivative: true or false",
)
ALL = op(
    "all",
    "x -> y",
    infer=_logical_aval,
    numpy=reduction_text("np.all"),
    batching=Shifted(axes=("axes",)),
    rule="no derivative: true or false",
)


def any_over(x: Node, axes: tuple[int, ...]) -> Node:
    """Is any element along these axes true?"""
    return make(ANY, (x,), (("axes", axes),))


def all_over(x: Node, axes: tuple[int, ...]) -> Node:
    """Are all elements along these axes true?"""
    return make(ALL, (x,), (("axes", axes),))


def _position_aval(x: Aval, axis: int) -> Aval:
    return Aval(reduced_shape(x.shape, (axis,)), np.dtype(np.intp))


ARGMAX = op(
    "argmax",
    "x -> y",
    infer=_position_aval,
    numpy="np.argmax(x, axis=axis)",
    batching=Shifted(axes=("axis",)),
    rule="no derivative: a position",
)
ARGMIN = op(
    "argmin",
    "x -> y",
    infer=_position_aval,
    numpy="np.argmin(x, axis=axis)",
    batching=Shifted(axes=("axis",)),
    rule="no derivative: a position",
)


def argmax_along(x: Node, axis: int) -> Node:
    """The position of the first largest element along an axis."""
    return make(ARGMAX, (x,), (("axis", axis),))


def argmin_along(x: Node, axis: int) -> Node:
    """The position of the first smallest element along an axis."""
    return make(ARGMIN, (x,), (("axis", axis),))


def gathered_last(x: Node, axes: tuple[int, ...]) -> Node:
    """The array with these axes moved to the end and made one."""
    rest = tuple(axis for axis in range(x.ndim) if axis not in axes)
    return reshape(transpose(x, (*rest, *axes)), (*[x.shape[axis] for axis in rest], size_along(x, axes)))
