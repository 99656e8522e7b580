"""Keys: what stands between the brackets of `x[…]`, as hashable data, and the shape that NumPy gives it. Floor 2.

A key has an entry for each axis from the left (axes it does not reach are taken whole): a number, a cut, a slot for
one of the index arrays. `None` puts in a new axis. An Ellipsis covers no axis and is kept only where it separates
index arrays, which matters for the order of the result's axes; then the key reaches every axis.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from types import EllipsisType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import OutOfRangeError, ShapeError


class Cut(NamedTuple):
    """A slice, hashable (Python's own is so only from 3.12)."""

    start: int | None
    stop: int | None
    step: int | None


class Slot(NamedTuple):
    """The place of index array `number`."""

    number: int


Entry: TypeAlias = int | Cut | Slot | EllipsisType | None
Key: TypeAlias = tuple[Entry, ...]
FULL = Cut(None, None, None)
BACKWARDS = Cut(None, None, -1)


# ------------------------------------------------------------------ shapes
def axes_reached(key: Key) -> int:
    """How many axes of the array the key has entries for."""
    return sum([entry is not None and entry is not Ellipsis for entry in key])


def chosen(cut: Cut, size: int) -> range:
    """The indices that a cut takes from an axis."""
    return range(*slice(*cut).indices(size))


def cut_size(cut: Cut, size: int) -> int:
    """How many indices a cut takes from an axis; an axis of unknown length is taken whole."""
    if cut == FULL or (size < 0 and cut == BACKWARDS):
        return size
    if size < 0:
        raise ShapeError("a part of an axis whose length only the run will tell", hint="take it whole")
    return len(chosen(cut, size))


def arrays_first(key: Key) -> int | None:
    """Where in the result the axes of the index arrays stand; None where the key has no index arrays.

    Beside index arrays a number counts as one. They stand together where nothing separates them, else in front.
    """
    if all(type(entry) is not Slot for entry in key):
        return None
    places = [place for place, entry in enumerate(key) if type(entry) is Slot or type(entry) is int]
    if places[-1] - places[0] + 1 != len(places):
        return 0
    return sum([entry is None or type(entry) is Cut for entry in key[: places[0]]])


def result_shape(shape: tuple[int, ...], key: Key, arrays: Sequence[tuple[int, ...]] = ()) -> tuple[int, ...]:
    """The shape of `x[key]` for x of this shape and index arrays of these shapes."""
    out: list[int] = []
    axis = 0
    for entry in key:
        if type(entry) is Cut:
            out.append(cut_size(entry, shape[axis]))
        elif type(entry) is int:
            check_index(entry, axis, shape)
        elif entry is None:
            out.append(1)
        axis += entry is not None and entry is not Ellipsis
    out.extend(shape[axis:])
    place = arrays_first(key) if arrays else None
    if place is not None:
        out[place:place] = _common_shape(arrays)
    return tuple(out)


def check_index(index: int, axis: int, shape: tuple[int, ...]) -> None:
    """An error where the index lies outside of the axis."""
    size = shape[axis]
    if not -size <= index < size and size >= 0:
        raise OutOfRangeError(
            f"index {index} is out of bounds for axis {axis} with size {size} (shape {show_shape(shape)})",
            hint="the axis is empty"
            if size == 0
            else f"indices run from 0 to {size - 1}, and from -1 to {-size} from the end",
        )


def _common_shape(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    if len(set(shapes)) == 1:
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listing = " and ".join(show_shape(shape) for shape in shapes)
        raise OutOfRangeError(
            f"index arrays of shapes {listing} do not broadcast together",
            hint="np.ix_(rows, columns) picks every pair of them",
        ) from None


def are_disjoint(first: Key, second: Key, shape: tuple[int, ...]) -> bool:
    """Do these keys (numbers and cuts only) certainly reach different elements?"""
    for axis, (a, b) in enumerate(zip(first, second, strict=False)):
        if not isinstance(a, int | Cut) or not isinstance(b, int | Cut) or shape[axis] < 0:
            return False
        if not _overlap(_reach(a, shape[axis]), _reach(b, shape[axis])):
            return True
    return False


def _reach(entry: int | Cut, size: int) -> range:
    if isinstance(entry, int):
        return range(entry % size, entry % size + 1)
    found = chosen(entry, size)
    return found if found.step > 0 else found[::-1]


def _overlap(a: range, b: range) -> bool:
    if not a or not b:
        return False
    low, high = max(a[0], b[0]), min(a[-1], b[-1])
    if a.step == b.step == 1:
        return low <= high
    shorter, longer = (a, b) if len(a) < len(b) else (b, a)
    return any(index in longer for index in shorter[:64]) or len(shorter) > 64


# ------------------------------------------------------------------ as NumPy takes it
def numpy_key(key: Key, arrays: Sequence[Any] = ()) -> Any:
    """The key as NumPy takes it."""
    parts = tuple(
        [
            slice(*entry) if type(entry) is Cut else arrays[entry.number] if type(entry) is Slot else entry
            for entry in key
        ]
    )
    return parts[0] if len(parts) == 1 else parts


def key_maker(key: Key) -> Callable[..., Any]:
    """A function from the index arrays to the key as NumPy takes it."""
    slots = [(place, entry.number) for place, entry in enumerate(key) if type(entry) is Slot]
    if key == (Slot(0),):
        return lambda indices: indices
    fixed = [slice(*entry) if type(entry) is Cut else entry for entry in key]

    def filled(*indices: Any) -> tuple[Any, ...]:
        parts: list[Any] = list(fixed)
        for place, number in slots:
            parts[place] = indices[number]
        return tuple(parts)

    return filled


@lru_cache(maxsize=4096)
def getter(key: Key) -> Callable[[Any], Any]:
    """The function that reads a key without index arrays."""
    return itemgetter(numpy_key(key))


# ------------------------------------------------------------------ as a person writes it
def key_text(key: Key, arrays: str = "indices") -> str:
    """What stands between the brackets: `0, 1:3, indices[0]`."""
    return ", ".join([_entry_text(entry, arrays) for entry in key]) or "..."


def _entry_text(entry: Entry, arrays: str) -> str:
    match entry:
        case Slot(number):
            return f"{arrays}[{number}]"
        case Cut(start, stop, step):
            ends = f"{'' if start is None else start}:{'' if stop is None else stop}"
            return ends if step is None else f"{ends}:{step}"
        case EllipsisType():
            return "..."
    return str(entry)
