"""Mixed precision: the network is kept in a small dtype, the weights that learn in a large one. Floor 7.

Small gradients would vanish in float16: the loss is multiplied by a factor before the backward pass, and the gradients
divided by it after. The factor falls when something overflows, and grows after a while without. Micikevicius et al.,
"Mixed precision training", arXiv:1710.03740; the rule is that of torch.amp.GradScaler. bfloat16 has float32's range, so
it needs no factor (Kalamkar et al., arXiv:1905.12322).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.api.custom import stop_gradient
from glassgrad.base.errors import UsageError
from glassgrad.base.trees import Tree, flatten, map_leaves

Array = Any

LEAST, MOST = 1.0, 2.0**24  # that a factor may be


@dataclass(frozen=True, slots=True)
class Scale:
    """The factor of the loss, how many steps went well since it changed, and how many were made in all."""

    factor: Array  # float32
    good: Array  # int32
    made: Array  # int64


@dataclass(frozen=True, slots=True)
class Precision:
    """Weights and inputs in `dtype`, master weights in the dtype of the model, and a loss scale that adapts.

    "float16" is computed in; a step whose gradients overflow is not made, and the scale is halved instead (`backoff`).
    After `interval` good steps it doubles (`growth`). "bfloat16", which NumPy does not have, is a storage: weights and
    inputs are rounded to its 8 bits, the network computes in float32, and nothing is scaled. Targets, losses, weights
    of examples and running statistics stay in the dtype that they have.

    >>> Precision().start().factor
    array(65536., dtype=float32)
    >>> Precision("bfloat16").cast({"w": np.float32([0.1, 300.7])})["w"]
    array([1.00097656e-01, 3.00000000e+02], dtype=float32)
    """

    dtype: Any = np.float16
    scale: float = 2.0**16
    growth: float = 2.0
    backoff: float = 0.5
    interval: int = 2000

    def __post_init__(self) -> None:
        if self.name not in ("float16", "bfloat16", "float32", "float64"):
            raise UsageError(f"precision is of a float dtype, found {self.dtype!r}", hint='"float16" or "bfloat16"')
        if not LEAST <= self.scale <= MOST or not self.growth >= 1 or not 0 < self.backoff < 1 or self.interval < 1:
            raise UsageError(
                f"a loss scale from {LEAST:g} to {MOST:g} grows by a factor of 1 or more after some steps, and "
                f"falls by one between 0 and 1; found {self}"
            )

    @property
    def name(self) -> str:
        """The name of the dtype."""
        if isinstance(self.dtype, str) and self.dtype == "bfloat16":
            return self.dtype
        try:
            return str(np.dtype(self.dtype))
        except TypeError:
            return "none"

    def start(self) -> Scale | None:
        """The scale before the first step; None where the dtype needs none."""
        if self.name != "float16":
            return None
        return Scale(np.array(self.scale, np.float32), np.array(0, np.int32), np.array(0, np.int64))

    def cast(self, tree: Tree) -> Tree:
        """The floats of a tree as the network sees them."""
        return map_leaves(lambda leaf: self._cast(leaf) if np.result_type(leaf).kind == "f" else leaf, tree)

    def _cast(self, leaf: Array) -> Array:
        return rounded(leaf.astype(np.float32)) if self.name == "bfloat16" else leaf.astype(self.name)


def rounded(x: Array) -> Array:
    """float32 numbers rounded to the nearest bfloat16, ties to even; the derivative is that of x.

    What is split off by a multiplication with 2ˢ + 1 leaves 24 - s bits, correctly rounded: T. J. Dekker, A floating-
    point technique for extending the available precision (1971). Below the smallest normal number the places are
    fixed, and adding and taking away a large number rounds to them.
    """
    splitter, huge, smallest, magic = (np.float32(n) for n in (2.0**16 + 1, 2.0**100, 2.0**-126, 1.5 * 2.0**-110))
    factor = np.where(np.abs(x) > huge, np.float32(2.0**-20), np.float32(1))  # so that nothing overflows on the way
    scaled = x * factor
    spread = scaled * splitter
    normal = (spread - (spread - scaled)) / factor
    found = np.where(np.abs(x) < smallest, (x + magic) - magic, normal)
    return x + stop_gradient(np.where(np.isfinite(x), found - x, np.float32(0)))


def finite(tree: Tree) -> Array:
    """Is every number of a tree finite?"""
    leaves, _ = flatten(tree)
    found: Array = np.True_
    for leaf in leaves:
        if np.result_type(leaf).kind in "fc":
            found = found & np.all(np.isfinite(leaf))
    return found


def grown(precision: Precision, scale: Scale, is_finite: Array) -> Scale:
    """The scale after a step that went well, or overflowed."""
    good = np.where(is_finite, scale.good + 1, 0).astype(np.int32)
    is_due = good >= precision.interval
    up = np.where(is_due, precision.growth, 1.0)
    factor = scale.factor * np.where(is_finite, up, precision.backoff)
    return Scale(
        np.clip(factor, LEAST, MOST).astype(np.float32),
        np.where(is_due, 0, good).astype(np.int32),
        scale.made + np.where(is_finite, 1, 0),
    )
