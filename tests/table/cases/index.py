"""Cases for reading and writing parts of arrays."""

from typing import Any

import numpy as np

from glassgrad.ops.keys import BACKWARDS, FULL, Cut, Key, Slot, numpy_key
from tests.table.case import COMPLEX, Case, integers


def read(x: Any, *indices: Any, key: Key) -> Any:
    return x[numpy_key(key, indices)]


def add(x: Any, v: Any, *indices: Any, key: Key, unique: bool) -> Any:
    out = x.copy()
    np.add.at(out, numpy_key(key, indices), v)
    return out


def update(x: Any, v: Any, *indices: Any, key: Key, unique: bool) -> Any:
    out = x.copy()
    out[numpy_key(key, indices)] = v
    return out


# (shape of x, key, index arrays): every kind of key, repeated places, axes that NumPy puts in front.
BASIC: list[tuple[tuple[int, ...], Key]] = [
    ((4,), (2,)),
    ((4,), (Cut(1, 3, None),)),
    ((4, 3), (-1,)),
    ((4, 3), (FULL, Cut(None, None, 2))),
    ((4, 3), (BACKWARDS, None, 1)),
    ((2, 3, 4), (None, 0, None, Cut(3, 0, -2))),
    ((2, 1), (FULL, 0)),
    ((3, 2), (BACKWARDS, BACKWARDS)),
    ((4,), (Cut(2, 2, None),)),
]
ARRAYS: list[tuple[tuple[int, ...], Key, list[tuple[int, ...]]]] = [
    ((4,), (Slot(0),), [(6,)]),
    ((4, 3), (Slot(0),), [(2, 2)]),
    ((4, 3), (FULL, Slot(0)), [(5,)]),
    ((4, 3), (Slot(0), Slot(1)), [(2,), (2,)]),
    ((4, 3), (Slot(0), Slot(1)), [(3, 1), (2,)]),
    ((2, 3, 4), (Slot(0), FULL, Slot(1)), [(2,), (2,)]),
    ((2, 3, 4), (FULL, Slot(0), 1), [(3,)]),
    ((2, 3, 4), (1, FULL, Slot(0)), [(3,)]),
    ((2, 3, 2), (FULL, Slot(0), Slot(1)), [(2, 1), (3,)]),
    ((3, 4), (Slot(0), None, FULL), [()]),
    ((4, 3), (Cut(3, None, -1), Slot(0)), [()]),
    ((2, 3, 4), (FULL, Slot(0), ..., Slot(1)), [(3,), (3,)]),
    ((3, 4), (None, Slot(0)), [(2,)]),
]


def _sizes(shape: tuple[int, ...], key: Key) -> list[int]:
    reached = [entry for entry in key if entry is not None and entry is not ...]
    return [shape[axis] for axis, entry in enumerate(reached) if isinstance(entry, Slot)]


def _samplers(shape: tuple[int, ...], key: Key) -> list[Any]:
    return [integers(-size, size) for size in _sizes(shape, key)]


def _part(shape: tuple[int, ...], key: Key, arrays: list[tuple[int, ...]]) -> tuple[int, ...]:
    return np.zeros(shape)[numpy_key(key, [np.zeros(array, int) for array in arrays])].shape


def _cases() -> list[Case]:
    found = []
    for shape, key in BASIC:
        note = f"{shape}{numpy_key(key)}"
        found += [
            Case("index", (shape,), {"key": key}, meaning=read, dtypes=COMPLEX, note=note),
            Case("index_add", (shape, _part(shape, key, [])), {"key": key, "unique": True}, meaning=add, note=note),
            Case(
                "index_update", (shape, _part(shape, key, [])), {"key": key, "unique": True}, meaning=update, note=note
            ),
        ]
    for shape, key, arrays in ARRAYS:
        note = f"{shape}{key}{arrays}".replace(" ", "")
        part, indices = _part(shape, key, arrays), _samplers(shape, key)
        found += [
            Case("index", (shape, *arrays), {"key": key}, [None, *indices], meaning=read, note=note),
            Case(
                "index_add",
                (shape, part, *arrays),
                {"key": key, "unique": False},
                [None, None, *indices],
                meaning=add,
                note=note,
            ),
            Case(
                "index_update",
                (shape, part, *arrays),
                {"key": key, "unique": False},
                [None, None, *indices],
                meaning=update,
                note=note,
            ),
        ]
    return found


CASES = _cases()
