"""How the loops of a kernel are cut, so that several threads can each do a part. Floor 4."""

from dataclasses import dataclass
from enum import Enum, auto

from glassgrad.engines.cpu.emit.late import Apart
from glassgrad.engines.cpu.plan.index import Axis


class Part(Enum):
    """Which part of a loop of the frame a function does."""

    ALL = auto()
    RANGE = auto()  # from %begin to %end, in whole steps
    REST = auto()  # what is left behind the last whole step


@dataclass(frozen=True, slots=True)
class Cut:
    """How a kernel is cut: at which loop, into pieces of so many points at least, and which part this is.

    Late results of a range are kept in `block`, where they are put together later; where they are none the less
    complete, for no two ranges add to the same, they are `filled` before.
    """

    axis: Axis | None = None
    step: int = 1
    part: Part = Part.ALL
    block: Apart | None = None
    filled: bool = False
