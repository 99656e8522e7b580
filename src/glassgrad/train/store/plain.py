"""Configurations as JSON: whatever a person puts in becomes a tree of plain values that reads well. Floor 7."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

_DEEP = 32  # levels; what lies deeper is shown as text
_SMALL = 32  # elements of an array that is written out


def as_json(value: Any) -> str:
    """One line of JSON. NaN and infinities are the texts "NaN", "Infinity", "-Infinity", which JSON lacks.

    >>> as_json({"rate": np.float32(0.5), "sizes": (64, 32), "limit": float("inf"), "activation": np.tanh})
    '{"rate": 0.5, "sizes": [64, 32], "limit": "Infinity", "activation": "numpy.tanh"}'
    """
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def plain(value: Any, deep: int = 0) -> Any:
    """The value in None, bool, int, float, str, list and dict."""
    if deep > _DEEP:
        return _short(repr(value))
    match value:
        case None | bool() | str():
            return value
        case Enum():
            return plain(value.value, deep + 1)
        case int() | np.integer():
            return int(value)
        case np.bool_():
            return bool(value)
        case float() | np.floating():
            return number(float(value))
        case Path():
            return str(value)
        case Mapping():
            return {str(key): plain(item, deep + 1) for key, item in value.items()}
        case list() | tuple():
            return [plain(item, deep + 1) for item in value]
        case set() | frozenset():
            return sorted((plain(item, deep + 1) for item in value), key=str)
        case np.ndarray():
            return plain(value.tolist(), deep + 1) if value.size <= _SMALL else f"{value.dtype}{list(value.shape)}"
        case np.dtype():
            return value.name
    return _of_object(value, deep)


def number(value: float) -> float | str:
    """A number that JSON can hold."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _of_object(value: Any, deep: int) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        items = {each.name: plain(getattr(value, each.name, None), deep + 1) for each in fields(value)}
        return {"kind": type(value).__qualname__, **items}
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if isinstance(name, str) and callable(value):
        module = getattr(value, "__module__", None) or ("numpy" if isinstance(value, np.ufunc) else None)
        return f"{module}.{name}" if module and module != "__main__" else name
    return _short(repr(value))


def _short(text: str) -> str:
    return text if len(text) <= 1000 else text[:999] + "…"
