"""Rows of one length shared their loop though another value has an element for each pair: nothing could be compiled."""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_pairs_of_elements_of_two_rows(batch):
    def function(x, y, w):
        top = np.max(w, axis=1)[:, None]
        a, b = np.exp(x - top), np.exp(np.sin(y) - top)
        pairs = np.tanh(a[:, :, None] * b[:, None, :]) * np.arange(16)
        return np.sum(pairs, axis=(1, 2)), np.sum(a, axis=1), np.sum(b, axis=1)

    x, y, w = (np.random.default_rng(0).normal(size=(batch, size)) for size in (16, 16, 5))
    for found, expected in zip(gg.jit(function)(x, y, w), function(x, y, w), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10)
