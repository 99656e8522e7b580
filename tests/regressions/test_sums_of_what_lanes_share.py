"""A value that is the same in all lanes was added to a sum over them once, not as often as there are lanes."""

import numpy as np
import pytest

import glassgrad as gg

REDUCTIONS = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "max": np.max,
    "of integers": lambda v, axis: np.sum((v * 100).astype(np.int32), axis=axis),
}


@pytest.mark.parametrize("axes", [(1, 0), (0, 1), (None, 0), (1, None)], ids=str)
@pytest.mark.parametrize("shape", [(12, 5), (8, 8), (7, 5), (3, 17), (40, 33)], ids=str)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_rows_and_columns_of_a_spread_row_or_column(name, shape, axes):
    reduced = REDUCTIONS[name]

    def both(x):
        spread = np.broadcast_to(x, shape) * 1.01
        return tuple(reduced(spread, axis=axis) for axis in axes)

    for own in [(1, shape[1]), (shape[0], 1)]:
        x = np.random.default_rng(0).normal(size=own)
        for found, expected in zip(gg.jit(both)(x), both(x), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
