"""The errors and the speed of the CPU engine's vector maths: `python -m benchmarks.maths_accuracy [NAME…]`.

Greatest error in units in the last place over random points (against long doubles; against mpmath near zeros), and
nanoseconds per element beside NumPy and SciPy, both on one thread and in processor time.
"""

import argparse
import json
import sys
import timeit
from collections.abc import Callable
from time import process_time

import numpy as np
import scipy.special

from benchmarks.maths.arrays import BINARY, native
from benchmarks.maths.points import points
from benchmarks.maths.references import errors, long_double, units
from glassgrad.engines.cpu.emit.maths import MATHS

PEERS: dict[str, Callable[..., np.ndarray]] = {
    "expit": scipy.special.expit,
    "erf": scipy.special.erf,
    "erfc": scipy.special.erfc,
    "gammaln": scipy.special.gammaln,
    "digamma": scipy.special.digamma,
    "softplus": lambda x, out: np.logaddexp(np.zeros((), x.dtype), x, out=out),
    "rsqrt": lambda x, out: np.divide(1, np.sqrt(x), out=out),
}
TIMED_ON = {"arccosh": (1, 10), "arcsin": (-1, 1), "arccos": (-1, 1), "arctanh": (-1, 1)}
TIMED_ON |= dict.fromkeys(["log", "log2", "log10", "log1p", "sqrt", "rsqrt", "power"], (0, 10))
TIMED_ON |= dict.fromkeys(["gammaln", "digamma"], (0, 20))
PIECE = 200_000


def greatest_error(name: str, dtype: str, count: int) -> tuple[float, list[float]]:
    """The greatest error and where; what looks worse than a unit is asked of mpmath again."""
    random = np.random.default_rng(7)
    worst, place = 0.0, [0.0]
    function = native(name, dtype)
    for _ in range(max(count // PIECE, 1)):
        given = points(name, dtype, min(count, PIECE), random)
        got = function(*given)
        scale = np.max(np.abs(given), axis=0) if name == "logaddexp" else 0.0
        with np.errstate(all="ignore"):
            found = units(got, long_double(name, *given), scale)
        for i in np.argsort(found)[-3:]:
            error = errors(name, got[i : i + 1], *[x[i : i + 1] for x in given])[0] if found[i] > 1 else found[i]
            if error > worst:
                worst, place = float(error), [float(x[i]) for x in given]
    return worst, place


def nanoseconds(function: Callable[[], object], elements: int) -> float:
    """The best of some runs, per element."""
    return min(timeit.repeat(function, number=5, repeat=12, timer=process_time)) / 5 / elements * 1e9


def speed(name: str, dtype: str) -> tuple[float, float]:
    """Nanoseconds per element, ours and the peer's."""
    size = 16384
    random = np.random.default_rng(7)
    lower, upper = TIMED_ON.get(name, (-5, 5))
    given = [random.uniform(lower, upper, size).astype(dtype) for _ in range(2 if name in BINARY else 1)]
    result = np.empty(size, dtype)
    ours, peer = native(name, dtype), PEERS.get(name) or getattr(np, name)
    with np.errstate(all="ignore"):
        theirs = nanoseconds(lambda: peer(*given, out=result), size)
    return nanoseconds(lambda: ours.into(result, *given), size), theirs


def row(name: str, dtype: str, count: int) -> dict[str, object]:
    """Everything about one function at one dtype."""
    error, place = greatest_error(name, dtype, count)
    ours, theirs = speed(name, dtype)
    return {
        "function": name, "dtype": dtype, "ulp": error, "at": place, "ns": ours, "numpy_ns": theirs,
        "ratio": theirs / ours, "compile_ms": native(name, dtype).milliseconds,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(MATHS))
    parser.add_argument("--points", type=float, default=2e6)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    print(f"{'':10}{'':9}{'ulp':>6}{'ns':>8}{'NumPy':>8}{'ratio':>7}{'compile':>9}  worst at", file=sys.stderr)
    for name in asked.names:
        for dtype in ("float64", "float32"):
            found = row(name, dtype, int(asked.points))
            if asked.json:
                print(json.dumps(found))
                continue
            print(
                f"{name:10}{dtype:9}{found['ulp']:6.2f}{found['ns']:8.2f}{found['numpy_ns']:8.2f}"
                f"{found['ratio']:7.1f}{found['compile_ms']:6.0f} ms  {found['at']}"
            )


if __name__ == "__main__":
    main()
