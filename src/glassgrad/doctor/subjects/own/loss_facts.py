"""What a loss of ours is: its name, its reduction, and where it is written. Floor 7."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.base.naming import described
from glassgrad.doctor.measured.setup import LossFacts
from glassgrad.doctor.subjects.loss_trials import Evaluate, by_trial
from glassgrad.nn.losses.by_name import LOSSES


def loss_facts(function: Any, evaluate: Evaluate, shape: tuple[int, ...], target: np.ndarray) -> LossFacts:
    """The facts of a loss. `evaluate(prediction)` is its value beside this target, for a prediction of this shape."""
    name, reduction = by_trial(evaluate, shape, target) or ("custom", "unknown")
    return LossFacts(name, title_of(function), reduction, place_of(function))


def title_of(function: Any) -> str:
    """The loss as the person wrote it: `nn.mse`, or the name of their own function."""
    inner = function.func if isinstance(function, partial) else function
    name = str(getattr(inner, "__name__", ""))
    if LOSSES.get(name) is inner:
        settings = function.keywords if isinstance(function, partial) else {}
        said = ", ".join(f"{key}={value!r}" for key, value in settings.items())
        return f"nn.{name}" + (f"({said})" if said else "")
    return "the loss" if name == "<lambda>" else name or described(function)


def place_of(function: Any) -> str | None:
    """Where a loss of the person's own is written: `model.py:12`."""
    inner = function.func if isinstance(function, partial) else getattr(function, "function", function)
    code = getattr(inner, "__code__", None)
    if code is None or LOSSES.get(getattr(inner, "__name__", "")) is inner:
        return None
    return f"{Path(code.co_filename).name}:{code.co_firstlineno}"
