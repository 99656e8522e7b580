"""Creation functions: inside a trace they make arrays that may be written into with traced values."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from glassgrad.graph.node import workspace
from glassgrad.tracing.dispatch import creation
from glassgrad.tracing.registry import FUNCTIONS
from glassgrad.tracing.tracer import Tracer, any_traced, note_origin


def _made_inside(name: str) -> Callable[..., Any]:
    """NumPy's function outside of a trace; inside one, what Glassgrad makes instead."""
    plain = getattr(np, name)
    traced = FUNCTIONS[plain]

    @wraps(plain)
    def make(*args: Any, **kwargs: Any) -> Any:
        if workspace() is None:
            return plain(*args, **kwargs)
        note_origin()
        return traced(*args, **kwargs)

    return make


zeros, ones, empty, full, eye, identity, tri, arange, linspace = (
    _made_inside(name) for name in ("zeros", "ones", "empty", "full", "eye", "identity", "tri", "arange", "linspace")
)
zeros_like, ones_like, empty_like, full_like = (
    _made_inside(name) for name in ("zeros_like", "ones_like", "empty_like", "full_like")
)


@wraps(np.array)
def array(object: Any, dtype: Any = None, **options: Any) -> Any:
    """`np.array`, of nested lists that may hold traced values; inside a trace it may be written into."""
    if workspace() is None:
        return np.array(object, dtype, **options)
    note_origin()
    if not any_traced([object]):
        return creation.traced_copy(np.array(object, dtype, **{**options, "copy": True}))
    return creation.array_traced(object, dtype, **options)


def asarray(obj: Any, /, dtype: Any = None, order: Any = None, *, device: Any = None, copy: bool | None = None) -> Any:
    """`np.asarray`, of nested lists that may hold traced values; a plain array stays as it is.

    >>> asarray([1, 2])
    array([1, 2])
    """
    if workspace() is not None and any_traced([obj]):
        note_origin()
        return creation.asarray_traced(obj, dtype, order, copy=copy)
    return np.asarray(obj, dtype=dtype, order=order, device=device, copy=copy)


def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    """`np.copy`; inside a trace it may be written into.

    >>> copy([1, 2])
    array([1, 2])
    """
    if workspace() is None:
        return np.array(a, order=order, subok=subok, copy=True)
    note_origin()
    return creation.copy_traced(a, order) if isinstance(a, Tracer) else array(a)


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """The array API's `astype`: the values at another dtype.

    >>> astype(np.array([1.7, -1.7]), np.int64)
    array([ 1, -1])
    """
    return x.astype(dtype, copy=copy)


asanyarray = asarray
__all__ = [
    "arange", "array", "asanyarray", "asarray", "astype", "copy", "empty", "empty_like", "eye", "full", "full_like",
    "identity", "linspace", "ones", "ones_like", "tri", "zeros", "zeros_like",
]  # fmt: skip
