"""A power with a Python number as exponent is written out for that number, and the source says so."""

import numpy as np
import pytest

import glassgrad as gg


def powered(x, n):
    return np.sum(np.sin(x) ** n)


@pytest.mark.parametrize("n", [2, 3])
def test_the_exponent_is_said(n):
    text = gg.source(powered, np.array([0.1, 0.2]), n, wrt="x")
    assert f"Holds for n = {n} only." in text
    assert f"dx = {n} * sin_x" in text
