"""Examines cases in processes of their own, with a limit of computing time for each."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

Job: TypeAlias = tuple[str, str, int, bool, float]  # name, framework, seed, with cures or without, seconds


class _Worker:
    """A process, restarted where a case took too long."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self.since = 0.0
        self._start()

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.doctor.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )

    def spent(self) -> float:
        """Seconds since the case was given: of computing where the system tells, for others may use the machine too."""
        try:
            words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return time.perf_counter() - self.since
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK") - self.since

    def give(self, job: Job) -> None:
        assert self.process.stdin
        self.job, self.since = job, 0.0
        self.since = self.spent()
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        return json.loads(line) if line else self.lost("the process died")

    def lost(self, why: str) -> dict[str, Any]:
        assert self.job
        self.process.kill()
        self.process.wait()
        name, framework, seed, *_ = self.job
        self._start()
        return {"case": name, "framework": framework, "seed": seed, "error": why}


def results(jobs: Sequence[Job], *, processes: int, limit: float) -> Iterator[dict[str, Any]]:
    """What came of each job, as they are done."""
    waiting = list(reversed(jobs))
    workers = [_Worker() for _ in range(min(processes, len(jobs)))]
    try:
        for worker in workers:
            worker.give(waiting.pop())
        while busy := [worker for worker in workers if worker.job]:
            with selectors.DefaultSelector() as selector:
                for worker in busy:
                    assert worker.process.stdout
                    selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
                ready = {key.data for key, _ in selector.select(timeout=1.0)}
            for worker in busy:
                if worker in ready:
                    yield worker.answer()
                elif worker.spent() > limit:
                    yield worker.lost(f"computed for more than {limit:.0f} s")
                else:
                    continue
                worker.job = None
                if waiting:
                    worker.give(waiting.pop())
    finally:
        for worker in workers:
            worker.process.kill()
