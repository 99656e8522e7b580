"""Fork and join: the chunks of a task shared among this thread and a pool of native workers. Floor 4.

Native code calls `fork_join(task, argument, chunks, threads)`, which runs `task(argument, chunk, worker)` for each
chunk on at most so many threads and returns when all are done; `worker` is less than `threads`, and no two that run at
the same time have the same. Workers start at the first call that wants them, spin for some microseconds after each job
and sleep when none follows. One job runs at a time: a call from within a task, or from another Python thread meanwhile,
runs its chunks itself. Each thread begins with its share of them, neighbours, and takes from the others' when it is
done: which thread runs which chunk is left open. More than `MOST_CHUNKS` are done by the caller alone. A task
that calls back into Python must be part of a program that let go of the interpreter's lock (`is_long`).
"""

import atexit
import ctypes
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

import llvmlite.binding as llvm

from glassgrad.base.environment import whole_number
from glassgrad.engines.cpu.native import layout
from glassgrad.engines.cpu.native.cache import cached_object_code
from glassgrad.engines.cpu.native.compiler import Library, load
from glassgrad.engines.cpu.native.threads_code import (
    LINE,
    LOCK,
    MOST_WORKERS,
    POOL,
    POOL_BYTES,
    SEATS,
    threads_text,
)

SPIN_SECONDS = 50e-6
_making = Lock()
_PATIENCE = 2.0  # seconds that the end of the process waits for workers in the middle of a chunk


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The loaded code and its memory."""

    library: Library
    memory: int

    def get(self, name: str) -> int:
        """A word of the pool."""
        return layout.word_at(self.memory + POOL[name])

    def set(self, name: str, value: int) -> None:
        """Writes a word of the pool."""
        ctypes.c_int64.from_address(self.memory + POOL[name]).value = value


def fork_join_address() -> int:
    """The address of `void fork_join(void task(ptr, i64, i64), ptr argument, i64 chunks, i64 threads)`."""
    return pool().library.addresses["fork_join"]


def processor_count() -> int:
    """How many processors this process may use: those it is bound to, and no more than its container's share."""
    chosen = whole_number("GLASSGRAD_THREADS", least=1)
    if chosen is not None:
        return min(chosen, MOST_WORKERS + 1)
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        count = os.cpu_count() or 1
    return min(count, _share_of_container(), MOST_WORKERS + 1)


@cache
def _share_of_container() -> int:
    """The processors that a container may keep busy at a time, as the kernel's bound on it says at first."""
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(round(int(quota) / int(period)), 1)
    return sys.maxsize


def use_at_most(threads: int) -> None:
    """Bounds how many threads, the calling one included, work at a task."""
    pool().set("limit", min(max(threads, 1), MOST_WORKERS + 1))


def pool() -> Pool:
    """The pool of this process, made once; its workers start when they are first wanted."""
    with _making:
        return _only_pool()


@cache
def _only_pool() -> Pool:
    return load_pool(pool_code(), processor_count())


def is_compiled() -> bool:
    """Has this process the pool's code?"""
    return pool_code.cache_info().currsize > 0


@cache
def pool_code() -> bytes:
    """The pool's code, compiled or from the disk."""
    return cached_object_code(threads_text(llvm.get_process_triple()))


def load_pool(code: bytes, limit: int) -> Pool:
    """A pool that works with this code, and ends with the process."""
    names = ["fork_join", "spin", "wake", "threads"]
    library = load(code, names, layout.symbols())
    made = Pool(library, library.addresses["threads"])
    _begin(made, limit)
    made.set("spins", _spins_in(made, SPIN_SECONDS))
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(made))  # for ever: a worker may be in the code at exit
    atexit.register(stop, made)
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=lambda: _after_fork(made))
    return made


def _begin(made: Pool, limit: int) -> None:
    allocate = ctypes.CFUNCTYPE(ctypes.c_void_p)(layout.symbols()["PyThread_allocate_lock"])
    acquire = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)(layout.symbols()["PyThread_acquire_lock"])
    lock = allocate()
    acquire(lock, 1)
    ctypes.c_int64.from_address(made.memory + SEATS + LOCK).value = lock
    made.set("limit", limit)


def _spins_in(made: Pool, seconds: float) -> int:
    """How many turns of the waiting loop take this long."""
    spin = ctypes.CFUNCTYPE(None, ctypes.c_int64)(made.library.addresses["spin"])
    count = 1000
    spin(count)
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        spin(count)
        taken.append(time.perf_counter() - start)
    return max(int(count * seconds / max(min(taken), 1e-7)), 100)


def _after_fork(made: Pool) -> None:
    """A child process has none of its parent's threads: it starts its own when it wants them."""
    limit, spins = made.get("limit"), made.get("spins")
    ctypes.memset(made.memory, 0, POOL_BYTES)
    _begin(made, limit)
    made.set("spins", spins)


def stop(made: Pool) -> None:
    """Ends the workers; later tasks are done by their callers."""
    made.set("limit", 1)
    made.set("stopping", 1)
    wake = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(made.library.addresses["wake"])
    for number in range(1, made.get("started") + 1):
        wake(made.memory + SEATS + number * LINE)
    end = time.monotonic() + _PATIENCE
    while made.get("alive") and time.monotonic() < end:
        time.sleep(50e-6)
