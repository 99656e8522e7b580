"""From groups to kernels: which values share the loops inside of the frame, and what has to be kept where. Floor 4."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from glassgrad.engines.cpu.plan.grouping import Group, Member
from glassgrad.engines.cpu.plan.homes import Home
from glassgrad.engines.cpu.plan.index import Axis, Index, substituted, variable
from glassgrad.engines.cpu.plan.kernels import Kernel, Phase, Role, Root
from glassgrad.engines.cpu.plan.pieces import put_together
from glassgrad.graph.node import Node

_ROWS_TOGETHER = (4, 3, 2)  # of a matrix; the first number that divides theirs


def kernel_of(
    group: Group, elsewhere: Collection[Node], homes: Mapping[Node, Home], over: Collection[Node] = ()
) -> Kernel:
    """The group's loops; `elsewhere` are the values that other steps read, or the caller."""
    if group.in_pieces:
        return put_together(group.members[0].node, homes, over)
    phases: list[Phase] = []
    place: dict[Node, int] = {}
    users = Counter([axis for member in group.members for axis in set(group.own(member.order))])
    for member in group.members:
        inner = tuple([axis for axis in group.own(member.order) if axis not in group.frame and axis.extent != 1])
        first = 0
        for x, index in member.reads:
            if x in place:
                first = max(first, place[x] + (not _at_same_point(group, group.holds[x], index, phases[place[x]])))
        at = _phase_for(group, member, inner, phases, first, users)
        place[member.node] = at
        phases[at].roots.append(_root(group, member, elsewhere))
    _mark_buffered(group, phases, place)
    kernel = Kernel(group.frame, phases)
    _take_rows_together(kernel)
    return kernel


def _take_rows_together(kernel: Kernel) -> None:
    """A vector times a matrix read row by row: several rows for each time that the sums are read and written."""
    if len(kernel.roots) != 1 or len(kernel.frame) < 2 or kernel.phases[0].axes:
        return
    (root,), rows = kernel.roots, kernel.frame[0]
    count = next((n for n in _ROWS_TOGETHER if rows.extent % n == 0), 1)
    if root.role is not Role.PRODUCT or not root.late or rows not in root.reduced or count == 1:
        return
    outer, inner = Axis(rows.extent // count), Axis(count)
    split = {rows: variable(outer).times(count).plus(variable(inner))}
    root.operands = [(x, tuple([substituted(part, split) for part in index])) for x, index in root.operands]
    root.reduced = (*[axis for axis in root.reduced if axis is not rows], outer, inner)
    kernel.frame = (outer, *kernel.frame[1:])
    kernel.phases[0].axes = (inner,)


def _phase_for(
    group: Group, member: Member, inner: tuple[Axis, ...], phases: list[Phase], first: int, users: Counter[Axis]
) -> int:
    """The first phase with these loops, or a new one; `users` tells how many members each loop variable has."""
    backwards = _backwards(group, member)
    for at in range(first, len(phases)):
        phase = phases[at]
        if len(phase.axes) != len(inner) or not _same_way(group, member, phase, backwards):
            continue
        new = _renaming(inner, phase, users)
        if new is not None and _suffix([new.get(axis, axis) for axis in _innermost(group, member)], phase.axes):
            group.axis_of.update((a, new.get(group.axis_of[a], group.axis_of[a])) for a in member.order)
            users.update(new.values())
            phase.backwards |= {new.get(axis, axis) for axis in backwards}
            return at
    reduced = set(_innermost(group, member))
    axes = (*[a for a in inner if a not in reduced], *[a for a in inner if a in reduced])
    phases.append(Phase(axes, [], backwards))
    return len(phases) - 1


def _innermost(group: Group, member: Member) -> tuple[Axis, ...]:
    """The loops that must lie inside of the member's others: what it adds up over, or runs along."""
    if member.role is Role.RUNNING:
        return group.own([member.axes[member.node.param("axis")]])
    return group.own(member.reduced)


def _backwards(group: Group, member: Member) -> set[Axis]:
    if member.role is Role.RUNNING and member.node.param("backwards"):
        return {group.axis_of[member.axes[member.node.param("axis")]]}
    return set()


def _same_way(group: Group, member: Member, phase: Phase, backwards: set[Axis]) -> bool:
    """Can the member's loops run in the direction of the phase's?"""
    if member.role is Role.RUNNING:
        return phase.backwards == backwards or not any(root.role is Role.RUNNING for root in phase.roots)
    return True


def _renaming(inner: tuple[Axis, ...], phase: Phase, users: Counter[Axis]) -> dict[Axis, Axis] | None:
    """The phase's loop variables for the member's own, where it has none of the group's; None where they differ."""
    if set(phase.axes) == set(inner):
        return {}
    if [a.extent for a in inner] != [a.extent for a in phase.axes]:
        return None
    if any(users[axis] > 1 for axis in inner):
        return None
    return dict(zip(inner, phase.axes, strict=True))


def _suffix(reduced: Sequence[Axis], axes: tuple[Axis, ...]) -> bool:
    """Are the loops that a member is reduced over the innermost ones?"""
    inside = {axis for axis in reduced if axis in axes}
    return not inside or set(axes[len(axes) - len(inside) :]) == inside


def _at_same_point(group: Group, holder: Member, index: Index, phase: Phase) -> bool:
    """Is what the member reads known at that very point of the phase's loops?"""
    if any(axis in phase.axes for axis in group.own(holder.reduced)):
        return False
    for axis, part in zip(group.own(holder.axes), index, strict=True):
        own = part.is_axis()
        if axis.extent != 1 and (own is None or group.axis_of[own] is not axis):
            return False
    return True


def _root(group: Group, member: Member, elsewhere: Collection[Node]) -> Root:
    own = {axis for _, index in member.operands for part in index if part.terms for axis in part.axes()}
    names = {axis: variable(group.axis_of[axis]) for axis in own if axis in group.axis_of}
    operands = [(x, tuple([substituted(part, names) for part in index])) for x, index in member.operands]
    late = group.is_late(member)
    return Root(
        member.node,
        member.role,
        group.own(member.axes),
        group.own(member.reduced),
        operands,
        late=late,
        stored=late or member.node in elsewhere,
    )


def _mark_buffered(group: Group, phases: Sequence[Phase], place: dict[Node, int]) -> None:
    roots = {root.node: root for phase in phases for root in phase.roots}
    for member in group.members:
        for x, _ in member.reads:
            if x in place and place[x] != place[member.node]:
                roots[x].buffered = True
