"""From groups to kernels: which values share the loops inside of the frame, and what has to be kept where. Floor 4."""

from collections.abc import Collection, Mapping, Sequence
from math import prod

from glassgrad.engines.cpu.plan.grouping import Group, Member
from glassgrad.engines.cpu.plan.homes import Home
from glassgrad.engines.cpu.plan.index import Axis, Index, substituted, variable
from glassgrad.engines.cpu.plan.kernels import Kernel, Phase, Role, Root
from glassgrad.engines.cpu.plan.pieces import put_together
from glassgrad.graph.node import Node

_ROWS_TOGETHER = (4, 3, 2)  # of a matrix; the first number that divides theirs
_PAGE = 1 << 12  # bytes


def kernel_of(
    group: Group, elsewhere: Collection[Node], homes: Mapping[Node, Home], over: Collection[Node] = ()
) -> Kernel:
    """The group's loops; `elsewhere` are the values that other steps read, or the caller."""
    if group.in_pieces:
        return put_together(group.members[0].node, homes, over)
    phases: list[Phase] = []
    place: dict[Node, int] = {}
    for member in group.members:
        inner = tuple([axis for axis in group.own(member.order) if axis not in group.frame and axis.extent != 1])
        first = 0
        for x, index in member.reads:
            if x in place:
                first = max(first, place[x] + (not _at_same_point(group, group.holds[x], index, phases[place[x]])))
        at = _phase_for(group, member, inner, phases, first)
        place[member.node] = at
        phases[at].roots.append(_root(group, member, elsewhere))
    _mark_buffered(group, phases, place)
    for phase in phases:
        for root in phase.roots:
            root.stored = root.stored or phase.adds_in_memory(root)
    kernel = Kernel(group.frame, phases)
    _take_rows_together(
        kernel, [{x for m in group.members if place[m.node] == at for x, _ in m.reads} for at in range(len(phases))]
    )
    return kernel


def _take_rows_together(kernel: Kernel, reads: Sequence[Collection[Node]]) -> None:
    """Several rows for each time that sums in memory are read and written; `reads` is what each phase reads."""
    first = kernel.phases[0]
    if len(kernel.frame) >= 2 and not first.axes and _are_of_rows(kernel.roots, kernel.frame):
        whole, parts = _together(kernel.frame[0])
        kernel.frame, first.axes = (parts[0], *kernel.frame[1:]), parts[1:]
        _split(kernel.roots, whole, parts)
    near: set[Node] = set()  # what a phase before has read is in the caches
    for phase, read in zip(kernel.phases, reads, strict=True):
        rows = _added_up(phase)
        is_near = near.issuperset(read)
        near.update(read, [root.node for root in phase.roots])
        if rows is None:
            continue
        place = phase.axes.index(rows)
        along = phase.axes[place + 1 :]
        if is_near or all(_are_long(root, along) for root in phase.roots):
            whole, parts = _together(rows)
            phase.axes = (*phase.axes[:place], parts[0], *along, *parts[1:])
            _split(phase.roots, whole, parts)


def _added_up(phase: Phase) -> Axis | None:
    """The loop over rows that all roots of a phase add up in memory; None where they do not."""
    rows = next((axis for axis in phase.axes if axis in phase.roots[0].reduced), None)
    return rows if all(rows in root.reduced and phase.adds_in_memory(root) for root in phase.roots) else None


def _are_of_rows(roots: Sequence[Root], frame: tuple[Axis, ...]) -> bool:
    """Is this a vector times a matrix read row by row, or are these sums of long rows?"""
    if not all(root.late and frame[0] in root.reduced for root in roots):
        return False
    if len(roots) == 1 and roots[0].role is Role.PRODUCT:
        return True
    along = frame[1:]
    return all(root.role is Role.REDUCE and set(along) <= set(root.axes) and _are_long(root, along) for root in roots)


def _are_long(root: Root, along: Sequence[Axis]) -> bool:
    """Is a row so long that others lie on other pages? Memory is read ahead page by page, in the order of one row."""
    return prod(axis.extent for axis in along) * root.node.dtype.itemsize >= _PAGE


def _together(rows: Axis) -> tuple[Axis, tuple[Axis, ...]]:
    """A loop, and that over it a few rounds at a time with the loop over these; itself where no number divides it."""
    count = next((n for n in _ROWS_TOGETHER if rows.extent % n == 0), 1)
    return rows, ((Axis(rows.extent // count), Axis(count)) if count > 1 else (rows,))


def _split(roots: Sequence[Root], whole: Axis, parts: tuple[Axis, ...]) -> None:
    """The roots with a loop as two, over parts and within them."""
    if len(parts) == 1:
        return
    outer, inner = parts
    split = {whole: variable(outer).times(inner.extent).plus(variable(inner))}
    for root in roots:
        root.operands = [(x, tuple([substituted(part, split) for part in index])) for x, index in root.operands]
        root.reduced = (*[axis for axis in root.reduced if axis is not whole], *parts)


def _phase_for(group: Group, member: Member, inner: tuple[Axis, ...], phases: list[Phase], first: int) -> int:
    """The first phase with these loops, or a new one."""
    backwards = _backwards(group, member)
    for at in range(first, len(phases)):
        phase = phases[at]
        if len(phase.axes) != len(inner) or not _same_way(group, member, phase, backwards):
            continue
        new = _renaming(inner, phase)
        if new is None or not _fits(group, member, inner, phase, new) or _meet(group, new):
            continue
        taken = any(own in other.axes for other in phases for own in new)
        if taken and not _is_alone(group, member):
            continue
        renamed = member.order if taken else tuple(group.axis_of)
        group.axis_of.update({a: new.get(group.axis_of[a], group.axis_of[a]) for a in renamed})
        phase.backwards |= {new.get(axis, axis) for axis in backwards}
        return at
    reduced = set() if member.by_planes else set(_innermost(group, member))
    axes = (*[a for a in inner if a not in reduced], *[a for a in inner if a in reduced])
    phases.append(Phase(axes, [], backwards))
    return len(phases) - 1


def _meet(group: Group, new: Mapping[Axis, Axis]) -> bool:
    """Would two loops of one member be one?"""
    loops = [set(group.own(member.order)) for member in group.members] if new else []
    return any({own, axis} <= some for own, axis in new.items() for some in loops)


def _is_alone(group: Group, member: Member) -> bool:
    """Is it reduced over rows, and has nothing to do with others? Where these read the same, it is near by then."""
    reads = {x for other in group.members for x, _ in other.reads}
    return member.by_planes and member.node not in reads and not any(x in group.holds for x, _ in member.reads)


def _fits(group: Group, member: Member, inner: tuple[Axis, ...], phase: Phase, new: Mapping[Axis, Axis]) -> bool:
    """Do the phase's loops lie within one another as the member needs them?"""
    if member.by_planes:
        return tuple([new.get(axis, axis) for axis in inner]) == phase.axes
    return _suffix([new.get(axis, axis) for axis in _innermost(group, member)], phase.axes)


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


def _renaming(inner: tuple[Axis, ...], phase: Phase) -> dict[Axis, Axis] | None:
    """The phase's loop variables for the member's own, where it has none of the group's; None where they differ."""
    if set(phase.axes) == set(inner):
        return {}
    if [a.extent for a in inner] != [a.extent for a in phase.axes]:
        return None
    new = {own: axis for own, axis in zip(inner, phase.axes, strict=True) if own is not axis}
    return None if any(axis in inner for axis in new.values()) else new


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
