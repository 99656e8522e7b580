"""What neighbouring items compute in one step, without a loop: each element of a value is a register of lanes. Floor 4.

A value is a NumPy array of registers in the shape that one item sees, so that reshaping, stacking and indexing are
NumPy's own and cost no instruction.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from math import prod
from typing import Any, TypeAlias

import numpy as np

from glassgrad.engines.cpu.emit.access import level
from glassgrad.engines.cpu.emit.accumulators import Accumulator
from glassgrad.engines.cpu.emit.scalars import is_scalar, result_kind, scalar
from glassgrad.engines.cpu.emit.types import bytes_of, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.plan.index import contiguous
from glassgrad.engines.cpu.plan.items import FOLDED, SAME, SUMMED, WRITTEN, Axes, own_shape, source_element
from glassgrad.engines.cpu.plan.kernels import Role, Root
from glassgrad.engines.cpu.plan.roles import letter_sizes, reduced_axes
from glassgrad.engines.cpu.plan.views import VIEWS
from glassgrad.graph.node import Node
from glassgrad.ops.contract import parts
from glassgrad.ops.leaves import LITERAL, literal_value

Registers: TypeAlias = "np.ndarray[Any, np.dtype[np.object_]]"


def registers(values: Iterable[Value], shape: tuple[int, ...]) -> Registers:
    """Registers as an array."""
    found = np.empty(prod(shape), object)
    for place, value in enumerate(values):
        found[place] = value
    return found.reshape(shape)


def computed(w: Writer, nodes: Iterable[Node], known: dict[Node, Registers], axes: Axes) -> None:
    """Adds what these nodes give to what is known; inputs come before those that read them."""
    for node in nodes:
        if node not in known:
            known[node] = _computed(w, node, known, axes)


def _computed(w: Writer, node: Node, known: Mapping[Node, Registers], axes: Axes) -> Registers:
    name, shape = node.op.name, own_shape(node, axes)
    if node.op is LITERAL:
        return registers([w.constant(literal_value(node).item(), register(result_kind(node)))], ())
    given = [known[x] for x in node.inputs]
    if is_scalar(node):
        flat = [np.broadcast_to(x, shape).ravel() for x in given]
        return registers([scalar(w, node, level(w, values)) for values in zip(*flat, strict=True)], shape)
    if name in VIEWS:
        return _shown(node, given[0], axes, shape)
    if name in FOLDED:
        return _folded(w, node, given[0], axes, shape)
    if name == "contract":
        return _product(w, node, known, axes, shape)
    if name in WRITTEN:
        return _written(w, node, known, axes, shape)
    return _joined(node, known, axes)


def _shown(node: Node, given: Registers, axes: Axes, shape: tuple[int, ...]) -> Registers:
    if axes[node.inputs[0]] in (SAME, SUMMED) or axes[node] == SAME:
        return given.reshape(()) if axes[node] in (SAME, SUMMED) else np.broadcast_to(given, shape)
    found = np.empty(shape, object)
    for place in np.ndindex(shape):
        found[place] = given[source_element(node, axes, place)]
    return found


def _folded(w: Writer, node: Node, given: Registers, axes: Axes, shape: tuple[int, ...]) -> Registers:
    axis, over = axes[node.inputs[0]], reduced_axes(node)
    if axes[node] == SUMMED:
        over = tuple([k for k in over if k != axis])
    inner = tuple([k - (axis is not None and axis < k) for k in over])
    root, kind = Root(node, Role.REDUCE, ()), result_kind(node)
    flat = np.moveaxis(given, inner, range(len(inner))).reshape(-1, prod(shape))
    return registers([_fold(w, root, [w.convert(x, kind) for x in column]) for column in flat.T], shape)


def _fold(w: Writer, root: Root, values: list[Value]) -> Value:
    """In halves: the sum's error grows with the number of halvings."""
    while len(values) > 1:
        half = len(values) // 2
        pairs = zip(values[:half], values[half : 2 * half], strict=True)
        joined = [Accumulator.joined(w, root, *level(w, pair)) for pair in pairs]
        values = joined + values[2 * half :]
    return values[0]


def _product(w: Writer, node: Node, known: Mapping[Node, Registers], axes: Axes, shape: tuple[int, ...]) -> Registers:
    *operands, out = parts(node.param("spec"))
    axis = axes[node]
    sizes, items = letter_sizes(node), out[axis] if axis is not None else ""
    own = [[c for c in letters if c != items] for letters in operands]
    arrays = [
        np.broadcast_to(known[x], [sizes[c] for c in letters]) for x, letters in zip(node.inputs, own, strict=True)
    ]
    inner = [c for c in own[0] if c in own[1] and c not in out]
    kind, free = result_kind(node), [c for c in out if c != items]

    def element(place: tuple[int, ...]) -> Value:
        at = dict(zip(free, place, strict=True))
        total: Value | None = None
        for along in product(*[range(sizes[c]) for c in inner]):
            at.update(zip(inner, along, strict=True))
            pair = [array[tuple([at[c] for c in letters])] for array, letters in zip(arrays, own, strict=True)]
            a, b = level(w, [w.convert(x, kind) for x in pair])
            term = a & b if kind.bits == 1 else a * b
            if total is None:
                total = term
            else:
                total, term = level(w, [total, term])
                total = total | term if kind.bits == 1 else total + term
        assert total is not None, "no axis is empty"
        return total

    return registers([element(place) for place in np.ndindex(shape)], shape)


def _written(w: Writer, node: Node, known: Mapping[Node, Registers], axes: Axes, shape: tuple[int, ...]) -> Registers:
    x, v = node.inputs
    found = np.broadcast_to(known[x], shape).copy()
    key = tuple(node.param("key")[1:])
    new = np.broadcast_to(known[v], found[key].shape if isinstance(found[key], np.ndarray) else ())
    if node.op.name == "index_add":
        before = np.asarray(found[key], object)
        pairs = zip(before.ravel(), new.ravel(), strict=True)
        kind = result_kind(node)
        sums = [a + b for a, b in [level(w, [a, w.convert(b, kind)]) for a, b in pairs]]
        new = registers(sums, before.shape)
    found[key] = new if new.ndim else new.item()
    return found


def _joined(node: Node, known: Mapping[Node, Registers], axes: Axes) -> Registers:
    axis, along = axes[node], node.param("axis")
    shapes = [x.shape for x in node.inputs]
    if axis is not None:
        place = axis - (node.op.name == "stack" and along < axis)
        shapes = [(*shape[:place], *shape[place + 1 :]) for shape in shapes]
        along -= along > axis
    arrays = [np.broadcast_to(known[x], shape) for x, shape in zip(node.inputs, shapes, strict=True)]
    join: Callable[..., Registers] = np.stack if node.op.name == "stack" else np.concatenate
    return join(arrays, axis=along)


# ------------------------------------------------------------------ memory
class Block:
    """Neighbouring items: `lanes` of them from number `first` on."""

    def __init__(self, w: Writer, first: Value, lanes: int) -> None:
        self.w, self.first, self.lanes = w, first, lanes

    def load(self, base: str, node: Node, axis: int | None) -> Registers:
        """A value that lies in memory."""
        shape = node.shape if axis is None else (*node.shape[:axis], *node.shape[axis + 1 :])
        kind, steps = result_kind(node), self._steps(node, axis)
        start, stride = self._start(base, node, axis)
        found = []
        for place in np.ndindex(shape):
            address = self.w.element(start, sum(k * step for k, step in zip(place, steps, strict=True)), bytes_of(kind))
            if axis is None:
                found.append(self.w.load(address, kind))
            elif stride == 1:
                found.append(self.w.load(address, kind, self.lanes))
            else:
                found.append(self._gathered(address, stride, node))
        return registers(found, shape)

    def _gathered(self, address: str, stride: int, node: Node) -> Value:
        kind, w = result_kind(node), self.w
        type = register(kind, self.lanes)
        result = Value(w, type, "poison")
        for lane in range(self.lanes):
            one = w.load(w.element(address, lane * stride, bytes_of(kind)), kind)
            if self.lanes == 1:
                return one
            result = w.made(type, f"insertelement {type.llvm} {result.text}, {kind.llvm} {one.text}, i64 {lane}")
        return result

    def store(self, values: Registers, base: str, node: Node, axis: int | None) -> None:
        """Puts a value into memory."""
        shape = node.shape if axis is None else (*node.shape[:axis], *node.shape[axis + 1 :])
        kind, steps = result_kind(node), self._steps(node, axis)
        start, stride = self._start(base, node, axis)
        w, all_values = self.w, np.broadcast_to(values, shape)
        for place in np.ndindex(shape):
            address = w.element(start, sum(k * step for k, step in zip(place, steps, strict=True)), bytes_of(kind))
            value = w.convert(all_values[place], kind)  # type: ignore[arg-type]  # one of them
            if axis is None:
                w.store(value, address)
                continue
            value = level(w, [value, w.constant(0, register(kind, self.lanes))])[0]
            if stride == 1:
                w.store(value, address)
                continue
            for lane in range(self.lanes):
                one = w.lane(value, lane) if self.lanes > 1 else value
                w.store(one, w.element(address, lane * stride, bytes_of(kind)))

    def _start(self, base: str, node: Node, axis: int | None) -> tuple[str, int]:
        if axis is None:
            return base, 0
        stride = contiguous(node.shape)[axis]
        return self.w.element(base, self.first * stride, bytes_of(result_kind(node))), stride

    @staticmethod
    def _steps(node: Node, axis: int | None) -> list[int]:
        steps = list(contiguous(node.shape))
        if axis is not None:
            del steps[axis]
        return steps
