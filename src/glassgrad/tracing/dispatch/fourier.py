"""np.fft on traced values. Floor 3. Lengths (`n`, `s`) cut the values or append zeros first, as in NumPy."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from glassgrad.base.errors import DtypeError, ShapeError, UnsupportedError, UsageError
from glassgrad.graph.node import Node
from glassgrad.ops.complex import conjugate
from glassgrad.ops.fourier import DUAL, complex_dtype, fft, fitted, irfft, rfft
from glassgrad.ops.structure import cast
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, to_node, wrap

Lengths = Sequence[int | None] | None
Axes = Sequence[int] | None


# ------------------------------------------------------------------ one axis
@implements(np.fft.fft)
def fft_traced(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Tracer:
    """`np.fft.fft`."""
    return wrap(_complex(_values(a, out), [n], [axis], norm, inverse=False))


@implements(np.fft.ifft)
def ifft_traced(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Tracer:
    """`np.fft.ifft`."""
    return wrap(_complex(_values(a, out), [n], [axis], norm, inverse=True))


@implements(np.fft.rfft)
def rfft_traced(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Tracer:
    """`np.fft.rfft`."""
    return wrap(_half(_values(a, out), n, axis, _norm(norm)))


@implements(np.fft.irfft)
def irfft_traced(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Tracer:
    """`np.fft.irfft`."""
    return wrap(_real(_values(a, out), n, axis, _norm(norm)))


@implements(np.fft.hfft)
def hfft_traced(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Tracer:
    """`np.fft.hfft`: of values whose transform is real, from their first half."""
    return wrap(_real(conjugate(_values(a, out)), n, axis, DUAL[_norm(norm)]))


@implements(np.fft.ihfft)
def ihfft_traced(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None) -> Tracer:
    """`np.fft.ihfft`."""
    return wrap(conjugate(_half(_values(a, out), n, axis, DUAL[_norm(norm)])))


# ------------------------------------------------------------------ several axes
@implements(np.fft.fftn)
def fftn_traced(a: Any, s: Lengths = None, axes: Axes = None, norm: str | None = None, out: None = None) -> Tracer:
    """`np.fft.fftn`."""
    x = _values(a, out)
    return wrap(_complex(x, *_lengths(x, s, axes), norm, inverse=False))


@implements(np.fft.ifftn)
def ifftn_traced(a: Any, s: Lengths = None, axes: Axes = None, norm: str | None = None, out: None = None) -> Tracer:
    """`np.fft.ifftn`."""
    x = _values(a, out)
    return wrap(_complex(x, *_lengths(x, s, axes), norm, inverse=True))


@implements(np.fft.rfftn)
def rfftn_traced(a: Any, s: Lengths = None, axes: Axes = None, norm: str | None = None, out: None = None) -> Tracer:
    """`np.fft.rfftn`: the last axis by rfft, the others by fft."""
    x = _values(a, out)
    lengths, along = _lengths(x, s, axes)
    half = _half(x, lengths[-1], along[-1], _norm(norm))
    return wrap(_complex(half, lengths[:-1], along[:-1], norm, inverse=False))


@implements(np.fft.irfftn)
def irfftn_traced(a: Any, s: Lengths = None, axes: Axes = None, norm: str | None = None, out: None = None) -> Tracer:
    """`np.fft.irfftn`: the last axis by irfft, the others by ifft."""
    x = _values(a, out)
    lengths, along = _lengths(x, s, axes)
    whole = _complex(x, lengths[:-1], along[:-1], norm, inverse=True) if along[:-1] else x
    return wrap(_real(whole, lengths[-1], along[-1], _norm(norm)))


def _in_two(function: Callable[..., Tracer]) -> Callable[..., Tracer]:
    """The form of a transform of several axes whose default is the last two."""

    def of_two(a: Any, s: Lengths = None, axes: Axes = (-2, -1), norm: str | None = None, out: None = None) -> Tracer:
        return function(a, s, axes, norm, out)

    of_two.__doc__ = f"As `np.fft.{function.__name__.removesuffix('_traced')}`, along the last two axes."
    return of_two


implements(np.fft.fft2)(_in_two(fftn_traced))
implements(np.fft.ifft2)(_in_two(ifftn_traced))
implements(np.fft.rfft2)(_in_two(rfftn_traced))
implements(np.fft.irfft2)(_in_two(irfftn_traced))


# ------------------------------------------------------------------ shifts
@implements(np.fft.fftshift)
def fftshift_traced(x: Any, axes: int | Axes = None) -> Any:
    """`np.fft.fftshift`: frequency 0 goes to the middle."""
    chosen = _shifted_axes(x, axes)
    return np.roll(x, [np.shape(x)[axis] // 2 for axis in chosen], chosen)


@implements(np.fft.ifftshift)
def ifftshift_traced(x: Any, axes: int | Axes = None) -> Any:
    """`np.fft.ifftshift`: undoes `fftshift`."""
    chosen = _shifted_axes(x, axes)
    return np.roll(x, [-(np.shape(x)[axis] // 2) for axis in chosen], chosen)


def _shifted_axes(x: Any, axes: int | Axes) -> tuple[int, ...]:
    if axes is None:
        return tuple(range(np.ndim(x)))
    return (int(axes),) if isinstance(axes, int | np.integer) else tuple([int(axis) for axis in axes])


# ------------------------------------------------------------------ pieces
def _values(a: Any, out: None) -> Node:
    """The operand at a dtype that has a transform."""
    if out is not None:
        raise UnsupportedError("np.fft with out= writes into an array that is being traced", hint="use the result")
    x = to_node(a)
    return x if x.dtype.kind in "fc" else cast(x, np.dtype(np.float64))


def _norm(norm: str | None) -> str:
    if norm is None:
        return "backward"
    if norm not in DUAL:
        raise UsageError(f"np.fft has no norm {norm!r}", hint="'backward', 'ortho' or 'forward'")
    return norm


def _axis(axis: Any, x: Node) -> int:
    return normalize_axis_index(int(axis), x.ndim)


def _lengths(x: Node, s: Lengths, axes: Axes) -> tuple[list[int | None], list[int]]:
    """The length asked for along each axis (None: as it is), and the axes."""
    if s is None:
        along = range(x.ndim) if axes is None else axes
        return [None] * len(along), [int(axis) for axis in along]
    along = range(-len(s), 0) if axes is None else axes
    if len(s) != len(along):
        raise ShapeError(f"np.fft: {len(s)} lengths {tuple(s)} for {len(along)} axes {tuple(along)}")
    chosen = [_axis(axis, x) for axis in along]
    return [x.shape[a] if n == -1 else None if n is None else int(n) for n, a in zip(s, chosen, strict=True)], chosen


def _complex(x: Node, lengths: Sequence[int | None], axes: Sequence[int], norm: str | None, *, inverse: bool) -> Node:
    """Complex transforms along the axes, from the last to the first as in NumPy."""
    along = tuple([_axis(axis, x) for axis in axes])
    if len(set(along)) < len(along):  # an axis named twice is transformed twice, and cut to its length in between
        for length, axis in list(zip(lengths, along, strict=True))[::-1]:
            x = _complex(x, [length], [axis], norm, inverse=inverse)
        return x
    for length, axis in zip(lengths, along, strict=True):
        x = x if length is None else _cut(x, axis, length)
    return fft(x, along, inverse=inverse, norm=_norm(norm))


def _cut(x: Node, axis: int, length: int) -> Node:
    if length < 1:
        raise ShapeError(f"np.fft of {length} values", hint="n is a positive number")
    return fitted(x, axis, length)


def _half(x: Node, length: int | None, axis: int, norm: str) -> Node:
    if x.dtype.kind == "c":
        raise DtypeError(f"np.fft.rfft takes real values, found {x.dtype}", hint="np.fft.fft takes complex ones")
    axis = _axis(axis, x)
    return rfft(x if length is None else _cut(x, axis, length), axis, norm)


def _real(x: Node, length: int | None, axis: int, norm: str) -> Node:
    axis = _axis(axis, x)
    size = 2 * (x.shape[axis] - 1) if length is None else length
    if size < 1:
        raise ShapeError(f"np.fft.irfft to {size} values", hint="n=… for the number of values")
    y = irfft(_cut(cast(x, complex_dtype(x.dtype)), axis, size // 2 + 1), axis, size, norm)
    return cast(y, x.dtype) if x.dtype == np.float16 else y
