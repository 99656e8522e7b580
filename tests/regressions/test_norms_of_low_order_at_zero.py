"""Norms of an order below 1 have a cusp where an entry is 0: the derivative taken there is 0, not 0 · inf."""

import numpy as np
import pytest

import glassgrad as gg

ORDERS = [0.5, 0.25, -0.5, -1]


def _slopes(order: float, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    def norm(v: np.ndarray) -> np.ndarray:
        return np.linalg.norm(v, order)

    return gg.grad(norm)(x), np.array([gg.jvp(norm, (x,), (row,))[1] for row in np.eye(len(x))])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.filterwarnings("ignore:divide by zero")  # NumPy's own, at 0 ** -1
def test_an_entry_of_zero_has_the_derivative_zero(order: float) -> None:
    x = np.array([0.0, 1.0, -2.0])
    value, _ = gg.value_and_grad(lambda v: np.linalg.norm(v, order))(x)
    assert value == pytest.approx(np.linalg.norm(x, order))
    rest = _slopes(order, x[1:])[0] if order > 0 else np.zeros(2)  # the least entry alone decides at negative orders
    for slopes in _slopes(order, x):
        np.testing.assert_allclose(slopes, [0.0, *rest], rtol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
def test_the_norm_of_nothing_but_zeros_has_the_derivative_zero(order: float) -> None:
    for slopes in _slopes(order, np.zeros(3)):
        assert np.array_equal(slopes, np.zeros(3))
