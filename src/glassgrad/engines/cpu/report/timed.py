"""A step with its time, and which of the machine's bounds it has come up to. Floor 4."""

from dataclasses import dataclass

from glassgrad.engines.cpu.report import data
from glassgrad.engines.cpu.report.machine import Ceilings


@dataclass(frozen=True, slots=True)
class Timed:
    """A step of a run: its time and count, what it computed and moved, its bound and how much of that it reached."""

    name: str
    title: str
    kind: str
    does: str
    seconds: float
    count: float
    flops: float
    bytes: float
    bound: str
    reached: float
    sources: tuple[str, ...]
    parts: tuple[tuple[str, "tuple[Timed, ...]"], ...] = ()

    @property
    def flops_per_second(self) -> float:
        """Operations a second."""
        return self.flops / self.seconds if self.seconds else 0.0

    @property
    def bytes_per_second(self) -> float:
        """Bytes a second."""
        return self.bytes / self.seconds if self.seconds else 0.0


def bound_of(step: data.Step, seconds: float, machine: Ceilings) -> tuple[str, float]:
    """What the machine could not do faster, "arithmetic" or "memory", and the share of the time that it needs for it.

    Arithmetic is weighed in additions (a division as four, an exponential as what its polynomial takes), of which a
    processor does half as many as the operations of multiply-adds.
    """
    if not seconds or not isinstance(step, data.Kernel | data.Product):
        return "", 0.0
    threads = step.threads
    arithmetic = 2.0 * step.work.additions / machine.peak_of(step.dtype, threads)
    memory = step.work.bytes / machine.bandwidth_of(step.work.bytes, threads)
    name, least = ("arithmetic", arithmetic) if arithmetic >= memory else ("memory", memory)
    return name, least / seconds
