"""Loops that are added up in blocks: lengths that blocks divide, and others."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu.emit.sharing import _without_rest


def test_a_step_of_which_the_length_is_a_multiple_where_there_is_one():
    assert _without_rest(1000, 1, 128) == 125
    assert _without_rest(1024, 1, 128) == 128
    assert _without_rest(1009, 1, 128) == 128  # a prime number
    assert _without_rest(1000, 8, 16) == 8 * 16  # of 125 vectors no number from 9 to 16 is a part
    assert _without_rest(8 * 120, 8, 16) == 8 * 15
    assert _without_rest(0, 4, 1) == 4


@pytest.mark.parametrize("rows", [1000, 1009, 1024, 1331])
def test_sums_over_rows_in_blocks(rows):
    rng = np.random.default_rng(0)
    points, centres = rng.normal(size=(rows, 6)), rng.normal(size=(90, 6))

    def cost(centres, points):
        distances = np.sum((points[:, None, :] - centres[None]) ** 2, axis=2)
        return np.sum(np.min(distances, axis=1)), np.sum(np.tanh(points), axis=0)

    found = gg.jit(cost)(centres, points)
    for threads in (1, 2):
        with gg.settings(threads=threads):
            again = gg.jit(cost)(centres, points)
        for x, y, z in zip(found, again, cost(centres, points), strict=True):
            np.testing.assert_array_equal(x, y)
            np.testing.assert_allclose(x, z, rtol=1e-12)
