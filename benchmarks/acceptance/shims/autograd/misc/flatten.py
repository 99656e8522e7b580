"""A nest of arrays as one vector and back: the way back is the pullback of the way there."""

from typing import Any

import numpy as np

from autograd.core import make_vjp


def _vector(value: Any) -> Any:
    if isinstance(value, dict):
        value = [value[key] for key in sorted(value)]
    if isinstance(value, list | tuple):
        parts = [_vector(part) for part in value]
        return np.concatenate(parts) if parts else np.array([])
    return np.ravel(value)


def flatten(value: Any) -> tuple[Any, Any]:
    """The vector, and the function that puts one back into the nest."""
    unflatten, vector = make_vjp(_vector, value)
    return vector, unflatten
