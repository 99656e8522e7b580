"""Everything at once: threads that trace, compile and run, processes with one cache, forks and interrupts.

`python -m tests.engines.cpu.test_at_once 60` does for a minute what the test here does for two seconds.
"""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import glassgrad as gg


# ------------------------------------------------------------------ programs with what they should give
def network(w, x):
    h = np.tanh(x @ w)
    return np.mean((h / (1 + h.max(axis=1, keepdims=True))) ** 2)


def recurrent(w, x):
    def step(h, row):
        h = np.sin(h + row[: h.shape[0]])
        return h, h.sum()

    h, sums = gg.scan(step, w[0] * 0.1, x[:, : w.shape[1]])
    return h.sum() + sums.mean()


def halving(w, x):
    return gg.while_loop(lambda s: np.max(s) > 0.5, lambda s: s * 0.5, np.abs(w)).sum() + x[0, 0]


def sorting(w, x):
    return (np.sort(x, axis=1) * np.cumsum(x, axis=1)).sum() + w[0, 0]


def branching(w, x):
    return gg.cond(x[0, 0] > 0, lambda: np.exp(w).sum(), lambda: (w * w).sum())


def rows(w, x):
    return gg.vmap(lambda row: np.exp(-np.sum(row**2)) * row[0])(x).sum() * w[0, 0]


PROGRAMS = (network, recurrent, halving, sorting, branching, rows)


def scaled(function: Callable, number: float) -> Callable:
    """Another function each time: one whose code nobody has yet."""
    return lambda w, x: function(w, x) * number


def work(seed: int, end: float, wrong: list[str], done: list[int]) -> None:
    """One thread's work until the end: new functions and known ones, of all sizes, with changing settings."""
    rng = np.random.default_rng(seed)
    known: list[tuple[Callable, Callable]] = []
    while time.monotonic() < end and not wrong:
        if not known or rng.random() < 0.3:
            function = scaled(PROGRAMS[rng.integers(len(PROGRAMS))], float(rng.random()))
            known = [*known[-5:], (gg.jit(gg.value_and_grad(function)), gg.value_and_grad(function))]
        compiled, plain = known[rng.integers(len(known))]
        columns = int(rng.integers(2, 9))
        w = rng.normal(size=(columns, int(rng.integers(2, columns + 1))))
        x = rng.normal(size=(int(rng.integers(1, 400)), columns))
        try:
            with gg.settings(threads=int(rng.integers(1, 4))):
                value, gradient = compiled(w, x)
                if rng.random() < 0.05:
                    compiled.inspect(w, x).text()
            with gg.settings(engine="reference"):
                expected, slope = plain(w, x)
            np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(gradient, slope, rtol=1e-8, atol=1e-9)
        except BaseException:  # noqa: BLE001 - told by the thread that waits
            wrong.append(f"thread {seed}: {traceback.format_exc()}")
            return
        done.append(1)


def stress(seconds: float, threads: int = 3) -> int:
    """So many calls were right."""
    wrong: list[str] = []
    done: list[int] = []
    end = time.monotonic() + seconds
    workers = [threading.Thread(target=work, args=(seed, end, wrong, done)) for seed in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong, wrong[0]
    return len(done)


def test_threads_trace_compile_and_run_at_once():
    assert stress(2.0) >= 1


# ------------------------------------------------------------------ the number of threads
WHOLE = {
    "sum": lambda x: x.sum(),
    "largest and its place": lambda x: (x.max(), x.argmax()),
    "mean and variance": lambda x: (x.mean(), x.var(axis=0), x.std(axis=1)),
    "product": lambda x: x @ x.T,
    "product of columns": lambda x: x.T @ x,
    "gradient": gg.grad(lambda x: np.mean(np.tanh(x @ x.T) ** 2)),
    "softmax": gg.grad(lambda x: np.log(np.exp(x - x.max()).sum(axis=1)).sum()),
    "convolution": lambda x: gg.conv(x[None, None], np.ones((2, 1, 3, 3), x.dtype)),
    "scatter": gg.grad(lambda x: (x[np.arange(5000) % x.shape[0]] ** 2).sum()),
    "items": gg.vmap(lambda row: np.exp(row).sum() * row),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", WHOLE)
def test_results_do_not_depend_on_the_number_of_threads(name, dtype):
    x = np.random.default_rng(0).normal(size=(403, 301)).astype(dtype)
    found = []
    for threads in (1, 2, 3, 8):
        with gg.settings(threads=threads):
            function = gg.jit(WHOLE[name])
            found += [function(x), function(x)]
    for other in found[1:]:
        first, second = (value if type(value) is tuple else (value,) for value in (found[0], other))
        for a, b in zip(first, second, strict=True):
            np.testing.assert_array_equal(a, b)


# ------------------------------------------------------------------ processes
def run(text: str, *, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_several_processes_share_one_cache(tmp_path):
    text = """
        import numpy as np, glassgrad as gg
        for n in range(2, 8):
            x = np.arange(1.0, n)
            value, slope = gg.jit(gg.value_and_grad(lambda x: np.sum(np.tanh(x) * x)))(x)
            assert np.allclose(value, np.sum(np.tanh(x) * x))
            assert np.allclose(slope, np.tanh(x) + x / np.cosh(x) ** 2)
        print("right")
    """
    found: list[subprocess.CompletedProcess] = []
    workers = [
        threading.Thread(target=lambda: found.append(run(text, GLASSGRAD_CACHE=str(tmp_path)))) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [one.stdout for one in found] == ["right\n"] * 4, found[0].stderr
    assert not list(Path(tmp_path).glob("writing-*"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_computes_with_functions_of_its_parent():
    found = run(
        """
        import os, warnings
        import numpy as np, glassgrad as gg
        warnings.simplefilter("ignore", DeprecationWarning)
        f = gg.jit(lambda x: np.tanh(x) * 2)
        g = gg.jit(lambda a: a @ a)
        x, a = np.linspace(-1, 1, 200_001), np.ones((300, 300))
        expected, product = f(x), g(a)
        child = os.fork()
        if child == 0:
            same = np.array_equal(f(x), expected) and np.array_equal(g(a), product)
            new = np.allclose(gg.jit(lambda x: np.exp(x) + 1)(x), np.exp(x) + 1)
            os._exit(0 if same and new else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert np.array_equal(f(x), expected) and np.array_equal(g(a), product)
        print("right")
        """,
        GLASSGRAD_THREADS="3",
    )
    assert found.stdout == "right\n", found.stderr


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers for signals")
@pytest.mark.parametrize("size", [1, 100_000], ids=["small", "large"])
def test_an_interrupt_during_a_native_call_comes_out_after_it(size):
    found = run(
        f"""
        import signal, time
        import numpy as np, glassgrad as gg

        def interrupt(*_):
            raise KeyboardInterrupt

        signal.signal(signal.SIGALRM, interrupt)
        f = gg.jit(lambda x, n: gg.fori_loop(0, n, lambda i, x: np.sin(x) + 1, x))
        x = np.ones({size})
        f(x, 3)
        rounds = 3
        start = now = time.perf_counter()
        while now - start < 0.3:
            rounds *= 2
            start = time.perf_counter()
            expected = f(x, rounds)
            now = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            f(x, rounds)
            time.sleep(1)
        except KeyboardInterrupt:
            print("interrupted")
        assert np.array_equal(f(x, rounds), expected)
        print("right")
        """
    )
    assert found.stdout == "interrupted\nright\n", found.stderr


def test_an_interrupt_inside_of_a_function_of_the_host_comes_out():
    found = run(
        """
        import signal, time
        import numpy as np, glassgrad as gg

        def interrupt(*_):
            raise KeyboardInterrupt

        f = gg.jit(lambda x: np.sort(np.sort(x) * 2)[::-1] + 1)
        x = np.random.default_rng(0).normal(size=3_000_000)
        expected = f(x)
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, interrupt)
            for delay in (0.01, 0.1, 0.2):
                signal.setitimer(signal.ITIMER_REAL, delay)
                try:
                    f(x)
                    time.sleep(1)
                except KeyboardInterrupt:
                    pass
                else:
                    raise SystemExit("not interrupted")
        assert np.array_equal(f(x), expected)
        print("right")
        """
    )
    assert found.stdout == "right\n", found.stderr


if __name__ == "__main__":
    duration = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    print(f"{stress(duration)} calls were right in {duration:.0f} s")
