"""Matrices, masked arrays and arrays of objects or text are refused by name; their meaning would be lost silently."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import DtypeError, UnsupportedError

pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
WHERE = {
    "argument": lambda strange: gg.grad(lambda x: np.sum(x * x))(strange),
    "compiled": lambda strange: gg.jit(lambda x: x * x)(strange),
    "captured": lambda strange: gg.grad(lambda x: np.sum(x * strange))(np.ones((2, 2))),
    "on the left": lambda strange: gg.grad(lambda x: np.sum(np.multiply(strange, x)))(np.ones((2, 2))),
}


@pytest.mark.parametrize("where", WHERE)
def test_a_matrix_multiplies_otherwise(where):
    with pytest.raises(UnsupportedError, match=r"np\.matrix"):
        WHERE[where](np.matrix([[1.0, 2.0], [3.0, 4.0]]))


@pytest.mark.parametrize("where", ["argument", "compiled", "captured"])
def test_a_masked_array_skips_entries(where):
    with pytest.raises(UnsupportedError, match="masked array"):
        WHERE[where](np.ma.masked_array(np.ones((2, 2)), np.eye(2)))


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("kind", ["object", "U3", "M8[s]"])
def test_what_holds_no_numbers(where, kind):
    with pytest.raises(DtypeError, match=r"does not hold numbers|does not take"):
        WHERE[where](np.array([[1, 2], [3, 4]]).astype(kind))
