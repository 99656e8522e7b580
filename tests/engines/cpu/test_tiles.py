"""Transposes go forward in tiles, and give what NumPy gives."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu.emit.lanes import vector_bytes

TURNED = {
    "transposed": ((131, 1024), lambda x: x.T * 2),
    "a rest behind the tiles": ((70, 512), lambda x: x[:, 3:].T * 2 - 1),
    "backwards": ((67, 1024), lambda x: x.T[::-1, ::-1] * 2),
    "every other": ((133, 1024), lambda x: x.T[:, 1::2] + 1),
    "on several threads": ((257, 2048), lambda x: np.tanh(x.T)),
    "fewer than a tile": ((300, 1024), lambda x: x[:, :17].T * 3),
    "as many as lanes": ((64, 1024), lambda x: x[:40].T * 3),
    "beside rows": ((1024, 1024), lambda x: x + x.T),
    "two of them": ((131, 1024), lambda x: x.T * 2 + (x + 1)[::-1].T),
    "two, and one for all lanes": ((133, 70), lambda x: np.maximum(x.T, x[::-1].T) + x[0][:, None]),
    "two of few columns": ((300, 9), lambda x: x.T * 2 + x[::-1].T),
    "two of fewer columns than lanes": ((300, 3), lambda x: x.T * 2 + x[::-1].T),
    "two of few rows": ((5, 300), lambda x: x.T * 2 + x[::-1].T),
    "two, of which the largest": ((131, 1024), lambda x: np.max(x.T * 2 + x[::-1].T, axis=0)),
    "two, and another way round": ((131, 257), lambda x: np.transpose(x.T + x[::-1].T) * 2),
    "two of another row each": ((131, 257), lambda x: x[np.arange(131) // 2].T + x[::-1].T),
    "three axes": ((67, 16, 64), lambda x: np.transpose(x, (2, 1, 0)) * 2),
    "the last two": ((3, 133, 1024), lambda x: np.transpose(x, (0, 2, 1)) * 2),
    "into an array of parts": ((300, 1024), lambda x: np.concatenate([x.T * 2, x[:, :5].T])),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16], ids=["float32", "float64", "int16"])
@pytest.mark.parametrize("name", TURNED)
def test_turned_arrays_are_right(name, dtype):
    shape, function = TURNED[name]
    x = (np.random.default_rng(1).normal(size=shape) * 50).astype(dtype)
    with gg.settings(engine="cpu"):
        found = gg.jit(function)(x)
    expected = function(x)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    close = 1e-3 if dtype is np.int16 else 1e-6 if dtype is np.float32 else 1e-14
    np.testing.assert_allclose(found, expected, rtol=close, atol=close)


def test_transposes_are_tiled_but_for_short_elements_whose_rows_do_not_crowd():
    tiled = gg.jit(lambda x: x.T * 2)
    assert "at a time" in str(tiled.inspect(np.ones((200, 1024))))
    assert "at a time" in str(tiled.inspect(np.ones((200, 1000))))
    assert "at a time" in str(tiled.inspect(np.ones((200, 1024), np.int16)))
    assert "at a time" not in str(tiled.inspect(np.ones((200, 1000), np.int16)))


@pytest.mark.skipif(vector_bytes() < 32, reason="narrow vectors write what lies far apart as fast")
def test_where_all_that_is_read_is_transposed_the_result_is_written_in_vectors_none_the_less():
    both = gg.jit(lambda x, y: x.T * 2 + y.T)
    x = np.ones((200, 300))
    assert "at a time" in str(both.inspect(x, x))
    few = np.ones((200, 4))
    assert "at a time" not in str(both.inspect(few, few))
