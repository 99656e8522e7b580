"""Results larger than the caches are written past them, in whole lines, where the memory begins one; all is as else."""

import threading

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu.emit import access

RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def small_cache(monkeypatch):
    monkeypatch.setenv("GLASSGRAD_CACHE", "off")
    monkeypatch.setattr(access, "largest_cache", lambda: 1 << 10)


def chain(x):
    return np.tanh(x) * 2.0 + x


def softmax(x):
    exps = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return exps / np.sum(exps, axis=-1, keepdims=True)


def beside(x):
    return np.stack([x + 1.0, x * 2.0])


def turned(x):
    return x.T + 1.0


def parts(x):
    return np.concatenate([x, np.exp(x)], axis=-1)


def summed(x):
    return np.cumsum(x, axis=-1)


def summed_from_the_end(x):
    return np.flip(np.cumsum(np.flip(x, -1), axis=-1), -1)


FUNCTIONS = (chain, softmax, beside, turned, parts, summed, summed_from_the_end, lambda x: x > 0.0)


def streams(function, *args):
    return "!nontemporal" in gg.jit(function).inspect(*args).llvm


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "int16"])
@pytest.mark.parametrize("shape", [(1000, 256), (33, 80), (31, 257), (5, 7, 96), (3000,)])
def test_every_bit_is_as_it_is_in_the_caches(shape, dtype, threads, monkeypatch):
    x = (RANDOM.normal(size=shape) * 3).astype(dtype)
    with gg.settings(threads=threads):
        for function in FUNCTIONS:
            streaming, plain = gg.jit(function), gg.jit(lambda x, function=function: function(x))
            results = [streaming(x), streaming(x)]  # the second has memory that is kept
            with monkeypatch.context() as context:
                context.setattr(access, "largest_cache", lambda: 1 << 40)
                expected = plain(x)
            for result in results:
                np.testing.assert_array_equal(result, expected)


def test_whole_lines_alone_are_streamed():
    assert streams(chain, np.ones((100, 96)))
    assert streams(softmax, np.ones((100, 96), np.float32))
    assert not streams(softmax, np.ones((100, 99), np.float32))  # rows begin within a line
    assert not streams(chain, np.ones(7))


def test_what_a_later_phase_reads_is_not_streamed():
    def squared_and_its_sum(x):
        square = x * x
        return square, square / np.sum(square, axis=-1, keepdims=True)

    code = gg.jit(squared_and_its_sum).inspect(np.ones((300, 256))).llvm
    assert code.count("!nontemporal") == 1  # the quotient; the square is read again for it


def test_what_several_results_take_together_decides():
    """Each takes half of what the caches hold: three in one kernel are streamed, one alone is not."""
    x = np.ones(64)
    together = gg.jit(lambda x: (x + 1.0, x * 2.0, x - 3.0)).inspect(x)
    assert len(together.kernels) == 1
    assert together.llvm.count("!nontemporal") == 3
    assert not streams(lambda x: x + 1.0, x)
    assert not streams(lambda x: (x + 1.0, np.sum(x)), x)


def test_what_the_caches_hold_is_not_streamed(monkeypatch):
    monkeypatch.setattr(access, "largest_cache", lambda: 1 << 25)
    assert not streams(chain, np.ones((100, 96)))


def test_what_is_streamed_has_arrived_before_the_end():
    code = gg.jit(chain).inspect(np.ones((100, 96))).llvm
    if "sfence" not in code:
        pytest.skip("no x86")
    body = code[code.index("!nontemporal") :]
    assert body.index("sfence") < body.index("ret void")


@pytest.mark.parametrize("shift", [0, 1, 4, 16])
def test_memory_that_begins_within_a_line_is_written_as_well(shift):
    """An argument that is given up is the result's memory, wherever it lies."""
    own = np.zeros(5000 + 32)
    begin = -own.ctypes.data % 64 // 8 + shift
    x = own[begin : begin + 5000]
    compiled = gg.jit(lambda x, y: y * 2.0 + 1.0, donate=(0,))
    y = RANDOM.normal(size=5000)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(x, y), y * 2.0 + 1.0)
    assert not own[:begin].any()
    assert not own[begin + 5000 :].any()


def test_items_of_a_loop_lie_anywhere():
    x = RANDOM.normal(size=(9, 37))
    compiled = gg.jit(lambda x: gg.scan(lambda s, row: (s + row, np.tanh(s) * row), np.zeros(37), x)[1])
    with gg.settings(engine="reference"):
        expected = compiled(x)
    np.testing.assert_allclose(compiled(x), expected, rtol=1e-12)


def test_another_thread_reads_what_was_written():
    compiled = gg.jit(chain)
    x = RANDOM.normal(size=(512, 256))
    wanted, wrong = compiled(x), []

    def one():
        wrong.extend([not np.array_equal(compiled(x), wanted) for _ in range(100)])

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not any(wrong)


def test_the_size_of_the_cache_is_told():
    from glassgrad.engines.cpu.native.caches import largest_cache

    assert 1 << 18 <= largest_cache() <= 1 << 31
