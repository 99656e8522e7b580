"""The methods of arrays (`x.sum(axis=0)`, `x.T`, `x.reshape(2, 3)`), bound to tracers from the functions. Floor 3."""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from glassgrad.base.errors import MutationError, ShapeError, UnsupportedError
from glassgrad.graph.node import Node
from glassgrad.ops import complex as complex_parts
from glassgrad.ops.structure import cast, real, reshape
from glassgrad.tracing.dispatch.creation import astype_traced
from glassgrad.tracing.dispatch.memory import in_c_order, is_c_contiguous
from glassgrad.tracing.dispatch.selection import compress_traced
from glassgrad.tracing.dispatch.shape import reshape_traced, swapaxes_traced
from glassgrad.tracing.dispatch.views import read_only, transposed, view_of
from glassgrad.tracing.registry import FUNCTIONS
from glassgrad.tracing.tracer import Tracer, note_origin, wrap

# Methods that are a NumPy function with the array as its first argument.
_AS_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "all": np.all,
    "any": np.any,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "argpartition": np.argpartition,
    "argsort": np.argsort,
    "choose": np.choose,
    "clip": np.clip,
    "cumprod": np.cumprod,
    "cumsum": np.cumsum,
    "diagonal": np.diagonal,
    "dot": np.dot,
    "max": np.max,
    "mean": np.mean,
    "min": np.min,
    "nonzero": np.nonzero,
    "prod": np.prod,
    "ptp": np.ptp,
    "put": np.put,
    "ravel": np.ravel,
    "repeat": np.repeat,
    "round": np.round,
    "searchsorted": np.searchsorted,
    "squeeze": np.squeeze,
    "std": np.std,
    "sum": np.sum,
    "swapaxes": np.swapaxes,
    "take": np.take,
    "trace": np.trace,
    "var": np.var,
}
# Methods that look at or change an array's memory, which a traced value does not have.
_REFUSED = {
    "byteswap": None,
    "dump": None,
    "dumps": None,
    "getfield": None,
    "newbyteorder": None,
    "resize": "np.resize(x, shape)",
    "setfield": None,
    "setflags": None,
    "tobytes": None,
    "tofile": None,
    "view": "x.astype(dtype) changes the dtype",
}


def _method(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Tracer, *args: Any, **kwargs: Any) -> Any:
        note_origin()
        implementation = FUNCTIONS.get(function)
        if implementation is None:
            raise UnsupportedError(
                f"the method {name} is not known to Glassgrad",
                hint="write it with functions that are (see the reference)",
            )
        return implementation(self, *args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"`ndarray.{name}`."
    return method


def _refused(name: str, instead: str | None) -> Callable[..., Any]:
    def method(self: Tracer, *args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(
            f"the method {name} needs an array's memory, which a traced value does not have",
            hint=instead or "glassgrad.stop_gradient(x).value gives the numbers outside of jit and vmap",
        )

    return method


for _name, _function in _AS_FUNCTIONS.items():
    setattr(Tracer, _name, _method(_name, _function))
for _name, _hint in _REFUSED.items():
    setattr(Tracer, _name, _refused(_name, _hint))


# ------------------------------------------------------------------ methods with arguments of their own
def _listed(args: tuple[Any, ...]) -> Any:
    """`x.reshape(2, 3)` and `x.reshape((2, 3))` mean the same."""
    return args[0] if len(args) == 1 else args


def _reshape(self: Tracer, *shape: Any, order: str = "C", copy: bool | None = None) -> Tracer:
    """`ndarray.reshape`."""
    return reshape_traced(self, _listed(shape), order, copy=copy)


def _transpose(self: Tracer, *axes: Any) -> Tracer:
    """`ndarray.transpose`."""
    return transposed(self, _listed(axes) if axes else None)


def _flatten(self: Tracer, order: str = "C") -> Tracer:
    """`ndarray.flatten`: a copy."""
    return in_c_order(wrap(reshape_traced(self, -1, order).node))


def _copy(self: Tracer, order: str = "C") -> Tracer:
    """`ndarray.copy`."""
    fresh = Tracer(self.node, self.weak)
    fresh.c_order = order == "C" or (order in ("K", "A") and is_c_contiguous(self))
    return fresh


def _astype(
    self: Tracer, dtype: Any, order: str = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
) -> Tracer:
    """`ndarray.astype`."""
    if not np.can_cast(self.dtype, dtype, casting):
        raise UnsupportedError(f"astype cannot cast {self.dtype} to {np.dtype(dtype)} by the rule {casting!r}")
    return astype_traced(self, dtype, copy=copy)


def _compress(self: Tracer, condition: Any, axis: int | None = None, out: None = None) -> Tracer:
    """`ndarray.compress`."""
    return compress_traced(condition, self, axis, out)


def _conj(self: Tracer) -> Tracer:
    """`ndarray.conj`: of real numbers the array itself."""
    return wrap(complex_parts.conjugate(self.node)) if self.dtype.kind == "c" else self


def _item(self: Tracer, *where: Any) -> Tracer:
    """`ndarray.item`: one element as a traced number."""
    if not where:
        if self.size != 1:
            raise ShapeError(f"item() needs an array of one element, found {self.size}", hint="x.item(i), or x[i]")
        return wrap(reshape(self.node, ()))
    place = where[0] if len(where) == 1 else where
    return self[place] if isinstance(place, tuple) else wrap(reshape(self.node, (self.size,)))[place]


def _fill(self: Tracer, value: Any) -> None:
    """`ndarray.fill`: in place."""
    self[...] = value


def _sort(self: Tracer, axis: int = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> None:
    """`ndarray.sort`: in place."""
    self.assign(np.sort(self, axis=axis).node)  # type: ignore[attr-defined]  # np.sort of a tracer is one


def _partition(self: Tracer, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None) -> None:
    """`ndarray.partition`: in place."""
    self.assign(np.partition(self, kth, axis=axis).node)  # type: ignore[attr-defined]  # as for sort


def _to_device(self: Tracer, device: Any, /, *, stream: Any = None) -> Tracer:
    """The array API's: everything is on the CPU."""
    if device != "cpu":
        raise UnsupportedError(f"there is no device {device!r} here", hint='the only one is "cpu"')
    return self


def _contains(self: Tracer, value: Any) -> bool:
    return bool(np.any(self == value))


def _copied(self: Tracer) -> Tracer:
    return Tracer(self.node, self.weak)


def _deeply_copied(self: Tracer, memo: Any) -> Tracer:
    return Tracer(self.node, self.weak)


def _namespace(self: Tracer, /, *, api_version: str | None = None) -> Any:
    """The array API's: the namespace to which arrays like this belong."""
    return importlib.import_module("glassgrad.numpy")  # by its name: it stands on a floor above


_OWN: dict[str, Callable[..., Any]] = {
    "reshape": _reshape,
    "transpose": _transpose,
    "flatten": _flatten,
    "copy": _copy,
    "astype": _astype,
    "compress": _compress,
    "conj": _conj,
    "conjugate": _conj,
    "item": _item,
    "fill": _fill,
    "sort": _sort,
    "partition": _partition,
    "to_device": _to_device,
    "__contains__": _contains,
    "__copy__": _copied,
    "__deepcopy__": _deeply_copied,
    "__array_namespace__": _namespace,
}


def _noting(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, after noting the user's line."""

    def noted(self: Tracer, *args: Any, **kwargs: Any) -> Any:
        note_origin()
        return method(self, *args, **kwargs)

    noted.__doc__ = method.__doc__
    return noted


for _name, _function in _OWN.items():
    setattr(Tracer, _name, _noting(_function))


# ------------------------------------------------------------------ attributes
def _transposed(self: Tracer) -> Tracer:
    """The axes in backward order."""
    note_origin()
    return transposed(self)


def _matrix_transposed(self: Tracer) -> Tracer:
    """The last two axes swapped."""
    note_origin()
    if self.ndim < 2:
        raise ShapeError(f"the transpose of matrices needs at least two axes, found {self.ndim}")
    return swapaxes_traced(self, -1, -2)


def _real(self: Tracer) -> Tracer:
    """The real part, as a view."""
    note_origin()
    if self.dtype.kind != "c":
        return view_of(self, lambda base: base, lambda _, part: part, lambda array: array)

    def write(base: Node, part: Node) -> Node:
        return _from_parts(part, complex_parts.imag(base), base.dtype)

    return view_of(self, real, write, lambda array: array)


def _imaginary(self: Tracer) -> Tracer:
    """The imaginary part, as a view (of real numbers: zeros)."""
    note_origin()

    def write(base: Node, part: Node) -> Node:
        return _from_parts(real(base), part, base.dtype)

    refuse = read_only("the imaginary part of real numbers")
    return view_of(self, complex_parts.imag, write if self.dtype.kind == "c" else refuse, lambda array: array)


def _from_parts(re: Node, im: Node, dtype: np.dtype) -> Node:
    return cast(re, dtype) + cast(im, dtype) * 1j


def _set_real(self: Tracer, value: Any) -> None:
    _real(self)[...] = value


def _set_imaginary(self: Tracer, value: Any) -> None:
    _imaginary(self)[...] = value


def _refuse_shape(self: Tracer, shape: Any) -> None:
    raise MutationError(f"the shape of a traced value cannot be set to {shape}", hint="y = x.reshape(shape)")


class Flat:
    """`x.flat`: the elements in C order, to read, to write, to go through."""

    __slots__ = ("_array",)

    def __init__(self, array: Tracer) -> None:
        self._array = array

    def _copy(self) -> Tracer:
        return wrap(reshape(self._array.node, (self._array.size,)))

    def __len__(self) -> int:
        return self._array.size

    def __iter__(self) -> Iterator[Tracer]:
        return iter(self._copy())

    def __getitem__(self, key: Any) -> Tracer:
        return Tracer(self._copy()[key].node)

    def __setitem__(self, key: Any, value: Any) -> None:
        flat = self._copy()
        flat[key] = value
        self._array.assign(reshape(flat.node, self._array.shape))


_ATTRIBUTES: dict[str, property] = {
    "T": property(_transposed),
    "mT": property(_matrix_transposed),
    "real": property(_real, _set_real),
    "imag": property(_imaginary, _set_imaginary),
    "flat": property(Flat),
    "device": property(lambda _: "cpu"),
    "shape": property(Tracer.shape.fget, _refuse_shape),  # type: ignore[attr-defined]  # a property of the class
}
for _name, _attribute in _ATTRIBUTES.items():
    setattr(Tracer, _name, _attribute)
