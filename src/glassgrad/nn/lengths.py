"""How long each of the sequences of a batch is. Floor 6."""

from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DomainError, DtypeError, ShapeError
from glassgrad.nn.rows import Array, as_array, known


def lengths_of(taker: str, name: str, given: Array, shape: tuple[int, ...], full: int) -> Array:
    """The lengths of sequences of `full` steps, an int64 for each of the batch, (*shape), from 0 to `full`.

    >>> lengths_of("last", "lengths", [3, 1], (2,), 4)
    array([3, 1])
    """
    sizes: Any = as_array(given)
    if sizes.dtype.kind not in "iu":
        raise DtypeError(f"{taker} takes {name} as whole numbers, found {sizes.dtype}", hint=f"{name}.astype(int)")
    if sizes.shape not in (shape, ()):
        raise ShapeError(f"{taker} takes {name} of shape {show_shape(shape)}, found {show_shape(sizes.shape)}")
    sizes = np.broadcast_to(sizes.astype(np.int64), shape)
    numbers = known(sizes)
    if numbers is not None and numbers.size and not 0 <= numbers.min() <= numbers.max() <= full:
        found = " to ".join(map(str, dict.fromkeys([numbers.min(), numbers.max()])))
        raise DomainError(f"{taker} takes {name} from 0 to {full}, found {found}")
    return sizes
