"""What the derivatives of extrema are where a value is NaN, as ops/reduce.py and ops/extrema.py state it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassgrad as gg

X = np.array([1.0, np.nan, 2.0])
CHOICES: list[tuple[Callable[..., Any], list[float]]] = [
    (lambda x: np.sum(np.maximum(x, 0.5)), [1.0, 0.0, 1.0]),
    (lambda x: np.sum(np.fmax(x, 0.5)), [1.0, 0.0, 1.0]),
    (lambda x: np.sum(np.clip(x, 0.0, 1.5)), [1.0, 0.0, 0.0]),
    (np.nanmax, [0.0, 0.0, 1.0]),
]


@pytest.mark.parametrize(("function", "expected"), CHOICES, ids=["maximum", "fmax", "clip", "nanmax"])
def test_a_choice_at_nan_has_the_derivative_zero_both_ways(function: Callable[..., Any], expected: list[float]) -> None:
    assert gg.grad(function)(X).tolist() == expected
    assert [float(gg.jvp(function, (X,), (row,))[1]) for row in np.eye(3)] == expected


@pytest.mark.parametrize("function", [np.max, np.min])
def test_an_extremum_that_is_nan(function: Callable[..., Any]) -> None:
    assert gg.grad(function)(X).tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(gg.jvp(function, (X,), (np.ones(3),))[1])
