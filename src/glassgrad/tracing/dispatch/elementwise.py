"""NumPy's elementwise functions that are no ufuncs: where, select, clip, sinc, angle, isclose … Floor 3."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassgrad.base.errors import ConcretizationError, ShapeError, UnsupportedError
from glassgrad.graph.node import Node
from glassgrad.ops import complex as complex_parts
from glassgrad.ops.rounding import nan_to_num
from glassgrad.ops.select import where
from glassgrad.ops.special.bessel import i0
from glassgrad.ops.structure import broadcast, cast, real
from glassgrad.ops.trigonometric import sinc
from glassgrad.tracing.dispatch.ufuncs import inexact, traced, traced_inexact
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, any_traced, to_node, wrap

_BOOL = np.dtype(bool)
_NONE: Any = np._NoValue  # noqa: SLF001 - NumPy's own mark for "not given"


# ------------------------------------------------------------------ choices
def weak_dtype(*values: Any) -> np.dtype:
    """The dtype that NumPy promotes these to; Python's numbers, traced or not, are weak."""
    kinds = [value.weak() if isinstance(value, Tracer) and value.weak is not None else value for value in values]
    return np.result_type(*[kind.dtype if isinstance(kind, Tracer) else kind for kind in kinds])


def _as_operand(value: Any, dtype: np.dtype) -> Node:
    return cast(to_node(value, dtype), dtype)


@implements(np.where)
def where_traced(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """`np.where`: with a condition alone, the indices where it holds."""
    if x is None and y is None:
        return np.nonzero(condition)
    first, second = _listed(x), _listed(y)
    dtype = weak_dtype(first, second)
    return wrap(where(cast(to_node(condition), _BOOL), _as_operand(first, dtype), _as_operand(second, dtype)))


def _listed(value: Any) -> Any:
    """A nested list as an array or tracer; anything else as it is."""
    if isinstance(value, list | tuple):
        return wrap(to_node(value)) if any_traced(value) else np.asarray(value)
    return value


@implements(np.select)
def select_traced(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """`np.select`: the choice of the first condition that holds."""
    if len(condlist) != len(choicelist):
        raise ShapeError(f"np.select needs a choice for each condition: {len(condlist)} and {len(choicelist)}")
    if not condlist:
        raise ShapeError("np.select needs at least one condition")
    choices = [_listed(choice) for choice in (*choicelist, default)]
    dtype = weak_dtype(*choices)
    result = _as_operand(choices[-1], dtype)
    for condition, choice in zip(reversed(condlist), reversed(choices[:-1]), strict=True):
        result = where(cast(to_node(condition), _BOOL), _as_operand(choice, dtype), result)
    return wrap(result)


@implements(np.piecewise)
def piecewise_traced(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """`np.piecewise`: of several conditions that hold the last counts; one more function is for all the rest."""
    array = traced(x)
    conditions = _conditions(condlist, array.ndim)
    if len(funclist) == len(conditions) + 1:
        anything = conditions[0]
        for condition in conditions[1:]:
            anything = np.logical_or(anything, condition)
        conditions = [*conditions, np.logical_not(anything)]
    if len(funclist) != len(conditions):
        raise ShapeError(
            f"np.piecewise with {len(conditions)} conditions needs as many functions or one more, found {len(funclist)}"
        )
    numbers = [known_number(condition) for condition in conditions]
    pieces = [_piece(function, args, kw) for function in funclist]
    if any(number is None for number in numbers):
        return _by_choice(array, conditions, pieces)
    return _by_parts(array, numbers, pieces)


def _conditions(condlist: Any, ndim: int) -> list[Any]:
    several = isinstance(condlist, list | tuple) and condlist and not isinstance(condlist[0], bool | np.bool_)
    return list(condlist) if several or np.ndim(condlist) > ndim else [condlist]


def _piece(function: Any, args: Any, kw: Any) -> Callable[[Any], Any]:
    return (lambda x: function(x, *args, **kw)) if callable(function) else (lambda x: function)


def known_number(value: Any) -> np.ndarray | None:
    """The numbers of a value; None where a trace has none."""
    if not isinstance(value, Tracer):
        return np.asarray(value)
    try:
        return np.asarray(value.value)
    except ConcretizationError:
        return None


def _by_choice(x: Any, conditions: Sequence[Any], pieces: Sequence[Callable[[Any], Any]]) -> Any:
    """Every function on all elements, then a choice: for conditions that have no numbers yet."""
    result = np.zeros_like(x)
    for condition, piece in zip(conditions, pieces, strict=True):
        result = np.where(condition, piece(x), result).astype(x.dtype)
    return result


def _by_parts(x: Any, masks: Sequence[Any], pieces: Sequence[Callable[[Any], Any]]) -> Any:
    """Each function only on the elements that are its own, as NumPy does it."""
    flat = np.reshape(x, (-1,))
    result = np.zeros_like(flat)
    for mask, piece in zip(masks, pieces, strict=True):
        (places,) = np.nonzero(np.broadcast_to(mask, x.shape).reshape(-1))
        if len(places):
            result[places] = piece(x if x.ndim == 0 else flat[places])
    return np.reshape(result, x.shape)


@implements(np.clip)
def clip_traced(
    a: Any,
    a_min: Any = _NONE,
    a_max: Any = _NONE,
    out: Any = None,
    *,
    min: Any = _NONE,
    max: Any = _NONE,
    **options: Any,
) -> Any:
    """`np.clip`: the larger of a and the lower bound, then the smaller of that and the upper one."""
    if out is not None or options:
        raise UnsupportedError("np.clip(…, out=…) is not known on traced values", hint="use the result")
    lower = min if a_min is _NONE else a_min
    upper = max if a_max is _NONE else a_max
    result = a
    lowest, highest = _ends(a)
    if lower is not _NONE and lower is not None and not (type(lower) is int and lower <= lowest):
        result = np.maximum(result, lower)
    if upper is not _NONE and upper is not None and not (type(upper) is int and upper >= highest):
        result = np.minimum(result, upper)
    return result


def _ends(a: Any) -> tuple[float, float]:
    """Between what the numbers of this dtype lie: as in NumPy, bounds beyond it leave whole numbers as they are."""
    dtype = to_node(a).dtype
    return (np.iinfo(dtype).min, np.iinfo(dtype).max) if dtype.kind in "iu" else (-np.inf, np.inf)


# ------------------------------------------------------------------ parts of complex numbers
@implements(np.real)
def real_traced(val: Any) -> Tracer:
    """`np.real`."""
    return wrap(real(to_node(val)))


@implements(np.imag)
def imag_traced(val: Any) -> Tracer:
    """`np.imag`."""
    return wrap(complex_parts.imag(to_node(val)))


@implements(np.angle)
def angle_traced(z: Any, deg: bool = False) -> Any:
    """`np.angle`, in degrees where asked for."""
    node = to_node(z)
    narrow = np.angle(np.zeros(1, node.dtype)).dtype  # NumPy takes the narrowest dtype that holds whole numbers
    angle = traced(complex_parts.angle(node if node.dtype.kind == "c" else cast(node, narrow)))
    return angle * (180 / np.pi) if deg else angle


@implements(np.real_if_close)
def real_if_close_traced(a: Any, tol: float = 100) -> Any:
    """`np.real_if_close`: the real part, where the imaginary parts are nothing but rounding."""
    node = to_node(a)
    if node.dtype.kind != "c":
        return a
    limit = tol * np.finfo(node.dtype).eps if tol > 1 else tol
    imaginary = np.asarray(wrap(complex_parts.imag(node)).value)
    return np.real(a) if np.all(np.abs(imaginary) < limit) else a


@implements(np.iscomplexobj)
def iscomplexobj_traced(x: Any) -> bool:
    """`np.iscomplexobj`."""
    return bool(to_node(x).dtype.kind == "c")


@implements(np.isrealobj)
def isrealobj_traced(x: Any) -> bool:
    """`np.isrealobj`."""
    return not iscomplexobj_traced(x)


@implements(np.iscomplex)
def iscomplex_traced(x: Any) -> Any:
    """`np.iscomplex`: is the imaginary part not 0?"""
    return np.imag(x) != 0


@implements(np.isreal)
def isreal_traced(x: Any) -> Any:
    """`np.isreal`: is the imaginary part 0?"""
    return np.imag(x) == 0


# ------------------------------------------------------------------ values
@implements(np.sinc)
def sinc_traced(x: Any) -> Tracer:
    """`np.sinc`: sin(πx) / (πx)."""
    return wrap(sinc(to_node(x)))


@implements(np.i0)
def i0_traced(x: Any) -> Tracer:
    """`np.i0`: the modified Bessel function of order 0, at the dtype of the values."""
    x = inexact(x)
    return wrap(cast(i0(x), x.dtype))


@implements(np.nan_to_num)
def nan_to_num_traced(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """`np.nan_to_num`: of a complex number, part by part."""
    node = to_node(x)
    how = {"nan": nan, "posinf": posinf, "neginf": neginf}
    if node.dtype.kind == "c":
        parts = [traced(nan_to_num(part, **how)) for part in (real(node), complex_parts.imag(node))]
        return parts[0] + 1j * parts[1]
    return wrap(nan_to_num(node, **how)) if node.dtype.kind == "f" else x


@implements(np.round, np.around)
def round_traced(a: Any, decimals: int = 0, out: None = None) -> Any:
    """`np.round`: flat between its steps."""
    if out is not None:
        raise UnsupportedError("np.round(…, out=…) is not known on traced values", hint="use the result")
    value = traced(a)
    if value.dtype.kind == "b":
        return value.astype(np.float16)  # as NumPy does
    if value.dtype.kind not in "fc":
        return value if decimals >= 0 else np.round(value.astype(float), decimals).astype(value.dtype)
    if value.dtype.kind == "c":
        return np.round(np.real(value), decimals) + 1j * np.round(np.imag(value), decimals)
    scale = 10.0 ** abs(int(decimals))
    if decimals == 0:
        return np.rint(value)
    return np.rint(value * scale) / scale if decimals > 0 else np.rint(value / scale) * scale


@implements(np.fix)
def fix_traced(x: Any, out: None = None) -> Any:
    """`np.fix`: towards 0."""
    if out is not None:
        raise UnsupportedError("np.fix(…, out=…) is not known on traced values", hint="use the result")
    return np.trunc(x)


@implements(np.unwrap)
def unwrap_traced(p: Any, discont: float | None = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    """`np.unwrap`: jumps of more than half a period are taken out; the slope is 1 everywhere."""
    value = np.moveaxis(traced_inexact(p), axis, -1)
    jumps = np.diff(value, axis=-1)
    low, high = -period / 2, period / 2
    turned = np.mod(jumps - low, period) + low
    turned = np.where((turned == low) & (jumps > 0), high, turned)
    correction = np.where(np.abs(jumps) < (high if discont is None else discont), 0.0, turned - jumps)
    moved = np.concatenate([value[..., :1], value[..., 1:] + np.cumsum(correction, axis=-1)], axis=-1)
    return np.moveaxis(moved, -1, axis)


# ------------------------------------------------------------------ tests of values
@implements(np.isclose)
def isclose_traced(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    """`np.isclose`."""
    near = (np.abs(a - b) <= atol + rtol * np.abs(b)) & np.isfinite(b)
    result = near | (np.equal(a, b))
    return result | (np.isnan(a) & np.isnan(b)) if equal_nan else result


@implements(np.allclose)
def allclose_traced(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    """`np.allclose`."""
    return np.all(isclose_traced(traced(a), traced(b), rtol, atol, equal_nan))


@implements(np.array_equal)
def array_equal_traced(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """`np.array_equal`: one shape and equal elements."""
    a, b = traced(a1), traced(a2)
    if a.shape != b.shape:
        return False
    same = np.equal(a, b)
    return np.all(same | (np.isnan(a) & np.isnan(b)) if equal_nan else same)


@implements(np.array_equiv)
def array_equiv_traced(a1: Any, a2: Any) -> Any:
    """`np.array_equiv`: equal elements after broadcasting."""
    a, b = to_node(a1), to_node(a2)
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return np.all(np.equal(wrap(broadcast(a, shape)), wrap(broadcast(b, shape))))


def _infinite(sign: float) -> Callable[..., Any]:
    def test(x: Any, out: None = None) -> Any:
        if out is not None:
            raise UnsupportedError("out=… is not known on traced values", hint="use the result")
        return np.equal(x, sign * np.inf)

    return test


implements(np.isposinf)(_infinite(1.0))
implements(np.isneginf)(_infinite(-1.0))
