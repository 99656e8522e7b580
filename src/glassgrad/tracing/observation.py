"""What is seen when a function is watched: variables, operations, calls, choices. Floor 3: data only."""

from bisect import bisect_right
from dataclasses import dataclass, field
from types import CodeType

from glassgrad.base.source import Place
from glassgrad.graph.node import Node
from glassgrad.graph.notes import Block
from glassgrad.tracing.written import Fixed, Written


@dataclass(frozen=True, slots=True)
class Binding:
    """A variable that took a traced value: `depth` 0 is the traced function itself, `statement` where it happened."""

    name: str
    node: Node
    depth: int
    statement: tuple[CodeType, int]
    direct: bool = True  # False for an entry of a container: a weaker name


@dataclass(slots=True, eq=False)
class Call:
    """One call of a function of the user's: its values are the nodes numbered from `first` to `last`."""

    block: Block
    depth: int
    first: int
    parent: "Call | None" = None
    last: int = -1
    arguments: dict[str, Node] = field(default_factory=dict)
    results: tuple[Node, ...] = ()
    written: Written | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the user's: how it is written; the nodes numbered between `first` and `last` are its inside."""

    written: Written
    first: int
    last: int
    place: Place


@dataclass(frozen=True, slots=True)
class Branch:
    """A place where the function looked at a value to choose its way (`if x > 0`)."""

    place: Place
    taken: bool


@dataclass(slots=True)
class Observation:
    """What was seen. Complete when the `with` block of `observing` ends."""

    bindings: list[Binding] = field(default_factory=list)
    operations: dict[Node, Operation] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    stores: dict[Node, Place] = field(default_factory=dict)
    arrays: dict[Node, str] = field(default_factory=dict)  # captured arrays by the names under which they were met
    made: dict[int, Fixed] = field(default_factory=dict)  # static arrays by identity: `rows = np.arange(n)`
    several: dict[tuple[Node, ...], Operation] = field(default_factory=dict)  # `w, v = np.linalg.eigh(a)`

    steps: list[int] = field(default_factory=list)  # the number of the first node of each statement carried out

    def step_of(self, node: Node) -> int:
        """Which statement carried out (the how-manieth) made this value."""
        return bisect_right(self.steps, node.serial)

    def call_of(self, node: Node) -> Call | None:
        """The innermost call in which this value was made."""
        index = bisect_right(self.calls, node.serial, key=lambda call: call.first) - 1
        call = self.calls[index] if index >= 0 else None
        while call is not None and call.last < node.serial:
            call = call.parent
        return call

    def place_of(self, node: Node, origin: Place | None, depth: int) -> Place | None:
        """The line at `depth` (0: the function itself) that made a value; for one made inside, the line of the call."""
        call = self.call_of(node)
        place = origin
        while call is not None and call.depth > depth:
            place = call.block.caller or place
            call = call.parent
        return place
