"""Arrays as a case's data has them."""

from typing import TypeAlias

import numpy as np

Pair: TypeAlias = tuple[np.ndarray, np.ndarray]
Random: TypeAlias = np.random.Generator


def floats(x: np.ndarray) -> np.ndarray:
    """In single precision."""
    return np.ascontiguousarray(x, np.float32)


def shuffled(random: Random, x: np.ndarray, labels: np.ndarray) -> Pair:
    """Rows and labels (count,) in another order."""
    order = random.permutation(len(x))
    return floats(x[order]), labels[order].astype(np.int64)
