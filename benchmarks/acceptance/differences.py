"""Accurate numeric gradients of plain NumPy functions, over nests of lists, tuples and dicts.

Central differences at three steps, extrapolated (Richardson), and a second time at other steps: where the two
disagree the oracle has no answer there (a kink between the points), and says so.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

STEPS = (4e-3, 1.7e-3)


def is_real(leaf: Any) -> bool:
    """Can it be moved a little?"""
    return isinstance(leaf, float) or (isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f")


def leaves(value: Any) -> Iterator[Any]:
    """The leaves of a nest."""
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def replaced(value: Any, new: Iterator[Any]) -> Any:
    """The nest with other leaves."""
    if isinstance(value, dict):
        return {key: replaced(part, new) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(replaced(part, new) for part in value)
    return next(new)


def movable(arguments: dict[str, Any]) -> list[str]:
    """The names of arguments that are real all through."""
    return [name for name, value in arguments.items() if all(is_real(leaf) for leaf in leaves(value))]


def numeric_gradient(function: Callable[..., Any], arguments: dict[str, Any], name: str) -> tuple[Any, float]:
    """The gradient with respect to one argument, and how far the two extrapolations are apart."""
    parts = [np.array(leaf, dtype=float) for leaf in leaves(arguments[name])]
    kinds = [type(leaf) for leaf in leaves(arguments[name])]

    def value(moved: list[np.ndarray]) -> float:
        back = iter(float(p) if kind is float else p.copy() for p, kind in zip(moved, kinds, strict=True))
        return float(function(**{**arguments, name: replaced(arguments[name], back)}))

    gradients, doubt = [], 0.0
    for index, part in enumerate(parts):
        gradient = np.zeros_like(part)
        for where in np.ndindex(part.shape):
            found = [_richardson(lambda h, i=index, w=where: _moved(value, parts, i, w, h), step) for step in STEPS]
            gradient[where] = found[1]
            doubt = max(doubt, abs(found[0] - found[1]) / max(1.0, abs(found[1])))
        gradients.append(gradient)
    return replaced(arguments[name], iter(gradients)), doubt


def _moved(
    value: Callable[[list[np.ndarray]], float], parts: list[np.ndarray], index: int, where: tuple[int, ...], h: float
) -> float:
    moved = list(parts)
    moved[index] = parts[index].copy()
    moved[index][where] += h
    return value(moved)


def _richardson(along: Callable[[float], float], step: float) -> float:
    """The derivative at 0, with error O(h^6)."""
    first, second, third = ((along(h) - along(-h)) / (2 * h) for h in (step, step / 2, step / 4))
    better, best = (4 * second - first) / 3, (4 * third - second) / 3
    return (16 * best - better) / 15


def difference(found: Any, expected: Any) -> float:
    """The largest difference of two nests, relative to its leaf's largest number (at least 1); inf if shapes differ."""
    mine, right = list(leaves(found)), list(leaves(expected))
    if len(mine) != len(right) or any(np.shape(a) != np.shape(b) for a, b in zip(mine, right, strict=True)):
        return math.inf
    worst = 0.0
    for a, b in zip(mine, right, strict=True):
        gap = np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float))
        if not np.all(np.isfinite(gap)):
            return math.inf
        worst = max(worst, float(np.max(gap, initial=0.0)) / max(1.0, float(np.max(np.abs(b), initial=0.0))))
    return worst
