"""The plan as data: steps, kernels, phases, roots. Floor 4.

A kernel is a nest of loops over `frame`, inside of which `phases` run one after another; a phase is a nest of loops
over its own axes, inside of which its roots are computed. Softmax along rows, for one:

    for i in frame:
        for j in phase 1:  m = max(m, x[i, j])
        for j in phase 2:  e[j] = exp(x[i, j] - m);  s += e[j]
        for j in phase 3:  y[i, j] = e[j] / s
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from glassgrad.engines.cpu.plan.index import Axis, Index
from glassgrad.graph.node import Node


class Role(Enum):
    """How a value comes about."""

    GIVEN = auto()  # an input or a captured array: it lies in memory
    LITERAL = auto()
    ELEMENTWISE = auto()
    VIEW = auto()
    REDUCE = auto()
    PRODUCT = auto()  # a contraction computed in loops
    RUNNING = auto()  # cumsum, cumprod, a recurrence: from element to element along an axis
    PIECES = auto()  # put together from parts: concatenate, stack, pad, shift
    WRITE = auto()  # a copy of an array with a part written over or added to
    BESIDE = auto()  # parts whose elements are neighbours in the array that is put together
    CALL = auto()  # computed by a call: a matrix product, a loop with a body, a function of the host
    PART = auto()  # one output of a call


class Change(Enum):
    """What a root does to the memory that it stores into."""

    SET = auto()
    ADD = auto()


@dataclass(eq=False, slots=True)
class Root:
    """A value that is computed at each point of its loops and kept.

    `axes` are the loops of its own axes, `reduced` those that it is summed (…) over; `operands` are what is read at a
    point, and where. `target` is the place of a part in the array that is put together from parts.
    """

    node: Node
    role: Role
    axes: tuple[Axis, ...]
    reduced: tuple[Axis, ...] = ()
    operands: list[tuple[Node, Index]] = field(default_factory=list)
    target: Index | None = None
    change: Change = Change.SET
    late: bool = False  # is it complete only when all loops of the kernel have ended?
    stored: bool = False  # does it lie in memory after the kernel?
    buffered: bool = False  # is it read by a later phase of the same kernel?


@dataclass(eq=False, slots=True)
class Phase:
    """Loops inside of the frame, outermost first; those in `backwards` count down."""

    axes: tuple[Axis, ...]
    roots: list[Root] = field(default_factory=list)
    backwards: set[Axis] = field(default_factory=set)

    def adds_in_memory(self, root: Root) -> bool:
        """Does a loop that the root is reduced over lie outside of one along its own axes?

        Then it has a row of results, which lies in memory and is gone along again and again.
        """
        outside = self.axes[: len(self.axes) - len(self.inside_own(root))]
        return root.role is Role.REDUCE and any(axis in root.reduced for axis in outside)

    def inside_own(self, root: Root) -> tuple[Axis, ...]:
        """The loops inside of all those along the root's own axes."""
        last = max([place for place, axis in enumerate(self.axes) if axis in root.axes], default=-1)
        return self.axes[last + 1 :]


@dataclass(eq=False, slots=True)
class Kernel:
    """Loops over the frame, outermost first, and what is done inside of them.

    Where threads share it in ranges, the last ones come first if it begins `from_end`.
    """

    frame: tuple[Axis, ...]
    phases: list[Phase]
    from_end: bool = False

    @property
    def roots(self) -> list[Root]:
        """All roots, in the order in which they are computed."""
        return [root for phase in self.phases for root in phase.roots]


@dataclass(eq=False, slots=True)
class Call:
    """A value (or several) computed by a call."""

    node: Node


Step = Kernel | Call
