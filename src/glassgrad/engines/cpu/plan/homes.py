"""Which values are written straight into the array that is put together from them: stacks that nobody copies. Floor 4.

A value that is a part of a concatenation needs no memory of its own: its home is the array, and what computes it
stores it there. Homes may lie in homes, with reshapes and transposes between.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from glassgrad.engines.cpu.plan.grouping import Group
from glassgrad.engines.cpu.plan.index import Affine, Axis, Index, contiguous, offset_of, variable
from glassgrad.engines.cpu.plan.kernels import Call, Kernel
from glassgrad.engines.cpu.plan.roles import storage_of
from glassgrad.engines.cpu.plan.views import JOINED, VIEWS, behind, onward, part_place
from glassgrad.graph.node import Node, make, reachable
from glassgrad.graph.notes import Notes
from glassgrad.ops.leaves import LITERAL, mark


@dataclass(frozen=True, slots=True)
class Home:
    """Part `position` of `whole`, reached through `views`, the innermost first."""

    whole: Node
    position: int
    views: tuple[Node, ...]

    def place(self, index: Index) -> Index:
        """Where in the whole an element of the value lies."""
        for view in self.views:
            index = onward(view, index)
        return part_place(self.whole, self.position, index)


def is_at_home(homes: Mapping[Node, Home], whole: Node, position: int) -> bool:
    """Is this part written into the whole by what computes it?"""
    home = homes.get(behind(whole.inputs[position])[0])
    return home is not None and home.whole is whole and home.position == position


def settled(homes: Mapping[Node, Home], node: Node, index: Index) -> tuple[Node, Index]:
    """The array in which an element lies, and where."""
    while node in homes:
        home = homes[node]
        node, index = home.whole, home.place(index)
    return node, index


def whole_of(homes: Mapping[Node, Home], node: Node) -> Node:
    """The array in which a value lies; itself where it has memory of its own."""
    while node in homes:
        node = homes[node].whole
    return node


def stored_bytes(kernel: Kernel, homes: Mapping[Node, Home]) -> int:
    """How much memory the arrays take in which a kernel leaves what it computes."""
    return sum([node.aval.nbytes for node in {whole_of(homes, root.node) for root in kernel.roots if root.stored}])


def with_own_parts(outputs: Sequence[Node], given: Collection[Node], notes: Notes | None) -> list[Node]:
    """The outputs with the constants and given parts of computed arrays as values, computed beside the others.

    Else an array with one zero among its columns would be gone through once more for that column. A value that is a
    part for the second time is one more value, too: the first has its home already.
    """
    new: dict[Node, Node] = {}
    seen: set[Node] = set()
    for node in reachable(outputs):
        if node in given:
            continue
        inputs = tuple([new.get(x, x) for x in node.inputs])
        if node.op.name in JOINED:
            bases = [behind(x)[0] for x in inputs]
            plain = [_is_plain(base, given) for base in bases]
            if not all(plain):
                own = [p or b in seen or b in bases[:k] for k, (b, p) in enumerate(zip(bases, plain, strict=True))]
                inputs = tuple([mark(x) if o and x.aval.size else x for x, o in zip(inputs, own, strict=True)])
            seen.update(bases)
        if inputs != node.inputs:
            new[node] = make(node.op, inputs, node.params)
            if notes is not None:
                notes.pass_on(node, new[node])
    return [new.get(node, node) for node in outputs]


def _is_plain(base: Node, given: Collection[Node]) -> bool:
    """Is nothing computed for this part?"""
    return base in given or base.op is LITERAL or base.op.name in VIEWS


# ------------------------------------------------------------------ the choice
def homes_of(
    steps: Sequence[Group | Call],
    read_in: Mapping[Node, set[int]],
    fixed: Collection[Node],
) -> dict[Node, Home]:
    """The home of each value that has one; those in `fixed` have a place of their own."""
    homes: dict[Node, Home] = {}
    step_of = {m.node: (at, step) for at, step in enumerate(steps) if isinstance(step, Group) for m in step.members}
    called = {x for step in steps if isinstance(step, Call) for x in map(storage_of, step.node.inputs)}
    for whole in [node for node in step_of if node.op.name in JOINED and node.aval.size]:
        for position, x in enumerate(whole.inputs):
            base, views = behind(x)
            if base not in step_of or base in homes or base in fixed or base in called or base.dtype != whole.dtype:
                continue
            at, group = step_of[base]
            if any(m.node is base and (m.by_planes or group.is_late(m)) for m in group.members):
                continue  # it is added to where it lies, which is memory of its own
            home = Home(whole, position, views)
            if _fits(home, base, alone=read_in.get(base, set()) <= {at, step_of[whole][0]}):
                homes[base] = home
    return homes


def _fits(home: Home, node: Node, *, alone: bool) -> bool:
    """Is each axis' step in the home a fixed one, and reading from there no slower where others read the value?"""
    axes = tuple([Axis(size) for size in node.shape])
    index = home.place(tuple([variable(axis) for axis in axes]))
    if not all(_is_simple(part) for part in index):
        return False
    if alone:
        return True
    offset = offset_of(index, contiguous(home.whole.shape))
    last = next((axis for axis in reversed(axes) if axis.extent != 1), None)
    return last is None or offset.coefficient(last) == 1


def _is_simple(part: Affine) -> bool:
    return all(isinstance(symbol, Axis) for symbol, _ in part.terms)
