"""Memory stays as it is, however often a program is called or compiled anew. (A million calls: 0 kB more.)"""

import gc
from pathlib import Path

import numpy as np
import pytest

import glassgrad as gg

STATUS = Path("/proc/self/status")


def held():
    """The kilobytes that this process holds."""
    gc.collect()
    (line,) = [line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1])


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells what a process holds in this way")
def test_calls_leave_no_memory_behind():
    with gg.settings(engine="cpu"):
        plain = gg.jit(lambda x: np.sin(x) * 2.0 + 1.0)
        gradient = gg.jit(gg.grad(lambda p, x: np.sum(np.tanh(x @ p["w"] + p["b"]) ** 2)))
        loop = gg.jit(lambda x: gg.scan(lambda c, r: (np.tanh(c + r), c), 0.0, x))
        host = gg.jit(lambda x: np.linalg.svd(x)[1])
        giving = gg.jit(lambda x: x * 0.5, donate=0)
        x, p, rows = np.ones(100), {"w": np.ones((20, 5)), "b": np.zeros(5)}, np.ones((8, 20))

        def calls(count):
            for _ in range(count):
                plain(x), plain(x[::-1]), gradient(p, rows), loop(x[:20])
            for _ in range(count // 50):
                host(np.eye(3)), giving(np.ones(30000))

        calls(2000)
        before = held()
        calls(10_000)
        assert held() - before < 2000


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells what a process holds in this way")
def test_programs_that_nobody_holds_are_freed(monkeypatch, tmp_path):
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    with gg.settings(engine="cpu"):

        def compile_some(count):
            for _ in range(count):
                gg.jit(gg.grad(lambda x: np.sum(np.tanh(x) * np.exp(-x))))(np.ones(50))

        compile_some(60)
        before = held()
        compile_some(120)
        assert held() - before < 120 * 40
