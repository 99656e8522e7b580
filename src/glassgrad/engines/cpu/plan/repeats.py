"""Where a graph does again what it has done before: the rounds of a loop of the user that was written out. Floor 4.

Kernels that begin at such places come out alike, and one function does for all of them.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence

from glassgrad.engines.cpu.plan.kernels import Role
from glassgrad.graph.node import Node, Params
from glassgrad.ops.leaves import MARK

_MANY = 256  # kept values from which a graph is looked through
_AHEAD = 6  # values from which a place is known again


def places_alike(order: Sequence[Node], roles: Mapping[Node, Role], kept: Collection[Node]) -> dict[Node, int]:
    """A number for each kept value: equal for two that are computed alike, as are those that follow on them."""
    if len(kept) < _MANY:
        return {}
    numbers: dict[Hashable, int] = {}
    own: dict[Node, int] = {}
    for node in order:
        below = tuple([_leaf(x) if x in kept or x not in own else own[x] for x in node.inputs])
        facts = facts_of(node) if roles[node] not in (Role.VIEW, Role.LITERAL) else ()
        own[node] = numbers.setdefault((node.op, facts, node.aval, below), len(numbers))
    line = [node for node in order if node in kept]
    ahead = [own[node] for node in line]
    return {
        node: numbers.setdefault(tuple(ahead[place : place + _AHEAD]), len(numbers)) for place, node in enumerate(line)
    }


def facts_of(node: Node) -> Params:
    """The static facts of a node but for the name that a mark gives its value."""
    return () if node.op is MARK else node.params


def _leaf(x: Node) -> Hashable:
    return x.aval
