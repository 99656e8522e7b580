"""The place of the largest of no elements: an error, as in NumPy, and not 0."""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize("function", [np.argmax, np.argmin])
@pytest.mark.parametrize(("shape", "axis"), [((0,), None), ((0,), 0), ((2, 0), 1), ((2, 0), -1), ((0, 2), 0)])
def test_there_is_no_place(function, shape, axis):
    with pytest.raises(ValueError, match="of no elements"):
        gg.jit(lambda x: function(x, axis=axis))(np.zeros(shape))


@pytest.mark.parametrize("function", [np.argmax, np.argmin])
def test_no_places_are_asked_for(function):
    assert gg.jit(lambda x: function(x, axis=0))(np.zeros((2, 0))).shape == (0,)
