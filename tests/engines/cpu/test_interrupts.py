"""Ctrl-C while the host computes an op of a native program: the program ends, and nobody gets its numbers."""

import subprocess
import sys

import pytest

_PROGRAM = """
import os, signal, threading, time
import numpy as np, scipy.special
import glassgrad as gg

def function(x, i):
    step = lambda carry, k: (scipy.special.struve(1.0, carry) + 0.5 * carry + 0.0 * x[i], None)
    return gg.scan(step, x, np.arange(100_000))[0]

compiled = FUNCTION
x, i = np.ones(3), np.array([0, 1, 2])
for delay in (0.2, 0.25, 0.3):
    threading.Timer(delay, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    start = time.perf_counter()
    try:
        compiled(x, i)
        print("returned")
    except KeyboardInterrupt:
        print("interrupted", time.perf_counter() - start < 1.0)
short = gg.jit(lambda x: scipy.special.struve(1.0, x))
print(np.array_equal(short(x), scipy.special.struve(1.0, x)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there a process does not send itself Ctrl-C alone")
@pytest.mark.parametrize("call", ["gg.jit(function)", "lambda x, i: gg.profile(function, x, i, seconds=0.0)"])
def test_an_interrupt_is_no_result(call):
    text = _PROGRAM.replace("FUNCTION", call)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == ["interrupted", "True"] * 3 + ["True"], done.stderr
