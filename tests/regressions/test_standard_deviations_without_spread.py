"""np.nanstd where nothing varies has the derivative that np.std has: the chosen 0, not 0 · inf."""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize("options", [{}, {"ddof": 1}, {"axis": 0, "keepdims": True}])
def test_nanstd_of_equal_numbers_has_the_derivative_zero(options: dict[str, object]) -> None:
    values = np.array([1.0, np.nan, 1.0, 1.0])
    assert np.array_equal(gg.grad(lambda x: np.nanstd(x, **options).sum())(values), np.zeros(4))


def test_nanstd_without_nan_has_the_gradient_of_std() -> None:
    values = np.array([[1.0, 2.0, 4.0], [3.0, 3.0, 3.0]])

    def total(deviation: object) -> object:
        return gg.grad(lambda x: deviation(x, axis=1).sum())(values)

    np.testing.assert_allclose(total(np.nanstd), total(np.std), atol=1e-15)


def test_nanstd_of_too_few_numbers_stays_undefined() -> None:
    with pytest.warns(RuntimeWarning):
        expected = np.nanstd(np.array([2.0, np.nan]), ddof=1)
    value, _ = gg.value_and_grad(lambda x: np.nanstd(x, ddof=1))(np.array([2.0, np.nan]))
    assert np.isnan(expected)
    assert np.isnan(value)
