"""Dropout: in training, some of the numbers become 0 and the others grow. Floor 6."""

from typing import Any

import numpy as np

from glassgrad import random
from glassgrad.base.errors import UsageError
from glassgrad.nn.calls import current
from glassgrad.nn.layer import Array, Layer, static


class Dropout(Layer):
    """In training each number is 0 with probability `rate`, else divided by 1 - rate; in evaluation nothing happens.

    Input and result have the same shape. `axes` are those along which one decision holds for all: `axes=(2, 3)` drops
    whole channels of images (batch, channel, row, column). There is one draw for a call: it holds for all steps of
    a `scan` and for all rows of a `vmap`; called with the whole batch, each row has its own. Srivastava et al., 2014,
    scaled in training.

    >>> Dropout(0.5)(np.ones(4))
    array([1., 1., 1., 1.])
    """

    rate: float = static()
    axes: tuple[int, ...] = static(())

    def __init__(self, rate: float, *, axes: tuple[int, ...] = ()) -> None:
        if not 0 <= rate < 1:
            raise UsageError(f"a dropout rate is from 0 to below 1, found {rate}")
        self.rate, self.axes = float(rate), tuple(axes)

    def __call__(self, x: Array) -> Array:
        pass_ = current()
        if pass_ is None or self.rate == 0:
            return x
        shared = {axis % np.ndim(x) for axis in self.axes}
        shape = tuple([1 if axis in shared else size for axis, size in enumerate(np.shape(x))])
        kept: Any = random.bernoulli(pass_.key(), 1 - self.rate, shape)
        return np.where(kept, x / (1 - self.rate), np.zeros((), np.result_type(x)))
