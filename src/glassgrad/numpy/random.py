"""`numpy.random` as it is: its numbers are constants of a trace. Differentiable sampling takes explicit keys."""

from typing import Any

import numpy as np


def __getattr__(name: str) -> Any:
    return getattr(np.random, name)


def __dir__() -> list[str]:
    return sorted(dir(np.random))
