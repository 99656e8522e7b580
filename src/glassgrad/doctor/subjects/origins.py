"""Numbers that are none, in words: in what was given, or of what an operation makes them. Floor 7."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from glassgrad.doctor.measured.sample import Bad

What: TypeAlias = Literal["nan", "inf"]

# One name for each operation: the field's, as `Bad.operation` has it.
_SPELT = {
    "divide": "div", "true_divide": "div", "power": "pow", "arccos": "acos", "arcsin": "asin",
    "conv": "convolution", "contract": "matrix product", "scan": "loop over time", "while_loop": "loop",
}  # fmt: skip
_LOGARITHMS = {"log": 0.0, "log2": 0.0, "log10": 0.0, "log1p": -1.0}  # to what they go down to


def name_of(operation: str) -> str:
    """An operation's name for the person.

    >>> name_of("divide"), name_of("log")
    ('div', 'log')
    """
    return _SPELT.get(operation, operation)


def what_of(array: np.ndarray) -> What:
    """Which it is; NaN where both are there."""
    return "nan" if bool(np.isnan(array).any()) else "inf"


def is_sound(array: np.ndarray) -> bool:
    """Are all entries numbers?"""
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def of_all(array: np.ndarray) -> str:
    """How many are none: "3 of 32 entries"."""
    return f"{int((~np.isfinite(array)).sum())} of {array.size} entries"


def in_given(step: int, part: Literal["input", "target"], array: np.ndarray) -> Bad | None:
    """In the inputs or the targets of this step?"""
    if is_sound(array):
        return None
    name, what = f"{part}s", what_of(array)
    return Bad(step, part, name, name, what, f"{of_all(array)} of the {name} are {said(what)} as they are given")


def in_parameter(step: int, path: str, array: np.ndarray) -> Bad | None:
    """In a parameter, before this step?"""
    if is_sound(array):
        return None
    what = what_of(array)
    return Bad(step, "parameter", path, "parameter", what, f"{of_all(array)} of {path} are {said(what)}")


def origin(kind: str, given: Sequence[np.ndarray], result: np.ndarray) -> str:
    """What an operation of this kind was given, whose result has entries that are none.

    >>> x = np.array([0.0, 1.0])
    >>> origin("log", [x], np.array([-np.inf, 0.0])), origin("divide", [x, x], np.array([np.nan, 1.0]))
    ('log of 0 in 1 of 2 entries', 'division by 0 in 1 of 2 entries')
    """
    edge = _at_an_edge(name_of(kind), given, result)
    if edge:
        return edge
    name, x = name_of(kind), given[0] if given else np.zeros(0)
    says = f"{name} gives {said(what_of(result))} in {of_all(result)}" if result.ndim else f"{name} gives {result:.3g}"
    return f"{says}; its input goes from {x.min():.3g} to {x.max():.3g}" if x.size else says


def overflows(kind: str, given: Sequence[np.ndarray], result: np.ndarray) -> bool:
    """Is a result infinite though nothing was given at the edge of what the operation takes: is it just too large?

    >>> x = np.array([0.0, 1e200])
    >>> overflows("pow", [x], np.array([0.0, np.inf])), overflows("pow", [x], np.array([np.inf, 1e-200]))
    (True, False)
    """
    return what_of(result) == "inf" and not _at_an_edge(name_of(kind), given, result)


def _at_an_edge(name: str, given: Sequence[np.ndarray], result: np.ndarray) -> str:
    """What was given outside of what the operation takes, at the entries that are none; empty where nothing was."""
    if not given:
        return ""
    x, below = given[0], given[-1]
    for what, where in _edges(name, x, below, is_nan=what_of(result) == "nan"):
        at = _there(where, result)
        if at.any():
            return _counted(what, at)
    return ""


def _edges(name: str, x: np.ndarray, below: np.ndarray, *, is_nan: bool) -> list[tuple[str, np.ndarray]]:
    """(what it is called, where it is) of all that an operation does not take."""
    if name in _LOGARITHMS:
        least = _LOGARITHMS[name]
        of = f"{name} of {'0' if least == 0 else '−1'}"
        return [(of, x == least), (f"{name} of a negative number", x < least)]
    root = [(f"{name} of a negative number", x < 0)] if name in ("sqrt", "rsqrt") else []
    if name in ("div", "reciprocal", "rsqrt"):
        return [*root, ("division by 0", below == 0)]
    if name in ("acos", "asin"):
        return [(f"{name} of a number beyond −1 and 1", np.abs(x) > 1)]
    if name == "pow":  # no other power of 0 is infinite
        below = x < 0 if is_nan else np.zeros(x.shape, dtype=bool)  # else they are too large
        return [("pow: a fraction's power of a negative number", below), ("pow: a negative power of 0", x == 0)]
    return root


def _there(where: np.ndarray, result: np.ndarray) -> np.ndarray:
    """Where it is among the entries of the result that are none."""
    try:
        return np.asarray(np.broadcast_to(where, result.shape) & ~np.isfinite(result), dtype=bool)
    except ValueError:  # the operation is not one entry by entry
        return np.zeros(result.shape, dtype=bool)


def _counted(what: str, where: np.ndarray) -> str:
    return f"{what} in {int(where.sum())} of {where.size} entries" if where.ndim else what


def with_place(says: str, place: str | None) -> str:
    """The sentence with the person's line, where it is known."""
    return says if place is None else f"{says}, {place}"


def said(what: What) -> str:
    """For a sentence."""
    return {"nan": "NaN", "inf": "infinite"}[what]
