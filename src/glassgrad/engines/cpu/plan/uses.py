"""In which step each value is made, and in which it is read. Floor 4."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from glassgrad.engines.cpu.plan.grouping import Group
from glassgrad.engines.cpu.plan.homes import Home, whole_of
from glassgrad.engines.cpu.plan.kernels import Call, Role
from glassgrad.engines.cpu.plan.memory import is_ragged
from glassgrad.engines.cpu.plan.roles import storage_of
from glassgrad.graph.node import Node


@dataclass(frozen=True, slots=True)
class Uses:
    """Steps by number; the caller reads the outputs in step `last`, behind all others."""

    made_in: dict[Node, int]
    read_in: dict[Node, set[int]]
    last: int

    def elsewhere(self) -> set[Node]:
        """The values that are read in another step than they are made in, or by the caller."""
        return {node for node, places in self.read_in.items() if places - {self.made_in.get(node, -1)}}

    def move_in(self, homes: Mapping[Node, Home]) -> None:
        """An array put together from values lives from the first of them until the last reader of any."""
        for node in homes:
            whole = whole_of(homes, node)
            self.made_in[whole] = min(self.made_in[whole], self.made_in[node])
            self.read_also(whole, node)

    def read_also(self, whole: Node, node: Node) -> None:
        """Who reads the one reads the memory of the other."""
        self.read_in.setdefault(whole, set()).update(self.read_in.get(node, ()))

    def last_use(self, node: Node) -> int:
        """The step after which its room may be used again; one with its elements elsewhere gives them up at the end."""
        return self.last if is_ragged(node.aval) else max(self.read_in.get(node, {self.made_in[node]}))


def uses_of(
    groups: Sequence[Group | Call],
    order: Sequence[Node],
    outputs: Sequence[Node],
    roles: Mapping[Node, Role],
    kept: Collection[Node],
) -> Uses:
    """The uses of the values of a plan whose steps are these."""
    read_in = _read_in(groups, roles, kept)
    for node in outputs:
        read_in.setdefault(node, set()).add(len(groups))
    return Uses(_made_in(groups, order, roles), read_in, len(groups))


def _read_in(
    groups: Sequence[Group | Call], roles: Mapping[Node, Role], kept: Collection[Node]
) -> dict[Node, set[int]]:
    found: dict[Node, set[int]] = {}
    for place, step in enumerate(groups):
        if isinstance(step, Call):
            for x in step.node.inputs:
                found.setdefault(storage_of(x), set()).add(place)
        else:
            for member in step.members:
                for x, _ in member.reads:
                    found.setdefault(x, set()).add(place)
    for node in [node for node in found if roles[node] is Role.PART]:
        found.setdefault(node.inputs[0], set()).update(found[node])
    return found


def _made_in(groups: Sequence[Group | Call], order: Sequence[Node], roles: Mapping[Node, Role]) -> dict[Node, int]:
    made: dict[Node, int] = {}
    for place, step in enumerate(groups):
        if isinstance(step, Call):
            made[step.node] = place
        else:
            made.update((member.node, place) for member in step.members)
    for node in order:
        if roles[node] is Role.PART:
            made[node] = made[node.inputs[0]]
    return made
