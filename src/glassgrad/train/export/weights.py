"""The arrays of an exported network: in a file beside the text, or in the text itself where they are few. Floor 7."""

import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.files import whole
from glassgrad.train.export.network import Network

INLINE = 100  # numbers that are written into the text


def arrays_of(network: Network, read: Iterable[str]) -> dict[str, np.ndarray]:
    """The weights by name, of those that are read."""
    wanted = set(read)
    named = {network.names[node]: np.asarray(array) for node, array in network.weights.items()}
    return {name: array for name, array in named.items() if name in wanted}


def are_few(arrays: dict[str, np.ndarray]) -> bool:
    """Do these go into the text?"""
    return sum(array.size for array in arrays.values()) <= INLINE


def check_path(arrays: dict[str, np.ndarray], path: Path | None, ending: str) -> None:
    """Raises UsageError where there are too many numbers for a text, and no file to put them in."""
    if path is None and not are_few(arrays):
        count = sum(array.size for array in arrays.values())
        raise UsageError(
            f"the weights are {count:,} numbers, which do not go into a text",
            hint=f"path='network.py' writes the text there and the weights beside it, as network{ending}",
        )


def array_text(array: np.ndarray) -> str:
    """An array as a call of np.array that gives the same numbers; no dtype's digits are more than it needs."""
    dtype = f"dtype=np.{array.dtype.name}"
    if not array.size:
        return f"np.zeros({array.shape}, {dtype})"
    text = f"np.array({_nested(array)}, {dtype})"
    return "\n    ".join(textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False))


def _nested(array: np.ndarray) -> str:
    if array.ndim:
        return f"[{', '.join(_nested(part) for part in array)}]"
    number = str(array[()])
    return f"float('{number}')" if number.lstrip("-") in ("nan", "inf") else number


def save_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes the arrays by name, as `np.load` reads them."""
    named: Any = arrays
    with whole(path) as part, part.open("wb") as file:
        np.savez(file, **named)


def save_safetensors(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes the arrays by name, as safetensors reads them."""
    from safetensors.numpy import save_file  # with the first file, not with the package

    with whole(path) as part:
        save_file({name: np.array(array, order="C") for name, array in arrays.items()}, part)


def save_module(path: Path, text: str, weights: str, arrays: dict[str, np.ndarray]) -> None:
    """Writes a module, and before it the weights that it reads, beside it under the ending `weights`."""
    if not are_few(arrays):
        {".npz": save_npz, ".safetensors": save_safetensors}[weights](path.with_suffix(weights), arrays)
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def described(network: Network) -> str:
    """`x (batch, 3)`: the inputs with their shapes."""
    return ", ".join(f"{network.names[node]} {network.shown(node.shape)}" for node in network.inputs)


def results(network: Network) -> str:
    """`(batch, 2)`: the shapes of the results."""
    return " and ".join(network.shown(node.shape) for node in network.outputs)
