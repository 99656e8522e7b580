"""Keys for layers: those of `glassgrad.random`, or whole numbers for the keys that they seed. Floor 6."""

from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.random.keys import Key
from glassgrad.random.keys import key as key_of_seed
from glassgrad.tracing.tracer import Tracer


def as_key(key: Any) -> Key:
    """The key itself, or that of a seed.

    >>> as_key(7)
    array([0, 7], dtype=uint32)
    """
    if isinstance(key, int | np.integer) and not isinstance(key, bool):
        return key_of_seed(key)
    if isinstance(key, Tracer | np.ndarray):
        if key.shape == () and key.dtype.kind in "iu" and not isinstance(key, Tracer):
            return key_of_seed(int(key))
        if key.shape == (2,) and key.dtype == np.uint32:
            return key
        what = f"an array of {key.dtype} of shape {key.shape}"
    else:
        what = "None" if key is None else f"{type(key).__name__} {key!r}"
    raise UsageError(
        f"a key is two words of 32 bits, or a whole number as its seed; found {what}",
        hint="key=0, or key=glassgrad.random.key(0); glassgrad.random.split(key, count) makes several of one",
    )
