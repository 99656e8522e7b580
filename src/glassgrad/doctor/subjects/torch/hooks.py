"""Hooks on a person's modules, which may be copied and saved while they are watched. Floor 7."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any


class Hook:
    """A function as a hook. In a copy of the module, and in a file, stands one that does nothing, of Python's own."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., None]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> None:
        """What the module calls it with."""
        self._function(*arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (nullcontext(), "__exit__")  # takes whatever it is given, and says nothing
