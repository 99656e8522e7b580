"""A transposed convolution whose padding cuts off all: an error, where a negative size went on into the graph."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import ShapeError


@pytest.mark.parametrize(("window", "padding"), [((2, 1), (2, 0)), ((1, 2), (0, 2)), ((2, 2), (1, 1))])
def test_nothing_is_left(window, padding):
    x, w = np.ones((1, 2, 1, 1)), np.ones((2, 3, *window))
    with pytest.raises(ShapeError, match="leaves a space of"):
        gg.conv_transpose(x, w, padding=padding)
    with pytest.raises(ShapeError, match="leaves a space of"):
        gg.jit(gg.grad(lambda x: gg.conv_transpose(x, w, padding=padding).sum()))(x)


def test_one_element_is_left():
    assert gg.conv_transpose(np.ones((1, 1, 1)), np.ones((1, 1, 3)), padding=1).tolist() == [[[1.0]]]
