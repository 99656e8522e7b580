"""The person's lines on which a run may fail: those that look something up, and those that invert. Floor 4.

A run says what failed in a few words. Which line it was is found among those that were traced with such a size or
such an operation: a program keeps these, and no other notes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from glassgrad.base.source import Location, Place, locate
from glassgrad.engines.cpu.emit.scalars import SCALARS
from glassgrad.engines.cpu.plan.reach import reach
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, workspace
from glassgrad.ops.keys import Slot

_BY_KEY = frozenset({"index", "index_add", "index_update"})
_BY_PLACES = frozenset({"read_places", "add_places"})  # along the last axis


@dataclass(frozen=True, slots=True)
class Lines:
    """`lookups`: where an axis of a size is looked up in; `ops`: where an operation is called.

    Which axis it is does not count: the engine reads `np.stack([x, y])[0, i]` as `x[i]`.
    """

    lookups: dict[int, dict[Place, None]] = field(default_factory=dict)
    ops: dict[str, dict[Place, None]] = field(default_factory=dict)

    def of_lookup(self, size: int) -> list[Location]:
        """The lines that look up in an axis of this size."""
        return _distinct(self.lookups.get(size, ()))

    def of_op(self, name: str) -> list[Location]:
        """The lines that call this operation."""
        return _distinct(self.ops.get(name, ()))


def _distinct(places: Iterable[Place]) -> list[Location]:
    found: dict[tuple[str, int], Location] = {}
    for place in places:
        location = locate(place)
        found.setdefault((location.file, location.line), location)
    return list(found.values())


def lines_of(graph: Graph) -> Lines:
    """Those of a graph made in the present workspace, bodies of loops included; none where there is no workspace."""
    lines, here = Lines(), workspace()
    if here is None:
        return lines
    for node in _all_nodes(graph):
        name = node.op.name
        looks_up = (name in _BY_KEY or name in _BY_PLACES) and len(node.inputs) > 1
        if not looks_up and (node.op.domain is None or name in SCALARS):  # no scalar is refused
            continue
        place = here.notes.place(node)
        if place is None:
            continue
        if not looks_up:
            lines.ops.setdefault(name, {})[place] = None
        for size in _sizes(node) if looks_up else ():
            lines.lookups.setdefault(size, {})[place] = None
    return lines


def _sizes(node: Node) -> Iterator[int]:
    """The sizes of the axes that are looked up at indices that may lie outside."""
    shape = node.inputs[0].shape
    if node.op.name in _BY_PLACES:
        yield shape[-1]
        return
    indices = node.inputs[1 if node.op.name == "index" else 2 :]
    axis = 0
    for entry in node.param("key"):
        if type(entry) is Slot:
            size = shape[axis]
            low, high = reach(indices[entry.number]) or (-size - 1, size)
            if not (-size <= low and high < size):
                yield size
        axis += entry is not None and entry is not Ellipsis


def _all_nodes(graph: Graph) -> Iterator[Node]:
    """The nodes of a graph and of the graphs inside of it."""
    seen, stack = {graph}, [graph]
    while stack:
        for node in stack.pop().nodes():
            yield node
            for _, value in node.params:
                for part in value if type(value) is tuple else (value,):
                    if type(part) is Graph and part not in seen:
                        seen.add(part)
                        stack.append(part)
