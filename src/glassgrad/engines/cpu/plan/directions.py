"""From which end a kernel goes through memory: what the kernel before has read last is still in the caches. Floor 4."""

from collections.abc import Collection, Sequence
from math import prod

from glassgrad.engines.cpu.plan.kernels import Kernel, Role, Step
from glassgrad.engines.cpu.plan.roles import reads
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LITERAL

_LEAST = 1 << 21  # bytes of an array from which the nearer caches hold no more than its end


def turn_around(steps: Sequence[Step], roles: dict[Node, Role], kept: Collection[Node]) -> None:
    """Lets kernels begin at the end of an array that the one before has gone through from its beginning."""
    from_end: dict[Node, bool] = {}
    for step in steps:
        if isinstance(step, Kernel):
            read, written = _large_reads(step, roles, kept), [root.node for root in step.roots if root.stored]
            step.from_end = _is_free(step) and any(from_end.get(node) is False for node in read)
            from_end.update(dict.fromkeys([*read, *written], step.from_end))


def _large_reads(kernel: Kernel, roles: dict[Node, Role], kept: Collection[Node]) -> list[Node]:
    if prod(axis.extent for axis in (*kernel.frame, *kernel.phases[0].axes)) < _LEAST // 8:
        return []
    own = {root.node for root in kernel.roots}
    operands = [pair for root in kernel.roots for pair in root.operands if pair[0].op is not LITERAL]
    found = {node for node, _ in reads(operands, kept, roles)} - own
    return [node for node in found if _size(node) >= _LEAST]


def _size(node: Node) -> int:
    return 0 if node.op.multiple else node.aval.nbytes


def _is_free(kernel: Kernel) -> bool:
    """Are the points of the frame independent of one another?"""
    return bool(kernel.frame) and not any(root.late or root.target is not None for root in kernel.roots)
