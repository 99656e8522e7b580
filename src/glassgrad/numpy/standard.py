"""Where the array API standard (2024.12) asks for more than NumPy's own functions give."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.api import pipeline as _pipeline  # noqa: F401 - binds NumPy's functions
from glassgrad.numpy.mirror import taking_lists
from glassgrad.tracing.dispatch.along import cumulative_prod, cumulative_sum
from glassgrad.tracing.dispatch.joining import unstack_traced
from glassgrad.tracing.tracer import Tracer

_clip, _sort, _argsort = taking_lists(np.clip), taking_lists(np.sort), taking_lists(np.argsort)
_meshgrid, _broadcast_arrays = taking_lists(np.meshgrid), taking_lists(np.broadcast_arrays)


def clip(x: Any, /, min: Any = None, max: Any = None, *, a_min: Any = None, a_max: Any = None, **options: Any) -> Any:
    """The values brought between `min` and `max` (NumPy's older names are `a_min` and `a_max`).

    >>> clip(np.array([-1.0, 0.5, 2.0]), 0.0, 1.0)
    array([0. , 0.5, 1. ])
    """
    return _clip(x, a_min if min is None else min, a_max if max is None else max, **options)


def sort(
    x: Any,
    /,
    axis: int | None = -1,
    kind: Any = None,
    order: Any = None,
    *,
    descending: bool = False,
    stable: bool | None = None,
) -> Any:
    """The values in rising order along an axis, or in falling order.

    >>> sort(np.array([2, 3, 1]), descending=True)
    array([3, 2, 1])
    """
    result = _sort(x, axis=axis, **_sorting(kind, order, stable))
    return np.flip(result, axis=0 if axis is None else axis) if descending else result


def argsort(
    x: Any,
    /,
    axis: int | None = -1,
    kind: Any = None,
    order: Any = None,
    *,
    descending: bool = False,
    stable: bool | None = None,
) -> Any:
    """The places that bring the values into order; equal ones keep theirs, also where the order falls.

    >>> argsort(np.array([2, 3, 3]), descending=True)
    array([1, 2, 0])
    """
    options = _sorting(kind, order, stable)
    if not descending:
        return _argsort(x, axis=axis, **options)
    along = 0 if axis is None else axis
    turned = np.flip(np.ravel(x) if axis is None else x, axis=along)
    return np.shape(turned)[along] - 1 - np.flip(_argsort(turned, axis=along, kind="stable"), axis=along)


def _sorting(kind: Any, order: Any, stable: bool | None) -> dict[str, Any]:
    given = {"kind": kind, "order": order, "stable": stable}
    if kind is None and order is None and stable is None:
        return {"kind": "stable"}  # as the standard asks
    return {name: value for name, value in given.items() if value is not None}


def meshgrid(*arrays: Any, indexing: str = "xy", copy: bool = True, sparse: bool = False) -> list[Any]:
    """A grid of coordinates for each of the vectors.

    >>> meshgrid([1, 2], [3])[0]
    array([[1, 2]])
    """
    return list(_meshgrid(*arrays, indexing=indexing, copy=copy, sparse=sparse))


def broadcast_arrays(*arrays: Any, subok: bool = False) -> list[Any]:
    """The arrays repeated to one shape.

    >>> broadcast_arrays([1, 2], 3)[1]
    array([3, 3])
    """
    return list(_broadcast_arrays(*arrays, subok=subok))


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The parts of the array along an axis.

    >>> unstack(np.array([[1, 2], [3, 4]]), axis=1)
    (array([1, 3]), array([2, 4]))
    """
    return unstack_traced(x, axis=axis) if isinstance(x, Tracer) else tuple(np.moveaxis(np.asarray(x), axis, 0))


# ------------------------------------------------------------------ dtypes
@dataclass(frozen=True, slots=True)
class FloatInfo:
    """What is to be known of a floating dtype; other names are those of `np.finfo`."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype

    def __getattr__(self, name: str) -> Any:
        return getattr(np.finfo(self.dtype), name)


@dataclass(frozen=True, slots=True)
class IntegerInfo:
    """What is to be known of a dtype of whole numbers."""

    bits: int
    max: int
    min: int
    dtype: np.dtype


def finfo(type: Any, /) -> FloatInfo:
    """Limits of a floating dtype, or of an array's.

    >>> finfo(np.float32).bits
    32
    """
    info = np.finfo(_dtype_of(type))
    return FloatInfo(
        bits=info.bits,
        eps=float(info.eps),
        max=float(info.max),
        min=float(info.min),
        smallest_normal=float(info.smallest_normal),
        dtype=info.dtype,
    )


def iinfo(type: Any, /) -> IntegerInfo:
    """Limits of a dtype of whole numbers, or of an array's.

    >>> iinfo(np.int8).max
    127
    """
    dtype = np.dtype(_dtype_of(type))
    info = np.iinfo(dtype)
    return IntegerInfo(info.bits, int(info.max), int(info.min), dtype)


def _dtype_of(type: Any) -> Any:
    return type.dtype if isinstance(type, Tracer | np.ndarray | np.generic) else type


# ------------------------------------------------------------------ the namespace itself
class NamespaceInfo:
    """What this namespace can do: its devices, its dtypes, its capabilities."""

    __slots__ = ()

    def capabilities(self) -> dict[str, Any]:
        """Boolean indexing and shapes that depend on numbers work where the numbers are known."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """The one device."""
        return "cpu"

    def devices(self) -> list[str]:
        """All devices."""
        return ["cpu"]

    def default_dtypes(self, *, device: str | None = None) -> dict[str, np.dtype]:
        """The dtypes that Python's numbers and positions have."""
        names = {"real floating": "float64", "complex floating": "complex128", "integral": "int64", "indexing": "int64"}
        return {kind: np.dtype(name) for kind, name in names.items()}

    def dtypes(self, *, device: str | None = None, kind: str | tuple[str, ...] | None = None) -> dict[str, np.dtype]:
        """All dtypes of a kind, by the standard's names."""
        every = {name: np.dtype(name) for name in _DTYPES}
        return {name: dtype for name, dtype in every.items() if kind is None or np.isdtype(dtype, kind)}


_DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
    "complex64", "complex128",
)  # fmt: skip


def __array_namespace_info__() -> NamespaceInfo:  # noqa: N807 - the standard's name
    """The standard's way to ask what a namespace can do."""
    return NamespaceInfo()


__array_api_version__ = "2024.12"
__all__ = [
    "__array_api_version__", "__array_namespace_info__", "argsort", "broadcast_arrays", "clip", "cumulative_prod",
    "cumulative_sum", "finfo", "iinfo", "meshgrid", "sort", "unstack",
]  # fmt: skip
