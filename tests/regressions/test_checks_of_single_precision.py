"""The check at the end of an explanation finds a wrong derivative of single-precision numbers, however small it is."""

import numpy as np
import pytest

import glassgrad as gg


@gg.custom_derivative
def half_wrong(x: object) -> object:
    return x * x


@half_wrong.pullback
def _pullback(ct: object, y: object, x: object) -> object:
    return ct * x  # half of what it is


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
def test_a_wrong_rule_is_found(size: float) -> None:
    x = np.array([1.0, 2.0, 3.0], np.float32) * np.float32(size)
    assert gg.explain(lambda x: half_wrong(x).sum(), x).check.agrees is False


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.complex64])
def test_a_right_one_is_not_blamed(size: float, dtype: type) -> None:
    x = np.random.default_rng(0).standard_normal(200).astype(dtype) * dtype(
        min(size, 1e2) if dtype is np.float16 else size
    )

    def spread(x: object) -> object:
        return np.mean(np.abs(x - np.mean(x)))

    assert gg.explain(spread, x).check.agrees is True


def test_a_slope_that_is_zero_but_for_rounding_is_not_blamed() -> None:
    def softmax_sum(x: object) -> object:
        e = np.exp(x - np.max(x))
        return np.sum(e / np.sum(e))

    x = np.random.default_rng(0).standard_normal(100).astype(np.float32)
    assert gg.explain(softmax_sum, x).check.agrees is True
