"""vmap refuses axes that the arguments or results do not have, instead of counting on from the start."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import ShapeError, UsageError


@pytest.mark.parametrize("axis", [2, 5, -3])
def test_a_result_has_no_such_axis(axis: int) -> None:
    with pytest.raises(ShapeError, match=rf"out_axes={axis}"):
        gg.vmap(lambda x: 2 * x, out_axes=axis)(np.ones((3, 2)))


@pytest.mark.parametrize("axis", [-2, -1, 0, 1])
def test_axes_that_fit_are_taken(axis: int) -> None:
    assert gg.vmap(lambda x: 2 * x, out_axes=axis)(np.ones((3, 2))).shape[axis] == 3


@pytest.mark.parametrize("axes", [{"b": 0}, {"a": 0, "b": 0}, "a", (0, 0)])
def test_axes_are_shaped_as_the_argument(axes: object) -> None:
    with pytest.raises(UsageError, match="do not fit"):
        gg.vmap(lambda d: d["a"] * 2, in_axes=(axes,))({"a": np.ones((3, 2))})
