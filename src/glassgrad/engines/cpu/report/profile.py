"""Where the time of a program goes: its steps timed while it runs, beside the machine's bounds. Floor 4.

The program is compiled once more with a clock around each step, and run in turn with the one without; the clock's own
time, some nanoseconds a step, is measured and taken off.
"""

import ctypes
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

from glassgrad.base.errors import UnsupportedError
from glassgrad.engines import reference
from glassgrad.engines.cpu.emit.clock import TICKS, Clock
from glassgrad.engines.cpu.lower import lowered
from glassgrad.engines.cpu.plan.data import Plan
from glassgrad.engines.cpu.plan.kernels import Kernel, Step
from glassgrad.engines.cpu.plan.plan import planned
from glassgrad.engines.cpu.program import Program, Run, assembled, written
from glassgrad.engines.cpu.report import data
from glassgrad.engines.cpu.report.describe import Describer
from glassgrad.engines.cpu.report.inspection import described, named, on_reference, signature
from glassgrad.engines.cpu.report.machine import Ceilings, Timer, ceilings, repeated, timer
from glassgrad.engines.cpu.report.page import as_html, as_text
from glassgrad.engines.cpu.report.profile_page import profile_page, trace_events
from glassgrad.engines.cpu.report.timed import Timed, bound_of
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.graph.notes import Notes

_FEWEST, _MOST = 5, 3000  # runs
_TIMED_TOGETHER, _MOST_ROUNDS = 1e-4, 1 << 14  # seconds of runs that are timed as one, and their number
_MOST_OF_THE_CLOCK, _HALVINGS = 4.0, 30  # of what reading the clock costs alone
_PATIENCE = 2.0  # seconds from which progress is shown
_UNSEEN = frozenset({"broadcast", "reshape", "mark", "stop_gradient", "cast", "index", "transpose"})
_OPS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Times:
    """How long a run takes without a clock inside: the median, and between which times nine of ten runs lie.

    Runs of less than a tenth of a millisecond are timed some together, and count as one with their mean.
    """

    median: float
    low: float
    high: float
    runs: int


class Profile:
    """Where the time of a call goes. Prints as a table, shows as HTML in a notebook; its parts are attributes."""

    def __init__(
        self, description: data.Description, steps: tuple[Timed, ...], times: Times, machine: Ceilings
    ) -> None:
        self.description = description
        self.steps = steps
        self.times = times
        self.machine = machine

    @property
    def seconds(self) -> float:
        """The time of one run, without a clock inside and without the call from Python."""
        return self.times.median

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "function": self.description.function,
            "signature": self.description.signature,
            "engine": self.description.engine,
            "threads": self.description.threads,
            "times": asdict(self.times),
            "machine": asdict(self.machine),
            "steps": [asdict(step) for step in self.steps],
        }

    def to_json(self) -> str:
        """All of it as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def save(self, path: str | Path) -> None:
        """Writes one run as a trace in Chrome's format, for chrome://tracing, Perfetto and speedscope."""
        Path(path).write_text(json.dumps(self.trace()), encoding="utf-8")

    def trace(self) -> dict[str, Any]:
        """One run as a trace in Chrome's format, as plain data."""
        return {"traceEvents": trace_events(self.description.function, self.steps), "displayTimeUnit": "ns"}

    def text(self, width: int | None = None) -> str:
        """As a page of text of this many columns; the terminal's, at most 120, unless given."""
        return as_text(self.__rich__(), width)

    def __rich__(self) -> Any:
        return profile_page(self.description, self.steps, self.times, self.machine)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return as_html(self.__rich__())


def profile_of(
    graph: Graph,
    notes: Notes,
    given: Mapping[Node, str],
    results: Sequence[str],
    values: Sequence[Any],
    *,
    title: str,
    engine: str,
    seconds: float,
) -> Profile:
    """Runs the graph on these values for about so long."""
    names, reason = named(notes, given), ""
    if engine == "cpu":
        try:
            plan = planned(lowered(graph, notes), notes)
        except UnsupportedError as error:
            reason = error.message
        else:
            module = written(plan)
            text = signature(graph, names)
            description, describer = described(plan, module, names, results, title=title, signature=text)
            times, steps = _native_times(graph, plan, describer, assembled(graph, plan, module), values, seconds)
            return Profile(description, steps, times, ceilings())
    description = on_reference(graph, names, title, reason, {})
    times, each = _reference_times(graph, values, seconds)
    machine = ceilings()
    steps = tuple([_timed(step, now, 1.0, machine) for step, now in zip(description.steps, each, strict=True)])
    return Profile(description, steps, times, machine)


# ------------------------------------------------------------------ native programs
def _native_times(
    graph: Graph, plan: Plan, describer: Describer, program: Program, values: Sequence[Any], seconds: float
) -> tuple[Times, tuple[Timed, ...]]:
    clock = Clock()
    watched = assembled(graph, plan, written(plan, clock))
    undisturbed, _ = program.prepared(*values)
    with_clock, _ = watched.prepared(*values)
    ticks = _ticks(watched, len(clock.steps))
    rounds = _rounds(undisturbed)
    seen: list[np.ndarray] = []

    def watched_runs() -> None:
        ticks[:] = 0
        repeated(with_clock, rounds)
        seen.append(ticks / rounds)

    times = [now / rounds for now in _run_in_turn(lambda: repeated(undisturbed, rounds), watched_runs, seconds)]
    middle = np.median(np.array(seen[-len(times) :]), axis=0)  # (step, ticks and count)
    found = {step: (float(middle[k, 0]), float(middle[k, 1])) for k, step in enumerate(clock.steps)}
    clock_now = _fitted(timer(), plan, found, median(times))
    return _summary(times), _opened(plan, describer, found, clock_now, ceilings())


def _rounds(run: Run) -> int:
    """How many runs are timed together: so many that calling them from here takes little of the time."""

    def takes(rounds: int) -> float:
        start = time.perf_counter()
        repeated(run, rounds)
        return time.perf_counter() - start

    rounds = 1
    while rounds < _MOST_ROUNDS and min(takes(rounds), takes(rounds)) < _TIMED_TOGETHER:
        rounds *= 2
    return rounds


def _fitted(clock: Timer, plan: Plan, found: Mapping[Step, tuple[float, float]], undisturbed: float) -> Timer:
    """The clock's cost in this program, which does other things meanwhile: so that the steps make up the whole."""

    def beyond(share: float) -> float:
        """The steps' time beyond the whole, if the clock costs this share of what it costs alone."""
        own = [_own(step, plan, found, Timer(clock.seconds, share * clock.inside, share * clock.whole))
               for step in plan.steps]  # fmt: skip
        return sum(own) - undisturbed

    low, high = 0.0, _MOST_OF_THE_CLOCK
    for _ in range(_HALVINGS if beyond(low) > 0 else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle) > 0 else (low, middle)
    return Timer(clock.seconds, low * clock.inside, low * clock.whole)


def _own(step: Step, plan: Plan, found: Mapping[Step, tuple[float, float]], clock: Timer) -> float:
    """The seconds of a step without what the clock takes in it; 0 where that is less than the clock can tell."""
    ticks, count = found.get(step, (0.0, 0.0))
    bodies = [] if isinstance(step, Kernel) else plan.bodies.get(step.node, [])
    inside = sum([_readings(body, found) for body in bodies])
    own = ticks - count * clock.inside - inside * clock.whole
    return own * clock.seconds if own >= count else 0.0


def _ticks(program: Program, steps: int) -> np.ndarray:
    """The program's counters: (step, ticks and count)."""
    address = program.library.addresses[TICKS]
    memory = (ctypes.c_int64 * (2 * max(steps, 1))).from_address(address)
    numbers: np.ndarray = np.frombuffer(memory, np.int64)  # type: ignore[call-overload]  # a ctypes array is a buffer
    return numbers.reshape(-1, 2)


def _opened(
    plan: Plan, describer: Describer, found: Mapping[Step, tuple[float, float]], clock: Timer, machine: Ceilings
) -> tuple[Timed, ...]:
    """The steps of a plan with their times, loops opened to the steps of their bodies."""
    return tuple([_open(step, plan, describer, found, clock, machine) for step in plan.steps])


def _open(
    step: Step,
    plan: Plan,
    describer: Describer,
    found: Mapping[Step, tuple[float, float]],
    clock: Timer,
    machine: Ceilings,
) -> Timed:
    described_step = describer.found[step]
    _, count = found.get(step, (0.0, 0.0))
    bodies = plan.bodies.get(step.node, []) if not isinstance(described_step, data.Kernel) else []  # type: ignore[union-attr]  # a call
    inner = [
        (label, _opened(body, describer, found, clock, machine))
        for (label, _), body in zip(getattr(described_step, "parts", ()) if bodies else (), bodies, strict=True)
    ]
    return _timed(described_step, _own(step, plan, found, clock), count, machine, tuple(inner))


def _readings(plan: Plan, found: Mapping[Step, tuple[float, float]]) -> float:
    """How often a step inside of this plan is timed in a run."""
    total = 0.0
    stack = [plan]
    while stack:
        here = stack.pop()
        total += sum([found.get(step, (0.0, 0.0))[1] for step in here.steps])
        stack.extend([body for bodies in here.bodies.values() for body in bodies])
    return total


def _timed(
    step: data.Step,
    seconds: float,
    count: float,
    machine: Ceilings,
    inner: tuple[tuple[str, tuple[Timed, ...]], ...] = (),
) -> Timed:
    flops, moved = step.work.flops * count, step.work.bytes * count
    if isinstance(step, data.Loop) and not inner:  # one function in registers: little of what it computes is moved
        moved = 0.0
    elif isinstance(step, data.Loop):
        flops = sum([part.flops for _, parts in inner for part in parts])
        moved = sum([part.bytes for _, parts in inner for part in parts])
    bound, reached = bound_of(step, seconds / count if count else 0.0, machine)
    return Timed(step.name, step.title, type(step).__name__.lower(), _does(step), seconds, count, flops, moved, bound,
                 reached, step.sources, inner)  # fmt: skip


def _does(step: data.Step) -> str:
    """What a step does, in some words."""
    match step:
        case data.Kernel():
            ops = ["product" if op == "contract" else op for op in step.ops if op not in _UNSEEN]
            return ", ".join(ops[:_OPS_SHOWN] + ["…"] * (len(ops) > _OPS_SHOWN)) or "copy"
        case data.Product():
            batch = f"{step.batch} × " if step.batch != 1 else ""
            return f"{batch}({step.m}×{step.k})({step.k}×{step.n}) {step.runs}"
        case data.Routine():
            return f"{step.op} by a native routine"
        case data.Fallback():
            return f"{step.op} by NumPy"
        case data.Operation():
            return step.op
    return step.title


# ------------------------------------------------------------------ the reference engine
def _reference_times(graph: Graph, values: Sequence[Any], seconds: float) -> tuple[Times, list[float]]:
    """The times of the runs, and of each op."""
    program = reference.compile_graph(graph)
    at = {program.nodes[step.target]: place for place, step in enumerate(program.steps)}
    seen: list[list[float]] = []

    def watched_run() -> None:
        slots: list[Any] = [None] * len(program.nodes)
        for slot, value in (*program.constants, *zip(program.inputs, values, strict=True)):
            slots[slot] = value
        now = [0.0] * len(program.steps)
        with np.errstate(all="ignore"):
            for place, step in enumerate(program.steps):
                start = time.perf_counter()
                slots[step.target] = step.compute(*[slots[source] for source in step.sources])
                now[place] = time.perf_counter() - start
                for slot in step.dead:
                    slots[slot] = None
        seen.append(now)

    times = _run_in_turn(lambda: program(*values), watched_run, seconds)
    middle = np.median(np.array(seen[-len(times) :]), axis=0) if program.steps else np.zeros(0)
    given = set(graph.inputs)
    shown = [
        node for node in graph.nodes() if node not in given and node.op.name not in ("literal", "array", "project")
    ]
    return _summary(times), [float(middle[at[node]]) if node in at else 0.0 for node in shown]


# ------------------------------------------------------------------ runs
def _run_in_turn(one: Callable[[], Any], other: Callable[[], Any], seconds: float) -> list[float]:
    """Runs both in turn for about so long; the times of the first."""
    one()
    other()  # what is touched first costs more
    start = time.perf_counter()
    one()
    other()
    each = max(time.perf_counter() - start, 1e-7)
    runs = min(max(int(seconds / each), _FEWEST), _MOST)
    times = []
    with _progress(runs, runs * each) as advance:
        for _ in range(runs):
            start = time.perf_counter()
            one()
            times.append(time.perf_counter() - start)
            other()
            advance()
    return times


def _summary(times: Sequence[float]) -> Times:
    cuts = quantiles(times, n=20) if len(times) > 1 else [times[0]]
    return Times(median(times), cuts[0], cuts[-1], len(times))


@contextmanager
def _progress(runs: int, expected: float) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, where it takes a while."""
    if expected < _PATIENCE or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("running", total=runs)
        yield lambda: bar.advance(task)
