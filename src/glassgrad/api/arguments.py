"""Which arguments a derivative is taken with respect to: by position or by name, one or several. Floor 5."""

import inspect
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from glassgrad.base.errors import UsageError

ArgNums: TypeAlias = int | str | Sequence[int | str]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Positions among the call's arguments; `single` when one was asked for and not a tuple of one."""

    keys: tuple[int | str, ...]
    single: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A call's arguments, positional ones by position and keyword ones by name."""

    positional: tuple[Any, ...]
    keywords: dict[str, Any]

    def get(self, key: int | str) -> Any:
        """The argument at a position or of a name."""
        return self.positional[key] if isinstance(key, int) else self.keywords[key]

    def replaced(self, new: dict[int | str, Any]) -> "Call":
        """The call with some arguments replaced."""
        positional = tuple(new.get(index, value) for index, value in enumerate(self.positional))
        return Call(positional, {name: new.get(name, value) for name, value in self.keywords.items()})


def choose(function: Callable[..., Any], argnums: ArgNums, call: Call) -> Chosen:
    """Resolves `argnums` for this call; names and negative positions are looked up in the function's signature."""
    single = not isinstance(argnums, tuple | list)
    asked: Sequence[object] = argnums if isinstance(argnums, tuple | list) else [argnums]
    keys = tuple([_key(function, key, call) for key in asked])
    if len(set(keys)) < len(keys):
        raise UsageError(f"argnums={argnums!r} names an argument twice")
    return Chosen(keys, single)


def _key(function: Callable[..., Any], key: object, call: Call) -> int | str:
    count = len(call.positional)
    name = getattr(function, "__name__", type(function).__name__)
    if isinstance(key, str):
        return _named(function, key, call)
    if not isinstance(key, int | np.integer) or isinstance(key, bool):
        raise UsageError(f"argnums takes positions and parameter names, found {key!r}")
    position = int(key) + count if key < 0 else int(key)
    if 0 <= position < count:
        return position
    by_name = parameter_names(function)
    if 0 <= position < len(by_name) and by_name[position] in call.keywords:
        return by_name[position]
    raise UsageError(
        f"argnums={key} asks for argument {key} of {name}, but the call has {count} positional arguments",
        hint="positions count from 0; parameter names work too: argnums='x'",
    )


def _named(function: Callable[..., Any], key: str, call: Call) -> int | str:
    if key in call.keywords:
        return key
    names = parameter_names(function)
    if key in names and names.index(key) < len(call.positional):
        return names.index(key)
    listing = ", ".join(names) or "unknown"
    raise UsageError(
        f"there is no argument {key!r} in this call of {getattr(function, '__name__', function)!s}; "
        f"its parameters are {listing}"
    )


def parameter_names(function: Callable[..., Any]) -> list[str]:
    """The names of the parameters that take positional arguments, in order."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in kinds]


def both_spellings(function: Callable[..., Any], keys: ArgNums, option: str) -> set[int | str]:
    """The parameters that an option names, each by its position and by its name: a caller may pass it either way."""
    asked: list[Any] = [keys] if isinstance(keys, str) or not isinstance(keys, Collection) else list(keys)
    names = parameter_names(function)
    for key in asked:
        if not _is_taken(function, names, key):
            raise UsageError(
                f"{option}={keys!r}: {getattr(function, '__name__', 'the function')} has no parameter {key!r}",
                hint=f"its parameters are {', '.join(names) or 'none'}; positions count from 0",
            )
    found: set[int | str] = set(asked)
    found |= {names[key] for key in asked if isinstance(key, int) and -len(names) <= key < len(names)}
    return found | {names.index(str(key)) for key in found if key in names}


def _is_taken(function: Callable[..., Any], names: Sequence[str], key: object) -> bool:
    """Can a call of the function have this argument?"""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # a function of C: it does not say
        return isinstance(key, int | str)
    kinds = {parameter.kind for parameter in parameters.values()}
    if isinstance(key, str):
        return key in parameters or inspect.Parameter.VAR_KEYWORD in kinds
    if not isinstance(key, int) or isinstance(key, bool):
        return False
    return -len(names) <= key < len(names) or inspect.Parameter.VAR_POSITIONAL in kinds
