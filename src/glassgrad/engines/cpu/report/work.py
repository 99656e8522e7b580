"""How much a step computes and moves: operations, the time they need in additions, bytes. Floor 4.

An operation is one op at one point, whether addition or exponential (a sum or product of numbers counts as the two that
it is); moving, comparing, choosing and converting count nothing. Bytes are those of the arrays that the step reads and
writes, each element once: what is read again is found in the cache.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import prod

from glassgrad.engines.cpu.emit.scalars import COSTS
from glassgrad.engines.cpu.plan.index import Axis, Index, Looked, variable
from glassgrad.engines.cpu.plan.kernels import Change, Kernel, Role, Root
from glassgrad.engines.cpu.plan.roles import view_operands
from glassgrad.engines.cpu.products.product import product_of
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LITERAL, PROJECT

_FREE = frozenset(
    [
        "mark",
        "stop_gradient",
        "positive",
        "cast",
        "where",
        "isnan",
        "isinf",
        "isfinite",
        "signbit",
        "copysign",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
        "logical_and",
        "logical_or",
        "logical_xor",
        "logical_not",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "invert",
    ]
)


@dataclass(frozen=True, slots=True)
class Work:
    """Operations on floating-point numbers, all operations weighed in additions, bytes read and written."""

    flops: int = 0
    additions: float = 0.0
    bytes_read: int = 0
    bytes_written: int = 0

    def __add__(self, other: "Work") -> "Work":
        return Work(
            self.flops + other.flops,
            self.additions + other.additions,
            self.bytes_read + other.bytes_read,
            self.bytes_written + other.bytes_written,
        )

    def times(self, count: int) -> "Work":
        """So many rounds."""
        return Work(self.flops * count, self.additions * count, self.bytes_read * count, self.bytes_written * count)

    @property
    def bytes(self) -> int:
        """All bytes moved."""
        return self.bytes_read + self.bytes_written


def kernel_work(kernel: Kernel, roles: Mapping[Node, Role], kept: Collection[Node]) -> Work:
    """The work of a loop nest."""
    own = {root.node for root in kernel.roots}
    read: dict[Node, int] = {}
    written: dict[Node, int] = {}
    flops, additions = 0, 0.0
    for phase in kernel.phases:
        loops = (*kernel.frame, *phase.axes)
        seen: set[tuple[Node, Index]] = set()
        for root in phase.roots:
            points = prod(axis.extent for axis in loops)
            count, cost = _root_cost(root)
            flops, additions = flops + count * points, additions + cost * points
            if root.stored:
                _touch(written, root.node, root.target or tuple([variable(axis) for axis in root.axes]))
                if root.change is Change.ADD:
                    read[root.node] = written[root.node]
            more = _inside(root, loops, roles, kept, own, seen, read)
            flops, additions = flops + more[0], additions + more[1]
    return Work(flops, additions, sum(read.values()), sum(written.values()))


def _root_cost(root: Root) -> tuple[int, float]:
    counts = root.node.dtype.kind in "fc"
    match root.role:
        case Role.ELEMENTWISE:
            return counts * _is_work(root.node), COSTS.get(root.node.op.name, 1.0)
        case Role.PRODUCT:
            return 2 * counts, 2.0
        case Role.RUNNING:
            each = 2 if root.node.op.name == "recurrence" else 1
            return each * counts, float(each)
        case Role.REDUCE:
            return int(counts), 1.0
    return (int(counts), 1.0) if root.change is Change.ADD else (0, 0.0)


def _is_work(node: Node) -> bool:
    return node.op.name not in _FREE


def _inside(
    root: Root,
    loops: tuple[Axis, ...],
    roles: Mapping[Node, Role],
    kept: Collection[Node],
    own: Collection[Node],
    seen: set[tuple[Node, Index]],
    read: dict[Node, int],
) -> tuple[int, float]:
    """What is computed on the way to a root, each value once at each point of the loops that it depends on."""
    flops, additions = 0, 0.0
    stack = list(root.operands)
    while stack:
        pair = stack.pop()
        node, index = pair
        if pair in seen or node.op is LITERAL:
            continue
        seen.add(pair)
        role = roles[node]
        if node in kept or role is Role.GIVEN:
            if node not in own:
                _touch(read, node, index)
        elif role is Role.VIEW:
            stack.extend(view_operands(node, index))
        else:
            axes = {axis for part in index for axis in part.axes()}
            depth = max([place + 1 for place, axis in enumerate(loops) if axis in axes], default=0)
            points = prod(axis.extent for axis in loops[:depth])
            flops += points * (node.dtype.kind in "fc" and _is_work(node))
            additions += points * COSTS.get(node.op.name, 1.0)
            stack.extend([(x, index) for x in node.inputs])
    return flops, additions


def _touch(found: dict[Node, int], node: Node, index: Index) -> None:
    """Counts the bytes of the elements that this index reaches."""
    points = prod(axis.extent for axis in {axis for part in index for axis in part.axes()})
    size = node.dtype.itemsize
    whole = max(node.aval.nbytes, 0)
    exact = not any(isinstance(symbol, Looked) for part in index for symbol, _ in part.terms)
    found[node] = min(whole, max(found.get(node, 0), points * size)) if exact else min(whole, points * size)


def product_work(node: Node) -> Work:
    """The work of a matrix product, or of a convolution as one."""
    points = product_of(node)[0].multiplications
    return Work(2 * points, float(points), sum([x.aval.nbytes for x in node.inputs]), node.aval.nbytes)


def moved(node: Node) -> Work:
    """What a call reads and writes, where nothing more is known of it."""
    read = sum([max(x.aval.nbytes, 0) for x in node.inputs if x.op is not LITERAL and x.op is not PROJECT])
    return Work(0, 0.0, read, sum([max(aval.nbytes, 0) for aval in node.avals]))
