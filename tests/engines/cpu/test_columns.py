"""Statistics of columns: a few columns at a time where the cache holds their rows, along the rows of memory else."""

import numpy as np
import pytest

import glassgrad as gg


def normalised(x):
    centred = x - np.mean(x, axis=0, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=0, keepdims=True) + 1e-5)


def loops(shape):
    """The extents of the outermost loop of the last kernel."""
    with gg.settings(threads=1, engine="cpu"):
        lines = str(gg.jit(normalised).inspect(np.ones(shape))).splitlines()
    starts = [line for line in lines if line.startswith("    for (int i = 0")]
    return int(starts[-1].split("i < ")[1].split(";")[0])


def test_few_rows_are_gone_across_and_many_along():
    assert loops((48, 256)) == 256
    assert loops((200, 256)) == 256
    assert loops((400, 256)) == 400
    assert loops((200, 5000)) == 200
    assert loops((700, 16)) == 700


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(48, 256), (200, 300), (400, 256), (513, 70)])
def test_values_and_gradients(shape, dtype):
    random = np.random.default_rng(1)
    x, ct = (random.normal(size=shape).astype(dtype) for _ in range(2))
    found = gg.jit(gg.grad(lambda x, ct: np.sum(normalised(x) * ct)))(x, ct)
    centred = x - x.mean(0)
    scale = 1 / np.sqrt((centred * centred).mean(0) + 1e-5)
    y = centred * scale
    wanted = scale * (ct - ct.mean(0) - y * (ct * y).mean(0))
    close = 1e-4 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(gg.jit(normalised)(x), y, rtol=close, atol=close)
    np.testing.assert_allclose(found, wanted, rtol=close, atol=close)


def test_tiles_of_columns_are_for_what_the_caches_hold():
    def totals(x):
        return np.sum(x, axis=0)

    def is_tiled(shape):
        return "innermost" in str(gg.jit(totals).inspect(np.ones(shape, np.float32)))

    assert is_tiled((400, 256))
    assert not is_tiled((4000, 256))
    assert is_tiled((100_000, 16))  # a tile has whole rows
