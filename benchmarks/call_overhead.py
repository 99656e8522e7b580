"""What a call of a compiled function costs around its work, and what sharing a task among threads costs.

    python -m benchmarks.call_overhead

The best of many repetitions, in nanoseconds; the loop of the timing itself is taken off.
"""

import ctypes
import time
import timeit
from collections.abc import Callable
from functools import cache

import numpy as np

from glassgrad.engines.cpu.native import compiler, threads
from glassgrad.engines.cpu.native.door import Door, free_kept, keep_at_most
from glassgrad.engines.cpu.native.signature import Array, Program, Same, Scalar, Tree, described

TEXT = """
declare void @fork_join(ptr, ptr, i64)

define void @nothing(ptr %inputs, ptr %outputs, ptr %arena, ptr %context) {
  ret void
}

define void @three_operations(ptr %inputs, ptr %outputs, ptr %arena, ptr %context) {
  %from = load ptr, ptr %inputs
  %x = load double, ptr %from
  %square = fmul double %x, %x
  %sum = fadd double %square, %x
  %result = fadd double %sum, 1.0
  %to = load ptr, ptr %outputs
  store double %result, ptr %to
  ret void
}

define void @fill(ptr %inputs, ptr %outputs, ptr %arena, ptr %context) {
  %to = load ptr, ptr %outputs
  %bytes = ptrtoint ptr %context to i64
  call void @llvm.memset.p0.i64(ptr %to, i8 1, i64 %bytes, i1 false)
  ret void
}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

; argument: how many have come; returns when both chunks have
define void @meet(ptr %come, i64 %chunk) {
entry:
  %old = atomicrmw add ptr %come, i64 1 seq_cst
  br label %waiting
waiting:
  %now = load atomic i64, ptr %come seq_cst, align 8
  %all = icmp sge i64 %now, 2
  br i1 %all, label %done, label %waiting
done:
  ret void
}
"""


@cache
def library() -> compiler.Library:
    names = ["nothing", "three_operations", "fill", "meet"]
    return compiler.load(compiler.object_code(TEXT), names, {"fork_join": threads.fork_join_address()})


def compiled(name: str, takes: tuple[Tree, ...], gives: Tree, **settings: int) -> Callable[..., object]:
    door = Door(lambda *_: None)
    door.add(Program(library().addresses[name], takes, gives, keep=library(), **settings))
    return door.function


def nanoseconds(call: str, number: int = 100_000, **names: object) -> float:
    loop = min(timeit.repeat("pass", number=number, repeat=5))
    return (min(timeit.repeat(call, globals=names, number=number, repeat=15)) - loop) / number * 1e9


def parameters(count: int) -> dict[str, np.ndarray]:
    return {f"layer{n}": np.ones((8, n % 4 + 1)) for n in range(count)}


def report_calls() -> None:
    array, scalar = Array(np.dtype(float), (1,)), Scalar(np.float64)
    tree = parameters(50)
    taken = (described(tree),)
    rows = {
        "nothing in, nothing out": ("f()", compiled("nothing", (), Same(None)), {}),
        "three operations on a Python float": (
            "f(x)",
            compiled("three_operations", (Scalar(float),), scalar),
            {"x": 2.0},
        ),
        "  on np.float64": ("f(x)", compiled("three_operations", (scalar,), scalar), {"x": np.float64(2)}),
        "  on a Python int (echo)": ("f(x)", compiled("three_operations", (Scalar(int),), scalar), {"x": 2}),
        "  on an array of no axes": (
            "f(x)",
            compiled("three_operations", (described(np.array(2.0)),), scalar),
            {"x": np.array(2.0)},
        ),
        "  on an array of one element": ("f(x)", compiled("three_operations", (array,), array), {"x": np.ones(1)}),
        "a dict of 50 arrays in, a scalar out": ("f(x)", compiled("nothing", taken, scalar), {"x": tree}),
        "  and the same dict out": ("f(x)", compiled("nothing", taken, described(tree)), {"x": tree}),
        "  the lock let go": ("f(x)", compiled("nothing", taken, scalar, is_long=True), {"x": tree}),
        "50 arrays as arguments": (
            "f(*x)",
            compiled("nothing", tuple(map(described, tree.values())), scalar),
            {"x": [*tree.values()]},
        ),
        "np.sin of a Python float": ("f(x)", np.sin, {"x": 2.0}),
        "np.empty(1), for comparison": ("f(1)", np.empty, {}),
        "50 × np.empty((8, 2)), for comparison": ("for _ in range(50): f((8, 2))", np.empty, {}),
    }
    print("ns a call")
    for name, (call, function, names) in rows.items():
        number = 5_000 if "50" in name else 100_000
        print(f"{nanoseconds(call, number, f=function, **names):10.0f}  {name}")


def report_results() -> None:
    print("\nµs to fill a fresh result (memory kept between calls / not kept / np.ones)")
    for power in range(14, 27, 2):
        size = 1 << power
        fill = compiled("fill", (), Array(np.dtype(np.uint8), (size,)), context=size)
        number = max(3, min(2000, (1 << 25) // size))
        keep_at_most(1 << 29)
        kept = nanoseconds("f()", number, f=fill) / 1e3
        keep_at_most(0)
        fresh = nanoseconds("f()", number, f=fill) / 1e3
        numpy = nanoseconds("f(n, 'u1')", number, f=np.ones, n=size) / 1e3
        print(f"{size >> 10:8d} KiB {kept:10.1f} {fresh:10.1f} {numpy:10.1f}")
    keep_at_most(1 << 29)
    free_kept()


def report_threads() -> None:
    fork_join = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(threads.fork_join_address())
    task = library().addresses["meet"]
    threads.use_at_most(2)
    print("\nµs until two threads have met in a task, by how long ago the last one was (median; ctypes included)")
    for pause in (0.0, 5e-6, 20e-6, 200e-6, 5e-3):
        taken = []
        for _ in range(200):
            come = np.zeros(1, np.int64)
            end = time.perf_counter() + pause
            while time.perf_counter() < end:
                pass
            start = time.perf_counter()
            fork_join(task, come.ctypes.data, 2)
            taken.append(time.perf_counter() - start)
        print(f"{pause * 1e6:10.0f} µs ago {np.median(taken) * 1e6:10.1f}")


if __name__ == "__main__":
    report_calls()
    report_results()
    report_threads()
