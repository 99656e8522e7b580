"""Mixed precision: the network computes in a small dtype, the weights that learn are kept in a large one. Floor 7.

Small gradients would vanish in float16: the loss is multiplied by a factor before the backward pass, and the gradients
divided by it after. The factor falls when something overflows, and grows after a while without. Micikevicius et al.,
"Mixed precision training", arXiv:1710.03740; the rule is that of torch.amp.GradScaler.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.trees import Tree, flatten

Array = Any


@dataclass(frozen=True, slots=True)
class Scale:
    """The factor of the loss, and how many steps went well since it changed."""

    factor: Array  # float32
    good: Array  # int32


@dataclass(frozen=True, slots=True)
class Precision:
    """Computes in `dtype`, with master weights in the dtype of the model, and a loss scale that adapts.

    A step whose gradients overflow is not made: the scale is halved instead. After `interval` good steps it doubles.

    >>> Precision().start().factor
    array(65536., dtype=float32)
    """

    dtype: Any = np.float16
    scale: float = 2.0**16
    growth: float = 2.0
    backoff: float = 0.5
    interval: int = 2000

    def __post_init__(self) -> None:
        if np.dtype(self.dtype).kind != "f":
            raise UsageError(f"precision computes in a float dtype, found {np.dtype(self.dtype)}")

    def start(self) -> Scale:
        """The scale before the first step."""
        return Scale(np.array(self.scale, np.float32), np.array(0, np.int32))


def finite(gradients: Tree) -> Array:
    """Is every number of a tree finite?"""
    leaves, _ = flatten(gradients)
    found: Array = np.True_
    for leaf in leaves:
        found = found & np.all(np.isfinite(leaf))
    return found


def grown(precision: Precision, scale: Scale, is_finite: Array) -> Scale:
    """The scale after a step that went well, or overflowed."""
    good = np.where(is_finite, scale.good + 1, 0).astype(np.int32)
    is_due = good >= precision.interval
    up = np.where(is_due, precision.growth, 1.0)
    factor = scale.factor * np.where(is_finite, up, precision.backoff)
    return Scale(np.clip(factor, 1.0, 2.0**24).astype(np.float32), np.where(is_due, 0, good).astype(np.int32))
