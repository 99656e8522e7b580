"""Functions that make arrays: like a traced one, or holding traced values. Floor 3.

What is made inside a trace may be written into with traced values; `glassgrad.numpy` calls the functions here.
"""

from collections.abc import Callable, Sequence
from operator import index as whole
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval, aval_of
from glassgrad.base.errors import UsageError
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import array_leaf, literal
from glassgrad.ops.structure import broadcast, cast, reshape
from glassgrad.tracing.dispatch.axes import one_axis, shape_of
from glassgrad.tracing.dispatch.indexing import with_warning
from glassgrad.tracing.dispatch.memory import in_c_order, is_c_contiguous
from glassgrad.tracing.dispatch.ufuncs import traced
from glassgrad.tracing.dispatch.views import reshaped
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, any_traced, to_node, wrap


# ------------------------------------------------------------------ like another
def _shape_and_dtype(prototype: Any, dtype: Any, shape: Any) -> Aval:
    aval = to_node(prototype).aval
    return Aval(aval.shape if shape is None else shape_of(shape), aval.dtype if dtype is None else np.dtype(dtype))


def _constant_like(name: str, value: int) -> Callable[..., Tracer]:
    def constant_like(
        prototype: Any,
        /,
        dtype: Any = None,
        order: str = "K",
        subok: bool = True,
        shape: Any = None,
        *,
        device: Any = None,
    ) -> Tracer:
        aval = _shape_and_dtype(prototype, dtype, shape)
        return _ordered_like(wrap(literal(value, aval.dtype, aval.shape)), prototype, order, shape)

    constant_like.__doc__ = f"`np.{name}`: written into by `out[i] = v`."
    return constant_like


def _named_first(function: Callable[..., Tracer], first: str) -> Callable[..., Tracer]:
    """The function with its first argument also under NumPy's name for it."""

    def named(*args: Any, **kwargs: Any) -> Tracer:
        return function(*args, **kwargs) if args else function(kwargs.pop(first), **kwargs)

    return named


implements(np.zeros_like)(_named_first(_constant_like("zeros_like", 0), "a"))
implements(np.ones_like)(_named_first(_constant_like("ones_like", 1), "a"))
implements(np.empty_like)(_named_first(_constant_like("empty_like", 0), "prototype"))


@implements(np.full_like)
def full_like_traced(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Tracer:
    """`np.full_like`."""
    aval = _shape_and_dtype(a, dtype, shape)
    full = wrap(broadcast(with_warning(to_node(fill_value, aval.dtype), aval.dtype), aval.shape))
    return _ordered_like(full, a, order, shape)


def _ordered_like(fresh: Tracer, prototype: Any, order: str | None, shape: Any = None) -> Tracer:
    """The fresh array, in the memory order that NumPy gives it beside a prototype."""
    keeps = order in ("K", "A", None) and shape is None
    fresh.c_order = is_c_contiguous(prototype) if keeps else order != "F"
    return fresh


# ------------------------------------------------------------------ of a shape
def constant_traced(shape: Any, value: Any, dtype: Any) -> Tracer:
    """A traced array that holds one value everywhere."""
    node = to_node(value, None if dtype is None else np.dtype(dtype))
    return in_c_order(wrap(broadcast(node if dtype is None else with_warning(node, np.dtype(dtype)), shape_of(shape))))


def _constant(value: int) -> Callable[..., Tracer]:
    def constant(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None) -> Tracer:
        return constant_traced(shape, value, np.float64 if dtype is None else dtype)

    return constant


implements(np.zeros, np.empty)(_constant(0))
implements(np.ones)(_constant(1))


@implements(np.full)
def full_traced(
    shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None
) -> Tracer:
    """`np.full`, whose value may be traced."""
    return constant_traced(shape, fill_value, dtype)


def traced_copy(array: np.ndarray) -> Tracer:
    """A traced array with the numbers of a plain one (a copy: writes do not reach the plain one)."""
    return in_c_order(wrap(array_leaf(np.ascontiguousarray(array))))


def _fresh(name: str) -> Callable[..., Tracer]:
    """NumPy's creation function whose result is traced, so that it may be written into."""
    make = getattr(np, name)

    def fresh(*args: Any, device: Any = None, like: Any = None, **kwargs: Any) -> Tracer:
        return traced_copy(make(*[_number(arg) for arg in args], **{key: _number(arg) for key, arg in kwargs.items()}))

    fresh.__doc__ = f"`np.{name}`."
    return fresh


def _number(value: Any) -> Any:
    """A traced size as the whole number it must be; any other argument as it is."""
    return whole(value) if isinstance(value, Tracer) and value.dtype.kind in "iu" else value


for _name in ("eye", "identity", "tri"):
    implements(getattr(np, _name))(_fresh(_name))


# ------------------------------------------------------------------ ranges
numpy_arange: Callable[..., np.ndarray] = np.arange  # its overloads say nothing of values of any type


@implements(np.arange)
def arange_traced(
    start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, *, device: Any = None, like: Any = None
) -> Tracer:
    """`np.arange`: the number of elements must be known; start and step may be traced."""
    if stop is None:
        start, stop = 0, start
    if not any_traced([start, stop, step]):
        return traced_copy(numpy_arange(start, stop, step, dtype))
    numbers = [np.asarray(end.value)[()] if isinstance(end, Tracer) else end for end in (start, stop, step)]
    plain = numpy_arange(*numbers, dtype=dtype)
    steps = traced(start) + np.arange(len(plain)) * step
    return wrap(cast(to_node(steps), plain.dtype))


@implements(np.linspace)
def linspace_traced(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """`np.linspace`, differentiable in both ends."""
    count = whole(num)
    if count < 0:
        raise UsageError(f"Number of samples, {count}, must be non-negative.")
    first, last = traced(start), traced(stop)
    wide = np.result_type(_kind(start), _kind(stop), 0.0)
    gaps = count - 1 if endpoint else count
    shape = np.broadcast_shapes(first.shape, last.shape)
    width = np.broadcast_to(last - first, shape)
    fractions = (np.arange(count) / max(gaps, 1)).astype(wide.type(0).real.dtype)
    rising = first + width * fractions.reshape(-1, *[1] * len(shape))
    if endpoint and count > 1:
        rising = np.concatenate([rising[:-1], np.broadcast_to(last, (1, *shape))])
    goal = wide if dtype is None else np.dtype(dtype)
    rising = np.floor(rising) if goal.kind in "iu" else rising
    result = np.moveaxis(traced(cast(to_node(rising), goal)), 0, one_axis(axis, len(shape) + 1))
    if not retstep:
        return result
    return result, (width / gaps if gaps > 0 else width * np.nan)


@implements(np.logspace)
def logspace_traced(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """`np.logspace`."""
    powers = linspace_traced(start, stop, num, endpoint, axis=axis)
    base = np.expand_dims(wrap(to_node(base)), axis) if np.ndim(base) else base
    result = np.power(base, powers)
    return result if dtype is None else result.astype(dtype)


@implements(np.geomspace)
def geomspace_traced(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """`np.geomspace`."""
    first, last = traced(start), traced(stop)
    shape = np.broadcast_shapes(first.shape, last.shape)
    fractions = np.linspace(0.0, 1.0, whole(num), endpoint).reshape(-1, *[1] * len(shape))
    result = np.moveaxis(first * np.power(last / first, fractions), 0, one_axis(axis, len(shape) + 1))
    return result if dtype is None else result.astype(dtype)


# ------------------------------------------------------------------ from values
def array_traced(
    object: Any,
    dtype: Any = None,
    *,
    copy: Any = True,
    order: str = "K",
    subok: bool = False,
    ndmin: int = 0,
    device: Any = None,
    like: Any = None,
) -> Tracer:
    """`np.array` of values that may be traced, nested in lists and tuples."""
    node = nested_node(object)
    if dtype is not None:
        node = with_warning(node, np.dtype(dtype))
    if node.ndim < ndmin:
        node = reshape(node, (*[1] * (ndmin - node.ndim), *node.shape))
    return _ordered_like(wrap(node), object, order) if isinstance(object, Tracer) else in_c_order(wrap(node))


def nested_node(value: Any) -> Node:
    """The node for nested lists of traced and plain values, promoted as NumPy promotes them."""
    if isinstance(value, list | tuple) and any_traced(value):
        return to_node(np.stack([wrap(nested_node(part)) for part in value]))
    return to_node(value)


implements(np.array)(array_traced)


@implements(np.copy)
def copy_traced(a: Any, order: str = "K", subok: bool = False) -> Tracer:
    """`np.copy`."""
    return _ordered_like(wrap(to_node(a)), a, order)


def asarray_traced(
    a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: bool | None = None, like: Any = None
) -> Tracer:
    """`np.asarray`: the same array where nothing has to change."""
    fits = order in ("K", "A", None) or (order == "C" and is_c_contiguous(a))
    if isinstance(a, Tracer) and (dtype is None or np.dtype(dtype) == a.dtype) and not copy and fits:
        return a
    if copy is False:
        raise UsageError("asarray(…, copy=False) would have to copy")
    return array_traced(a, dtype, order=order or "K")


implements(np.asarray, np.asanyarray)(asarray_traced)


def ascontiguousarray_traced(a: Any, dtype: Any = None, *, like: Any = None) -> Tracer:
    """`np.ascontiguousarray`."""
    result = asarray_traced(a, dtype, "C")
    return reshaped(result, (1,)) if result.ndim == 0 else result


implements(np.ascontiguousarray)(ascontiguousarray_traced)


def astype_traced(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Tracer:
    """`np.astype`."""
    node, goal = to_node(x), np.dtype(dtype)
    if node.dtype == goal and not copy and isinstance(x, Tracer):
        return x
    return _ordered_like(wrap(with_warning(node, goal)), x, "K")


if hasattr(np, "astype"):  # from NumPy 2.1
    implements(np.astype)(astype_traced)


# ------------------------------------------------------------------ what is known without numbers
@implements(np.shape)
def shape_traced(a: Any) -> tuple[int, ...]:
    """`np.shape`."""
    return to_node(a).shape


@implements(np.ndim)
def ndim_traced(a: Any) -> int:
    """`np.ndim`."""
    return to_node(a).ndim


@implements(np.size)
def size_traced(a: Any, axis: Any = None) -> int:
    """`np.size`."""
    aval = to_node(a).aval
    if axis is None:
        return aval.size
    places: Sequence[int] = axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([aval.shape[one_axis(place, aval.ndim)] for place in places]))


@implements(np.result_type)
def result_type_traced(*arrays_and_dtypes: Any) -> np.dtype:
    """`np.result_type`: a traced Python number counts as one."""
    return np.result_type(*[_kind(part) for part in arrays_and_dtypes])


def _kind(part: Any) -> Any:
    if isinstance(part, Tracer):
        return part.weak(0) if part.weak is not None and part.weak is not bool else part.dtype
    return aval_of(part).dtype if isinstance(part, list | tuple) else part


@implements(np.can_cast)
def can_cast_traced(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """`np.can_cast`."""
    return bool(np.can_cast(from_.dtype if isinstance(from_, Tracer) else from_, to, casting))


@implements(np.common_type)
def common_type_traced(*arrays: Any) -> Any:
    """`np.common_type`."""
    return np.common_type(*[np.empty(0, to_node(array).dtype) for array in arrays])


@implements(np.min_scalar_type)
def min_scalar_type_traced(a: Any, /) -> np.dtype:
    """`np.min_scalar_type`."""
    return to_node(a).dtype
