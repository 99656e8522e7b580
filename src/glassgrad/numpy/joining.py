"""`r_` and `c_`: rows and columns joined by brackets, of traced values and plain ones."""

from typing import Any

import numpy as np

from glassgrad.base.errors import UnsupportedError
from glassgrad.graph.node import workspace
from glassgrad.tracing.registry import FUNCTIONS
from glassgrad.tracing.tracer import any_traced, note_origin, to_node, wrap


class RowJoiner:
    """`r_[x, 0.0, 1:10]`: one after another along the first axis; slices are ranges."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        parts = _parts(key)
        return (
            np.r_[key] if parts is None else FUNCTIONS[np.hstack]([part if part.ndim else part[None] for part in parts])
        )


class ColumnJoiner:
    """`c_[x, y]`: vectors side by side as columns."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        parts = _parts(key)
        if parts is None:
            return np.c_[key]
        columns = [
            np.reshape(part, (1, 1)) if not part.ndim else part[:, None] if part.ndim == 1 else part for part in parts
        ]
        return FUNCTIONS[np.concatenate](columns, axis=-1)


def _parts(key: Any) -> list[Any] | None:
    """The parts as traced values; None where none of them is traced."""
    parts = key if isinstance(key, tuple) else (key,)
    if workspace() is None or not any_traced(parts):
        return None
    if any(isinstance(part, str) for part in parts):
        raise UnsupportedError(
            "r_ and c_ with a directive in a string are not known on traced values",
            hint="np.concatenate or np.stack, with axis=",
        )
    note_origin()
    return [wrap(to_node(_range(part) if isinstance(part, slice) else part)) for part in parts]


def _range(part: slice) -> np.ndarray:
    start, step = part.start or 0, part.step
    if isinstance(step, complex):
        return np.linspace(start, part.stop, int(abs(step)))
    return np.arange(start, part.stop, 1 if step is None else step)


r_, c_ = RowJoiner(), ColumnJoiner()
__all__ = ["c_", "r_"]
