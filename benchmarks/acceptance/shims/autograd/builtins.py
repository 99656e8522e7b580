"""Containers need no stand-ins: Glassgrad's trees are Python's own. Only isinstance has to know traced arrays."""

from builtins import dict, list, tuple, type  # noqa: UP029 - they are names of this module
from builtins import isinstance as plain_isinstance
from typing import Any

import numpy as np

from autograd.core import isbox


def isinstance(value: Any, kinds: Any) -> bool:
    """As Python's; a traced value is an array."""
    given = kinds if plain_isinstance(kinds, tuple) else (kinds,)
    return any(issubclass(np.ndarray, kind) for kind in given) if isbox(value) else plain_isinstance(value, kinds)


__all__ = ["dict", "isinstance", "list", "tuple", "type"]
