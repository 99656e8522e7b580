"""`check_gradients`: do the derivatives of a person's function agree with numbers, to any order? Floor 6."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassgrad.api.linear import jvp, vjp
from glassgrad.base.avals import is_inexact
from glassgrad.base.errors import DisagreementError, UsageError
from glassgrad.base.trees import flatten, unflatten
from glassgrad.engines.differences import richardson
from glassgrad.testing.gradient_check import Map, forward_meets_numbers, forward_meets_reverse
from glassgrad.testing.numeric import random_like

_MODES = ("forward", "reverse")
FlatFunction = Callable[..., list[Any]]


def check_gradients(
    function: Callable[..., Any],
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = _MODES,
    tolerance: float = 1e-6,
) -> None:
    """Raises DisagreementError where a derivative of `function` at `args` contradicts its numeric check.

    Every real or complex array in `args` is moved along random directions. Forward mode is held against central
    differences, extrapolated to step 0, and reverse mode against forward mode; then the same for the derivatives
    themselves, up to `order`. Arrays of single precision are checked at double precision. The point must not be a kink.

    >>> check_gradients(lambda x, y: np.sin(x) * y, np.array([0.3, 2.0]), 1.5)
    """
    unknown = set(modes) - set(_MODES)
    if unknown or not modes:
        raise UsageError(f"modes are 'forward' and 'reverse', found {', '.join(sorted(unknown)) or 'none'}")
    leaves, structure = flatten(list(args))
    places = [place for place, leaf in enumerate(leaves) if _moves(leaf)]
    if not places:
        raise UsageError("no argument of the function holds real or complex numbers", hint="write 3.0 instead of 3")

    def flat(*moved: Any) -> list[Any]:
        given = list(leaves)
        for place, value in zip(places, moved, strict=True):
            given[place] = value
        results, _ = flatten(function(*unflatten(structure, given)))
        return [result for result in results if _moves(result)]

    point = [_at_double_precision(leaves[place]) for place in places]
    _check(flat, point, order, tuple(modes), tolerance, path=getattr(function, "__name__", "the function"))


def _moves(leaf: Any) -> bool:
    """Can this value, plain or traced, carry a derivative?"""
    dtype = getattr(leaf, "dtype", None)
    return isinstance(leaf, float | complex) or (dtype is not None and is_inexact(np.dtype(dtype)))


def _at_double_precision(leaf: Any) -> np.ndarray:
    array = np.asarray(leaf)
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _check(
    flat: FlatFunction, point: list[Any], order: int, modes: tuple[str, ...], tolerance: float, path: str
) -> None:
    """One order, then the next one of the derivatives as functions of the point and the direction."""
    checked, generator = function_map(flat), np.random.default_rng(0)
    if not checked.value(point):
        return
    direction = random_like(generator, point)
    estimate = richardson(checked.value, point, direction)
    if "forward" in modes:
        _complain(
            forward_meets_numbers(checked, point, direction, estimate), tolerance, path, "forward mode", "differences"
        )
    if "reverse" in modes:
        by_reverse = Map(checked.value, lambda x, d: _pushed_by_pulls(checked, x, d), checked.pull)
        if "forward" in modes:
            _complain(forward_meets_reverse(checked, point, generator), tolerance, path, "reverse mode", "forward mode")
        else:
            off = forward_meets_numbers(by_reverse, point, direction, estimate)
            _complain(off, tolerance, path, "reverse mode", "differences")
    if order <= 1:
        return
    count = len(point)
    if "forward" in modes:
        further = [*point, *random_like(generator, point)]
        _check(
            lambda *both: jvp(flat, both[:count], both[count:])[1],
            further,
            order - 1,
            modes,
            tolerance,
            f"the forward derivative of {path}",
        )
    if "reverse" in modes:
        further = [*point, *random_like(generator, checked.value(point))]
        _check(
            lambda *both: list(vjp(flat, *both[:count])[1](list(both[count:]))),
            further,
            order - 1,
            modes,
            tolerance,
            f"the gradient of {path}",
        )


def function_map(flat: FlatFunction) -> Map:
    """The map of a function from arrays to a list of arrays, by jvp and vjp."""
    return Map(
        value=lambda point: [np.asarray(value) for value in flat(*point)],
        push=lambda point, direction: jvp(flat, tuple(point), tuple(direction))[1],
        pull=lambda point, ct: vjp(flat, *point)[1](list(ct)),
    )


def _pushed_by_pulls(checked: Map, point: Any, direction: Any) -> list[np.ndarray]:
    """J·d from reverse mode alone: one pullback for each (real and imaginary part of an) output."""
    outputs = checked.value(point)
    pushed = [np.zeros(np.shape(y), np.asarray(y).dtype) for y in outputs]
    for k, y in enumerate(pushed):
        for place in np.ndindex(y.shape):
            for unit in (1.0, -1j) if y.dtype.kind == "c" else (1.0,):
                ct = [np.zeros_like(z) for z in pushed]
                ct[k][place] = unit
                part = sum(np.real(np.sum(a * b)) for a, b in zip(checked.pull(point, ct), direction, strict=True))
                y[place] += part if unit == 1.0 else 1j * part
    return pushed


def _complain(off: float, tolerance: float, path: str, mode: str, other: str) -> None:
    if not off <= tolerance:
        raise DisagreementError(
            f"{path}: {mode} and {other} disagree by {off:.2g} of the derivative's size",
            hint="is the point at a kink? is a value taken out of the chain (float(x), np.array(x))? "
            "does a custom derivative belong to another function?",
        )
