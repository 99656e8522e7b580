"""Arrays whose bytes lie in the other order, as in many file formats, are numbers like others."""

import numpy as np
import pytest

import glassgrad as gg

OTHER = np.dtype(np.float64).newbyteorder("S")
X = np.arange(1.0, 7.0).reshape(2, 3)


def written(x):
    y = x * 1
    y[1:] += -1.0
    return y


FUNCTIONS = {
    "itself": lambda x: x,
    "a write": written,
    "a gradient": gg.grad(lambda x: np.sum(x**3)),
    "a loop": lambda x: gg.scan(lambda carry, row: (carry + row, carry), x[0], x)[1],
    "a branch": lambda x: gg.cond(x[0, 0] > 0, lambda: x, lambda: x + 1.0),
    "two results": gg.vmap(lambda row: row.sum() * row),
}


@pytest.mark.parametrize("engine", ["cpu", "reference"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_an_argument(name, engine):
    with gg.settings(engine=engine):
        compiled = gg.jit(FUNCTIONS[name])
        for given in (X.astype(OTHER), X, X.astype(OTHER)):
            found = compiled(given)
            np.testing.assert_array_equal(found, gg.jit(FUNCTIONS[name])(X))
            assert found.dtype.isnative


def test_as_an_array_of_the_surroundings_that_changes():
    held = np.arange(3.0).astype(OTHER)
    for transformed in (gg.jit(lambda x: x * held), gg.grad(lambda x: np.sum(x * x * held) / 2)):
        held[:] = 2.0
        np.testing.assert_array_equal(transformed(np.ones(3)), [2.0, 2.0, 2.0])
        held[:] = 7.0
        np.testing.assert_array_equal(transformed(np.ones(3)), [7.0, 7.0, 7.0])


def test_a_number():
    number = np.array(2.5, OTHER)
    assert gg.jit(lambda x: x * 2)(number) == 5.0
    assert gg.jit(lambda x: x * number)(2.0) == 5.0
