"""Updates of arrays that are given up, as soon as they can run: the gradients that they read take up no memory then.

Floor 4.
"""

from collections.abc import Collection, Mapping, Sequence

from glassgrad.engines.cpu.plan.grouping import Group
from glassgrad.engines.cpu.plan.kernels import Call, Role
from glassgrad.engines.cpu.plan.roles import storage_of
from glassgrad.graph.node import Node

_LEAST = 1 << 16  # bytes from which a value's memory is worth it


def updates_sooner(
    steps: Sequence[Group | Call], given: Collection[Node], outputs: Collection[Node], roles: Mapping[Node, Role]
) -> list[Group | Call]:
    """The same steps in another order: one that alone reads a large value comes behind the last that it waits for.

    That is so for those that compute results alone, and where no step between reads a large argument that it reads:
    its memory could not be taken for the result.
    """
    reads = [_read(step, roles) for step in steps]
    made = {node: place for place, step in enumerate(steps) for node in _made(step)}
    readers: dict[Node, list[int]] = {}
    for place, nodes in enumerate(reads):
        for x in nodes:
            if _is_large(x):
                readers.setdefault(x, []).append(place)
    after: dict[int, int] = {}
    for place, step in enumerate(steps):
        if not isinstance(step, Group) or not all(_is_result(member.node, outputs) for member in step.members):
            continue
        if any(member.role is not Role.ELEMENTWISE for member in step.members):
            continue
        waits = max([made[x] for x in reads[place] if x in made], default=place)
        consumes = any(readers.get(x) == [place] for x in reads[place] if x in made)
        held = [x for x in reads[place] if x in given and x in readers]
        if consumes and not any(waits < other < place for x in held for other in readers[x]):
            after[place] = waits
    return [steps[place] for place in sorted(range(len(steps)), key=lambda at: (after.get(at, at), at in after, at))]


def _is_result(node: Node, outputs: Collection[Node]) -> bool:
    return node in outputs or not _is_large(node)


def _is_large(node: Node) -> bool:
    return not node.op.multiple and node.aval.nbytes >= _LEAST


def _made(step: Group | Call) -> list[Node]:
    return [step.node] if isinstance(step, Call) else [member.node for member in step.members]


def _read(step: Group | Call, roles: Mapping[Node, Role]) -> set[Node]:
    """What a step reads that it has not made itself; of parts of a call's results, the call."""
    if isinstance(step, Call):
        found = {storage_of(x) for x in step.node.inputs}
    else:
        found = {x for member in step.members for x, _ in member.reads} - step.holds.keys()
    return {x.inputs[0] if roles.get(x) is Role.PART else x for x in found}
