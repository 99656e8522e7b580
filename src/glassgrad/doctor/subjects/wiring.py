"""Wiring that is hardly meant, as a pass shows it: parameters without a gradient, shapes that are broadcast. Floor 7.

What the parameters say by themselves (frozen, outside the optimiser) is read off them, by `Setup.events`.
"""

from collections.abc import Collection, Iterable
from math import prod
from typing import TypeAlias

import numpy as np

from glassgrad.doctor.measured.losses import BY_ENTRY

Shape: TypeAlias = tuple[int, ...]
Step: TypeAlias = tuple[Shape, Shape]  # of a prediction, and what became of it beside something that does not learn


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


def broadcasts(loss: str, prediction: Shape, target: Shape, steps: Iterable[Step]) -> bool:
    """Does a loss that compares entry by entry compare every prediction with every target, for their shapes differ?

    Shapes alone do not tell: a loss may reshape the target itself. `steps` are those that the loss was seen to make;
    one of them has to make the larger shape of the prediction's.

    >>> broadcasts("mse", (32, 1), (32,), [((32, 1), (32, 32))]), broadcasts("mse", (32, 1), (32,), [])
    (True, False)
    """
    if loss not in BY_ENTRY or prediction == target or not prediction or not target:
        return False
    try:
        shape = np.broadcast_shapes(prediction, target)
    except ValueError:
        return False
    if prod(shape) <= max(prod(prediction), prod(target)):
        return loss != "custom" and prediction[0] != target[0]  # one target for all
    return (prediction, shape) in steps
