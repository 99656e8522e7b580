"""A function on traced values against the same function on plain NumPy arrays: values, shapes, dtypes, derivatives."""

from collections.abc import Callable
from typing import Any

import numpy as np

from glassgrad.api.pipeline import tracing
from glassgrad.base.avals import is_inexact
from glassgrad.base.trees import flatten, unflatten
from glassgrad.testing.check import check_gradients
from glassgrad.testing.numeric import distance
from glassgrad.tracing.trace import known_input
from glassgrad.tracing.tracer import Tracer

Function = Callable[..., Any]


def traced_leaves(function: Function, *args: Any) -> tuple[list[Any], Any]:
    """What the function gives on traced arguments, as plain values, and the structure it comes in."""
    with tracing():
        leaves, structure = flatten(list(args))
        traced = unflatten(structure, [known_input(leaf) for leaf in leaves])
        results, out_structure = flatten(function(*traced))
        return [np.array(leaf.value) if isinstance(leaf, Tracer) else leaf for leaf in results], out_structure


def copies(args: Any) -> list[Any]:
    """Fresh arrays, for functions that write into their arguments."""
    leaves, structure = flatten(list(args))
    return list(unflatten(structure, [np.array(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]))


def same_as_numpy(function: Function, *args: Any, tolerance: float = 1e-14) -> None:
    """Traced and plain give equal values, shapes, dtypes and structures."""
    plain, structure = flatten(function(*copies(args)))
    traced, traced_structure = traced_leaves(function, *copies(args))
    assert traced_structure == structure
    for found, expected in zip(traced, plain, strict=True):
        if isinstance(expected, np.ndarray | np.generic | float | complex):
            assert np.shape(found) == np.shape(expected)
            assert np.asarray(found).dtype == np.asarray(expected).dtype
            assert distance([found], [expected]) <= tolerance
        else:
            assert found == expected


def agrees(function: Function, *args: Any, order: int = 1, tolerance: float = 1e-14) -> None:
    """As `same_as_numpy`, and the derivatives are those of the plain function."""
    same_as_numpy(function, *args, tolerance=tolerance)
    moving = [leaf for leaf in flatten(list(args))[0] if is_inexact(np.asarray(leaf).dtype)]
    if moving:
        check_gradients(lambda *inner: function(*copies_of_traced(inner)), *args, order=order)


def copies_of_traced(args: Any) -> list[Any]:
    """Copies of arrays, traced or not: the plain function must not write into the caller's."""
    return [arg.copy() if isinstance(arg, np.ndarray | Tracer) else arg for arg in args]
