"""Which parameters a step changes: those that learn, and that the optimiser moves at all. Floor 7."""

from typing import Any

import numpy as np

from glassgrad.doctor.subjects.subject import Cannot
from glassgrad.optim.made import Made
from glassgrad.optim.optimizer import Optimizer


def stepped_paths(optimizer: Optimizer, learning: dict[str, Any]) -> set[str]:
    """The paths that the optimiser moves when all have a gradient; all of them where it moves none (a rate of 0)."""
    if not learning:
        return set()
    gradients = {path: np.ones_like(value) for path, value in learning.items()}
    try:
        with np.errstate(all="ignore"):
            updates, _ = optimizer.update(gradients, optimizer.start(dict(learning)), dict(learning))
    except Exception:  # noqa: BLE001 - an optimiser of the person's own may want more than that
        return set(learning)
    moved = {path for path, update in updates.items() if np.size(update) == 0 or np.any(update)}
    return moved or set(learning)


def stepping_all(model: Any, optimizer: Optimizer) -> dict[str, Any]:
    """Everything learns, by the first optimiser that moves something."""
    frozen = model.parameters().keys() - model.trainable().keys()
    learning = model.trainable()
    left = set(learning) - stepped_paths(optimizer, learning)
    if not frozen and not left:
        raise Cannot("every parameter learns already, and the optimiser moves each of them")
    changes: dict[str, Any] = {"model": model.unfreeze()} if frozen else {}
    if left:
        changes["optimizer"] = _first_that_moves(optimizer)
    return changes


def _first_that_moves(optimizer: Any) -> Optimizer:
    recipe = optimizer.made
    if isinstance(recipe, Made):
        name = recipe.maker.__name__
        inner = (
            list(recipe.numbers[0].values()) if name == "by_path" else [recipe.numbers[0]] if name == "masked" else []
        )
        for part in inner:
            if isinstance(part, Optimizer) and not (
                isinstance(part.made, Made) and part.made.maker.__name__ == "still"
            ):
                return part
    raise Cannot(f"no part of {optimizer} could be found that would move every parameter")
