"""A name of a NumPy module as it is for traced values: known functions also take lists that hold some."""

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from glassgrad.api import pipeline as _pipeline  # noqa: F401 - binds NumPy's functions
from glassgrad.graph.node import workspace
from glassgrad.tracing.registry import FUNCTIONS
from glassgrad.tracing.tracer import any_traced, note_origin


def mirrored(module: ModuleType, name: str, own_name: str) -> Any:
    """The module's attribute, with functions that Glassgrad knows made to take lists of traced values."""
    try:
        found = getattr(module, name)
    except AttributeError:
        raise AttributeError(f"module {own_name!r} has no attribute {name!r}") from None
    return taking_lists(found) if _is_known_function(found) else found


def _is_known_function(value: Any) -> bool:
    try:
        return value in FUNCTIONS
    except TypeError:  # it cannot be hashed, so it is no function
        return False


def taking_lists(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which looks for traced values in lists as well as in its arguments."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if workspace() is not None and any_traced([*args, *kwargs.values()]):
            note_origin()
            return FUNCTIONS[function](*args, **kwargs)
        return function(*args, **kwargs)

    return call
