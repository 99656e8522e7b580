"""Notes: where each node comes from and what the person calls it. Floor 1: a side table, never part of a node."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from glassgrad.base.source import Location, Place, locate

if TYPE_CHECKING:
    from glassgrad.graph.node import Node


class Backward(NamedTuple):
    """A node made by a derivative rule: it belongs to input `position` of the forward node `of`."""

    of: "Node"
    position: int


@dataclass(frozen=True, slots=True)
class Block:
    """One call of a function that the person wrote: `sigmoid` called from a line, with its place among the blocks."""

    function: str
    caller: Place | None
    parent: "Block | None"
    number: int

    @property
    def path(self) -> str:
        """`network/sigmoid`, from the outermost block inwards."""
        names: list[str] = []
        block: Block | None = self
        while block is not None:
            names.append(block.function)
            block = block.parent
        return "/".join(reversed(names))


@dataclass(slots=True)
class Notes:
    """What is known of nodes besides their meaning. Filled while tracing and by the transforms."""

    origins: "dict[Node, Place | Backward]" = field(default_factory=dict)
    names: "dict[Node, str]" = field(default_factory=dict)
    blocks: "dict[Node, Block]" = field(default_factory=dict)
    before: "dict[Node, Node]" = field(default_factory=dict)  # what a node was before its surroundings were replaced

    def place(self, node: "Node") -> Place | None:
        """The user's instruction that made this node, through the forward node for a backward one."""
        origin = self.origins.get(node)
        while isinstance(origin, Backward):
            origin = self.origins.get(origin.of)
        return origin

    def location(self, node: "Node") -> Location | None:
        """The user's line of that instruction."""
        place = self.place(node)
        return None if place is None else locate(place)

    def pass_on(self, old: "Node", new: "Node") -> None:
        """What was known of `old` holds for `new`, which took its place (unless `new` has notes of its own)."""
        if new is not old:
            self.before.setdefault(new, old)
        for table in (self.origins, self.names, self.blocks):
            if old in table and new not in table:
                table[new] = table[old]  # type: ignore[assignment]  # the same table on both sides
