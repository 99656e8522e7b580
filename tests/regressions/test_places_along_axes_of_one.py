"""Places looked up along an axis of one element: the value there, and an error outside of it.

The engine read such a value from memory that it had not written yet, where both came in one loop; and along an axis
that a broadcast had made, or in equal constants, no index was outside.
"""

import numpy as np
import pytest

import glassgrad as gg


@pytest.fixture(autouse=True)
def _native():
    with gg.settings(engine="cpu"):
        yield


FUNCTIONS = {
    "a product": lambda x, i: (x @ x.T)[i],
    "its square": lambda x, i: ((x @ x.T) * (x @ x.T))[i] + 1.0,
    "a sum": lambda x, i: np.sum(x, axis=0, keepdims=True)[i],
    "a sum, in another shape": lambda x, i: np.sum(x).reshape(1, 1)[i],
    "a sorted row": lambda x, i: np.sort(x, axis=0)[i] * 3.0,
    "a running sum": lambda x, i: np.take_along_axis(np.cumsum(x, axis=0), i[:, None], axis=0),
    "constants": lambda x, i: np.full_like(x, 2.0)[i] + x,
    "a gradient": gg.grad(lambda x, i: np.sum((x @ x.T)[i] ** 2)),
    "rows at once": lambda x, i: gg.vmap(lambda k: (x @ x.T)[k])(i),
    "steps": lambda x, i: gg.scan(lambda c, k: (c + (x @ x.T)[k], c), np.zeros(1), i)[0],
}
X = np.array([[1.5]])


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("places", [[0], [-1], [0, -1, 0]])
def test_inside(name, places):
    function, i = FUNCTIONS[name], np.array(places)
    with gg.settings(engine="reference"):
        expected = gg.jit(function)(X, i)
    compiled = gg.jit(function)
    for _ in range(2):
        np.testing.assert_allclose(compiled(X, i), expected, rtol=1e-14)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("place", [1, -2])
def test_outside(name, place):
    with pytest.raises(IndexError, match=f"index {place} is out of bounds for axis 0 with size 1"):
        gg.jit(FUNCTIONS[name])(X, np.array([0, place]))


def test_the_place_of_the_largest():
    def function(x):
        square = (x @ x.T) ** 2
        return np.take_along_axis(square, np.argmax(square, axis=0)[None], axis=0)

    np.testing.assert_allclose(gg.jit(function)(X), X**4)


@pytest.mark.parametrize("place", [3, -4])
def test_an_axis_made_by_a_broadcast(place):
    function = gg.jit(lambda x, i: gg.numpy.broadcast_to(x + 1.0, (3, 1))[i])
    np.testing.assert_array_equal(function(X, np.array([2, -3])), [[2.5], [2.5]])
    with pytest.raises(IndexError, match=f"index {place} is out of bounds for axis 0 with size 3"):
        function(X, np.array([place]))
