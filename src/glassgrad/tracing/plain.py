"""Questions about a plain value of the person's, answered without running their code. Floor 3."""

from typing import Any

import numpy as np

from glassgrad.tracing.written import spelled

_SMALL = 10_000  # elements of a static array that is worth making to see what it is


def is_tuple(value: Any) -> bool:
    """A tuple, or a named one: what it holds is found without running code of the user's."""
    return isinstance(value, tuple) and type(value).__getitem__ is tuple.__getitem__


def is_large(value: Any) -> bool:
    """Has it too many elements to be worth making, only to see what it is?"""
    return (
        isinstance(value, np.ndarray | list | tuple)
        and (value.size if isinstance(value, np.ndarray) else len(value)) > _SMALL
    )


def has_code_of_its_own(value: Any) -> bool:
    """An object of the user's: `len(it)` would run its code."""
    plain = (list, tuple, dict, set, frozenset, range, np.ndarray)
    return spelled(value) is None and type(value) not in plain and not is_tuple(value)
