"""The price of the machinery itself: import, tracing, and a gradient against its function."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

import glassgrad as gg


def median_seconds(run: Callable[[], object], *, repeats: int) -> float:
    """The median time of a call, after one that warms up."""
    run()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def chain(x: np.ndarray) -> np.ndarray:
    """A chain of operations on a large array; each reads and writes it once."""
    for _ in range(10):
        x = np.tanh(x * 1.01 + 0.1)
    return np.sum(x)


def long_chain(x: float) -> float:
    """2000 nodes that cost nothing, so that only the tracing shows."""
    for _ in range(1000):
        x = x * 1.0001 + 0.0001
    return x


def start_seconds(program: str) -> float:
    """What a program's start adds to a bare interpreter."""
    bare = median_seconds(lambda: subprocess.run([sys.executable, "-c", ""], check=True), repeats=7)
    command = [sys.executable, "-c", program]
    return median_seconds(lambda: subprocess.run(command, check=True), repeats=7) - bare


def main() -> None:
    """Prints one line per measurement with its target."""
    x = np.random.default_rng(0).normal(size=1_000_000)
    function = median_seconds(lambda: chain(x), repeats=9)
    gradient = median_seconds(lambda: gg.grad(chain)(x), repeats=9)
    traced = median_seconds(lambda: gg.grad(long_chain)(1.5), repeats=9)
    print(f"import numpy                      {start_seconds('import numpy') * 1e3:8.0f} ms")
    print(f"import glassgrad                  {start_seconds('import glassgrad') * 1e3:8.0f} ms     target 150")
    print(
        f"from glassgrad import grad        {start_seconds('from glassgrad import grad') * 1e3:8.0f} ms     with NumPy"
    )
    print(f"grad of 2000 tiny nodes, a node   {traced / 2000 * 1e6:8.1f} us     trace, derive and run")
    print(f"gradient / function, large arrays {gradient / function:8.2f} times  target 4")


if __name__ == "__main__":
    main()
