"""How an optimiser or a schedule was made: what it shows, and what another process makes it from again. Floor 6."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from glassgrad.base.naming import described


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A function of this package and what it was called with."""

    maker: Callable[..., Any]
    numbers: tuple[Any, ...]
    settings: Mapping[str, Any]

    def again(self) -> Any:
        """The same call once more."""
        return self.maker(*self.numbers, **self.settings)

    def __str__(self) -> str:
        defaults = {name: parameter.default for name, parameter in inspect.signature(self.maker).parameters.items()}
        parts = [described(number) for number in self.numbers]
        parts += [
            f"{name}={described(value)}" for name, value in self.settings.items() if not _is(value, defaults[name])
        ]
        return f"{self.maker.__name__}({', '.join(parts)})"


def made(maker: Callable[..., Any], *numbers: Any, **settings: Any) -> Made:
    """The record of a call; settings that have their defaults are not shown."""
    return Made(maker, numbers, settings)


def _is(value: Any, default: Any) -> bool:
    plain = (bool, int, float, str, tuple)
    return value is default or (isinstance(value, plain) and isinstance(default, plain) and value == default)
