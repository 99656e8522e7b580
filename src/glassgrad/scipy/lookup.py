"""A SciPy function by name: on plain arrays it is SciPy's own, on traced values what `@implements_name` declares."""

import importlib
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from glassgrad.api import pipeline as _pipeline  # noqa: F401 - binds NumPy's functions
from glassgrad.base.errors import UnsupportedError
from glassgrad.tracing.registry import NAMES
from glassgrad.tracing.tracer import any_traced

Function = Callable[..., Any]


def names_of(module: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a module that mirrors SciPy's `module`: `scipy.linalg`."""
    found: dict[str, Any] = {}

    def look_up(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module 'glassgrad.{module}' has no attribute {name!r}")
        if name not in found:
            found[name] = dispatching(f"{module}.{name}", _of_scipy(module, name))
        return found[name]

    def listing() -> list[str]:
        own = [name.removeprefix(f"{module}.") for name in NAMES if name.startswith(f"{module}.")]
        return sorted({name for name in own if "." not in name} | set(dir(importlib.import_module(module))))

    return look_up, listing


def _of_scipy(module: str, name: str) -> Any:
    """SciPy's object of this name; None where only we have one."""
    found = getattr(importlib.import_module(module), name, None)
    if found is None and f"{module}.{name}" not in NAMES:
        raise AttributeError(f"module 'glassgrad.{module}' has no attribute {name!r}")
    return found


def dispatching(full_name: str, plain: Any) -> Any:
    """The function that takes plain arrays to SciPy and traced values to what is declared for `full_name`.

    What is no function (a class, a constant) and what dispatches by itself (a ufunc) stays as it is.
    """
    if plain is None:
        return NAMES[full_name]
    if isinstance(plain, np.ufunc | type) or not callable(plain):
        return plain

    @wraps(plain)
    def function(*args: Any, **kwargs: Any) -> Any:
        if not any_traced([*args, *kwargs.values()]):
            return plain(*args, **kwargs)
        traced = NAMES.get(full_name)
        if traced is None:
            raise UnsupportedError(
                f"{full_name} is not known on traced values",
                hint="write it with functions that are, or give its derivative with glassgrad.custom_derivative",
            )
        return traced(*args, **kwargs)

    return function
