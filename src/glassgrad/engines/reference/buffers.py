"""Which steps may write their result into the buffer of an input that dies there. Floor 4.

A value's buffer lives as long as the value and everything that may be a view of it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from glassgrad.graph.node import Node
from glassgrad.ops.index import INDEX

# Ops besides ufuncs whose result is a fresh array, so that an input's buffer is free after its last use.
_FRESH = frozenset({"sum", "contract", "cast", "concatenate", "stack", "pad", "where"})


@dataclass(frozen=True, slots=True)
class Reuse:
    """For each node that may overwrite an input, that input's position; and the reads that must copy what they read
    so that the array can be changed in place: a row of a matrix instead of a view that keeps the matrix alive.
    """

    inputs: dict[Node, int]
    copied: set[Node]


def reusable_inputs(computed: Sequence[Node], last_use: Mapping[Node, Node], kept: Collection[Node]) -> Reuse:
    """Which of the nodes, in the order they are computed, may overwrite an input."""
    large = [
        node
        for node in computed
        if (node.op.ufunc is not None or node.op.overwrites) and not node.op.multiple and node.aval.shape
    ]
    if not large:
        return Reuse({}, set())
    lifetimes = _Lifetimes(computed, last_use, kept)
    found = {}
    for node in large:
        positions = (0,) if node.op.overwrites else range(len(node.inputs))
        for position in positions:
            x = node.inputs[position]
            if _is_fresh(x) and x.aval == node.aval and node.inputs.count(x) == 1 and lifetimes.ends_with(x, node):
                found[node] = position
                break
    return Reuse(found, lifetimes.copied)


def _is_fresh(node: Node) -> bool:
    """Is the node's value a new array of its own, no view of another?"""
    op = node.op
    if op.multiple:
        return False
    return (
        op.ufunc is not None
        or op.overwrites
        or op.name in _FRESH
        or (op is INDEX and (any(x.aval.shape for x in node.inputs[1:]) or not node.aval.shape))
    )


class _Lifetimes:
    """When each buffer is last looked at, as positions in the order of computing."""

    def __init__(self, computed: Sequence[Node], last_use: Mapping[Node, Node], kept: Collection[Node]) -> None:
        self.place = {node: place for place, node in enumerate(computed)}
        self.last = {x: self.place[node] for x, node in last_use.items()}
        self.kept = kept
        self.copied: set[Node] = set()
        self.views: dict[Node, list[Node]] = {}
        for node in computed:
            if not _is_fresh(node):
                for x in node.inputs:
                    self.views.setdefault(x, []).append(node)

    def ends_with(self, x: Node, user: Node) -> bool:
        """Is `user` the last to look at the value's buffer? Small reads that outlive it are made to copy."""
        place = self.place[user]
        if x not in self.place or x in self.kept or self.last.get(x) != place:
            return False
        outlives = [view for view in self.views.get(x, ()) if view not in self.copied and self._seen_from(view, place)]
        if not outlives:
            return True
        small = all(view.op is INDEX for view in outlives) and sum(view.aval.size for view in outlives) < x.aval.size
        if small and user.op.overwrites:
            self.copied.update(outlives)
        return small and user.op.overwrites

    def _seen_from(self, view: Node, place: int) -> bool:
        """Is the view, or a view of it, looked at by the step at this place or a later one?"""
        stack = [view]
        while stack:
            node = stack.pop()
            if node in self.kept or self.last.get(node, -1) >= place:
                return True
            stack.extend(v for v in self.views.get(node, ()) if v not in self.copied)
        return False
