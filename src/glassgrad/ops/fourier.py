"""Discrete Fourier transforms: fft (and its inverse), rfft of real values, irfft back to them. Floor 2.

The matrix of phases is symmetric, so a transform is its own transpose (pairings are bilinear: nothing is conjugated).
A real transform keeps half of the spectrum; in its transposes what stands for two frequencies counts half or twice.
"""

import numpy as np

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import DtypeError, ShapeError
from glassgrad.graph.node import Node, apply
from glassgrad.graph.op import Linear, Op, Shifted, op
from glassgrad.ops.complex import conjugate
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL, Cut
from glassgrad.ops.shape import pad
from glassgrad.ops.structure import cast, real

# With this norm the inverse transform is scaled as the forward one is with the other.
DUAL = {"backward": "forward", "ortho": "ortho", "forward": "backward"}
_WHY = "the transform is a sum of the values times fixed phases, and the matrix of phases is symmetric"


def complex_dtype(dtype: np.dtype) -> np.dtype:
    """The dtype of a spectrum: complex64 for float32 and float16."""
    return np.result_type(dtype, np.complex64)


def _check_size(name: str, size: int) -> None:
    if size == 0:
        raise ShapeError(f"{name} along an axis of no elements")


def _options(ndim: int, axes: tuple[int, ...], norm: str) -> str:
    """What follows the values in the text of a transform: the axis unless it is the last, the norm unless the usual."""
    along = "" if axes == (ndim - 1,) else f", axis={axes[0]}" if len(axes) == 1 else f", axes={axes}"
    return along + ("" if norm == "backward" else f", norm={norm!r}")


# ------------------------------------------------------------------ complex transforms
def _fft_aval(x: Aval, axes: tuple[int, ...], inverse: bool, norm: str) -> Aval:
    for axis in axes:
        _check_size("fft", x.shape[axis])
    return Aval(x.shape, complex_dtype(x.dtype))


def _fft_text(x: Aval, axes: tuple[int, ...], inverse: bool, norm: str) -> str:
    name = f"np.fft.{'i' if inverse else ''}fft{'n' if len(axes) > 1 else ''}"
    return f"{name}(x{_options(x.ndim, axes, norm)})"


def _fft_back(ct: Node, x: Node, axes: tuple[int, ...], inverse: bool, norm: str) -> Node:
    back = fft(ct, axes, inverse=inverse, norm=norm)
    return cast(back if x.dtype.kind == "c" else real(back), x.dtype)


FFT = op(
    "fft",
    "x -> y",
    infer=_fft_aval,
    numpy=_fft_text,
    batching=Shifted(axes=("axes",)),
    rule="derivative of the Fourier transform",
    why=_WHY,
    x=Linear(_fft_back),
)


def fft(x: Node, axes: tuple[int, ...], *, inverse: bool = False, norm: str = "backward") -> Node:
    """The Fourier transform of real or complex values along each of these axes (non-negative)."""
    return apply(FFT, x, axes=axes, inverse=inverse, norm=norm) if axes else cast(x, complex_dtype(x.dtype))


# ------------------------------------------------------------------ real transforms
def _rfft_aval(x: Aval, axis: int, norm: str) -> Aval:
    if x.dtype.kind != "f":
        raise DtypeError(f"rfft takes real values, found {x.dtype}", hint="fft takes complex ones")
    _check_size("rfft", x.shape[axis])
    return Aval((*x.shape[:axis], x.shape[axis] // 2 + 1, *x.shape[axis + 1 :]), complex_dtype(x.dtype))


def _rfft_back(ct: Node, axis: int, size: int, norm: str) -> Node:
    return irfft(conjugate(apply(WEIGH_MIRRORED, ct, factor=0.5, axis=axis, size=size)), axis, size, norm)


RFFT: Op = op(
    "rfft",
    "x -> y",
    infer=_rfft_aval,
    numpy=lambda x, axis, norm: f"np.fft.rfft(x{_options(x.ndim, (axis,), norm)})",
    batching=Shifted(axes=("axis",)),
    rule="derivative of the Fourier transform",
    why=_WHY,
    x=Linear(lambda ct, x, axis, norm: cast(_rfft_back(ct, axis, x.shape[axis], DUAL[norm]), x.dtype)),
)


def rfft(x: Node, axis: int, norm: str = "backward") -> Node:
    """The first half of the Fourier transform of real values along an axis."""
    return apply(RFFT, x, axis=axis, norm=norm)


def _irfft_aval(y: Aval, axis: int, size: int, norm: str) -> Aval:
    _check_size("irfft", size)
    if y.dtype.kind != "c" or y.shape[axis] != size // 2 + 1:
        raise ShapeError(f"irfft to {size} values takes {size // 2 + 1} complex ones, found {show_shape(y.shape)}")
    return Aval((*y.shape[:axis], size, *y.shape[axis + 1 :]), np.empty(0, y.dtype).real.dtype)


def _irfft_text(y: Aval, axis: int, size: int, norm: str) -> str:
    length = "" if size == 2 * (y.shape[axis] - 1) else ", size"
    return f"np.fft.irfft(y{length}{_options(y.ndim, (axis,), norm)})"


IRFFT: Op = op(
    "irfft",
    "y -> x",
    infer=_irfft_aval,
    numpy=_irfft_text,
    batching=Shifted(axes=("axis",)),
    rule="derivative of the Fourier transform",
    why=_WHY,
    y=Linear(
        lambda ct, axis, size, norm: apply(
            WEIGH_MIRRORED, conjugate(rfft(ct, axis, DUAL[norm])), factor=2.0, axis=axis, size=size
        )
    ),
)


def irfft(y: Node, axis: int, size: int, norm: str = "backward") -> Node:
    """The `size` real values whose transform's first half this is; imaginary parts at the ends are ignored."""
    return apply(IRFFT, y, axis=axis, size=size, norm=norm)


# ------------------------------------------------------------------ mirror images
def weigh_mirrored(y: np.ndarray, factor: float, axis: int, size: int) -> np.ndarray:
    """Half a spectrum of `size` values times a factor, but for the frequencies that are their own mirror image."""
    weights = np.full(y.shape[axis], factor, y.real.dtype)
    weights[0] = 1
    if size % 2 == 0:
        weights[-1] = 1
    return y * weights.reshape(-1, *[1] * (y.ndim - axis - 1))


def _weigh_aval(y: Aval, factor: float, axis: int, size: int) -> Aval:
    return y


WEIGH_MIRRORED: Op = op(
    "weigh_mirrored",
    "y -> z",
    infer=_weigh_aval,
    numpy="weigh_mirrored(y, factor, axis, size)",
    kernels=(weigh_mirrored,),
    batching=Shifted(axes=("axis",)),
    rule="constant factors",
    why="half a spectrum stands for the whole: each frequency but the ends also for its mirror image",
    y=Linear(lambda ct, **how: apply(WEIGH_MIRRORED, ct, **how)),
)


# ------------------------------------------------------------------ lengths
def fitted(x: Node, axis: int, size: int) -> Node:
    """The first `size` values along an axis, zeros where there are fewer."""
    have = x.shape[axis]
    if size < have:
        return index(x, (*[FULL] * axis, Cut(0, size, None)))
    if size > have:
        return pad(x, tuple([(0, size - have if place == axis else 0) for place in range(x.ndim)]))
    return x
