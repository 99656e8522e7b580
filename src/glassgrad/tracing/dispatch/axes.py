"""Axes as NumPy takes them (negative from the end), checked. Floor 3."""

from collections.abc import Sequence
from operator import index as whole
from typing import Any

from glassgrad.base.errors import OutOfRangeError, ShapeError


def one_axis(axis: Any, ndim: int) -> int:
    """The axis counted from the front."""
    number = whole(axis)
    if not -ndim <= number < ndim:
        axes = f"{ndim} axes" if ndim != 1 else "one axis"
        raise OutOfRangeError(
            f"axis {number} is out of bounds for an array of {axes}",
            hint=f"axes run from 0 to {ndim - 1}, and from -1 to {-ndim} from the end" if ndim else None,
        )
    return number % ndim


def several_axes(axes: Any, ndim: int) -> tuple[int, ...]:
    """The axes counted from the front, in the order given, none twice."""
    listed: Sequence[Any] = axes if isinstance(axes, tuple | list) else (axes,)
    found = tuple([one_axis(axis, ndim) for axis in listed])
    if len(set(found)) != len(found):
        raise ShapeError(f"axes {tuple(listed)} name an axis twice")
    return found


def shape_of(shape: Any) -> tuple[int, ...]:
    """A shape given as a number or a sequence of numbers."""
    return (
        tuple([whole(size) for size in shape])
        if isinstance(shape, tuple | list) or (hasattr(shape, "__len__") and getattr(shape, "ndim", None) != 0)
        else (whole(shape),)
    )
