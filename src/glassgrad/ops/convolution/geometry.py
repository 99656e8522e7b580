"""Where windows stand: how many fit, how much padding keeps the size. Floor 2. One number for each axis of space."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UsageError

Sizes: TypeAlias = tuple[int, ...]
Padding: TypeAlias = tuple[tuple[int, int], ...]


def reach(window: Sizes, dilation: Sizes) -> Sizes:
    """How many elements a window spans from its first to its last tap."""
    return tuple([step * (taps - 1) + 1 for taps, step in zip(window, dilation, strict=True)])


def positions(space: Sizes, window: Sizes, stride: Sizes, padding: Padding, dilation: Sizes) -> Sizes:
    """How many windows fit along each axis."""
    spans = reach(window, dilation)
    whole = [size + low + high for size, (low, high) in zip(space, padding, strict=True)]
    if any(span > size for span, size in zip(spans, whole, strict=True)):
        raise ShapeError(
            f"a window of {show_shape(spans)} does not fit into {show_shape(tuple(whole))}, the space with its padding",
            hint="padding='same' keeps the size",
        )
    return tuple([(size - span) // step + 1 for size, span, step in zip(whole, spans, stride, strict=True)])


# ------------------------------------------------------------------ as a person writes them
def each_axis(name: str, value: Any, axes: int, smallest: int = 1) -> Sizes:
    """One number for all axes, or one each."""
    numbers = tuple(value) if isinstance(value, Sequence) else (value,) * axes
    if len(numbers) != axes:
        raise UsageError(f"{name} {value!r} has {len(numbers)} numbers for {axes} axes of space")
    found = tuple([int(number) for number in numbers])
    if any(number < smallest for number in found) or any(a != b for a, b in zip(found, numbers, strict=True)):
        raise UsageError(f"{name} must be whole numbers of at least {smallest}, found {value!r}")
    return found


def padding_of(value: Any, space: Sizes, window: Sizes, stride: Sizes, dilation: Sizes) -> Padding:
    """The padding before and after each axis: a number, a number or (before, after) for each axis, "same" or "valid".

    "same" gives as many positions as elements at stride 1, and ceil(elements / stride) at others; what is odd goes
    after.
    """
    if isinstance(value, str):
        if value not in ("same", "valid"):
            raise UsageError(f"padding {value!r}", hint="a number, (before, after) for each axis, 'same' or 'valid'")
        return tuple(
            [
                _same(*facts) if value == "same" else (0, 0)
                for facts in zip(space, reach(window, dilation), stride, strict=True)
            ]
        )
    if isinstance(value, Sequence) and any(isinstance(part, Sequence) for part in value):
        if len(value) != len(space) or any(not isinstance(part, Sequence) or len(part) != 2 for part in value):
            raise UsageError(f"padding {value!r} is no (before, after) for each of {len(space)} axes of space")
        pairs = [each_axis("padding", tuple(part), 2, 0) for part in value]
        return tuple([(low, high) for low, high in pairs])
    return tuple([(number, number) for number in each_axis("padding", value, len(space), 0)])


def _same(size: int, span: int, step: int) -> tuple[int, int]:
    missing = max((-(-size // step) - 1) * step + span - size, 0)
    return missing // 2, missing - missing // 2
