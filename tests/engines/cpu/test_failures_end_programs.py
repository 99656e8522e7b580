"""What fails while a program runs: a loop leaves, and memory that there is not is a MemoryError."""

import ctypes
import time
from collections.abc import Callable, Collection

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import OutOfRangeError
from glassgrad.engines.cpu import program
from glassgrad.engines.cpu.native import cache


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (lambda s, i: (s + np.stack([s, 2.0 * s])[i], None), OutOfRangeError),
        (lambda s, i: (s + np.sum(np.linalg.inv(np.ones((5, 5)) * s)), None), np.linalg.LinAlgError),
        (lambda s, i: (s + np.linalg.det(np.linalg.cholesky(-np.eye(9) * (s + i))), None), np.linalg.LinAlgError),
    ],
)
def test_a_scan_leaves_at_the_first_failure(step: Callable[..., tuple[np.ndarray, None]], error: type[Exception]):
    f = gg.jit(lambda x, ks: gg.scan(step, x, ks)[0])
    few, many = np.full(2, 5), np.full(2_000_000, 5)
    took = []
    for ks in (few, many):
        for _ in range(2):
            start = time.perf_counter()
            with pytest.raises(error):
                f(1.0, ks)
        took.append(time.perf_counter() - start)
    assert took[1] < 0.5, "two million steps take longer"


def _without_memory(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Programs that are compiled from now on are refused all memory; what they asked for."""
    asked: list[int] = []

    @ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_int64)
    def refusing(nbytes: int) -> None:
        asked.append(nbytes)

    known = program.addresses
    address = ctypes.cast(refusing, ctypes.c_void_p).value
    assert address is not None

    def addresses(names: Collection[str]) -> dict[str, int]:
        assert refusing is not None
        return known(names) | {"malloc": address}

    monkeypatch.setattr(program, "addresses", addresses)
    monkeypatch.setenv("GLASSGRAD_CACHE", "off")
    assert cache.cache_directory() is None
    return asked


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.sin(x), axis=0),
        lambda x: gg.scan(lambda s, _: (s + np.sum(x * s[0], axis=0), None), x[0], None, length=3)[0],
    ],
)
def test_sums_of_blocks_without_memory(f: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch):
    x = np.ones((20_000, 300))
    expected = gg.jit(f)(x)
    asked = _without_memory(monkeypatch)
    compiled = gg.jit(lambda x: f(x))
    with pytest.raises(MemoryError):
        compiled(x)
    assert asked
    assert np.all(np.isfinite(expected))


def test_sorting_asks_for_no_memory(monkeypatch: pytest.MonkeyPatch):
    x = np.random.default_rng(0).normal(size=(40, 300))
    asked = _without_memory(monkeypatch)
    values, places = gg.jit(lambda x: (np.sort(x), np.argsort(x)))(x)
    np.testing.assert_array_equal(values, np.sort(x))
    np.testing.assert_array_equal(places, np.argsort(x, kind="stable"))
    assert not asked
