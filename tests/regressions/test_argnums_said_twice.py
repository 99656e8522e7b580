"""An argument named twice in argnums, a NumPy integer, and what is neither a position nor a name."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import UsageError


def product(a, b):
    return a * b


@pytest.mark.parametrize("argnums", [(0, 0), (0, "a"), (1, -1)])
def test_one_argument_twice_is_an_error(argnums):
    with pytest.raises(UsageError, match="twice"):
        gg.grad(product, argnums)(2.0, 3.0)


def test_numpy_integers_are_positions():
    assert gg.grad(product, np.int64(1))(2.0, 3.0) == 2.0
    assert gg.grad(product, (np.int64(1), 0))(2.0, 3.0) == (2.0, 3.0)


@pytest.mark.parametrize("argnums", [1.0, True, None])
def test_other_things_are_refused_with_words(argnums):
    with pytest.raises(UsageError, match="positions and parameter names"):
        gg.grad(product, argnums)(2.0, 3.0)
