"""Ufuncs that are more than one row, and the methods of all ufuncs: reduce, accumulate, outer. Floor 3."""

from collections.abc import Callable
from typing import Any

import numpy as np

from glassgrad.base.errors import DtypeError, UnsupportedError
from glassgrad.graph.node import Node
from glassgrad.graph.op import OPS
from glassgrad.ops import complex as complex_parts
from glassgrad.ops import extrema as _extrema  # noqa: F401 - binds rows
from glassgrad.ops import textbook as _textbook  # noqa: F401 - binds rows
from glassgrad.ops.lifting import elementwise
from glassgrad.ops.special import bessel as _bessel  # noqa: F401 - binds rows
from glassgrad.ops.special import elementary as _elementary  # noqa: F401 - binds rows
from glassgrad.ops.special import elliptic as _elliptic  # noqa: F401 - binds rows
from glassgrad.ops.special import error_functions as _error_functions  # noqa: F401 - binds rows
from glassgrad.ops.special import incomplete as _incomplete  # noqa: F401 - binds rows
from glassgrad.ops.special import integrals as _integrals  # noqa: F401 - binds rows
from glassgrad.ops.special import polynomials as _polynomials  # noqa: F401 - binds rows
from glassgrad.ops.structure import cast
from glassgrad.ops.ufuncs import function_of
from glassgrad.tracing.registry import implements_ufunc
from glassgrad.tracing.tracer import Tracer, to_node, wrap

_FLOAT, _COMPLEX = np.dtype(np.float64), np.dtype(np.complex128)


def inexact(value: Any) -> Node:
    """The operand as a node; whole numbers and truth values at float64."""
    node = to_node(value)
    return node if node.dtype.kind in "fc" else cast(node, _FLOAT)


def traced(value: Any) -> Any:
    """The value as a tracer (typed Any: a tracer's operators are bound at run time)."""
    return wrap(to_node(value))


def traced_inexact(value: Any) -> Any:
    """The value as a tracer; whole numbers and truth values at float64."""
    return wrap(inexact(value))


def operand(value: Any) -> Any:
    """What an elementwise row takes: a node, or a Python number as it is (its dtype is weak)."""
    return value if type(value) in (bool, int, float, complex) else to_node(value)


# ------------------------------------------------------------------ real or complex
@implements_ufunc("absolute")
def absolute_traced(x: Any) -> Tracer:
    """`np.absolute`: of a complex number its modulus."""
    return wrap(complex_parts.magnitude(to_node(x)))


@implements_ufunc("fabs")
def fabs_traced(x: Any) -> Tracer:
    """`np.fabs`: the absolute value of real numbers, whole ones at the dtype at which NumPy takes them."""
    (dtype, _) = loop_dtypes_of(np.fabs, to_node(x))
    return wrap(complex_parts.magnitude(cast(to_node(x), dtype)))


def loop_dtypes_of(ufunc: np.ufunc, x: Node) -> tuple[np.dtype, ...]:
    """The dtypes at which NumPy runs a ufunc of one input."""
    try:
        return ufunc.resolve_dtypes((x.dtype, *[None] * ufunc.nout))
    except TypeError as error:
        raise DtypeError(f"{ufunc.__name__} does not take {x.dtype}") from error


@implements_ufunc("sign")
def sign_traced(x: Any) -> Tracer:
    """`np.sign`: of a complex number z / |z|."""
    return wrap(complex_parts.direction(to_node(x)))


@implements_ufunc("conjugate")
def conjugate_traced(x: Any) -> Tracer:
    """`np.conjugate`."""
    (dtype, _) = loop_dtypes_of(np.conjugate, to_node(x))  # truth values become whole numbers
    return wrap(complex_parts.conjugate(cast(to_node(x), dtype)))


@implements_ufunc("float_power")
def float_power_traced(x1: Any, x2: Any) -> Any:
    """`np.float_power`: a power at double precision."""
    x, y = to_node(x1), to_node(x2)
    dtype = _COMPLEX if "c" in (x.dtype.kind, y.dtype.kind) else _FLOAT
    return np.power(wrap(cast(x, dtype)), wrap(cast(y, dtype)))


# ------------------------------------------------------------------ several results
@implements_ufunc("divmod")
def divmod_traced(x1: Any, x2: Any) -> tuple[Any, Any]:
    """`np.divmod`: the whole quotient and the remainder."""
    return np.floor_divide(x1, x2), np.remainder(x1, x2)


@implements_ufunc("modf")
def modf_traced(x: Any) -> tuple[Any, Any]:
    """`np.modf`: the fraction and the whole part, each with the number's sign; infinity has no fraction."""
    value = traced_inexact(x)
    whole = np.trunc(value)
    fraction = np.where(np.signbit(value), -(whole - value), value - whole)
    return np.where(np.isinf(value), np.copysign(0.0, value), fraction), whole


@implements_ufunc("frexp")
def frexp_traced(x: Any) -> tuple[Any, Any]:
    """`np.frexp`: a mantissa between 1/2 and 1 and the power of two."""
    value = traced_inexact(x)
    size = np.abs(value)
    zero = (size == 0) | ~np.isfinite(size)
    guess = np.floor(np.log2(np.where(zero, 1.0, size))) + 1
    scaled = np.ldexp(size, (-guess).astype(np.int32))
    exponent = np.where(zero, 0, np.where(scaled >= 1, guess + 1, np.where(scaled < 0.5, guess - 1, guess)))
    whole = exponent.astype(np.int32)
    return np.ldexp(value, -whole), whole


def _parts(name: str, rows: str) -> None:
    """Declares a ufunc of several results, each a row of its own."""
    functions = [function_of(row) for row in rows.split()]

    def parts(x: Any) -> tuple[Tracer, ...]:
        node = inexact(x)
        return tuple([wrap(function(node)) for function in functions])

    implements_ufunc(name)(parts)


_parts("sici", "si ci")
_parts("shichi", "shi chi")
_parts("fresnel", "fresnels fresnelc")
_parts("airy", "airyai airyaiprime airybi airybiprime")


# ------------------------------------------------------------------ ufuncs under another name
def _alias(name: str, row: str) -> None:
    implements_ufunc(name)(lambda *operands: wrap(elementwise(OPS[row], [operand(value) for value in operands])))


_alias("psi", "digamma")


@implements_ufunc("_zeta")
def hurwitz_traced(x: Any, q: Any) -> Tracer:
    """`scipy.special.zeta(x, q)`."""
    return wrap(function_of("zeta")(operand(x), operand(q)))


@implements_ufunc("_riemann_zeta")
def riemann_traced(x: Any) -> Tracer:
    """`scipy.special.zeta(x)`."""
    return wrap(function_of("zeta")(to_node(x), 1.0))


@implements_ufunc("_lambertw")
def lambertw_traced(z: Any, k: Any, tol: Any = 1e-8) -> Tracer:
    """`scipy.special.lambertw`: a complex result; one branch at a time."""
    del tol
    if isinstance(k, Tracer) or np.ndim(k):
        raise UnsupportedError("lambertw takes one whole number for the branch k on traced values")
    return wrap(function_of("lambertw")(cast(to_node(z), _COMPLEX), k=int(k)))


# ------------------------------------------------------------------ methods of ufuncs
_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "add": np.sum,
    "multiply": np.prod,
    "maximum": np.max,
    "minimum": np.min,
    "logical_and": np.all,
    "logical_or": np.any,
}
_RUNNING: dict[str, Callable[..., Any]] = {"add": np.cumsum, "multiply": np.cumprod}


def _plain(options: dict[str, Any], known: tuple[str, ...], method: str) -> dict[str, Any]:
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in known:
            raise UnsupportedError(f"ufunc.{method}(…, {name}=…) is not known on traced values")
    return given


@implements_ufunc("reduce")
def reduce_traced(
    ufunc: np.ufunc,
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    **options: Any,
) -> Any:
    """`np.add.reduce` and its like: the sum, product, maximum … along an axis (the first, where none is named)."""
    given = _plain(options | {"out": out}, ("initial", "where"), "reduce")
    if np.ndim(array) == 0 and axis in (0, -1):  # as in NumPy: one number has an axis to reduce after all
        axis = None
    function = _REDUCTIONS.get(ufunc.__name__)
    if function is not None:
        given = given | ({"dtype": dtype} if dtype is not None and function in (np.sum, np.prod) else {})
        return function(array, axis=axis, keepdims=keepdims, **given)
    if given:
        raise UnsupportedError(f"np.{ufunc.__name__}.reduce with {', '.join(given)} is not known on traced values")
    axes = range(np.ndim(array)) if axis is None else np.atleast_1d(axis)
    result = traced(array)
    for one in sorted([int(a) % result.ndim for a in axes], reverse=True):
        *_, result = _folded(ufunc, result, one)
    return np.expand_dims(result, tuple([int(a) for a in axes])) if keepdims else result


def _folded(ufunc: np.ufunc, array: Any, axis: int) -> list[Any]:
    """f(a, b), f(f(a, b), c), … along an axis."""
    rows = np.moveaxis(array, axis, 0)
    if ufunc.__name__.startswith("logical"):
        rows = rows.astype(bool)
    elif (dtype := ufunc.resolve_dtypes((rows.dtype, rows.dtype, None))[-1]).kind in "fc":
        rows = rows.astype(dtype)  # also where there is but one
    if not len(rows):
        raise UnsupportedError(f"np.{ufunc.__name__} of no elements has no value on traced values")
    results: list[Any] = [rows[0]]
    for index in range(1, len(rows)):
        results.append(ufunc(results[-1], rows[index]))
    return results


@implements_ufunc("accumulate")
def accumulate_traced(ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None, out: None = None) -> Any:
    """`np.add.accumulate` and its like: the running sum, product, maximum … along an axis."""
    _plain({"out": out}, (), "accumulate")
    function = _RUNNING.get(ufunc.__name__)
    if function is not None:
        return function(array, axis=axis, dtype=dtype)
    value = traced(array)
    if not value.size:
        return value.astype(bool) if ufunc.__name__.startswith("logical") else value
    return np.stack(_folded(ufunc, value, axis), axis=axis)


@implements_ufunc("outer")
def outer_traced(ufunc: np.ufunc, a: Any, b: Any, **options: Any) -> Any:
    """`np.multiply.outer` and its like: the ufunc on every pair of elements."""
    first, second = traced(a), traced(b)
    return ufunc(np.reshape(first, (*first.shape, *[1] * second.ndim)), second, **options)
