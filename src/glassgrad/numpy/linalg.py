"""`numpy.linalg` for traced values; plain arrays go straight to NumPy."""

from typing import Any

import numpy as np

from glassgrad.numpy.mirror import mirrored


def __getattr__(name: str) -> Any:
    found = globals()[name] = mirrored(np.linalg, name, __name__)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *np.linalg.__all__})
