"""What is compared: the same computation, written for each library in that library's own way."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# The library's name here, and the module that must be installed for it. The order is that of the tables.
LIBRARIES = {
    "glassgrad": "glassgrad",
    "jax": "jax",
    "torch": "torch",
    "torch.compile": "torch",
    "autograd": "autograd",
    "numpy": "numpy",
}


@dataclass(frozen=True, slots=True)
class Run:
    """A call to time: `function(*arguments)` returns when its numbers are there; `numbers` makes them NumPy's."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    numbers: Callable[[Any], Any] = np.asarray


@dataclass(frozen=True, slots=True)
class Case:
    """One row of a table. A maker imports its library, sets up, and gives the call to time.

    The first `compared` results of each library must agree to `tolerance`, relative to the largest number. `bytes` and
    `flops` are the least that must be moved and done, for rates.
    """

    name: str
    makers: Mapping[str, Callable[[], Run]]
    compared: int = 1
    tolerance: float = 1e-4
    bytes: float | None = None
    flops: float | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)


def installed() -> list[str]:
    """The libraries that can be imported here."""
    return [name for name, module in LIBRARIES.items() if importlib.util.find_spec(module)]


def leaves(result: Any) -> list[np.ndarray]:
    """The arrays of a result: a number, an array, or a nest of tuples, lists and dicts, in sorted order of keys."""
    match result:
        case dict():
            return [leaf for key in sorted(result) for leaf in leaves(result[key])]
        case list() | tuple():
            return [leaf for part in result for leaf in leaves(part)]
        case None:
            return []
        case _:
            return [np.asarray(result, dtype=np.float64)]


def apart(one: Any, other: Any) -> float:
    """The largest difference between two results, relative to the largest number in the array it stands in."""
    first, second = leaves(one), leaves(other)
    if [x.shape for x in first] != [y.shape for y in second]:
        return float("inf")
    worst = 0.0
    for x, y in zip(first, second, strict=True):
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            return float("inf")
        scale = max(float(np.max(np.abs(x), initial=0.0)), 1e-30)
        worst = max(worst, float(np.max(np.abs(x - y), initial=0.0)) / scale)
    return worst
