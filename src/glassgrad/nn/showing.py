"""A model as text: its layers, one inside the other, with the shapes of their arrays. Floor 6."""

import dataclasses
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.trees import Tree, children_of

_WIDTH = 88
_INDENT = "    "


def headline(layer: Any) -> str:
    """A layer in one line: its name, and its sizes and other static facts."""
    facts = ", ".join(f"{name}={value!r}" for name, value in _facts(layer))
    return f"{type(layer).__name__}({facts})" if facts else type(layer).__name__


def shown(tree: Tree, indent: str = "") -> str:
    """The tree as text; a layer that does not fit a line is written over several."""
    children = children_of(tree)
    if children is None or tree is None:
        return _leaf(tree)
    opening, closing, facts = _frame(tree)
    deeper = indent + _INDENT
    inner = [f"{_label(tree, step)}{shown(child, deeper)}" for step, child in children]
    inner += [f"{name}={_function(value)}" for name, value in facts]
    line = f"{opening}{', '.join(inner)}{closing}"
    if "\n" not in line and len(indent) + len(line) <= _WIDTH:
        return line
    return "\n".join([opening, *[f"{deeper}{text}," for text in inner], f"{indent}{closing}"])


def _frame(tree: Tree) -> tuple[str, str, list[tuple[str, Any]]]:
    if dataclasses.is_dataclass(tree):
        return f"{type(tree).__name__}(", ")", _facts(tree)
    match tree:
        case dict():
            return "{", "}", []
        case list():
            return "[", "]", []
        case _:
            return "(", ")", []


def _facts(layer: Any) -> list[tuple[str, Any]]:
    """The static fields that are not as they are by default."""
    fields = [field for field in dataclasses.fields(layer) if field.metadata.get("static")]
    values = [(field, getattr(layer, field.name)) for field in fields]
    return [
        (field.name, value) for field, value in values if field.default is dataclasses.MISSING or value != field.default
    ]


def _label(tree: Tree, step: str) -> str:
    if step.startswith("."):
        return f"{step[1:]}="
    return f"{step[1:-1]}: " if isinstance(tree, dict) else ""


def _leaf(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, np.ndarray) or hasattr(value, "aval"):
        return f"{value.dtype}{show_shape(value.shape)}" if value.ndim else str(value.dtype)
    return repr(value)


def _function(value: Any) -> str:
    return value.__name__ if callable(value) and hasattr(value, "__name__") else repr(value)
