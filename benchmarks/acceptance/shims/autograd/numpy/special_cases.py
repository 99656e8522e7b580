"""What NumPy cannot dispatch: bracket functions, an integer type as a function, and one function of theirs."""

from typing import Any

import numpy as np

from autograd.core import isbox


class _Rows:
    """np.r_ by concatenation: pieces along the first axis."""

    def __getitem__(self, key: Any) -> Any:
        pieces = key if isinstance(key, tuple) else (key,)
        return np.concatenate([np.r_[p] if isinstance(p, slice) else np.atleast_1d(p) for p in pieces])


class _Columns:
    """np.c_ by concatenation: pieces as columns."""

    def __getitem__(self, key: Any) -> Any:
        pieces = key if isinstance(key, tuple) else (key,)
        return np.concatenate([p if np.ndim(p) > 1 else np.reshape(p, (-1, 1)) for p in pieces], axis=-1)


r_, c_ = _Rows(), _Columns()


class int64(np.int64):  # noqa: N801 - NumPy's name
    """NumPy's type; a traced value is cast, which cuts the chain."""

    def __new__(cls, value: Any = 0) -> Any:
        return value.astype(np.int64) if isbox(value) else np.int64(value)


def make_diagonal(d: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Stacks of diagonal matrices."""
    del offset, axis1, axis2
    return d[..., None] * np.eye(np.shape(d)[-1])
