"""Wiring that is hardly meant, as a pass shows it: parameters without a gradient, shapes that are broadcast. Floor 7.

What the parameters say by themselves (frozen, outside the optimiser) is read off them, by `Setup.events`.
"""

from collections.abc import Collection
from math import prod

import numpy as np

from glassgrad.doctor.measured.losses import BY_ENTRY


def without_gradient(learning: Collection[str], reached: Collection[str], cut: Collection[str]) -> list[str]:
    """The event of parameters that should learn and have no gradient after a pass, if there are any.

    "detached" where the graph is cut behind them, "grad_none" where they were not used at all.

    Args:
        learning: paths of those that should have one.
        reached: of those that have.
        cut: of those whose link was called on the way to the loss.

    >>> without_gradient(["a", "b"], ["b"], ["a", "b"]), without_gradient(["a", "b"], ["b"], ["b"])
    (['detached'], ['grad_none'])
    """
    missing = [path for path in learning if path not in reached]
    if not missing:
        return []
    return ["detached" if len(missing) == len(learning) or any(path in cut for path in missing) else "grad_none"]


def broadcasts(loss: str, prediction: tuple[int, ...], target: tuple[int, ...], *, of_classes: bool) -> bool:
    """Does a loss that compares entry by entry compare every prediction with every target, for their shapes differ?

    `of_classes`: the targets are labels, which a loss of one's own may well take beside scores.

    >>> broadcasts("mse", (32, 1), (32,), of_classes=False), broadcasts("mse", (32, 1), (32, 1), of_classes=False)
    (True, False)
    """
    if loss not in BY_ENTRY or (of_classes and loss == "custom"):
        return False
    if prediction == target or not prediction or not target:
        return False
    try:
        shape = np.broadcast_shapes(prediction, target)
    except ValueError:
        return False
    return prod(shape) > max(prod(prediction), prod(target)) or prediction[0] != target[0]
