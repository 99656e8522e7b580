"""Which loop variable runs in vector lanes, how many lanes, and which loops are written out. Floor 4."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import gcd, prod

from glassgrad.engines.cpu.emit.scalars import COSTS
from glassgrad.engines.cpu.emit.types import bytes_of, kind_of
from glassgrad.engines.cpu.native.target import has
from glassgrad.engines.cpu.plan.index import Affine, Axis, Index, contiguous, offset_of, seam, variable
from glassgrad.engines.cpu.plan.kernels import Kernel, Phase, Role, Root
from glassgrad.engines.cpu.plan.roles import view_operands
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LITERAL

_UNROLLED = 8  # rounds of a loop that are written out
_UNROLLED_BODY = 200  # additions that writing out may make of a kernel
_DEAR = 12.0  # additions at a point from which the last, incomplete step of a loop costs something
_HEAVY = 80.0  # additions at a point from which two vectors at a time are enough, and four take long to compile
_LEAST_LANES = 4  # rows from which they are computed side by side
_MOST_BUFFERED = 1 << 17  # bytes kept between phases for rows that are computed side by side
_SMALL_ROW = 24  # elements of a row below which neighbouring rows are computed side by side


_LEAST_RUN = 32  # elements of a running sum from which neighbouring ones are computed side by side
_MOST_LANES = 64  # of a loop whose reads have a seam: it lies between any two of these once at most
TILE = 32  # rounds of a loop in one tile
_SETS, _WAYS = 1024, 8  # lines that the second cache has room for, of which some may be another's
_SQUARE = 32  # bytes along the side of a square that is transposed in registers
_LEAST_TURNED = 4  # bytes of an element from which that is worth it
NEAR = 4  # steps between lanes up to which whole vectors are read and thinned out
_SHORT_ROW = 1 << 10  # bytes of rows that are added up a tile at a time
_FAR = 1 << 20  # bytes of an array of which the nearer caches do not hold enough
LINE = 64  # bytes that come from memory at a time


@dataclass(eq=False, slots=True)
class Lanes:
    """`of_frame`: the frame's loop in lanes; else each phase has its own in `of_phase`.

    `cost` is what a point of the loops costs, in additions, and `traffic` the bytes of all arrays read and written. A
    loop that is `tiled` goes forward TILE at a time, and those within the lanes, `turned` of them written out side by
    side: what they read is transposed in registers. Where all phases go through their row from its end, the rows come
    in that order too (`descending`), for memory is fast in one direction.
    """

    width: int
    cost: float = 1.0
    traffic: int = 0
    of_frame: Axis | None = None
    of_phase: dict[Phase, Axis] = field(default_factory=dict)
    unrolled: set[Axis] = field(default_factory=set)
    tiled: Axis | None = None
    turned: int = 1
    descending: Axis | None = None
    ahead: dict[Phase, set[Node]] = field(default_factory=dict)  # of which a phase asks for the next row meanwhile


@cache
def vector_bytes() -> int:
    """How wide the registers are."""
    if has("avx512f"):
        return 64
    return 32 if has("avx") else 16


def lanes_of(kernel: Kernel, roles: Mapping[Node, Role], kept: Collection[Node]) -> Lanes:
    """The choice for a kernel."""
    touched = {root: _touched(root, roles, kept) for root in kernel.roots}
    cost = sum([work for work, _, _ in touched.values()])
    size = max([largest for _, largest, _ in touched.values()], default=8)
    own = sum([COSTS.get(root.node.op.name, 1.0) for root in kernel.roots if root.role is Role.ELEMENTWISE])
    lanes = Lanes(max(vector_bytes() // size, 1) * (4 if own + cost < _HEAVY else 2), own + cost)
    lanes.traffic = _traffic(kernel, [pair for _, _, found in touched.values() for pair in found])
    rows = kernel.frame
    row = max([prod(axis.extent for axis in phase.axes) for phase in kernel.phases], default=1)
    running = any(root.role is Role.RUNNING and not _runs_in_lanes(root) for root in kernel.roots)
    small = row <= _SMALL_ROW and all(root.target is None for root in kernel.roots)
    if rows and (row == 1 or ((small or running) and rows[-1].extent >= _LEAST_LANES)):
        roots = [(root, touched[root][2]) for root in kernel.roots]
        lanes.of_frame = _best(rows if row == 1 else rows[-1:], roots)
        if _is_better_turned(kernel, lanes.of_frame, roots):
            lanes.of_frame = rows[-1]
    if lanes.of_frame is None:
        for phase in kernel.phases:
            roots = [(root, touched[root][2]) for root in phase.roots]
            axis = _best(_free(phase), roots)
            if axis is not None:
                lanes.of_phase[phase] = axis
        _avoid_gathers(kernel, lanes, {root: touched[root][2] for root in kernel.roots})
        if lanes.of_frame is None:
            _look_ahead(kernel, lanes, touched)
            if rows and all(phase.backwards for phase in kernel.phases) and not any(root.late for root in kernel.roots):
                lanes.descending = rows[-1]
    if own + cost >= _DEAR:
        _narrow(lanes)
    _choose_unrolled(kernel, lanes, cost)
    lanes.tiled = _tiled(kernel, lanes, {root: touched[root][2] for root in kernel.roots})
    if lanes.tiled is None:
        lanes.tiled = _added_up_in_tiles(kernel, lanes, size)
    else:
        most = 2 * vector_bytes()  # whose lines the nearest cache holds, and with ease those of half as many
        if own + cost < _DEAR:
            most = min(most, LINE)
        lanes.width = min(lanes.width, max(most // size, 1))
        lanes.turned = max(min(vector_bytes(), _SQUARE) // size, 1)
    if lanes.tiled is None and not running:
        most = _vectors(kernel, lanes, {root: touched[root][2] for root in kernel.roots})
        lanes.width = min(lanes.width, most * max(vector_bytes() // size, 1))
    return lanes


def _vectors(kernel: Kernel, lanes: Lanes, reads: Mapping[Root, list[tuple[Node, Index]]]) -> int:
    """How many at a time at most: what is read or written element by element takes long to compile, and gains little.

    One where the elements lie far apart; two where they are looked up, for then there is more to wait for, or where
    several arrays are written with neighbouring lanes near each other.
    """
    most = 8
    near: set[Node] = set()
    within = {root.node for root in kernel.roots if not root.stored}  # in registers, or in rows laid out for the lanes
    own = {root.node for root in kernel.roots}
    for phase in kernel.phases:
        axis = lanes.of_frame or lanes.of_phase.get(phase)
        for node, index in [place for root in phase.roots for place in (*reads[root], _own(root))]:
            offset = offset_of(index, contiguous(node.shape))
            if node in within or axis not in offset.axes():
                continue
            step = _step(offset, axis)
            if step is None:
                most = min(most, 2)
            elif abs(step) > NEAR:
                most = 1
            elif node in own and step not in (0, 1):
                near.add(node)
    return min(most, 2) if len(near) > 1 else most


def _own(root: Root) -> tuple[Node, Index]:
    """The root itself, and where its elements are put."""
    return root.node, root.target if root.target is not None else tuple([variable(axis) for axis in root.axes])


def _traffic(kernel: Kernel, reads: Sequence[tuple[Node, Index]]) -> int:
    """The bytes of the arrays that a kernel reads and writes, each of them once."""
    arrays = {node for node, _ in reads} | {root.node for root in kernel.roots if root.stored}
    return sum([node.aval.nbytes for node in arrays])


def _look_ahead(
    kernel: Kernel, lanes: Lanes, touched: Mapping[Root, tuple[float, int, list[tuple[Node, Index]]]]
) -> None:
    """Rows that several phases read in turn: the next one comes from memory while the dearest phase computes."""
    if len(kernel.phases) < 2 or not kernel.frame:
        return
    own = {root.node for root in kernel.roots}
    dearest: dict[Node, tuple[float, Phase]] = {}
    for phase in kernel.phases:
        cost = sum([touched[root][0] for root in phase.roots])
        for node in {node for root in phase.roots for node, _ in touched[root][2]} - own:
            if node.aval.nbytes >= _FAR and (node not in dearest or cost > dearest[node][0]):
                dearest[node] = cost, phase
    for node, (_, phase) in dearest.items():
        lanes.ahead.setdefault(phase, set()).add(node)


def _narrow(lanes: Lanes) -> None:
    """Fewer vectors at a time where no loop is long: what is left behind whole steps costs as much as a step."""
    along = [lanes.of_frame] if lanes.of_frame is not None else list(lanes.of_phase.values())
    if along and max([axis.extent for axis in along]) < 4 * lanes.width:
        lanes.width //= 2


def _tiled(kernel: Kernel, lanes: Lanes, reads: Mapping[Root, list[tuple[Node, Index]]]) -> Axis | None:
    """The loop along which lies side by side what is far apart from lane to lane, as in a transpose."""
    if lanes.of_frame is None or lanes.of_frame is not kernel.frame[-1] or not _is_point_by_point(kernel):
        return None
    for root, found in reads.items():
        for node, index in (*found, _own(root)):
            offset, size = offset_of(index, contiguous(node.shape)), _size(node)
            apart = offset.coefficient(lanes.of_frame)
            if apart is None or abs(apart) <= NEAR:
                continue
            turns = node is not root.node and size >= _LEAST_TURNED
            crowds = abs(apart) * size >= LINE and not _is_held(lanes.of_frame.extent, abs(apart) * size)
            if not turns and not crowds:
                continue
            for axis in kernel.frame[:-1]:
                step = offset.coefficient(axis) if axis in offset.axes() else 0
                if axis.extent >= _SQUARE // size and (step == 1 or (step == -1 and axis.extent >= TILE // 2)):
                    return axis
    return None


def _is_point_by_point(kernel: Kernel) -> bool:
    """One nest of loops, each point of which stands for itself."""
    alone = len(kernel.phases) == 1 and not kernel.phases[0].axes
    return alone and not any(root.reduced or root.role is Role.RUNNING for root in kernel.roots)


def _is_better_turned(
    kernel: Kernel, along: Axis | None, roots: Sequence[tuple[Root, list[tuple[Node, Index]]]]
) -> bool:
    """Is it better to turn what lies side by side along a loop, for what is written does along the last one?

    That takes two instructions or three for a vector, while to write its elements far apart takes some for each.
    """
    last = kernel.frame[-1]
    if along is None or along is last or last.extent < _LEAST_LANES or vector_bytes() < _SQUARE:
        return False
    if not _is_point_by_point(kernel) or any(_stride(*_own(root), last) != 1 for root, _ in roots):
        return False
    for node, index in [place for _, reads in roots for place in reads]:
        apart, size = _stride(node, index, last), _size(node)
        if apart in (0, 1):
            continue
        short = along.extent <= NEAR or along.extent * size < _SQUARE or size < _LEAST_TURNED
        if short or apart is None or _stride(node, index, along) != 1:
            return False
    return True


def _stride(node: Node, index: Index, axis: Axis) -> int | None:
    """How far apart the elements of neighbouring rounds lie; as `_step`, and 0 where it is the same element."""
    offset = offset_of(index, contiguous(node.shape))
    return _step(offset, axis) if axis in offset.axes() else 0


def _added_up_in_tiles(kernel: Kernel, lanes: Lanes, size: int) -> Axis | None:
    """The loop over short rows that are added up: a tile of them in registers before the sums in memory are touched.

    Memory is slow to read in strips: what comes from there is read row by row, whole rows at a time.
    """
    if len(kernel.frame) < 2 or lanes.of_frame is not kernel.frame[-1] or kernel.phases[0].axes:
        return None
    rows, along = kernel.frame[-2:]
    if lanes.traffic > _FAR and along.extent > lanes.width:
        return None
    if rows.extent < TILE or along.extent * size > _SHORT_ROW or len(kernel.phases) > 1:
        return None
    added = all(root.late and rows in root.reduced and along not in root.reduced for root in kernel.roots)
    return rows if added else None


def _is_held(count: int, apart: int) -> bool:
    """Does the second cache hold so many lines, so many bytes apart? Those a power of two apart crowd in few sets."""
    return count <= _SETS * LINE // max(gcd(apart, _SETS * LINE), LINE) * _WAYS // 2


def _avoid_gathers(kernel: Kernel, lanes: Lanes, reads: Mapping[Root, list[tuple[Node, Index]]]) -> None:
    """Neighbouring rows side by side where the phases would gather what lies apart, as in a row times a matrix."""
    if not kernel.frame or kernel.frame[-1].extent < _LEAST_LANES:
        return
    buffered = sum([_row_bytes(root, kernel.frame) for root in kernel.roots if root.buffered])
    if buffered * _LEAST_LANES > _MOST_BUFFERED:
        return
    within = sum(_gathered(axis, reads[root]) for phase, axis in lanes.of_phase.items() for root in phase.roots)
    across = sum(_gathered(kernel.frame[-1], found) for found in reads.values())
    stored = any(kernel.frame[-1] not in root.axes[-1:] and not _is_one_number(root) for root in kernel.roots)
    if within and not across and not stored:
        lanes.of_phase.clear()
        lanes.of_frame = kernel.frame[-1]
        while buffered * lanes.width > _MOST_BUFFERED:
            lanes.width //= 2
        if all(root.role is Role.PRODUCT for root in kernel.roots) and lanes.of_frame.extent >= 2 * lanes.width:
            lanes.width *= 2  # more sums at a time, for each waits for the one before


def _is_one_number(root: Root) -> bool:
    """Is it a reduction to one number, which is kept in registers until all loops have ended?"""
    return root.late and all(axis.extent == 1 for axis in root.axes)


def _row_bytes(root: Root, frame: Collection[Axis]) -> int:
    return prod(axis.extent for axis in root.axes if axis not in frame) * _size(root.node)


def _gathered(axis: Axis, reads: Sequence[tuple[Node, Index]]) -> int:
    """How many of the reads have neighbouring lanes that do not lie side by side."""
    offsets = [offset_of(index, contiguous(node.shape)) for node, index in reads]
    return sum(axis in offset.axes() and _step(offset, axis) != 1 for offset in offsets)


def _step(offset: Affine, axis: Axis) -> int | None:
    """How far apart neighbouring lanes lie; None where that differs, but for a seam now and then."""
    return 1 if seam(offset, axis, _MOST_LANES) is not None else offset.coefficient(axis)


def _free(phase: Phase) -> tuple[Axis, ...]:
    """The loops that may run in lanes: not those along which an element needs the one before or is in its place."""
    running = [root for root in phase.roots if root.role is Role.RUNNING and not _runs_in_lanes(root)]
    bound = {root.axes[root.node.param("axis")] for root in running}
    targets = [root.target for root in phase.roots if root.target is not None]
    bound |= {axis for axis in phase.axes if not all(_is_apart(axis, index) for index in targets)}
    return tuple([axis for axis in phase.axes if axis not in bound])


def _runs_in_lanes(root: Root) -> bool:
    """Is this a running sum along the memory? A product of many could overflow on the way to one of few."""
    axis = root.node.param("axis")
    return root.node.op.name == "cumsum" and axis == len(root.axes) - 1 and root.axes[axis].extent >= _LEAST_RUN


def _is_apart(axis: Axis, target: Index) -> bool:
    """Is each place along the loop another one, also where places are looked up? Then it is the rows' own loop."""
    if all(_plain(part) for part in target):
        return True
    return _plain(target[-1]) and target[-1].coefficient(axis) == 1 and not any(axis in p.axes() for p in target[:-1])


def _plain(part: Affine) -> bool:
    return all(isinstance(symbol, Axis) for symbol, _ in part.terms)


def _best(axes: Sequence[Axis], roots: Sequence[tuple[Root, list[tuple[Node, Index]]]]) -> Axis | None:
    """The loop along which most of what is read and written lies side by side."""
    best: tuple[float, Axis] | None = None
    for place, axis in enumerate(axes):
        if axis.extent < 2:
            continue
        score = 0.0
        for root, reads in roots:
            found = [(node, index) for node, index in reads]
            if axis in root.axes or root.target is not None:
                found.append(_own(root))
            elif root.late and any(a.extent != 1 for a in root.axes):
                score -= 4
            for node, index in found:
                step = _stride(node, index, axis)
                score += {0: 0.0, 1: 1.0}.get(-99 if step is None else step, -1.0)
        score += 0.01 * place + (0.5 if axis.extent >= 8 else 0.0)
        if best is None or score > best[0]:
            best = (score, axis)
    return None if best is None else best[1]


def _touched(
    root: Root, roles: Mapping[Node, Role], kept: Collection[Node]
) -> tuple[float, int, list[tuple[Node, Index]]]:
    """What a root costs at a point, its widest element, and what it reads from memory."""
    cost, size, found = 1.0, _size(root.node), []
    stack, seen = list(root.operands), set()
    while stack:
        pair = stack.pop()
        if pair in seen:
            continue
        seen.add(pair)
        node, index = pair
        if node.op is LITERAL:
            continue
        role = roles[node]
        size = max(size, _size(node))
        if node in kept or role is Role.GIVEN:
            found.append(pair)
        elif role is Role.VIEW:
            stack.extend(view_operands(node, index))
        else:
            cost += COSTS.get(node.op.name, 1.0)
            stack.extend([(x, index) for x in node.inputs])
    return cost, size, found


def _size(node: Node) -> int:
    kind = kind_of(node.dtype)
    return bytes_of(kind) if kind is not None else 8


def _choose_unrolled(kernel: Kernel, lanes: Lanes, cost: float) -> None:
    """Short loops inside of the lanes are written out while the kernel stays small."""
    if lanes.of_frame is None and kernel.frame:
        return
    total = cost
    for phase in kernel.phases:
        inner = _inside_lanes(phase, lanes)
        rounds = prod(axis.extent for axis in inner)
        if inner and rounds <= _UNROLLED * 4 and total * rounds <= _UNROLLED_BODY:
            lanes.unrolled.update(inner)
            total *= 1.0


def _inside_lanes(phase: Phase, lanes: Lanes) -> Sequence[Axis]:
    """The loops inside of the one in lanes; where that is a single step, those around it are as good as inside."""
    along = lanes.of_phase.get(phase)
    if along is None:
        return phase.axes
    inner = [axis for axis in phase.axes if axis is not along]
    return inner if along.extent <= lanes.width else inner[phase.axes.index(along) :]
