"""Fork and join: every chunk runs once, whoever calls, however often, in whatever process."""

import ctypes
import os
import re
import subprocess
import sys
import threading
import time
from functools import cache

import numpy as np
import pytest

from glassgrad.engines.cpu.native import compiler, threads, threads_code

_TEXT = """
declare void @fork_join(ptr, ptr, i64, i64)

define void @count(ptr %cells, i64 %chunk, i64 %worker) {
  %cell = getelementptr i64, ptr %cells, i64 %chunk
  %old = atomicrmw add ptr %cell, i64 1 monotonic
  ret void
}

define void @count_many(ptr %cells, i64 %chunks, i64 %times) {
entry:
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  call void @fork_join(ptr @count, ptr %cells, i64 %chunks, i64 256)
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %times
  br i1 %more, label %again, label %done
done:
  ret void
}

; argument: the number of those who must meet, then the number of those who have come
define void @meet(ptr %argument, i64 %chunk, i64 %worker) {
entry:
  %come = getelementptr i64, ptr %argument, i64 1
  %old = atomicrmw add ptr %come, i64 1 seq_cst
  %wanted = load i64, ptr %argument
  br label %waiting
waiting:
  %now = load atomic i64, ptr %come seq_cst, align 8
  %all = icmp sge i64 %now, %wanted
  br i1 %all, label %done, label %waiting
done:
  ret void
}

; as count, after a while
define void @count_slowly(ptr %cells, i64 %chunk, i64 %worker) {
entry:
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  %left = phi i64 [ 1, %entry ], [ %product, %again ]
  %product = mul i64 %left, 6364136223846793005
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, 30000
  br i1 %more, label %again, label %done
done:
  %one = or i64 %product, 1
  %cell = getelementptr i64, ptr %cells, i64 %chunk
  store volatile i64 %one, ptr %cell
  ret void
}

; argument: two cells for each worker: is it at work, did it ever find that another was it
define void @as_one(ptr %cells, i64 %chunk, i64 %worker) {
entry:
  %place = mul i64 %worker, 2
  %mine = getelementptr i64, ptr %cells, i64 %place
  %before = atomicrmw xchg ptr %mine, i64 1 seq_cst
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  %now = load atomic i64, ptr %mine seq_cst, align 8
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, 1000
  br i1 %more, label %again, label %done
done:
  %after = atomicrmw xchg ptr %mine, i64 0 seq_cst
  %found = getelementptr i64, ptr %mine, i64 1
  %gone = xor i64 %after, 1
  %both = or i64 %before, %gone
  %old = atomicrmw or ptr %found, i64 %both seq_cst
  %all = getelementptr i64, ptr %cells, i64 20
  %one = atomicrmw add ptr %all, i64 1 seq_cst
  ret void
}

; argument: how many are done. The sixth chunk waits for the nine others, and gives up in the end.
define void @slow_sixth(ptr %done, i64 %chunk, i64 %worker) {
entry:
  %slow = icmp eq i64 %chunk, 5
  br i1 %slow, label %waiting, label %ready
waiting:
  %i = phi i64 [ 0, %entry ], [ %next, %waiting ]
  %now = load atomic i64, ptr %done seq_cst, align 8
  %next = add i64 %i, 1
  %few = icmp slt i64 %now, 9
  %more = icmp slt i64 %next, 1000000000
  %again = and i1 %few, %more
  br i1 %again, label %waiting, label %counted
counted:
  %late = select i1 %few, i64 100, i64 1
  %old = atomicrmw add ptr %done, i64 %late seq_cst
  ret void
ready:
  %before = atomicrmw add ptr %done, i64 1 seq_cst
  ret void
}

; argument: [chunks inside, cells ...]
define void @nested(ptr %argument, i64 %chunk, i64 %worker) {
  %inside = load i64, ptr %argument
  %cells = getelementptr i64, ptr %argument, i64 1
  call void @fork_join(ptr @count, ptr %cells, i64 %inside, i64 256)
  ret void
}
"""
_NAMES = ("count", "count_many", "meet", "nested", "count_slowly", "as_one", "slow_sixth")


@cache
def library():
    return compiler.load(compiler.object_code(_TEXT), _NAMES, {"fork_join": threads.fork_join_address()})


def fork_join(task, argument, chunks, pool=None, most=256):
    address = (pool or threads.pool()).library.addresses["fork_join"]
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(address)
    call(library().addresses[task], argument.ctypes.data, chunks, most)


def count_many(cells, chunks, times):
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(library().addresses["count_many"])
    call(cells.ctypes.data, chunks, times)


@pytest.fixture(autouse=True)
def three_threads():
    """Whatever the machine has; restored afterwards."""
    library()  # before threads ask for it: each would load its own, and free it when done
    before = threads.pool().get("limit")
    threads.use_at_most(3)
    yield
    threads.use_at_most(before)


@pytest.mark.parametrize("chunks", [0, 1, 2, 3, 7, 1000])
def test_every_chunk_runs_once(chunks):
    cells = np.zeros(1001, np.int64)
    for times in range(1, 200):
        fork_join("count", cells, chunks)
        assert (cells[:chunks] == times).all()
    assert (cells[chunks:] == 0).all()


@pytest.mark.parametrize("chunks", [threads_code.MOST_CHUNKS, threads_code.MOST_CHUNKS + 1, 100_000])
def test_every_one_of_many_chunks_runs_once(chunks):
    cells = np.zeros(chunks, np.int64)
    for times in range(1, 5):
        fork_join("count", cells, chunks)
        assert (cells == times).all()


@pytest.mark.parametrize("most", [2, 3])
def test_what_a_slow_thread_has_left_is_done_by_the_others(most):
    for _ in range(100):
        done = np.zeros(1, np.int64)
        fork_join("slow_sixth", done, 10, most=most)
        assert done[0] == 10


def test_jobs_one_after_the_other():
    cells = np.zeros(5, np.int64)
    count_many(cells, 5, 100_000)
    assert cells.tolist() == [100_000] * 5


@pytest.mark.parametrize("pause", [0.0, 20e-6, 100e-6, 0.005])
def test_workers_take_part_spinning_or_asleep(pause):
    for _ in range(20):
        meeting = np.array([3, 0])
        fork_join("meet", meeting, 3)  # would not return if one thread took two chunks
        assert meeting[1] == 3
        end = time.perf_counter() + pause
        if pause > 0.001:
            time.sleep(pause)
        while time.perf_counter() < end:
            pass


@cache
def hesitant_pool():
    """A pool whose threads pause after each change of a count, so that others come in between."""
    text = threads.threads_text(compiler.llvm.get_process_triple())
    text = re.sub(r"(atomicrmw add .*)", r"\1\n  call void @spin(i64 2000)", text)
    return threads.load_pool(compiler.object_code(text), 6)


@pytest.mark.parametrize("spins", [0, 300, 1500])
@pytest.mark.parametrize("make_pool", [threads.pool, hesitant_pool])
def test_the_caller_goes_on_only_when_all_chunks_are_done(make_pool, spins):
    pool = make_pool()
    before = {word: pool.get(word) for word in ("spins", "limit")}
    pool.set("spins", spins)  # few: so that everybody sleeps and is woken all the time
    pool.set("limit", 6)
    try:
        for step in range(300):
            chunks = 2 + step % 6
            cells = np.zeros(8, np.int64)
            fork_join("count_slowly" if step % 3 else "count", cells, chunks, pool)
            assert cells[:chunks].all()
    finally:
        for word, value in before.items():
            pool.set(word, value)


def test_the_limit_holds():
    threads.use_at_most(1)
    started = threads.pool().get("started")
    cells = np.zeros(100, np.int64)
    fork_join("count", cells, 100)
    assert (cells == 1).all()
    assert threads.pool().get("started") == started
    threads.use_at_most(2)
    fork_join("meet", np.array([2, 0]), 2)
    threads.use_at_most(10**6)
    assert threads.pool().get("limit") == 256


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_two_at_a_time_are_the_same_worker(most):
    cells = np.zeros(21, np.int64)
    for _ in range(50):
        fork_join("as_one", cells, 40, most=most)
    assert cells[20] == 2000
    assert not cells[1:20:2].any()
    assert not cells[2 * most : 20].any()


def test_a_call_bounds_its_threads():
    fork_join("meet", np.array([2, 0]), 2, most=2)
    cells = np.zeros(100, np.int64)
    threads.use_at_most(256)
    started = threads.pool().get("started")
    fork_join("count", cells, 100, most=2)
    assert (cells == 1).all()
    assert threads.pool().get("started") == started


def test_calls_within_a_task_run_in_its_thread():
    argument = np.array([4, 0, 0, 0, 0])
    for _ in range(100):
        fork_join("nested", argument, 6)
    assert argument.tolist() == [4, 600, 600, 600, 600]


def test_several_python_threads_at_once():
    rows = np.zeros((4, 64), np.int64)  # a row for each thread, apart from the others
    workers = [threading.Thread(target=count_many, args=(row, 7, 20_000)) for row in rows]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (rows[:, :7] == 20_000).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_workers_of_its_own():
    fork_join("meet", np.array([3, 0]), 3)
    child = os.fork()
    if child == 0:
        meeting = np.array([3, 0])
        fork_join("meet", meeting, 3)
        cells = np.zeros(9, np.int64)
        count_many(cells, 9, 1000)
        os._exit(7 if meeting[1] == 3 and (cells == 1000).all() else 1)
    for _ in range(1000):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        time.sleep(0.01)
    assert (pid, os.waitstatus_to_exitcode(status)) == (child, 7)
    fork_join("meet", np.array([3, 0]), 3)


@pytest.mark.parametrize("ending", ["", "threading.Thread(target=forever, daemon=True).start(); time.sleep(0.05)"])
def test_the_process_ends(ending):
    text = f"""
import threading, time
import numpy as np
from glassgrad.engines.cpu.native import threads
from tests.engines.cpu.test_threads import count_many
threads.use_at_most(3)
def forever():
    while True:
        count_many(np.zeros(9, np.int64), 9, 10_000)
cells = np.zeros(9, np.int64)
count_many(cells, 9, 1000)
{ending}
print(cells.sum())
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "9000\n"), done.stderr


def test_processors(monkeypatch):
    assert 1 <= threads.processor_count() <= (os.cpu_count() or 1)
    monkeypatch.setenv("GLASSGRAD_THREADS", "5")
    assert threads.processor_count() == 5


@pytest.mark.parametrize(
    "processor", ["x86_64-linux-gnu", "aarch64-linux-gnu", "arm64-apple-darwin", "riscv64-linux-gnu"]
)
def test_the_code_is_written_for_other_processors(processor):
    text = threads.threads_text(processor)
    compiler.llvm.parse_assembly(text)
    assert ("pause()" in text) == processor.startswith("x86")
    assert ("hint(i32 1)" in text) == processor.startswith("a")
