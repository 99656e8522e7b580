"""Keys: of `glassgrad.random`, or seeds of them; all else is answered with what a key is."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import UsageError
from glassgrad.nn.keys import as_key


def test_seeds_and_keys():
    key = gg.random.key(5)
    assert as_key(key) is key
    for seed in (5, np.int32(5), np.array(5)):
        np.testing.assert_array_equal(as_key(seed), key)
    np.testing.assert_array_equal(gg.jit(lambda key: gg.random.split(as_key(key)))(key), gg.random.split(key))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (None, "found None"),
        (True, "found bool True"),
        (0.5, "found float 0.5"),
        (np.random.default_rng(0), "found Generator"),
        (np.zeros(2), "an array of float64"),
        (gg.random.split(gg.random.key(0), 3), r"shape \(3, 2\)"),
    ],
)
def test_what_is_no_key(wrong, named):
    with pytest.raises(UsageError, match=named) as caught:
        as_key(wrong)
    assert "key=0" in str(caught.value)
