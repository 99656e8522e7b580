"""What a look inside finds, as data: steps, buffers, totals. Floor 4. Nothing here needs the compiler."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from glassgrad.engines.cpu.report.work import Work


@dataclass(frozen=True, slots=True)
class Buffer:
    """One array of a program: where it lies, and in which steps it lives (counted from 1; 0 is before the first)."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    place: str  # "input 0", "result 1", "captured 0", "arena + 4096", "scratch of l0"
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Kernel:
    """A loop nest that is compiled: what it computes, printed as C; `lanes` elements at a time on `threads` threads."""

    name: str
    title: str
    ops: tuple[str, ...]
    sources: tuple[str, ...]
    code: str
    dtype: str  # of most of what it computes: "f32", "f64"
    lanes: int
    threads: int
    work: Work


@dataclass(frozen=True, slots=True)
class Product:
    """A batch of matrix products (m × k) (k × n), and what computes them."""

    name: str
    title: str
    sources: tuple[str, ...]
    batch: int
    m: int
    n: int
    k: int
    dtype: str
    runs: str
    threads: int
    work: Work


@dataclass(frozen=True, slots=True)
class Loop:
    """A scan, a while loop, a branch or a body that is called: its parts are programs of their own.

    `rounds` is None where only the run tells; for a branch, one part of several is run.
    """

    name: str
    title: str
    sources: tuple[str, ...]
    op: str
    rounds: int | None
    parts: tuple[tuple[str, "tuple[Step, ...]"], ...]
    work: Work


@dataclass(frozen=True, slots=True)
class Fallback:
    """An op that is computed by the reference engine (NumPy, SciPy), and why."""

    name: str
    title: str
    sources: tuple[str, ...]
    op: str
    reason: str
    work: Work


@dataclass(frozen=True, slots=True)
class Routine:
    """An op that native code of its own computes: a sort of ours, a call of LAPACK."""

    name: str
    title: str
    sources: tuple[str, ...]
    op: str
    work: Work


@dataclass(frozen=True, slots=True)
class Operation:
    """An op of a program that the reference engine runs as a whole, one after the other."""

    name: str
    title: str
    sources: tuple[str, ...]
    op: str
    work: Work


Step = Kernel | Product | Loop | Routine | Fallback | Operation


def walk(steps: tuple[Step, ...]) -> Iterator[Step]:
    """All steps, each loop before the steps of its body."""
    stack = list(reversed(steps))
    while stack:
        step = stack.pop()
        yield step
        if isinstance(step, Loop):
            stack.extend(reversed([inner for _, part in step.parts for inner in part]))


@dataclass(frozen=True, slots=True)
class Description:
    """All that is known of a program without running it."""

    function: str
    engine: str
    signature: str
    steps: tuple[Step, ...]
    buffers: tuple[Buffer, ...]
    arena_bytes: int
    threads: int
    machine: str
    reason: str = ""  # why the whole runs on the reference engine although the CPU engine was asked for
    seconds: dict[str, float] = field(default_factory=dict)  # of each stage on the way to native code

    @property
    def work(self) -> Work:
        """The work of all steps (of a loop whose end depends on the data, one round)."""
        return sum([step.work for step in self.steps], Work())


def plain(value: Any) -> Any:
    """Data as what JSON knows: a dataclass becomes an object, with its kind where several are possible."""
    match value:
        case tuple() | list():
            return [plain(part) for part in value]
        case dict():
            return {key: plain(part) for key, part in value.items()}
        case Kernel() | Product() | Loop() | Routine() | Fallback() | Operation():
            return {"kind": type(value).__name__.lower()} | _fields(value)
        case Buffer() | Work() | Description():
            return _fields(value)
    return value


def _fields(value: Any) -> dict[str, Any]:
    return {name: plain(getattr(value, name)) for name in value.__slots__}
