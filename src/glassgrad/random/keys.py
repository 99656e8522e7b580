"""Keys: made from a seed, split, and folded with a number; and the bits they stand for."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from glassgrad.api.values import on_values
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.ops.lifting import broadcast_shapes
from glassgrad.ops.random.bits import bits_of, fold_of, split_of
from glassgrad.tracing.tracer import Tracer

Key: TypeAlias = Any  # two words of 32 bits: an array, or a tracer of one
Shape: TypeAlias = int | Sequence[int] | None


def key(seed: Any) -> np.ndarray:
    """The key that belongs to a seed, a whole number below 2⁶⁴.

    >>> key(7)
    array([0, 7], dtype=uint32)
    """
    if not isinstance(seed, int | np.integer):
        raise UsageError(
            f"random.key takes a whole number, found {type(seed).__name__}",
            hint="random.fold_in(key, number) takes a traced number",
        )
    if not 0 <= int(seed) < 2**64:
        raise UsageError(f"random.key takes a whole number from 0 to 2⁶⁴ - 1, found {seed}")
    return np.array([int(seed) >> 32, int(seed) & 0xFFFFFFFF], np.uint32)


def split(key: Key, count: Any = 2) -> Any:
    """`count` keys that are independent of one another and of this one: (count, 2).

    >>> split(key(0), 3).shape
    (3, 2)
    """
    if not isinstance(count, int | np.integer) or count < 0:
        raise UsageError(f"random.split makes a fixed number of keys, found {count!r}")
    return on_values(lambda node: split_of(node, int(count)), key)


def fold_in(key: Key, number: Any) -> Any:
    """The key that belongs to a key and a whole number, as of a step or a layer; the number may be traced.

    >>> fold_in(key(0), 3).shape
    (2,)
    """
    return on_values(fold_of, key, number)


def bits(key: Key, shape: Shape = (), width: int = 32) -> Any:
    """Random unsigned integers of 32 or 64 bits.

    >>> bits(key(0), 3).dtype
    dtype('uint32')
    """
    if width not in (32, 64):
        raise UsageError(f"random.bits come in words of 32 or 64, not {width}")
    return on_values(lambda node: bits_of(node, shape_of(shape), width), key)


# ------------------------------------------------------------------ what the distributions share
def shape_of(shape: Shape, *parameters: Any) -> tuple[int, ...]:
    """The shape asked for; where none is, that of the parameters together. They must fit into it."""
    shapes = [np.shape(parameter) for parameter in parameters]
    if shape is None:
        return broadcast_shapes("random numbers", shapes) if shapes else ()
    asked = sizes_of(shape)
    if shapes and broadcast_shapes("random numbers", [asked, *shapes]) != asked:
        raise ShapeError(f"parameters of shapes {shapes} do not fit random numbers of shape {asked}")
    return asked


def sizes_of(shape: int | Sequence[int]) -> tuple[int, ...]:
    """A shape as a person writes it: a number or several."""
    asked = (int(shape),) if isinstance(shape, int | np.integer) else tuple([int(size) for size in shape])
    if any(size < 0 for size in asked):
        raise ShapeError(f"random numbers of shape {asked}")
    return asked


def dtype_of(dtype: Any, *parameters: Any) -> np.dtype:
    """The dtype asked for; where none is, the parameters' if they are real arrays, else float64."""
    if dtype is not None:
        asked: np.dtype = np.dtype(dtype)
        return asked
    arrays = [parameter.dtype for parameter in parameters if isinstance(parameter, np.ndarray | np.generic | Tracer)]
    found: np.dtype = np.result_type(*arrays) if arrays else np.dtype(np.float64)
    return found if found.kind == "f" else np.dtype(np.float64)


def at_dtype(value: Any, dtype: np.dtype) -> Any:
    """A value at this dtype."""
    return value if value.dtype == dtype else value.astype(dtype)


def spread_to(value: Any, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """A parameter at this shape and dtype."""
    array = value if isinstance(value, Tracer) else np.asarray(value)
    return np.broadcast_to(at_dtype(array, dtype), shape)
