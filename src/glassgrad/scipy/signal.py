"""scipy.signal on traced values: convolve, correlate and their kin."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.signal

from glassgrad.api.values import on_values
from glassgrad.base.errors import UnsupportedError, UsageError
from glassgrad.scipy.lookup import names_of
from glassgrad.tracing.dispatch.convolution import convolve_axes
from glassgrad.tracing.registry import implements_name
from glassgrad.tracing.tracer import any_traced

_look_up, __dir__ = names_of("scipy.signal")


def __getattr__(name: str) -> Any:
    return _look_up(name)


def convolve(
    in1: Any,
    in2: Any,
    mode: str = "full",
    method: str = "auto",
    *,
    axes: tuple[Sequence[int], Sequence[int]] | None = None,
    dot_axes: tuple[Sequence[int], Sequence[int]] = ((), ()),
) -> Any:
    """The convolution of two arrays along all axes, or along pairs of them.

    Besides SciPy's arguments: `axes` are the axes of each array to convolve, `dot_axes` those to contract (multiplied
    and summed); the others are kept. The result's axes are (rest of in1, rest of in2, convolved).

    >>> convolve(np.array([1.0, 2.0]), np.array([1.0, 1.0, 1.0]))
    array([1., 3., 3., 2.])
    """
    if axes is None and not any(dot_axes):
        if not any_traced((in1, in2)):
            return scipy.signal.convolve(in1, in2, mode, method)
        _check_valid(in1, in2, mode)
    return on_values(lambda x, w: convolve_axes(x, w, axes, dot_axes, mode), in1, in2)


def _check_valid(in1: Any, in2: Any, mode: str) -> None:
    a, b = np.shape(in1), np.shape(in2)
    if len(a) != len(b):
        raise UsageError(f"convolve needs arrays of as many axes, found {a} and {b}")
    larger = all(n >= m for n, m in zip(a, b, strict=True)), all(n <= m for n, m in zip(a, b, strict=True))
    if mode == "valid" and not any(larger):
        raise UsageError(f"convolve with mode 'valid' needs one array at least as large along every axis: {a} and {b}")


@implements_name("scipy.signal.fftconvolve", "scipy.signal.oaconvolve")
def fftconvolve_traced(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """`scipy.signal.fftconvolve`, computed directly."""
    if axes is not None and len(np.atleast_1d(axes)) != np.ndim(in1):
        raise UnsupportedError(
            "fftconvolve along some of the axes is not known on traced values",
            hint="glassgrad.scipy.signal.convolve(..., axes=...), or glassgrad.vmap",
        )
    return convolve(in1, in2, mode)


@implements_name("scipy.signal.convolve2d")
def convolve2d_traced(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: float = 0) -> Any:
    """`scipy.signal.convolve2d` with zeros beyond the boundary."""
    _zeros_beyond("convolve2d", boundary, fillvalue)
    return convolve(in1, in2, mode)


@implements_name("scipy.signal.correlate2d")
def correlate2d_traced(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: float = 0) -> Any:
    """`scipy.signal.correlate2d` with zeros beyond the boundary."""
    _zeros_beyond("correlate2d", boundary, fillvalue)
    if mode != "same":
        return correlate_traced(in1, in2, mode)
    (n, m), (rows, columns) = np.shape(in1), np.shape(in2)  # centred one further than `correlate` for even sizes
    return correlate_traced(in1, in2, "full")[rows // 2 : rows // 2 + n, columns // 2 : columns // 2 + m]


def _zeros_beyond(name: str, boundary: str, fillvalue: float) -> None:
    if boundary != "fill" or fillvalue != 0:
        raise UnsupportedError(
            f"{name} with boundary={boundary!r} and fillvalue={fillvalue} is not known on traced values",
            hint="pad the array with np.pad and use mode='valid'",
        )


@implements_name("scipy.signal.correlate")
def correlate_traced(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """`scipy.signal.correlate`: the convolution with the reversed conjugate."""
    return convolve(in1, np.conjugate(np.flip(in2)), mode)
