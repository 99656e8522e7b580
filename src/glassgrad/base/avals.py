"""Abstract values: what is known of an array before its numbers: shape and dtype. Floor 0."""

import itertools
import math
from typing import NamedTuple

import numpy as np

from glassgrad.base.errors import DtypeError, UnsupportedError

_run_lengths = itertools.count(1)


class Aval(NamedTuple):
    """The shape and dtype of one array. A negative size is a length that only the run will tell (see `run_length`)."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes that the array takes when it is contiguous."""
        return self.size * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{short_dtype(self.dtype)}[{','.join(show_size(n) for n in self.shape)}]"


def run_length() -> int:
    """A fresh unknown length: the trip count of a loop whose end depends on data. Equal only to itself."""
    return -next(_run_lengths)


def show_size(size: int) -> str:
    """A size as people read it: `3`, or `n1` for a length that the run decides."""
    return str(size) if size >= 0 else f"n{-size}"


def show_shape(shape: tuple[int, ...]) -> str:
    """A shape as people read it: `(2, 3)`."""
    inside = ", ".join(show_size(n) for n in shape)
    return f"({inside},)" if len(shape) == 1 else f"({inside})"


def short_dtype(dtype: np.dtype) -> str:
    """`float64` -> `f64`, `complex64` -> `c64`, `bool` -> `bool`."""
    return "bool" if dtype.kind == "b" else f"{dtype.kind}{dtype.itemsize * 8}"


def is_inexact(dtype: np.dtype) -> bool:
    """Can a value of this dtype carry a derivative?"""
    return dtype.kind in "fc"


def plain_array(value: object) -> np.ndarray:
    """The value as an array of numbers, its bytes in this machine's order; an error for what means something else.

    A matrix multiplies by `*` and a masked array skips entries: taken as plain arrays they would give other numbers.
    """
    if type(value) is not np.ndarray and isinstance(value, np.ndarray) and (kind := _special_kind(type(value))):
        raise UnsupportedError(
            f"a {kind} is not known to Glassgrad",
            hint="np.asarray(m), with @ for products" if kind == "np.matrix" else "np.where(mask, 0.0, m.data)",
        )
    array = np.asarray(value)
    if array.dtype.kind == "O" and type(value) is int:
        raise DtypeError(f"the whole number {value} does not fit into 64 bits", hint="float(n) holds it, rounded")
    if array.dtype.kind == "O" and array.ndim == 0 and array.item() is None:
        raise DtypeError("None stands where a number or an array is asked for", hint="was it left out of the call?")
    if array.dtype.kind not in "biufc":
        raise DtypeError(
            f"an array of {array.dtype} does not hold numbers",
            hint="x.astype(float)" if array.dtype.kind == "O" else None,
        )
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _special_kind(array_type: type) -> str | None:
    """What a subclass of arrays is called whose arithmetic is its own; by name, for `np.ma` takes 20 ms to import."""
    names = [kind.__name__ for kind in array_type.__mro__ if kind.__module__.partition(".")[0] == "numpy"]
    return "np.matrix" if "matrix" in names else "masked array" if "MaskedArray" in names else None


def aval_of(value: object) -> Aval:
    """The abstract value of a plain array or number."""
    array = np.asarray(value)
    return Aval(array.shape, array.dtype)
