"""Memory that bodies work in: what they need, and what of it is small enough to lie on the stack. Floor 4."""

from collections.abc import Sequence

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.emit.frame import Frame
from glassgrad.engines.cpu.plan.data import Plan
from glassgrad.engines.cpu.plan.memory import NEAR_BYTES, aligned, carried_avals, is_ragged, stored_bytes
from glassgrad.graph.node import Node


class Scratch:
    """Gives out rooms in the memory of an op that carries bodies: first comes the arena of the bodies."""

    def __init__(self, frame: Frame, node: Node, bodies: Sequence[Plan]) -> None:
        self.function = frame.function
        self.start = frame.scratch(node)
        self._next = max([aligned(plan.arena_bytes) for plan in bodies], default=0)

    def room(self, nbytes: int) -> str:
        """Memory of this size."""
        if nbytes <= NEAR_BYTES:
            return self.function.room(nbytes)
        here = self.function.writer.address(self.start, str(self._next))
        self._next += aligned(nbytes)
        return here

    def targets(self, frame: Frame, node: Node) -> list[str]:
        """Where the outputs of the op go: to their places, or to a room where nobody reads them."""
        return [
            place or self.room(stored_bytes(aval))
            for place, aval in zip(frame.results(node), carried_avals(node), strict=True)
        ]


def near(frame: Frame, pointer: str, aval: Aval) -> str:
    """The value's address, or that of a copy on the stack where it is small: nothing else writes there."""
    if frame.function.is_room(pointer) or is_ragged(aval) or aval.nbytes > NEAR_BYTES:
        return pointer
    room = frame.function.room(aval.nbytes)
    frame.function.copy(room, pointer, aval.nbytes)
    return room
