"""A loop whose end depends on the data, inside a scan, leaves rows of different lengths; they can be explained."""

import json

import numpy as np

import glassgrad as gg

X = np.array([0.2, -1.3, 0.7, 2.5, 0.1])


def settled(x):
    def step(carry, each):
        small = gg.while_loop(lambda s: np.abs(s) > 0.3, lambda s: np.sin(s) * 0.6, carry + each)
        return small, carry * each

    last, products = gg.scan(step, 1.0, x)
    return last + products.sum()


def deep(x):
    return gg.scan(lambda c, e: (gg.scan(lambda d, _: (settled(x * d), None), c, x[:2])[0] + e, None), 1.0, x)[0]


def test_explain_shows_rows_of_different_lengths():
    for function in (settled, deep):
        derivation = gg.explain(function, X)
        assert derivation.check.agrees
        assert "of different lengths" in derivation.text()
        assert json.dumps(derivation.to_dict(), allow_nan=False)
        assert "<svg" in gg.draw(function, X)
