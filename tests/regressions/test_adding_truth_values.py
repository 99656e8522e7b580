"""`np.add.at` on truth values: a place that is named twice stays true."""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize("engine", ["cpu", "reference"])
@pytest.mark.parametrize("places", [[1, 1, 2], [0], [-1, -1, -1, 0]])
@pytest.mark.parametrize("added", [True, 2])
def test_a_place_named_twice(engine, places, added):
    def marked(start, i):
        found = start.copy()
        np.add.at(found, i, added)
        return found

    for start in (np.zeros(5, bool), np.ones(5, bool), np.arange(5) % 2 == 0):
        with gg.settings(engine=engine):
            found = gg.jit(marked)(start, np.array(places))
        np.testing.assert_array_equal(found, marked(start, np.array(places)))
        assert found.dtype == bool
