"""Arrays in files: the safetensors format, with facts as JSON and a hash of the arrays in its header. Floor 0.

Nothing in such a file is code. It appears whole or not at all, and is forced to the disk before it does.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.base.errors import CheckpointError
from glassgrad.base.files import whole

FORMAT = "glassgrad checkpoint 1"
_UNKNOWN = (np.longdouble, np.clongdouble) if np.dtype(np.longdouble).itemsize > 8 else ()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a file holds: arrays by name, and facts."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]


def write(path: Path, checkpoint: Checkpoint, *, keep: Path | None = None) -> None:
    """Writes a file such that at each moment the old or the new one is whole; `keep` is where the old one goes.

    Raises CheckpointError where the disk is full, the folder cannot be written, or the format has no such dtype.
    """
    from safetensors.numpy import save  # with the first file, not with the package

    arrays = {name: _plain(path, name, array) for name, array in checkpoint.arrays.items()}
    pairs = [name for name, array in arrays.items() if array.dtype == np.complex128]  # the format has no such dtype
    arrays |= {name: np.stack([arrays[name].real, arrays[name].imag], axis=-1) for name in pairs}
    header = {
        "format": FORMAT,
        "facts": json.dumps(checkpoint.facts),
        "hash": _hash(arrays),
        "pairs": json.dumps(pairs),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path, keep=keep) as part, part.open("wb") as file:
            file.write(save(arrays, header))
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(path.parent)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be written: {error.strerror or error}") from error


def _plain(path: Path, name: str, array: Any) -> np.ndarray:
    """The array as it can be written: in one piece, in this machine's order of bytes."""
    found = np.asarray(array, order="C")
    if found.dtype.kind not in "biufc" or found.dtype in _UNKNOWN:
        raise CheckpointError(f"{path} cannot hold {name}: safetensors has no {found.dtype}")
    return found.astype(found.dtype.newbyteorder("="), copy=False)


def _sync_folder(folder: Path) -> None:
    """Forces a rename to the disk, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read(path: Path) -> Checkpoint:
    """What a file holds; CheckpointError where it is none of ours, or not whole."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    except FileNotFoundError:
        raise CheckpointError(f"there is no file {path}") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}", hint="it is damaged, or no checkpoint") from None
    if header.get("format") != FORMAT:
        said = "names no format" if "format" not in header else f"is in the format {header['format']!r}"
        raise CheckpointError(f"{path} is no checkpoint of Glassgrad: its header {said}")
    if header.get("hash") != _hash(arrays):
        raise CheckpointError(f"{path} is damaged: its numbers are not those that were written")
    try:
        facts = json.loads(header["facts"])
        arrays |= {name: arrays[name].view(np.complex128)[..., 0] for name in json.loads(header.get("pairs", "[]"))}
    except (KeyError, ValueError):
        facts = None
    if not isinstance(facts, dict):
        raise CheckpointError(f"{path} is damaged: it says nothing of its arrays")
    return Checkpoint(arrays, facts)


def _hash(arrays: dict[str, np.ndarray]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.asarray(array, order="C").data)
    return found.hexdigest()
