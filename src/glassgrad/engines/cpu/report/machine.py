"""What this machine can do at most: multiply-adds a second, and bytes a second from its caches and its memory. Floor 4.

Measured in well under a second, once in a process. The last measurements are kept beside the compiled code, and the
best of them counts, so that a machine that was busy is not taken for a slow one, and a wrong clock is forgotten.
"""

import ctypes
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, reduce
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from glassgrad._version import __version__
from glassgrad.base.files import whole
from glassgrad.base.settings import current
from glassgrad.engines.cpu.emit.clock import DECLARATION, Clock
from glassgrad.engines.cpu.emit.lanes import vector_bytes
from glassgrad.engines.cpu.emit.values import Writer
from glassgrad.engines.cpu.native.cache import cache_directory, cached_object_code
from glassgrad.engines.cpu.native.compiler import Library, load
from glassgrad.engines.cpu.native.symbols import addresses
from glassgrad.engines.cpu.native.target import target
from glassgrad.engines.cpu.native.threads import processor_count
from glassgrad.engines.cpu.plan.kernels import Kernel
from glassgrad.engines.cpu.program import Run

_SIZES = (
    3 << 15,
    3 << 20,
    3 << 26,
)  # bytes of the three arrays of a triad: in a core's cache, in a shared one, in none
_TRIES = 5
_KEPT = 8  # measurements, of which the best counts
_FASTEST, _MOST_AT_ONCE = 8e9, 4  # cycles a second, and vectors computed or moved in one, that no processor exceeds
_making = Lock()


@dataclass(frozen=True, slots=True)
class Ceilings:
    """`peak["f32"]`: operations a second on one thread and on all; `bandwidth`: bytes of the arrays, and bytes a
    second on one thread and on all.
    """

    threads: int
    peak: dict[str, tuple[float, float]]
    bandwidth: tuple[tuple[int, float, float], ...]

    def peak_of(self, dtype: str, threads: int) -> float:
        """Operations a second, a multiply-add counting as two."""
        one, every = self.peak.get(dtype, self.peak["f64"])
        return one if threads == 1 else max(one, every)

    def bandwidth_of(self, nbytes: int, threads: int) -> float:
        """Bytes a second for arrays of this size together."""
        for size, one, every in self.bandwidth:
            if nbytes <= size:
                return one if threads == 1 else max(one, every)
        return max(self.bandwidth[-1][1:] if threads > 1 else self.bandwidth[-1][1:2])


def ceilings() -> Ceilings:
    """This machine's, for as many threads as the settings allow."""
    return _ceilings(current().threads or processor_count())


@cache
def _ceilings(threads: int) -> Ceilings:
    directory = cache_directory()
    words = f"{target()} {threads} {__version__}"
    place = (
        None if directory is None else directory / f"machine-{blake2b(words.encode(), digest_size=8).hexdigest()}.json"
    )
    found = _measured(threads)
    if place is None:
        return found
    measurements = [found, *_kept(place)][:_KEPT]
    with suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole(place) as part:
            part.write_text(json.dumps([asdict(each) for each in measurements]), encoding="utf-8")
    return reduce(_better, measurements)


def _kept(place: Path) -> list[Ceilings]:
    """The measurements before this one, the latest first."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        return [_read(kept) for kept in json.loads(place.read_text(encoding="utf-8"))]
    return []


def _read(kept: Any) -> Ceilings:
    peak = {str(name): (float(one), float(every)) for name, (one, every) in kept["peak"].items()}
    bandwidth = tuple([(int(size), float(one), float(every)) for size, one, every in kept["bandwidth"]])
    return Ceilings(int(kept["threads"]), peak, bandwidth)


def _better(found: Ceilings, other: Ceilings) -> Ceilings:
    """The higher figures of two measurements."""

    def higher(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
        return max(one[0], other[0]), max(one[1], other[1])

    peak = {name: higher(pair, other.peak.get(name, pair)) for name, pair in found.peak.items()}
    before = {size: rates for size, *rates in other.bandwidth}
    bandwidth = tuple([(size, *higher(rates, before.get(size, rates))) for size, *rates in found.bandwidth])
    return Ceilings(found.threads, peak, bandwidth)


# ------------------------------------------------------------------ measuring
def _measured(threads: int) -> Ceilings:
    peak = {name: _at_least(_peak(name, 1), _peak(name, threads)) for name in ("f32", "f64")}
    bandwidth = tuple([(size, *_at_least(*_triads(size, threads))) for size in _SIZES])
    return Ceilings(threads, peak, bandwidth)


def _at_least(one: float, every: float) -> tuple[float, float]:
    """All threads can do what one can, also where another process kept their processors busy just then."""
    return one, max(one, every)


def _best(run: Callable[[], None], tries: int = _TRIES) -> float:
    """The shortest of several times but one: a clock that is set tells one too short."""
    run()
    times = []
    for _ in range(tries):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return max(sorted(times)[1], 1e-9)


def _peak(name: str, threads: int) -> float:
    rounds, size = 200_000, 4 if name == "f32" else 8
    memory = np.full(64 * (threads + 1), 1.0, np.float32 if name == "f32" else np.float64)
    function = _function(f"peak_{name}", 3)
    seconds = _best(lambda: function(memory.ctypes.data, rounds, threads))
    lanes = vector_bytes() // size
    plausible = 2.0 * _MOST_AT_ONCE * lanes * _FASTEST * threads
    return min(2.0 * _accumulators() * lanes * rounds * threads / seconds, plausible)


def _triads(nbytes: int, threads: int) -> tuple[float, float]:
    """Bytes a second of a = b + 3 c on one thread and on all."""
    count = nbytes // 24 // (64 * threads) * 64 * threads
    room = np.zeros(3 * count + 8)
    start = -(-room.ctypes.data // 64) * 64
    function = _function("triad", 4)
    repeats = max((1 << 23) // nbytes, 1)

    def rate(chunks: int) -> float:
        seconds = _best(lambda: function(start, count, repeats, chunks), 3)
        return min(24.0 * count * repeats / seconds, float(_MOST_AT_ONCE * vector_bytes() * _FASTEST * chunks))

    return rate(1), rate(threads)


def _accumulators() -> int:
    """Sums side by side: enough for the latency of a multiply-add, few enough for the registers."""
    return 12 if vector_bytes() == 32 else 24


def _function(name: str, arguments: int) -> Any:
    return ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * arguments)(_library().addresses[name])


def _library() -> Library:
    with _making:  # only one: its functions go with it
        return _only_library()


@cache
def _only_library() -> Library:
    peaks = [_peak_text("f32", "float", 4), _peak_text("f64", "double", 8)]
    text = "\n".join([_HEAD, *peaks, _TRIAD, _timer_text(), _REPEAT])
    names = ["peak_f32", "peak_f64", "triad", "timer_cost", "ticks_now", "repeat"]
    return load(cached_object_code(text), names, addresses(["fork_join"]))


_HEAD = "declare void @fork_join(ptr, ptr, i64, i64)"


def _peak_text(name: str, type: str, size: int) -> str:
    """Many multiply-adds that do not wait for one another."""
    lanes, count = vector_bytes() // size, _accumulators()
    vector = f"<{lanes} x {type}>"
    phis = "\n".join(
        [f"  %a{k} = phi {vector} [ splat ({type} {float(k + 1)}), %entry ], [ %n{k}, %loop ]" for k in range(count)]
    )
    steps = "\n".join(
        [
            f"  %n{k} = call {vector} @llvm.fma.v{lanes}{name}({vector} %a{k}, {vector} %x, {vector} %x)"
            for k in range(count)
        ]
    )
    sums = [f"  %s0 = fadd {vector} %n0, %n1"]
    sums += [f"  %s{k - 1} = fadd {vector} %s{k - 2}, %n{k}" for k in range(2, count)]
    return f"""declare {vector} @llvm.fma.v{lanes}{name}({vector}, {vector}, {vector})
define void @peak_{name}.task(ptr %given, i64 %number, i64 %worker) {{
entry:
  %rounds.at = getelementptr i8, ptr %given, i64 8
  %memory = load ptr, ptr %given
  %rounds = load i64, ptr %rounds.at
  %x = load {vector}, ptr %memory, align {size}
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %next, %loop ]
{phis}
{steps}
  %next = add i64 %k, 1
  %more = icmp slt i64 %next, %rounds
  br i1 %more, label %loop, label %done
done:
{chr(10).join(sums)}
  %own = add i64 %number, 1
  %place = mul i64 %own, {64 * size}
  %target = getelementptr i8, ptr %memory, i64 %place
  store {vector} %s{count - 2}, ptr %target, align {size}
  ret void
}}
define void @peak_{name}(i64 %memory, i64 %rounds, i64 %threads) {{
  %given = alloca i64, i64 2
  store i64 %memory, ptr %given
  %second = getelementptr i64, ptr %given, i64 1
  store i64 %rounds, ptr %second
  call void @fork_join(ptr @peak_{name}.task, ptr %given, i64 %threads, i64 %threads)
  ret void
}}"""


_TRIAD = """define void @triad.task(ptr %given, i64 %number, i64 %worker) {
entry:
  %at1 = getelementptr i64, ptr %given, i64 1
  %at2 = getelementptr i64, ptr %given, i64 2
  %at3 = getelementptr i64, ptr %given, i64 3
  %a = load ptr, ptr %given
  %count = load i64, ptr %at1
  %repeats = load i64, ptr %at2
  %chunks = load i64, ptr %at3
  %b = getelementptr double, ptr %a, i64 %count
  %c = getelementptr double, ptr %b, i64 %count
  %size = sdiv i64 %count, %chunks
  %begin = mul i64 %number, %size
  %end = add i64 %begin, %size
  br label %again
again:
  %r = phi i64 [ 0, %entry ], [ %r.next, %swept ]
  br label %loop
loop:
  %k = phi i64 [ %begin, %again ], [ %k.next, %loop ]
  %pb = getelementptr double, ptr %b, i64 %k
  %pc = getelementptr double, ptr %c, i64 %k
  %pa = getelementptr double, ptr %a, i64 %k
  %vb = load <16 x double>, ptr %pb, align 64
  %vc = load <16 x double>, ptr %pc, align 64
  %three = fmul <16 x double> %vc, splat (double 3.0)
  %sum = fadd <16 x double> %vb, %three
  store <16 x double> %sum, ptr %pa, align 64
  %k.next = add i64 %k, 16
  %more = icmp slt i64 %k.next, %end
  br i1 %more, label %loop, label %swept
swept:
  %r.next = add i64 %r, 1
  %on = icmp slt i64 %r.next, %repeats
  br i1 %on, label %again, label %done
done:
  ret void
}
define void @triad(i64 %memory, i64 %count, i64 %repeats, i64 %chunks) {
  %given = alloca i64, i64 4
  %at1 = getelementptr i64, ptr %given, i64 1
  %at2 = getelementptr i64, ptr %given, i64 2
  %at3 = getelementptr i64, ptr %given, i64 3
  store i64 %memory, ptr %given
  store i64 %count, ptr %at1
  store i64 %repeats, ptr %at2
  store i64 %chunks, ptr %at3
  call void @fork_join(ptr @triad.task, ptr %given, i64 %chunks, i64 %chunks)
  ret void
}"""


# ------------------------------------------------------------------ the clock
def _timer_text() -> str:
    """A loop that does nothing but time nothing, as the steps of a program are timed."""
    clock, writer = Clock(), Writer({})
    clock.end(writer, Kernel((), []), clock.begin(writer))
    head, *declarations = [DECLARATION, *clock.texts()[1:]]
    inside = "\n".join(writer.lines)
    now = DECLARATION.split()[2].removesuffix("()")
    return f"""{head}
{chr(10).join(declarations)}
define void @ticks_now(ptr %target) {{
  %now = call i64 {now}()
  store i64 %now, ptr %target
  ret void
}}
define void @timer_cost(i64 %rounds, ptr %target) {{
entry:
  store i64 0, ptr @ticks
  %start = call i64 {now}()
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %next, %loop ]
{inside}
  %next = add i64 %k, 1
  %more = icmp slt i64 %next, %rounds
  br i1 %more, label %loop, label %done
done:
  %end = call i64 {now}()
  %whole = sub i64 %end, %start
  %inner = load i64, ptr @ticks
  store i64 %inner, ptr %target
  %second = getelementptr i64, ptr %target, i64 1
  store i64 %whole, ptr %second
  ret void
}}"""


_REPEAT = """define i64 @repeat(ptr %run, i64 %rounds, ptr %inputs, ptr %outputs, ptr %arena, ptr %context) {
entry:
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %next, %loop ]
  %failed = call i64 %run(ptr %inputs, ptr %outputs, ptr %arena, ptr %context)
  %next = add i64 %k, 1
  %left = icmp slt i64 %next, %rounds
  %well = icmp eq i64 %failed, 0
  %more = and i1 %left, %well
  br i1 %more, label %loop, label %done
done:
  ret i64 %failed
}"""


@cache
def _repeat() -> Any:
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 6)(_library().addresses["repeat"])


def repeated(run: Run, rounds: int) -> None:
    """Makes the run so often (at least once) without a return to Python: one of some nanoseconds can be timed so."""
    if _repeat()(run.program.library.addresses["run"], rounds, *run.words):
        run.program.host.raise_pending()


@dataclass(frozen=True, slots=True)
class Timer:
    """How long a tick is, and what timing a step costs in ticks: inside of the time measured, and altogether."""

    seconds: float
    inside: float
    whole: float


@cache
def timer() -> Timer:
    """This machine's."""
    read = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_library().addresses["ticks_now"])
    cost = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)(_library().addresses["timer_cost"])
    numbers = (ctypes.c_int64 * 2)()
    rounds, tries = 2000, []
    for _ in range(_TRIES):
        cost(rounds, numbers)
        tries.append((numbers[0] / rounds, numbers[1] / rounds))
    read(numbers)
    first, start = numbers[0], time.perf_counter()
    while time.perf_counter() - start < 0.02:
        pass
    read(numbers)
    passed = time.perf_counter() - start
    return Timer(passed / max(numbers[0] - first, 1), min(one for one, _ in tries), min(all_ for _, all_ in tries))
