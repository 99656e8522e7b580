"""Values as a line of a derivation shows them: a number, a few numbers, or a range. Floor 6."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.avals import short_dtype, show_shape

SHOWN = 4  # numbers of an array that are shown one by one


@dataclass(frozen=True, slots=True)
class Summary:
    """What is said of a value: its shape, its dtype, its numbers in short, and itself."""

    shape: tuple[int, ...]
    dtype: str
    text: str
    value: Any

    @property
    def shape_text(self) -> str:
        """`(5, 3)`; nothing for a number."""
        return show_shape(self.shape) if self.shape else ""


def summary(value: Any) -> Summary:
    """The value in short."""
    if isinstance(value, list):
        return _of_steps(value)
    array = np.asarray(value)
    return Summary(array.shape, short_dtype(array.dtype), _numbers(array), value)


def count(value: Any) -> int:
    """How many numbers a value holds."""
    return sum(map(np.size, _arrays_in([value])))


def _of_steps(values: list[Any]) -> Summary:
    """What the steps of a loop around a loop leave: an array for each, of different lengths."""
    flat = np.concatenate([np.ravel(part) for part in _arrays_in(values)] or [np.empty(0)])
    return Summary((len(values),), short_dtype(flat.dtype), f"of different lengths, {_numbers(flat)}", values)


def _arrays_in(values: list[Any]) -> list[Any]:
    """The arrays of nested lists, in order."""
    found: list[Any] = []
    waiting: list[Any] = [values]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(reversed(part))
        else:
            found.append(part)
    return found


def _numbers(array: np.ndarray) -> str:
    if array.size == 0:
        return "empty"
    if array.ndim == 0:
        return number(array[()])
    if array.size <= SHOWN:
        return _nested([number(x, 4) for x in array.ravel()], array.shape)
    if array.dtype.kind == "b":
        return f"{int(array.sum())} of {array.size} true"
    if array.dtype.kind == "c":
        return f"|·| {number(np.abs(array).min())} … {number(np.abs(array).max())}"
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    bad = array.size - finite.size
    if not finite.size:
        return "all nan or inf"
    low, high = finite.min(), finite.max()
    text = f"all {number(low)}" if low == high else f"{number(low, 3)} … {number(high, 3)}"
    return f"{text}, {bad} nan or inf" if bad else text


def _nested(parts: Sequence[str], shape: tuple[int, ...]) -> str:
    if len(shape) <= 1:
        return f"[{', '.join(parts)}]"
    size = len(parts) // shape[0] if shape[0] else 0
    rows = [_nested(parts[index * size : (index + 1) * size], shape[1:]) for index in range(shape[0])]
    return f"[{', '.join(rows)}]"


def number(value: Any, digits: int = 6) -> str:
    """A number with a few digits: 699.045, 1.2e-5."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, complex | np.complexfloating):
        return f"{value:.{digits}g}".strip("()")
    if isinstance(value, int | np.integer):
        return str(int(value))
    text = f"{float(value):.{digits}g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa}e{int(exponent)}"
    return text.replace("-0", "0") if text == "-0" else text


def plain(value: Any) -> Any:
    """A value as JSON takes it: numbers, nested lists, null for what is no number."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, complex):
        return {"real": value.real, "imag": value.imag}
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Sequence):
        return [plain(part) for part in value]
    return str(value)
