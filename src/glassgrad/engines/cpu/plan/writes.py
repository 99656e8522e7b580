"""Arrays that are written into where they lie, because nobody reads what they were before. Floor 4.

A loop that writes one element a step then costs one element a step: what it carries is read and written in one place.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from glassgrad.engines.cpu.plan.index import Axis, variable
from glassgrad.engines.cpu.plan.kernels import Role
from glassgrad.engines.cpu.plan.roles import reads
from glassgrad.engines.cpu.plan.uses import Uses
from glassgrad.engines.cpu.plan.views import view_key_index
from glassgrad.graph.node import Node

_MOST_WRITES = 64  # whose readers are put before them
_SMALLER = 4  # how many times smaller than the array a part of it is that is worth a copy


@dataclass(frozen=True, slots=True)
class Overwritten:
    """`origin` gives for each array that is made by writing into another the one that it began as."""

    origin: dict[Node, Node]

    def of(self, node: Node) -> Node:
        """The value whose memory this one has."""
        return self.origin.get(node, node)


def readers_first(order: list[Node], roles: Mapping[Node, Role]) -> tuple[list[Node], set[Node]]:
    """The order with every reader of an array before the write into it, and the parts to be copied before.

    A part that is read as a view would be read after the write, in the loops of its own reader.
    """
    writes = [node for node in order if roles[node] is Role.WRITE]
    if not writes or len(writes) > _MOST_WRITES:
        return order, set()
    users: dict[Node, list[Node]] = {}
    for node in order:
        for x in dict.fromkeys(node.inputs):
            users.setdefault(x, []).append(node)
    before: dict[Node, list[Node]] = {}
    copied: set[Node] = set()
    for w in writes:
        x = w.inputs[0]
        others = [node for node in users[x] if node is not w]
        if not others or not _after(order, w).isdisjoint(others):
            continue
        views = [node for node in others if roles[node] is Role.VIEW]
        if all(node.aval.size * _SMALLER <= x.aval.size for node in views):
            before[w] = others
            copied.update(views)
    return (_sorted(order, before) or order) if before else order, copied


def _after(order: Sequence[Node], start: Node) -> set[Node]:
    """What depends on a node."""
    found = {start}
    for node in order:
        if not found.isdisjoint(node.inputs):
            found.add(node)
    return found


def _sorted(order: Sequence[Node], before: Mapping[Node, Sequence[Node]]) -> list[Node] | None:
    """The nodes with some put behind others, else as they are; None where that cannot be."""
    own = set(order)
    waits = {node: {x for x in (*node.inputs, *before.get(node, ())) if x in own} for node in order}
    followers: dict[Node, list[Node]] = {}
    for node, others in waits.items():
        for x in others:
            followers.setdefault(x, []).append(node)
    found: list[Node] = []
    held: set[Node] = set()
    for node in order:
        if waits[node]:
            held.add(node)
            continue
        stack = [node]
        while stack:
            following = stack.pop()
            found.append(following)
            for other in reversed(followers.get(following, [])):
                waits[other].discard(following)
                if not waits[other] and other in held:
                    held.discard(other)
                    stack.append(other)
    return found if len(found) == len(own) else None


def overwritten(
    order: Sequence[Node],
    roles: dict[Node, Role],
    kept: Collection[Node],
    uses: Uses,
    ends: tuple[Sequence[Node], Sequence[Node], int],
    elsewhere: Collection[Node],
) -> Overwritten:
    """Which writes take the memory of what they write into.

    `ends` gives the inputs, the outputs and how many of both are the
    carries of a loop; what lies `elsewhere` has no memory of its own.
    """
    inputs, outputs, carries = ends
    own_input = {x: outputs[k] for k, x in enumerate(inputs[:carries])}
    origin: dict[Node, Node] = {}
    for w in order:
        if roles[w] is not Role.WRITE or w in elsewhere:
            continue
        x = w.inputs[0]
        mine = x in own_input or (roles[x] not in (Role.GIVEN, Role.LITERAL) and x in kept)
        dies = max(uses.read_in.get(x, {-1})) == uses.made_in[w]
        if mine and dies and x not in elsewhere and not _reads_besides(w, x, kept, roles):
            origin[w] = origin.get(x, x)
    return Overwritten(_ending_well(origin, own_input, outputs))


def _reads_besides(w: Node, x: Node, kept: Collection[Node], roles: dict[Node, Role]) -> bool:
    """Does what is written depend on the array at other places than where it is written?"""
    if w.inputs[1].aval.size <= 1 and len(w.inputs) == 2:
        return False
    v, *indices = w.inputs[1:]
    own = tuple([variable(Axis(size)) for size in v.shape])
    place = view_key_index(w, own)
    looked_up = [(y, tuple([variable(Axis(size)) for size in y.shape])) for y in indices]
    found = [index for node, index in reads([(v, own), *looked_up], kept, roles) if node is x]
    twice = any(not isinstance(symbol, Axis) for part in place for symbol, _ in part.terms)  # one place, perhaps
    return bool(found) and (twice or any(index != place for index in found))


def _ending_well(origin: dict[Node, Node], own_input: Mapping[Node, Node], outputs: Sequence[Node]) -> dict[Node, Node]:
    """Without those that begin as a carry and do not end as the same one: they begin with a copy."""
    last = {first: w for w, first in origin.items()}  # the last one stays
    bad = {x for x in own_input if x in last and last[x] is not own_input[x]}
    known = set(outputs)
    bad |= {x for x, w in last.items() if w in known and x not in own_input and x in known}
    result: dict[Node, Node] = {}
    begun: dict[Node, Node] = {}
    for w, first in origin.items():
        if first not in bad:
            result[w] = first
        elif first in begun:
            result[w] = begun[first]
        else:
            begun[first] = w
    return result
