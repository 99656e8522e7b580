"""What a loss is given: predictions and targets whose shapes must agree, masks and weights. Floor 6.

Nothing is broadcast behind a person's back: (n, 1) against (n,) would give n² losses, so it is an error with a hint.
"""

from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DomainError, DtypeError, ShapeError
from glassgrad.nn.rows import Array, as_array, known, like, widened


# ------------------------------------------------------------------ predictions and targets
def scores_of(loss: str, prediction: Array) -> Array:
    """The prediction as real numbers of 32 bits or more: half precision is widened, whole numbers become float64."""
    x = as_array(prediction)
    if x.dtype.kind not in "fiub":
        raise DtypeError(f"{loss} takes real predictions, found {x.dtype}")
    return widened(x)


def pair_of(loss: str, prediction: Array, target: Array) -> tuple[Array, Array]:
    """Prediction and target at one shape and at the prediction's dtype. A single number is a target for all."""
    x, y = scores_of(loss, prediction), as_array(target)
    if y.dtype.kind not in "fiub":
        raise DtypeError(f"{loss} takes real targets, found {y.dtype}")
    if y.shape not in (x.shape, ()):
        raise ShapeError(
            f"{loss} needs a prediction and a target of one shape, "
            f"found {show_shape(x.shape)} and {show_shape(y.shape)}",
            hint=_how_to_agree(x.shape, y.shape),
        )
    y = like(y, x.dtype)
    return x, y if y.shape == x.shape else np.broadcast_to(y, x.shape)


def _how_to_agree(x: tuple[int, ...], y: tuple[int, ...]) -> str:
    longer, name = (x, "prediction") if len(x) >= len(y) else (y, "target")
    shorter = y if longer is x else x
    other = "target" if name == "prediction" else "prediction"
    for place, size in enumerate(longer):
        if size == 1 and longer[:place] + longer[place + 1 :] == shorter and len(longer) == len(shorter) + 1:
            dots = ", ".join([":"] * place + ["0"])
            return (
                f"{name}[{dots}] has the shape {show_shape(shorter)}, or {other}.reshape{show_shape(longer)} the "
                "other; broadcast against each other they would give a loss for each pair"
            )
    if len(x) == len(y) and x == y[::-1]:
        return f"target.T has the shape {show_shape(x)}"
    return f"reshape the target to {show_shape(x)}"


def check_values(loss: str, y: Array, mask: Array | None, allowed: str, test: Any, hint: str | None = None) -> None:
    """An error where a number that counts is known and not allowed."""
    numbers = known(y)
    if numbers is None or not numbers.size:
        return
    wrong = ~test(numbers)
    if mask is not None:
        counts = known(mask)
        wrong = wrong & np.broadcast_to(counts, wrong.shape) if counts is not None else np.zeros_like(wrong)
    if wrong.any():
        place = tuple([int(index) for index in np.argwhere(wrong)[0]])
        at = f" at {place}" if place else ""
        raise DomainError(f"{loss} takes {allowed}, found {numbers[place]}{at}", hint=hint)


# ------------------------------------------------------------------ masks and weights
def aligned(what: str, value: Array, shape: tuple[int, ...]) -> Array:
    """A mask or weights against losses of this shape: they have its leading axes, each of its size or of size 1."""
    value = as_array(value)
    fits = len(value.shape) <= len(shape) and all(
        size in (1, full) for size, full in zip(value.shape, shape, strict=False)
    )
    if not fits:
        raise ShapeError(
            f"{what} of shape {show_shape(value.shape)} for losses of shape {show_shape(shape)}",
            hint=f"{what} have the leading axes of the losses: "
            + " or ".join(show_shape(shape[:count]) for count in range(1 if shape else 0, len(shape) + 1)),
        )
    return value.reshape((*value.shape, *(1,) * (len(shape) - len(value.shape))))


def mask_of(mask: Array | None, shape: tuple[int, ...]) -> Array | None:
    """The mask against losses of this shape, all axes written out."""
    if mask is None:
        return None
    mask = as_array(mask)
    if mask.dtype != np.bool_:
        raise DtypeError(f"a mask is of truth values (True counts), found {mask.dtype}", hint="mask=mask != 0")
    return np.broadcast_to(aligned("mask", mask, shape), shape)


def weights_of(weights: Array | None, shape: tuple[int, ...], dtype: np.dtype) -> Array | None:
    """The weights against losses of this shape, with axes of size 1 where they are the same along it."""
    return None if weights is None else like(aligned("weights", weights, shape), dtype)


def masked(mask: Array | None, *values: Array) -> tuple[Array, ...]:
    """The values with 0 where the mask leaves them out, so that what stands there (NaN too) reaches nothing."""
    return values if mask is None else tuple([np.where(mask, value, 0) for value in values])
