"""Neighbouring loops as one: where every array steps through two loops as through one long one. Floor 4."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from glassgrad.engines.cpu.plan.homes import Home, settled
from glassgrad.engines.cpu.plan.index import ZERO, Affine, Axis, contiguous, offset_of, substituted, variable
from glassgrad.engines.cpu.plan.kernels import Kernel, Role, Root
from glassgrad.engines.cpu.plan.roles import reads
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LITERAL

Reached = set[tuple[Node, Affine]]


def merge_loops(kernel: Kernel, roles: dict[Node, Role], kept: Collection[Node], homes: Mapping[Node, Home]) -> None:
    """Makes one loop of two in the frame, and in phases that hand nothing to one another, as long as that goes."""
    if len(kernel.frame) > 1:
        backwards = {axis for phase in kernel.phases for axis in phase.backwards}
        kernel.frame = _merged(kernel.frame, kernel.roots, backwards, roles, kept, homes)
    if any(root.buffered and _is_row(root, kernel) for root in kernel.roots):
        return
    for phase in kernel.phases:
        if len(phase.axes) > 1:
            phase.axes = _merged(phase.axes, phase.roots, phase.backwards, roles, kept, homes)


def _is_row(root: Root, kernel: Kernel) -> bool:
    """Has the root several values at a point of the frame?"""
    return any(axis.extent != 1 and axis not in kernel.frame for axis in root.axes)


def _merged(
    axes: tuple[Axis, ...],
    roots: Sequence[Root],
    fixed: Collection[Axis],
    roles: dict[Node, Role],
    kept: Collection[Node],
    homes: Mapping[Node, Home],
) -> tuple[Axis, ...]:
    reached = {root: _reached(root, roles, kept, homes) for root in roots}
    for place in range(len(axes) - 2, -1, -1):
        outer, inner = axes[place : place + 2]
        if outer in fixed or inner in fixed:
            continue
        if not all(_is_one_loop(root, outer, inner, reached[root]) for root in roots):
            continue
        whole = Axis(outer.extent * inner.extent)
        new = {root: _counted_by(root, outer, inner, whole) for root in roots}
        values = {outer: ZERO, inner: variable(whole)}
        expected = {root: {(x, substituted(offset, values)) for x, offset in reached[root]} for root in roots}
        if all(_reached(new[root], roles, kept, homes) == expected[root] for root in roots):
            for root in roots:
                root.axes, root.reduced = new[root].axes, new[root].reduced
                root.operands, root.target = new[root].operands, new[root].target
            reached = expected
            axes = (*axes[:place], whole, *axes[place + 2 :])
    return axes


def _reached(root: Root, roles: dict[Node, Role], kept: Collection[Node], homes: Mapping[Node, Home]) -> Reached:
    """Where the root reads and writes memory."""
    own = root.target if root.target is not None else tuple([variable(axis) for axis in root.axes])
    read = [(x, index) for x, index in root.operands if x.op is not LITERAL]
    places = [settled(homes, node, index) for node, index in (*reads(read, kept, roles), (root.node, own))]
    return {(node, offset_of(index, contiguous(node.shape))) for node, index in places}


def _is_one_loop(root: Root, outer: Axis, inner: Axis, reached: Reached) -> bool:
    """Does a round of the outer loop go on where the inner one has ended, in all memory that is touched?"""
    if (outer in root.axes) != (inner in root.axes):
        return False
    if root.role is Role.RUNNING and root.axes[root.node.param("axis")] in (outer, inner):
        return False
    for _, offset in reached:
        step = offset.coefficient(inner)
        if step is None or offset.coefficient(outer) != step * inner.extent:
            return False
    return True


def _counted_by(root: Root, outer: Axis, inner: Axis, whole: Axis) -> Root:
    """The root counted by the long loop: the outer index is always 0, the inner one goes on beyond its axis."""
    names = {outer: Axis(1), inner: whole}
    values = {outer: ZERO, inner: variable(whole)}
    return replace(
        root,
        axes=tuple([names.get(axis, axis) for axis in root.axes]),
        reduced=tuple([names.get(axis, axis) for axis in root.reduced]),
        operands=[(x, tuple([substituted(part, values) for part in index])) for x, index in root.operands],
        target=None if root.target is None else tuple([substituted(part, values) for part in root.target]),
    )
