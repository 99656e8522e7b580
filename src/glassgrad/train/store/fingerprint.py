"""What the data were: a hash that two runs on the same data share. Floor 7."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WHOLE = 256 << 20  # bytes that are hashed whole; of more, samples are
_SAMPLES, _SAMPLE = 256, 64 << 10


def fingerprint(data: Any) -> dict[str, Any]:
    """Size and SHA-256 of arrays (alone, or in dicts, lists and tuples) or of a file.

    Of more than 256 MB the hash covers 256 samples, spread evenly, and "sampled" says so.

    >>> found = fingerprint((np.zeros((100, 4)), np.zeros(100)))
    >>> found["arrays"], found["bytes"], found["sha256"][:8]
    (['float64[100, 4]', 'float64[100]'], 4000, '494a4707')
    """
    if isinstance(data, str | Path):
        return _of_file(Path(data))
    arrays = _arrays(data)
    size = sum(array.nbytes for array in arrays)
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        _add(digest, array, whole=size <= _WHOLE)
    found: dict[str, Any] = {"arrays": [f"{a.dtype}{list(a.shape)}" for a in arrays], "bytes": size}
    return found | {"sha256": digest.hexdigest()} | ({} if size <= _WHOLE else {"sampled": True})


def sha256_of(path: Path) -> str:
    """Of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _of_file(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    found: dict[str, Any] = {"file": path.name, "bytes": size}
    if size <= _WHOLE:
        return found | {"sha256": sha256_of(path)}
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for start in _starts(size):
            stream.seek(start)
            digest.update(stream.read(_SAMPLE))
    return found | {"sha256": digest.hexdigest(), "sampled": True}


def _arrays(data: Any) -> list[NDArray[Any]]:
    match data:
        case Mapping():
            return [array for key in sorted(data, key=str) for array in _arrays(data[key])]
        case list() | tuple() if any(isinstance(item, np.ndarray | Mapping | list | tuple) for item in data):
            return [array for item in data for array in _arrays(item)]
    return [np.asarray(data)]


def _add(digest: Any, array: NDArray[Any], *, whole: bool) -> None:
    if array.dtype.hasobject:
        digest.update(repr(array.tolist()).encode())
    elif whole or array.nbytes <= _SAMPLE or array.ndim == 0:
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
    else:  # whole rows, so that nothing but the samples of a memory-mapped array is read
        rows = max(1, _SAMPLE * len(array) // array.nbytes)
        for start in _starts(len(array), rows):
            digest.update(np.ascontiguousarray(array[start : start + rows]).tobytes())


def _starts(size: int, sample: int = _SAMPLE) -> list[int]:
    last = max(0, size - sample)
    return sorted({last * place // (_SAMPLES - 1) for place in range(_SAMPLES)})
