"""Keys for layers: a whole number stands for the key that it seeds. Floor 6."""

from typing import Any

import numpy as np

from glassgrad.random.keys import key as key_of


def as_key(key: Any) -> Any:
    """The key itself, or the key of a seed.

    >>> as_key(7)
    array([0, 7], dtype=uint32)
    """
    return key_of(int(key)) if isinstance(key, int | np.integer) else key
