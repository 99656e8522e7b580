"""Checkpoints: one file each, written under another name, forced to the disk, and renamed; read with a check. Floor 7.

A file is in the safetensors format: arrays by name, and the facts as JSON in its header, with a hash of the arrays.
Nothing in it is code. The one before the last is kept, for the case that the last cannot be read.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.base.errors import CheckpointError

FORMAT = "glassgrad checkpoint 1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a file holds: arrays by name, and facts."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Writes a file such that at each moment the old or the new one is whole."""
    from safetensors.numpy import save  # with the first file, not with the package

    arrays = {name: np.asarray(array, order="C") for name, array in checkpoint.arrays.items()}
    header = {"format": FORMAT, "facts": json.dumps(checkpoint.facts), "hash": _hash(arrays)}
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            file.write(save(arrays, header))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Forces a rename to the disk, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read(path: Path) -> Checkpoint:
    """What a file holds; CheckpointError where it is no checkpoint, or not whole."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}", hint="it is damaged, or no checkpoint") from None
    if header.get("format") != FORMAT:
        raise CheckpointError(f"{path} is no checkpoint of Glassgrad", hint=f"its format is {header.get('format')!r}")
    if header.get("hash") != _hash(arrays):
        raise CheckpointError(f"{path} is damaged: its numbers are not those that were written")
    return Checkpoint(arrays, json.loads(header["facts"]))


def _hash(arrays: dict[str, np.ndarray]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.asarray(array, order="C").data)
    return found.hexdigest()


class Checkpoints:
    """The checkpoints of a run in a folder: the last one, the one before, and the best model."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.last, self.previous = self.folder / "last.safetensors", self.folder / "previous.safetensors"
        self.best = self.folder / "best.safetensors"

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes the last checkpoint, and keeps the one before."""
        if self.last.exists():
            self.last.replace(self.previous)
        write(self.last, checkpoint)

    def load(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest checkpoint that can be read, or None in an empty folder; and what was wrong with newer ones.

        Raises CheckpointError where there are files and none can be read.
        """
        problems: list[str] = []
        for path in (self.last, self.previous):
            if path.exists():
                try:
                    return read(path), problems
                except CheckpointError as error:
                    problems.append(error.message)
        if problems:
            raise CheckpointError(
                "; ".join(problems), hint=f"resume=False begins anew and overwrites what is in {self.folder}"
            )
        return None, []
