"""Which kept values are computed in the same loops. Floor 4.

The values are taken in order. One joins the last group that has what it reads, if at each point of the loops that
they would share it reads nothing but what was computed at that same point; else it begins a group of its own.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from math import prod

from glassgrad.engines.cpu.native.caches import largest_cache
from glassgrad.engines.cpu.plan.index import Axis, Index
from glassgrad.engines.cpu.plan.kernels import Call, Role
from glassgrad.engines.cpu.plan.repeats import places_alike
from glassgrad.engines.cpu.plan.roles import domain_of, is_streamed, operand_indices, reads, reduced_axes
from glassgrad.engines.cpu.plan.views import JOINED, behind
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import MARK

_ROW_BYTES = 1 << 16  # what a value may keep between the phases of a kernel at one point of its frame
_TINY = 512  # elements up to which loops of different shapes are put into one kernel
_MOST_MEMBERS = 64  # in one kernel, so that the compiler's work on a function stays bounded
_LEAST_MEMBERS = 16  # from which a kernel ends where the next one can be like another
_MOST_STRIDES = 512  # rows that the loops inside of a frame go across, a few columns at a time, rather than along
_MANY_ROWS, _MOST_ACROSS = 64, 1 << 19  # rows from which their bytes count: the second cache has to hold them
_LEAST_ROWS = 2  # points of a frame that is left when loops are shared in part only
_PLANE, _LEAST_ALONG = 1 << 18, 1 << 8  # bytes of a plane that stays in the second cache, and of its rows


@dataclass(eq=False, slots=True)
class Member:
    """A kept value on its way into a kernel. Its loop variables become the group's as it joins."""

    node: Node
    role: Role
    axes: tuple[Axis, ...]
    reduced: tuple[Axis, ...]
    order: tuple[Axis, ...]  # all its loops, outermost first
    operands: list[tuple[Node, Index]]
    reads: list[tuple[Node, Index]]
    whole: Node | None = None  # the array put together from it and others
    begins_again: bool = False  # has a kernel begun at a place like this one?
    by_planes: bool = False  # is it reduced plane by plane, along the rows of each?

    @property
    def extents(self) -> tuple[int, ...]:
        """How long its loops are."""
        return tuple([axis.extent for axis in self.order])

    @property
    def size(self) -> int:
        """Over how many points it is computed."""
        return prod(self.extents)


@dataclass(eq=False, slots=True)
class Group:
    """A kernel in the making."""

    frame: tuple[Axis, ...]
    members: list[Member] = field(default_factory=list)
    holds: dict[Node, Member] = field(default_factory=dict)
    over: dict[tuple[int, ...], list[Member]] = field(default_factory=dict)  # the members by how long their loops are
    axis_of: dict[Axis, Axis] = field(default_factory=dict)  # a member's loop variable -> the group's
    in_pieces: bool = False
    tiny: bool = True

    def own(self, axes: Sequence[Axis]) -> tuple[Axis, ...]:
        """The group's loop variables for a member's."""
        return tuple([self.axis_of[axis] for axis in axes])

    def is_late(self, member: Member) -> bool:
        """Is the value complete only when all loops have ended?"""
        return any(self.axis_of[axis] in self.frame for axis in member.reduced)


def member_of(node: Node, role: Role, kept: Collection[Node], roles: dict[Node, Role]) -> Member:
    """A kept value with loops of its own."""
    axes, reduced = domain_of(node, role)
    operands = operand_indices(node, role, axes, reduced)
    order = _order(node, role, axes, reduced)
    member = Member(node, role, axes, reduced, order, operands, reads(operands, kept, roles))
    member.by_planes = role is Role.REDUCE and _has_planes(node, order, reduced)
    return member


def _has_planes(node: Node, order: Sequence[Axis], reduced: Sequence[Axis]) -> bool:
    """Is an array that no cache holds reduced over its rows, in planes that one holds until others are reduced too?"""
    places = [place for place, axis in enumerate(order) if axis in reduced]
    if node.op.name in ("argmax", "argmin") or not places or len(places) != places[-1] + 1 - places[0]:
        return False
    size = node.inputs[0].dtype.itemsize
    planes, rows, along = (
        prod([axis.extent for axis in some])
        for some in (order[: places[0]], order[places[0] : places[-1] + 1], order[places[-1] + 1 :])
    )
    plane = rows * along * size
    return (
        plane <= _PLANE and along * size >= _LEAST_ALONG and planes * plane > largest_cache() and min(planes, rows) > 1
    )


def _order(node: Node, role: Role, axes: tuple[Axis, ...], reduced: tuple[Axis, ...]) -> tuple[Axis, ...]:
    """The loops in the order of the memory that is read."""
    if role is Role.PRODUCT and is_streamed(node):
        return (*reduced, *axes)
    if role is not Role.REDUCE:
        return (*axes, *reduced)
    over, rest, along = reduced_axes(node), iter(axes), iter(reduced)
    return tuple([next(along) if place in over else next(rest) for place in range(node.inputs[0].ndim)])


def _wholes(order: Sequence[Node]) -> dict[Node, Node]:
    """The outermost array that each value is a part of."""
    found: dict[Node, Node] = {}
    for node in reversed(order):
        if node.op.name in JOINED:
            found.update((behind(x)[0], found.get(node, node)) for x in node.inputs)
    return found


def _parts_last(order: Sequence[Node]) -> list[Node]:
    """The same order, but for constants among the parts of an array: each just before the array."""
    users = Counter(x for node in order for x in set(node.inputs))
    moved = {x for node in order if node.op.name in JOINED for x in node.inputs if x.op is MARK and users[x] == 1}
    result: list[Node] = []
    for node in order:
        if node not in moved:
            if node.op.name in JOINED:
                result.extend([x for x in node.inputs if x in moved])
            result.append(node)
    return result


def _numbers_first(order: Sequence[Node], roles: dict[Node, Role]) -> list[Node]:
    """The same order, but for numbers that follow from given ones: in front, so that no loop is ended for them."""
    own = set(order)
    early: set[Node] = set()
    for node in order:
        if roles[node] is not Role.ELEMENTWISE or node.shape:
            continue
        if all(x in early or x not in own or roles[x] is Role.LITERAL for x in node.inputs):
            early.add(node)
    return [*[node for node in order if node in early], *[node for node in order if node not in early]]


def grouped(order: Sequence[Node], roles: dict[Node, Role], kept: Collection[Node]) -> list[Group | Call]:
    """The kept values as groups and calls, in an order in which they can run."""
    steps: list[Group | Call] = []
    place: dict[Node, int] = {}
    wholes = _wholes(order)
    order = _numbers_first(_parts_last(order), roles)
    alike, begun = places_alike(order, roles, kept), set[int]()
    for node in order:
        if node not in kept:
            continue
        role = roles[node]
        if role is Role.PART:
            place[node] = place[node.inputs[0]]
        elif role is Role.CALL:
            place[node] = len(steps)
            steps.append(Call(node))
        else:
            member = member_of(node, role, kept, roles)
            member.whole = wholes.get(node)
            member.begins_again = alike.get(node) in begun
            before = len(steps)
            place[node] = _placed(member, steps, place)
            if len(steps) > before and alike:
                begun.add(alike[node])
    return steps


_LOOK_BACK = 16  # groups that are tried


def _placed(member: Member, steps: list[Group | Call], place: dict[Node, int]) -> int:
    first = max([place[x] for x, _ in member.reads if x in place], default=-1)
    if member.role not in (Role.PIECES, Role.WRITE):
        for at in range(len(steps) - 1, max(first, len(steps) - _LOOK_BACK, 0) - 1, -1):
            group = steps[at]
            if isinstance(group, Group) and _join(group, member):
                return at
    steps.append(_alone(member))
    return len(steps) - 1


# ------------------------------------------------------------------ one value's own loops
def _alone(member: Member) -> Group:
    pieces = member.role in (Role.PIECES, Role.WRITE)
    frame = () if pieces else _without(member.order, _inner(member, member.order))
    group = Group(tuple([axis for axis in frame if axis.extent != 1]), in_pieces=pieces)
    _take(group, member, {})
    return group


def _inner(member: Member, frame: Sequence[Axis]) -> set[Axis]:
    """The member's loops that must lie inside of the frame: those along which it is not point by point."""
    if member.role is Role.RUNNING:
        return {member.axes[member.node.param("axis")]}
    if not member.reduced:
        return set()
    if member.role is Role.PRODUCT and is_streamed(member.node):
        return set()
    if member.role is Role.PRODUCT:
        return set(member.reduced) if any(axis.extent != 1 for axis in member.axes) else set()
    if member.node.op.name in ("argmax", "argmin"):  # two values at a time: not kept in memory while the frame runs
        return set(member.reduced) if any(axis.extent != 1 for axis in member.axes) else set()
    if member.by_planes:
        return set(member.order[member.order.index(member.reduced[0]) :])
    kept = [axis for axis in member.axes if axis.extent != 1]
    trailing = bool(kept) and member.order[-1] in member.reduced
    return set(member.reduced) if trailing else set()


def _without(axes: Sequence[Axis], some: Collection[Axis]) -> tuple[Axis, ...]:
    return tuple([axis for axis in axes if axis not in some])


def _take(group: Group, member: Member, bound: dict[Axis, Axis]) -> None:
    group.axis_of.update({axis: bound.get(axis, axis) for axis in member.order})
    group.members.append(member)
    group.holds[member.node] = member
    group.over.setdefault(member.extents, []).append(member)
    group.tiny = group.tiny and member.size <= _TINY


# ------------------------------------------------------------------ joining
def _join(group: Group, member: Member) -> bool:
    """Puts the value into the group if it can share the group's loops."""
    if group.in_pieces or len(group.members) >= (_LEAST_MEMBERS if member.begins_again else _MOST_MEMBERS):
        return False
    inside = [(group.holds[x], index) for x, index in member.reads if x in group.holds]
    if any(group.is_late(holder) for holder, _ in inside):
        return False
    bound = _bound(group, member, inside) if inside else _alike(group, member)
    if bound is None:
        return False
    own = {bound[axis]: axis for axis in bound}
    inner = _inner(member, group.frame)
    frame = tuple([axis for axis in group.frame if axis in own and own[axis] not in inner])
    orders = [(member.node, tuple([bound.get(axis, axis) for axis in member.order]))]
    orders += [(other.node, group.own(other.order)) for other in group.members if len(frame) < len(group.frame)]
    if any(_goes_far(node, order, frame) for node, order in orders):
        return False
    slices = bool(inside) and all(_is_slice(holder, index) for holder, index in inside)
    if slices and not group.tiny and any(_rows_across(order, frame) > 1 for _, order in orders):
        return False
    if not _pays(group, member, frame, bool(inside)):
        return False
    group.frame = frame
    _take(group, member, bound)
    return True


def _goes_far(node: Node, order: tuple[Axis, ...], frame: Collection[Axis]) -> bool:
    """Would a value go across too many rows of its memory at one point of the frame, rather than along its own?"""
    rows = _rows_across(order, frame)
    first = next((place for place, axis in enumerate(order) if axis not in frame), 0)
    across = prod(axis.extent for axis in order[first:]) * node.dtype.itemsize
    return rows > _MOST_STRIDES or (rows > _MANY_ROWS and across > _MOST_ACROSS)


def _rows_across(order: tuple[Axis, ...], frame: Collection[Axis]) -> int:
    """How many rows of a value's memory are gone across at one point of the frame."""
    last = max([place for place, axis in enumerate(order) if axis in frame], default=0)
    return prod(axis.extent for axis in order[:last] if axis not in frame)


def _is_slice(holder: Member, index: Index) -> bool:
    """Is no more read of a value than what lies at one place of one of its axes?"""
    return any(axis.extent > 1 and not part.terms for axis, part in zip(holder.axes, index, strict=True))


def _bound(group: Group, member: Member, inside: Sequence[tuple[Member, Index]]) -> dict[Axis, Axis] | None:
    """The member's loop variables that are the group's: at each point it reads what was computed at that point.

    None where a place is looked up along an axis of one element: that it lies inside is checked as memory is read.
    """
    bound: dict[Axis, Axis] = {}
    blocked: set[Axis] = set()
    for holder, index in inside:
        for axis, part in zip(group.own(holder.axes), index, strict=True):
            if axis.extent == 1 and part.terms:
                return None
            if axis.extent == 1:
                continue
            own = part.is_axis()
            if (
                own is None
                or own.extent != axis.extent
                or bound.get(own, axis) is not axis
                or any(known is axis and other is not own for other, known in bound.items())
            ):
                blocked.add(axis)
            else:
                bound[own] = axis
    return {own: axis for own, axis in bound.items() if axis not in blocked}


def _alike(group: Group, member: Member) -> dict[Axis, Axis] | None:
    """The loop variables of a member that runs over the same elements of the same array."""
    leaves = {x for x, _ in member.reads}
    for other in group.over.get(member.extents, ()):
        beside = member.whole is not None and member.whole is other.whole
        if group.tiny or beside or any(x in leaves for x, _ in other.reads):
            return dict(zip(member.order, group.own(other.order), strict=True))
    if not group.frame and group.tiny and member.size <= _TINY:
        return {}
    return None


def _pays(group: Group, member: Member, frame: tuple[Axis, ...], reads_inside: bool) -> bool:
    """Is it better to share these loops than to have a kernel of its own?"""
    if len(frame) == len(group.frame) and frame:
        return True
    if group.tiny and member.size <= _TINY:
        return True
    if not frame or not reads_inside:
        return False
    rows = prod(axis.extent for axis in frame)
    largest = max([prod(extents) for extents in (*group.over, member.extents)])
    return rows >= _LEAST_ROWS and largest // rows * 8 <= _ROW_BYTES
