"""Reductions of which many results are added to again and again, where they lie in memory. Floor 4."""

from collections.abc import Callable

from glassgrad.engines.cpu.emit.access import Memory, level
from glassgrad.engines.cpu.emit.accumulators import Accumulator
from glassgrad.engines.cpu.emit.scalars import result_kind
from glassgrad.engines.cpu.emit.scopes import Loops
from glassgrad.engines.cpu.emit.types import register
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.plan.index import Affine, Axis, contiguous, offset_of, variable
from glassgrad.engines.cpu.plan.kernels import Phase, Root


def add(loops: Loops, memory: Memory, base: str, root: Root, value: Value) -> None:
    """Takes a value together with what lies at the root's place at this point, or those of all lanes if it is one."""
    w, offset, lane = loops.writer, _offset(loops, root), loops.lane_axis
    if lane is None or lane not in offset.axes():
        value = Accumulator.across(w, root, w.splat(value, loops.lanes))
    before = memory.read(base, result_kind(root.node), offset)
    a, b = level(w, [before, value])
    memory.write(base, offset, Accumulator.joined(w, root, a, b), adding=False)


def fill_row(
    loops: Loops, memory: Memory, root: Root, phase: Phase, loop: Callable[[Axis, Callable[[], None]], None]
) -> None:
    """What the sums of the phase begin with, at this point of the frame; `loop` writes a loop."""
    kind = result_kind(root.node)

    def nest(axes: tuple[Axis, ...]) -> None:
        if axes:
            loop(axes[0], lambda: nest(axes[1:]))
            return
        nothing = loops.writer.constant(Accumulator.identity(root, kind), register(kind, loops.lanes))
        memory.write(memory.base(root.node), _offset(loops, root), nothing, adding=False)

    nest(tuple([axis for axis in phase.axes if axis in root.axes]))


def _offset(loops: Loops, root: Root) -> Affine:
    own = tuple([variable(axis) for axis in root.axes])
    return offset_of(loops.resolved(own), contiguous(root.node.shape))
