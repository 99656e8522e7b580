"""Steps and numbers as bytes, without losing a bit of what counts. Floor 7.

"f4" where each number fits float32 exactly (what a float32 network gives), else "f8"; with ".z" the bytes are grouped
by significance and deflated, which pays where numbers repeat. All little-endian, columns one after the other.
"""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_WORTH = 0.75  # deflated numbers are kept where they take less than this share


@dataclass(frozen=True, slots=True)
class Steps:
    """Step numbers: `first`, `first + stride`, … or, where they are uneven, `blob`."""

    first: int
    stride: int
    blob: bytes | None


def pack_steps(steps: Integers) -> Steps:
    """Steps as they are kept.

    >>> pack_steps(np.array([10, 20, 30]))
    Steps(first=10, stride=10, blob=None)
    """
    apart = np.diff(steps)
    stride = int(apart[0]) if len(apart) else 1
    even = bool(np.all(apart == stride))
    return Steps(int(steps[0]), stride if even else 0, None if even else steps.astype("<i8").tobytes())


def unpack_steps(packed: Steps, rows: int) -> Integers:
    """The steps again."""
    if packed.blob is not None:
        return np.frombuffer(packed.blob, "<i8").astype(np.int64)
    return packed.first + packed.stride * np.arange(rows, dtype=np.int64)


def pack_numbers(values: Floats, *, deflate: bool) -> tuple[str, bytes]:
    """Numbers (rows, columns) as (packing, bytes)."""
    with np.errstate(over="ignore", invalid="ignore"):
        short = values.astype("<f4")
    exact = np.array_equal(short.astype(np.float64).view(np.int64), values.view(np.int64))
    packing, kept = ("f4", short) if exact else ("f8", values.astype("<f8"))
    columns = np.ascontiguousarray(kept.T)  # (columns, rows)
    plain = columns.tobytes()
    if deflate:
        by_significance = columns.reshape(-1, 1).view(np.uint8).T  # (bytes of a number, columns × rows)
        small = zlib.compress(by_significance.tobytes(), 1)
        if len(small) < _WORTH * len(plain):
            return f"{packing}.z", small
    return packing, plain


def unpack_numbers(packing: str, blob: bytes, *, rows: int, columns: int) -> Floats:
    """The numbers again, (rows, columns)."""
    kind, _, deflated = packing.partition(".")
    dtype = np.dtype(f"<{kind}")
    if deflated:
        grouped = np.frombuffer(zlib.decompress(blob), np.uint8).reshape(dtype.itemsize, rows * columns)
        blob = np.ascontiguousarray(grouped.T).tobytes()
    return np.frombuffer(blob, dtype).reshape(columns, rows).T.astype(np.float64)
