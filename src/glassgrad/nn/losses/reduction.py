"""From a loss for each element to one number: the weighted mean or sum of those that the mask chooses. Floor 6."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.graph.node import workspace
from glassgrad.nn.losses.arguments import weights_of
from glassgrad.nn.rows import Array

Reduction: TypeAlias = Literal["mean", "sum", "none"]


def reduced(
    losses: Array,
    weights: Array | None,
    mask: Array | None,
    reduction: Reduction,
    *,
    counts: Array | None = None,
) -> Array:
    """The losses as they are, their sum, or their sum over that of the weights; 0 where nothing counts.

    The mask (of the shape of the losses, see `mask_of`) selects; the weights multiply. `counts` are weights that the
    losses hold already, as those of classes.
    """
    if reduction not in ("mean", "sum", "none"):
        raise UsageError(f"there is no reduction {reduction!r}", hint='"mean", "sum" or "none"')
    scale = weights_of(weights, losses.shape, losses.dtype)
    if scale is not None:
        losses = losses * scale
        counts = scale if counts is None else counts * scale
    if mask is not None:
        losses = np.where(mask, losses, 0)
    if reduction == "none":
        return losses
    total = np.sum(losses)
    if reduction == "sum":
        return total
    number = _number(losses, counts, mask)
    mean = total / (number if mask is None and counts is None else np.where(number == 0, 1, number))
    counted = _counted.get()
    if counted is not None:
        counted.note(mean, number)
    return mean


def _number(losses: Array, counts: Array | None, mask: Array | None) -> Array:
    """How much counts: the sum of the weights of what the mask chooses."""
    if mask is not None:
        return np.sum(np.where(mask, np.ones((), losses.dtype) if counts is None else counts, 0))
    if counts is not None:
        return np.sum(counts) * (losses.size / max(counts.size, 1))
    return float(max(losses.size, 1))


# ------------------------------------------------------------------ means of several batches
@dataclass(frozen=True, slots=True)
class Counted:
    """The means that were taken in a block, each with how much counted in it."""

    means: list[tuple[Array, Array]] = field(default_factory=list)
    _workspace: Any = field(default_factory=workspace)

    def note(self, mean: Array, number: Array) -> None:
        """Takes down a mean. From the inside of a loop, a branch or vmap nothing comes out."""
        if workspace() is self._workspace:
            self.means.append((mean, number))

    def of(self, value: Array) -> Array | None:
        """How much counted in this value; None where it is no mean of a loss here."""
        return next((count for mean, count in self.means if mean is value), None)

    def of_total(self, value: Array) -> Array | None:
        """As `of`, for a value that may be more than a mean: one mean and, say, a penalty on the weights."""
        found = self.of(value)
        return self.means[0][1] if found is None and len(self.means) == 1 else found


_counted: ContextVar[Counted | None] = ContextVar("glassgrad_nn_counted", default=None)


@contextmanager
def counting() -> Iterator[Counted]:
    """In the block, losses tell how much counted in their means: Σ count · mean / Σ count is that of all batches.

    >>> with counting() as counted:
    ...     mean = reduced(np.array([1.0, 2.0, 6.0]), np.array([1.0, 1.0, 0.0]), None, "mean")
    >>> mean, counted.of(mean)
    (np.float64(1.5), np.float64(2.0))
    """
    token = _counted.set(found := Counted())
    try:
        yield found
    finally:
        _counted.reset(token)
