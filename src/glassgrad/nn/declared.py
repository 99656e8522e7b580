"""What the fields of a layer may hold, and how one would declare them. Floor 6."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.learning import is_layer
from glassgrad.tracing.tracer import Tracer


def declaration(name: str, value: Any) -> str:
    """The line in the class's body that declares a field with such a value: `out: nn.Linear`."""
    if isinstance(value, np.ndarray | np.generic | Tracer):
        return f"{name}: nn.Array"
    if is_layer(value):
        return f"{name}: {_named(value)}"
    if isinstance(value, list | tuple | dict) and value:
        first = next(iter(value.values() if isinstance(value, dict) else value))
        if is_layer(first):
            kinds = {"list": "list[{}]", "tuple": "tuple[{}, ...]", "dict": "dict[str, {}]"}
            return f"{name}: " + kinds[type(value).__name__].format(_named(first))
    kind = "Callable[..., Any]" if callable(value) else type(value).__name__
    return f"{name}: {kind} = nn.static()"


def _named(layer: Any) -> str:
    kind = type(layer)
    return f"nn.{kind.__name__}" if kind.__module__.startswith("glassgrad.nn.") else kind.__name__


def check_names(layer: type, names: Iterable[str], methods: set[str]) -> None:
    """Raises UsageError for fields that hide a method."""
    for name in sorted(methods.intersection(names)):
        raise UsageError(f"{layer.__name__}.{name} is a method of every layer", hint="give the field another name")


def check_attributes(layer: Any) -> None:
    """Raises UsageError for parts of a model in the body of its class that are no fields."""
    for name, value in vars(layer).items():
        if name not in layer.__dataclass_fields__ and (is_layer(value) or isinstance(value, np.ndarray)):
            raise UsageError(
                f"{layer.__name__}.{name} is one for all objects of the class, and no part of a model",
                hint=f"write `{declaration(name, value)}` there, and set self.{name} in __init__",
            )


def check_assigned(layer: Any, name: str, value: Any) -> None:
    """Raises UsageError where `__init__` sets what the class does not declare: copies of the layer would lack it."""
    kind = type(layer)
    if name in kind.__dataclass_fields__ or isinstance(getattr(kind, name, None), property):
        return
    raise UsageError(
        f"{kind.__name__}.{name} is set in __init__ and not declared, so it would be no part of the model",
        hint=f"write `{declaration(name, value)}` in the body of the class {kind.__name__}",
    )


def check_value(layer: Any, field: "dataclasses.Field[Any]") -> None:
    """Raises UsageError for a field that was not set, or that holds what its kind of field does not hold."""
    name = f"{type(layer).__name__}.{field.name}"
    if not hasattr(layer, field.name):
        raise UsageError(f"{name} was not set by __init__")
    value = getattr(layer, field.name)
    if field.metadata.get("static"):
        _check_hashable(name, value)
    elif callable(value) and not is_layer(value) and not isinstance(value, np.ndarray | np.generic):
        raise UsageError(
            f"{name} is a function, and plain fields hold numbers", hint=f"declare it: {declaration(field.name, value)}"
        )
    elif not field.metadata.get("state"):
        _check_learnable(name, field.name, value)


def _check_hashable(name: str, value: Any) -> None:
    try:
        hash(value)
    except TypeError:
        raise UsageError(
            f"{name} is static and holds a {type(value).__name__}, which cannot be hashed",
            hint="use a tuple for a list; arrays are plain fields, or nn.state()",
        ) from None


def _check_learnable(name: str, field: str, value: Any) -> None:
    """A plain field is a parameter or a part: no size, no text, no list of numbers, no whole numbers."""
    if isinstance(value, bool | int | str):
        raise UsageError(
            f"{name} is {value!r}, which no training changes, in a field for parameters",
            hint=f"declare it as structure: {declaration(field, value)}",
        )
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biu":
        raise UsageError(
            f"{name} holds {value.dtype}, which no gradient changes",
            hint="x.astype(np.float32) makes it a parameter; nn.state() is for numbers that do not learn",
        )
    if isinstance(value, list | tuple) and value and _is_numbers(value):
        raise UsageError(
            f"{name} is a {type(value).__name__} of numbers, and a parameter is an array",
            hint=f"np.array(…, np.float32); structure is declared: {declaration(field, tuple(value))}",
        )


def _is_numbers(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_numbers, value))
    return isinstance(value, bool | int | float)
