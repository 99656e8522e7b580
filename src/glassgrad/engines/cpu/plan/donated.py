"""Which results can be written over arguments that are given up: nobody reads the argument afterwards. Floor 4."""

from collections.abc import Collection, Iterable

from glassgrad.engines.cpu.plan.data import Plan
from glassgrad.engines.cpu.plan.index import Affine, Index, Looked, variable
from glassgrad.engines.cpu.plan.kernels import Change, Kernel, Root
from glassgrad.engines.cpu.plan.roles import reads, storage_of
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LITERAL


def taken_over(plan: Plan, donated: Collection[int]) -> dict[int, int]:
    """For results by position: the position of the argument whose memory each takes, one of those given up."""
    if not donated:
        return {}
    given = {plan.inputs[position]: position for position in sorted(donated)}
    last = _last_read(plan, given)
    made = {
        root.node: (step, kernel, root)
        for step, kernel in enumerate(plan.steps)
        if isinstance(kernel, Kernel)
        for root in kernel.roots
    }
    found: dict[int, int] = {}
    for position, node in enumerate(plan.outputs):
        step, kernel, root = made.get(node, (0, None, None))
        if kernel is None or root is None or not is_whole(plan, kernel, root):
            continue
        for x in _candidates(plan, kernel, root, given):
            before = last.get(x, -1) < step
            if x.aval == node.aval and (before or (last[x] == step and _is_read_first(plan, kernel, root, x))):
                found[position] = given.pop(x)
                break
    return found


def _candidates(plan: Plan, kernel: Kernel, root: Root, given: dict[Node, int]) -> list[Node]:
    """Those that the result itself reads come first."""
    own = [x for x, _ in reads_of(plan, root) if x in given]
    return list(dict.fromkeys([*own, *given]))


def is_whole(plan: Plan, kernel: Kernel, root: Root) -> bool:
    """Is the value written point by point, each at its own place and once?"""
    (phase,) = [phase for phase in kernel.phases if root in phase.roots]
    once = set(root.axes).issuperset([axis for axis in (*kernel.frame, *phase.axes) if axis.extent != 1])
    plain = root.target is None and root.change is Change.SET and root.node not in plan.homes
    return once and plain and root.stored and not root.late and not root.reduced


def _last_read(plan: Plan, given: Collection[Node]) -> dict[Node, int]:
    """The last step that reads each of these."""
    last: dict[Node, int] = {}
    for step, work in enumerate(plan.steps):
        if isinstance(work, Kernel):
            for root in work.roots:
                last.update({x: step for x in _touched(plan, root) if x in given})
        else:
            if work.node in plan.items:  # what is read inside is not looked through
                last.update(dict.fromkeys(given, len(plan.steps)))
            last.update({x: step for x in map(storage_of, work.node.inputs) if x in given})
    return last


def reads_of(plan: Plan, root: Root) -> list[tuple[Node, Index]]:
    """What a root reads from memory, and where; a fill reads nothing."""
    operands = [(x, index) for x, index in root.operands if x.op is not LITERAL]
    return reads(operands, plan.kept, plan.roles)


def _touched(plan: Plan, root: Root) -> Iterable[Node]:
    yield from [x for x, _ in reads_of(plan, root)]
    yield from looked_up(root.target or ())


def looked_up(index: Index) -> Iterable[Node]:
    """The arrays of indices that tell where a value is written."""
    stack: list[Affine] = list(index)
    while stack:
        for symbol, _ in stack.pop().terms:
            if isinstance(symbol, Looked):
                yield symbol.node
                stack.extend(symbol.at)


def _is_read_first(plan: Plan, kernel: Kernel, root: Root, x: Node) -> bool:
    """Is `x` read, in the step that writes over it, only at the very place that is written next?"""
    own = tuple([variable(axis) for axis in root.axes])
    is_written = False
    for other in kernel.roots:
        places = [index for node, index in reads_of(plan, other) if node is x]
        if x in looked_up(other.target or ()) or any(index != own for index in places) or (is_written and places):
            return False
        is_written = is_written or other is root
    return True
