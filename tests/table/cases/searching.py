"""Cases for places in sorted lists."""

import numpy as np

from tests.table.case import Case, normal


def rising(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.sort(generator.integers(-3, 4, shape) / 2.0)


CASES = [
    Case("searchsorted", ((5,), (2, 3)), {"side": "left"}, [rising, normal], batched=False),
    Case("searchsorted", ((5,), (4,)), {"side": "right"}, [rising, rising], batched=False, note="equals"),
    Case("searchsorted", ((5,), ()), {"side": "right"}, [rising, normal], batched=False),
]
