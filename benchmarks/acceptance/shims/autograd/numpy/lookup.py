"""Where a name is looked up."""

import importlib
from types import ModuleType
from typing import Any


def module(name: str) -> ModuleType | None:
    """A module of Glassgrad, or None where it has none of that name."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def found(name: str, *places: Any) -> Any:
    """The name in the first place that has it."""
    for place in places:
        if hasattr(place, name):
            return getattr(place, name)
    raise AttributeError(name)
