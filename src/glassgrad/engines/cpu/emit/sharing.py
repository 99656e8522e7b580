"""A kernel shared among threads: one of its loops in ranges, which the threads take one after another. Floor 4.

What a kernel computes does not depend on the number of threads. Points that are independent may be cut anywhere; what
is added up over a loop is cut into blocks that follow from the shapes alone, and their results are joined in order.
"""

from dataclasses import dataclass
from math import ceil, prod

from glassgrad.base.settings import current
from glassgrad.engines.cpu.emit.cuts import Cut, Part
from glassgrad.engines.cpu.emit.failure import FAILURE, MEMORY
from glassgrad.engines.cpu.emit.kernels import Surroundings, kernel_text
from glassgrad.engines.cpu.emit.lanes import TILE, Lanes
from glassgrad.engines.cpu.emit.late import Apart, KernelText, apart, filled_text, joined_text
from glassgrad.engines.cpu.emit.scopes import block_rounds
from glassgrad.engines.cpu.native.threads import processor_count
from glassgrad.engines.cpu.plan.index import Axis, Index
from glassgrad.engines.cpu.plan.kernels import Kernel, Phase
from glassgrad.graph.node import Node

_LEAST = 1 << 18  # additions in a kernel from which several threads are faster than one: to wake them takes its time
_PIECE = 1 << 19  # additions in a piece, if that leaves each thread one; fewer would be too many calls
_MOST_PIECES = 16  # for each thread: whoever is done takes from one that is slow
_BYTES = 4  # that cross the caches in the time of an addition
_EVEN = 1.15  # times its share that the slowest thread may have: of few long rounds, those of another loop are shared
_LEAST_PART = 1 << 17  # elements of a part of an array from which it has loops of its own
_LEAST_BLOCK = 1 << 16  # additions in one of the blocks
_MOST_BLOCKS = 64
_WIDE = 4096  # bytes along a loop from which its parts are far enough apart in memory
_ROOM = 1 << 15  # bytes for the results of blocks on the stack; what is more is asked for
_MOST_ROOM = 1 << 22


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a kernel is shared: `pieces` of a loop, in steps of so many points; with `block`, each has its own sums.

    The last pieces are the first that are done if it begins `from_end`.
    """

    axis: Axis
    step: int
    pieces: int
    threads: int
    block: Apart | None = None
    from_end: bool = False

    @property
    def units(self) -> int:
        """How many steps the loop has."""
        return self.axis.extent // self.step

    @property
    def slowest(self) -> float:
        """How many times its even share of the steps the slowest thread has."""
        rounds, steps = ceil(self.pieces / self.threads), self.units / self.pieces
        return max(ceil(steps), rounds * steps) * self.threads / self.units

    @property
    def has_rest(self) -> bool:
        """Is there something behind the last whole step?"""
        return self.axis.extent % self.step != 0


def sharing_of(kernel: Kernel, lanes: Lanes) -> Sharing | None:
    """How the kernel is shared; None where one thread does it as a whole."""
    row = max([prod(axis.extent for axis in phase.axes) for phase in kernel.phases], default=1)
    work = prod(axis.extent for axis in kernel.frame) * row * lanes.cost + lanes.traffic / _BYTES
    if not kernel.frame or work < _LEAST:
        return None
    threads = current().threads or processor_count()
    reduced = {axis for root in kernel.roots for axis in root.reduced}
    size = max([root.node.dtype.itemsize for root in kernel.roots])
    free = _free(kernel.frame, reduced, size)
    found = [_cut_along(axis, kernel, lanes, _pieces(work, threads), threads) for axis in free]
    shared = [how for how in found if how.pieces > 1 < threads]
    if shared:
        return next((how for how in shared if how.slowest <= _EVEN), min(shared, key=lambda how: how.slowest))
    return None if free else _in_blocks(kernel, lanes, int(work), threads)


def _free(frame: tuple[Axis, ...], reduced: set[Axis], size: int) -> list[Axis]:
    """The loops that may be cut anywhere, into parts that are far enough apart in memory: the first, or long ones.

    Where nothing is added up around a loop, those within it count as well.
    """
    found = []
    for place, axis in enumerate(frame):
        within = frame[place:] if reduced.isdisjoint(frame) else (axis,)
        if axis not in reduced and (place == 0 or prod(a.extent for a in within) * size >= _WIDE):
            found.append(axis)
    return found


def _cut_along(axis: Axis, kernel: Kernel, lanes: Lanes, pieces: int, threads: int) -> Sharing:
    """The kernel in pieces of one of its loops: so many, or as many as it has steps."""
    width = lanes.width if axis is lanes.of_frame else TILE if axis is lanes.tiled else 1
    return Sharing(axis, width, min(pieces, axis.extent // width), threads, from_end=kernel.from_end)


def _pieces(work: float, threads: int) -> int:
    """How many pieces of this much work."""
    return threads * min(max(int(work) // (threads * _PIECE), 1), _MOST_PIECES)


def in_frames(kernel: Kernel) -> list[Kernel] | None:
    """The long loops of an array that is put together from parts, each as a kernel that threads can share.

    None where they are short, or where two points may be about one place.
    """
    if kernel.frame or any(root.target is None or not _is_fixed(root.target) for root in kernel.roots):
        return None
    if max([_written(phase) for phase in kernel.phases], default=0) < _LEAST_PART:
        return None
    return [Kernel(phase.axes, [Phase((), phase.roots)]) for phase in kernel.phases]


def _written(phase: Phase) -> int:
    """How many elements the phase writes."""
    return prod(axis.extent for axis in phase.axes) * sum([len(root.operands) for root in phase.roots])


def _is_fixed(target: Index) -> bool:
    return all(isinstance(symbol, Axis) for part in target for symbol, _ in part.terms)


def _in_blocks(kernel: Kernel, lanes: Lanes, work: int, threads: int) -> Sharing | None:
    """The outermost loop in blocks of which each has its own sums."""
    axis, block = kernel.frame[0], apart(kernel)
    inside = prod([max(a.extent // (lanes.width if a is lanes.of_frame else 1), 1) for a in kernel.frame[1:]])
    rounds = block_rounds(inside)
    if any(phase.axes for phase in kernel.phases):  # each round is long
        rounds = min(rounds, max(axis.extent // _MOST_BLOCKS, 1))
    step = _without_rest(axis.extent, lanes.width if axis is lanes.of_frame else 1, rounds)
    if axis is lanes.tiled:
        step = TILE * max(step // TILE, 1)
    pieces = min(axis.extent // step, work // _LEAST_BLOCK, _MOST_BLOCKS, _MOST_ROOM // block.nbytes)
    many = sum([root.node.aval.size for root in block.offsets])
    if pieces < 2 or pieces * many * 4 > work:
        return None
    return Sharing(axis, step, pieces, threads, block)


def _without_rest(extent: int, unit: int, rounds: int) -> int:
    """A step of so many units, or of up to half as many where it leaves no rest: that would be one more function."""
    fitting = [count for count in range(rounds, rounds // 2, -1) if extent % (unit * count) == 0]
    return unit * (fitting[0] if fitting else rounds)


# ------------------------------------------------------------------ the functions
def shared_text(name: str, kernel: Kernel, lanes: Lanes, around: Surroundings, how: Sharing) -> KernelText:
    """The functions of a shared kernel: the last one gives the ranges to the threads."""
    filled = how.block is None and any(root.late for root in kernel.roots)
    parts = {"range": kernel_text(f"{name}.range", kernel, lanes, around, _cut(how, Part.RANGE, filled=filled))}
    if how.has_rest:
        parts["rest"] = kernel_text(f"{name}.rest", kernel, lanes, around, _cut(how, Part.REST, filled=filled))
    if filled:
        late = [root for root in kernel.roots if root.late]
        parts["fill"] = filled_text(f"{name}.fill", late, around.declarations)
    if how.block is not None:
        parts["join"] = joined_text(f"{name}.join", how.block, how.pieces + how.has_rest, around.declarations)
    values = tuple(dict.fromkeys([node for part in parts.values() for node in part.values]))
    if _borrows(how) and FAILURE not in values:
        values = (*values, FAILURE)
    texts = [text for part in parts.values() for text in part.texts]
    return KernelText([*texts, _task(name, parts, values, how), _whole(name, parts, values, how, around)], values)


def _cut(how: Sharing, part: Part, *, filled: bool) -> Cut:
    return Cut(how.axis, how.step, part, how.block, filled)


def _passed(part: KernelText, values: tuple[Node, ...]) -> str:
    return ", ".join(f"ptr %p{values.index(node)}" for node in part.values)


def _task(name: str, parts: dict[str, KernelText], values: tuple[Node, ...], how: Sharing) -> str:
    """The function that a thread calls with the number of a piece."""
    loads = "\n".join(
        f"  %at{k} = getelementptr ptr, ptr %given, i64 {k}\n  %p{k} = load ptr, ptr %at{k}" for k in range(len(values))
    )
    given, own = _passed(parts["range"], values), ""
    if how.block is not None:
        given += ", ptr %sums"
        own = f"""
  %at.sums = getelementptr ptr, ptr %given, i64 {len(values)}
  %all = load ptr, ptr %at.sums
  %far = mul i64 %number, {how.block.nbytes}
  %sums = getelementptr i8, ptr %all, i64 %far"""
    number = f"sub i64 {how.pieces - 1}, %turn" if how.from_end else "add i64 0, %turn"
    return f"""define internal void @{name}.task(ptr %given, i64 %turn, i64 %worker) #2 {{
  %number = {number}
{loads}{own}
  %next = add i64 %number, 1
  %first.part = mul i64 %number, {how.units}
  %first = sdiv i64 %first.part, {how.pieces}
  %last.part = mul i64 %next, {how.units}
  %last = sdiv i64 %last.part, {how.pieces}
  %begin = mul i64 %first, {how.step}
  %end = mul i64 %last, {how.step}
  call void @{name}.range({given}, i64 %begin, i64 %end)
  ret void
}}"""


def _whole(
    name: str, parts: dict[str, KernelText], values: tuple[Node, ...], how: Sharing, around: Surroundings
) -> str:
    """The function of the kernel."""
    lines = [f"  %given = alloca ptr, i64 {len(values) + 1}"]
    for k in range(len(values)):
        lines += [f"  %at{k} = getelementptr ptr, ptr %given, i64 {k}", f"  store ptr %p{k}, ptr %at{k}"]
    end, passed = "", ""
    if how.block is not None:
        passed = ", ptr %rest.sums"
        begin = [f"  %sums = alloca i8, i64 {_sums_bytes(how)}, align 64"]
        if _borrows(how):
            begin, end = _borrowed(_sums_bytes(how), f"%p{values.index(FAILURE)}", around.declarations)
        lines += [
            *begin,
            f"  %at.sums = getelementptr ptr, ptr %given, i64 {len(values)}",
            "  store ptr %sums, ptr %at.sums",
            f"  %rest.sums = getelementptr i8, ptr %sums, i64 {how.pieces * how.block.nbytes}",
        ]
    if "fill" in parts:
        lines.append(f"  call void @{name}.fill({_passed(parts['fill'], values)})")
    if how.threads > 1:
        lines.append(f"  call void @fork_join(ptr @{name}.task, ptr %given, i64 {how.pieces}, i64 {how.threads})")
    else:
        lines += [f"  call void @{name}.task(ptr %given, i64 {k}, i64 0)" for k in range(how.pieces)]
    if "rest" in parts:
        lines.append(f"  call void @{name}.rest({_passed(parts['rest'], values)}{passed})")
    if "join" in parts:
        lines.append(f"  call void @{name}.join({_passed(parts['join'], values)}, ptr %sums)")
    given = ", ".join(f"ptr %p{k}" for k in range(len(values)))
    return "\n".join([f"define internal void @{name}({given}) #2 {{", *lines, f"{end}  ret void", "}"])


def _sums_bytes(how: Sharing) -> int:
    """The room that the sums of all pieces take."""
    return 0 if how.block is None else (how.pieces + how.has_rest) * how.block.nbytes


def _borrows(how: Sharing) -> bool:
    """Is that more than the stack should hold?"""
    return _sums_bytes(how) > _ROOM


def _borrowed(nbytes: int, failure: str, declarations: dict[str, str]) -> tuple[list[str], str]:
    """The lines that give `%sums` its memory, or say that there is none and leave, and those that give it back."""
    declarations["malloc"], declarations["free"] = "declare ptr @malloc(i64)", "declare void @free(ptr)"
    begin = [
        f"  %got = call ptr @malloc(i64 {nbytes + 64})",
        "  %missing = icmp eq ptr %got, null",
        "  br i1 %missing, label %without, label %with",
        "without:",
        f"  %taken = cmpxchg ptr {failure}, i64 0, i64 {MEMORY} monotonic monotonic",
        "  ret void",
        "with:",
        "  %got.at = ptrtoint ptr %got to i64",
        "  %up = add i64 %got.at, 63",
        "  %even = and i64 %up, -64",
        "  %sums = inttoptr i64 %even to ptr",
    ]
    return begin, "  call void @free(ptr %got)\n"
