"""Loops whose items do not meet: a scan or while_loop over many items, each of which could run alone. Floor 4.

The steps of such a loop run inside, the items outside: what an item carries stays in registers, neighbouring items
lie side by side in the lanes. Each value has an axis along which its items lie, or is the same for all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from glassgrad.engines.cpu.emit.lanes import vector_bytes
from glassgrad.engines.cpu.emit.scalars import COSTS, is_scalar
from glassgrad.engines.cpu.emit.types import kind_of
from glassgrad.engines.cpu.plan.index import ZERO, Affine, Axis, Index, number
from glassgrad.engines.cpu.plan.roles import letter_sizes, reduced_axes
from glassgrad.engines.cpu.plan.views import VIEWS, source_index
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, reachable
from glassgrad.ops.contract import parts
from glassgrad.ops.leaves import ARRAY, LITERAL, MARK

SAME = -1  # one number, wherever it is read
SUMMED = -2  # added up over the items: known when all are done
UNFIT = -3  # not item by item
_LEAST_ITEMS = 8
_MOST_WORK = 600.0  # operations on one item and step that are written out
FOLDED = frozenset({"sum", "max", "min", "prod", "any", "all"})
WRITTEN = frozenset({"index_add", "index_update"})

Axes = Mapping[Node, int | None]
_Links = Mapping[Node, Node]


@dataclass(frozen=True, eq=False, slots=True)
class ItemLoop:
    """A loop over `count` items. `axes` says along which axis of a value they lie, None where it is one for all.

    `graphs` are the body, and before it the condition of a while_loop: what holds as long as an item goes on.
    """

    count: int
    graphs: tuple[Graph, ...]
    axes: Axes
    work: float

    @property
    def captured(self) -> list[Node]:
        """The arrays that the bodies read."""
        return [node for node in dict.fromkeys(n for g in self.graphs for n in g.nodes()) if node.op is ARRAY]

    @property
    def sums(self) -> list[Node]:
        """What each step adds up over the items."""
        return [n for n in reachable(self.graphs[-1].outputs) if self.axes[n] == SUMMED and n.op.name == "sum"]


def items_scratch_bytes(node: Node, loop: ItemLoop) -> int:
    """Room for what the steps add up: a vector for each step, twice."""
    return 2 * vector_bytes() * len(loop.sums) * max(node.param("length"), 1) if node.op.name == "scan" else 0


def item_loop(node: Node, graphs: Sequence[Graph]) -> ItemLoop | None:
    """How the loop runs item by item; None where it does not."""
    if node.op.name not in ("scan", "while_loop") or any(size < 0 for x in node.inputs for size in x.shape):
        return None
    carries = node.param("carries")
    body = graphs[-1]
    count = max([x.shape[0] for x in body.inputs[:carries] if x.shape], default=0)
    if count < _LEAST_ITEMS or not all(_is_plain(x) for graph in graphs for x in graph.nodes()):
        return None
    if node.op.name == "while_loop":
        return _while_loop(node, graphs, count)
    if node.param("length") < 1:
        return None
    axes = _axes([body], count)
    if axes is None or not _returns(body, axes, carries):
        return None
    return _of_bounded_work(ItemLoop(count, (body,), axes, _work([body], axes)))


def _of_bounded_work(loop: ItemLoop) -> ItemLoop | None:
    return loop if loop.work <= _MOST_WORK else None


def _is_plain(node: Node) -> bool:
    """Is it one array of a kind that registers hold, and not empty?"""
    return not node.op.multiple and kind_of(node.dtype) is not None and node.aval.size > 0


def _returns(body: Graph, axes: Axes, carries: int) -> bool:
    """Does each carried value come out along the axis that it goes in, and is what is added up not read again?"""
    pairs = zip(body.inputs[:carries], body.outputs, strict=False)
    if any(axes[out] not in (axes[given], SAME) or axes[out] == SUMMED for given, out in pairs):
        return False
    known = [node for node in reachable(body.outputs) if axes[node] == SUMMED]
    return not any(x.op is not LITERAL and axes[x] != SUMMED for n in known if n.op.name != "sum" for x in n.inputs)


# ------------------------------------------------------------------ loops with an end of their own for each item
def _while_loop(node: Node, graphs: Sequence[Graph], count: int) -> ItemLoop | None:
    """Items that are done stand still, so none has to wait for another."""
    condition, body = graphs
    carries = node.param("carries")
    if len(body.outputs) != carries:
        return None  # it records its steps
    goes_on = condition.outputs[0]
    if goes_on.op.name == "any" and goes_on.shape == () and goes_on.inputs[0].shape == (count,):
        goes_on = goes_on.inputs[0]
        carried = dict(zip(body.inputs[:carries], condition.inputs, strict=False))
        outside = {x: n for g in graphs for x, n in zip(g.inputs[carries:], node.inputs[carries:], strict=True)}
        pairs = zip(body.inputs, body.outputs, strict=False)
        if not all(_stands_still(x, out, goes_on, carried, outside) for x, out in pairs):
            return None
    alone = Graph(condition.inputs, (goes_on,))
    axes = _axes([alone, body], count)
    if axes is None or axes[goes_on] == SUMMED or not _returns(body, axes, carries):
        return None
    if axes[goes_on] not in (0, None, SAME) or (axes[goes_on] != 0 and goes_on.shape != ()):
        return None
    return _of_bounded_work(ItemLoop(count, (alone, body), axes, _work([alone, body], axes)))


def _stands_still(given: Node, out: Node, goes_on: Node, carried: _Links, outside: _Links) -> bool:
    """Is it `where(goes on, …, what it was)`?"""
    if out is given:
        return True
    if out.op.name != "where" or out.inputs[2] is not given:
        return False
    truth = out.inputs[0]
    while truth.op.name in ("broadcast", "reshape") and truth.inputs[0].shape[:1] == truth.shape[:1]:
        truth = truth.inputs[0]
    return _alike(truth, goes_on, carried, outside)


def _alike(first: Node, second: Node, carried: _Links, outside: _Links) -> bool:
    """Do these compute the same? `carried` are inputs that stand for one another, `outside` what others stand for."""
    pending, seen = [(first, second)], set()
    while pending:
        a, b = pair = tuple([_unmarked(outside.get(x, x)) for x in pending.pop()])
        if pair in seen or (a is b and a not in carried) or carried.get(a) is b:
            continue
        seen.add(pair)
        if a in carried or a.op is not b.op or a.params != b.params or len(a.inputs) != len(b.inputs):
            return False
        if not a.inputs and a.op is not LITERAL:
            return False
        pending.extend(zip(a.inputs, b.inputs, strict=True))
    return True


def _unmarked(node: Node) -> Node:
    while node.op is MARK:
        node = node.inputs[0]
    return node


# ------------------------------------------------------------------ along which axis the items lie
def _axes(graphs: Sequence[Graph], count: int) -> dict[Node, int | None] | None:
    found: dict[Node, int | None] = {}
    for graph in graphs:
        found.update({x: 0 if x.shape[:1] == (count,) else None for x in graph.inputs})
        for node in reachable(graph.outputs):
            if node in found:
                continue
            axis = _axis(node, found, count)
            if axis == UNFIT:
                return None
            found[node] = axis
    return found


def _axis(node: Node, axes: Axes, count: int) -> int | None:
    """The axis of a value, from those of its inputs; UNFIT where there is none."""
    name = node.op.name
    if node.op is LITERAL:
        return SAME
    if node.op is ARRAY:
        return 0 if node.shape[:1] == (count,) else None
    given = {axes[x] for x in node.inputs}
    if SUMMED in given:
        fits = given <= {SUMMED, SAME} and (is_scalar(node) or name == "reshape") and node.shape == ()
        return SUMMED if fits else UNFIT
    if is_scalar(node):
        given.discard(SAME)
        if len(given) > 1:
            return UNFIT
        return given.pop() if given else SAME
    if name in VIEWS and len(node.inputs) == 1:
        return _axis_of_view(node, axes[node.inputs[0]], count)
    if name in FOLDED:
        return _axis_of_fold(node, axes[node.inputs[0]])
    if name == "contract":
        return _axis_of_product(node, axes)
    if name in ("stack", "concatenate"):
        return _axis_of_joined(node, axes)
    if name in WRITTEN and len(node.inputs) == 2:
        return _axis_of_write(node, axes)
    return UNFIT


def _axis_of_shared(node: Node, count: int) -> int | None:
    """One array that every item sees, perhaps spread over the items."""
    if node.shape[:1] != (count,):
        return None
    items = Axis(count)
    source = source_index(node, (Affine(((items, 1),), 0), *[ZERO] * (node.ndim - 1)))
    return 0 if not any(part.terms for part in source) else UNFIT


def _axis_of_view(node: Node, axis: int | None, count: int) -> int | None:
    (x,) = node.inputs
    if axis == SAME or (axis is None and x.aval.size == 1):
        return SAME
    if axis is None:
        return _axis_of_shared(node, count)
    for place, size in enumerate(node.shape):
        if size == x.shape[axis] and carries_items(node, place, axis):
            return place
    return UNFIT


def carries_items(node: Node, place: int, axis: int) -> bool:
    """Do the items along an axis of a view lie along this axis of what it shows, one for one?"""
    items = Axis(node.shape[place])
    index: Index = tuple([Affine(((items, 1),), 0) if k == place else ZERO for k in range(node.ndim)])
    source = source_index(node, index)
    return source[axis].is_axis() is items and all(not part.terms for k, part in enumerate(source) if k != axis)


def source_element(node: Node, axes: Axes, index: Sequence[int]) -> tuple[int, ...] | None:
    """The place among an item's own elements of what a view shows at a place among its own; None: not a fixed one."""
    own, given = axes[node], axes[node.inputs[0]]
    place: list[Affine] = [number(k) for k in index]
    if own is not None:
        place.insert(own, Affine(((Axis(node.shape[own]), 1),), 0))
    source = [part for k, part in enumerate(source_index(node, tuple(place))) if k != given]
    return None if any(part.terms for part in source) else tuple([part.const for part in source])


def own_shape(node: Node, axes: Axes) -> tuple[int, ...]:
    """The shape of what one item has of a value."""
    axis = axes[node]
    if axis in (SAME, SUMMED):
        return ()
    return node.shape if axis is None else (*node.shape[:axis], *node.shape[axis + 1 :])


def _axis_of_fold(node: Node, axis: int | None) -> int | None:
    over = reduced_axes(node)
    if axis == SAME:
        return UNFIT
    if axis is None:
        return None
    if axis in over:
        return SUMMED if node.op.name == "sum" and node.shape == () and node.dtype.kind == "f" else UNFIT
    return axis - sum([k < axis for k in over])


def _axis_of_product(node: Node, axes: Axes) -> int | None:
    *operands, out = parts(node.param("spec"))
    places = [(axes[x], own) for x, own in zip(node.inputs, operands, strict=True)]
    letters = {own[axis] for axis, own in places if axis is not None and axis >= 0}
    if len(letters) > 1 or any(letter not in out for letter in letters):
        return UNFIT
    if not letters:
        return None
    (letter,) = letters
    for x, own in zip(node.inputs, operands, strict=True):
        if axes[x] is None and letter in own:
            return UNFIT
    return out.index(letter)


def _axis_of_joined(node: Node, axes: Axes) -> int | None:
    given = {axes[x] for x in node.inputs} - {SAME}
    if len(given) > 1:
        return UNFIT
    axis = given.pop() if given else None
    if axis is None:
        return None
    along: int = node.param("axis")
    if node.op.name == "stack":
        return axis + int(along <= axis)
    return axis if axis != along else UNFIT


def _axis_of_write(node: Node, axes: Axes) -> int | None:
    x, v = node.inputs
    key = node.param("key")
    if any(not isinstance(entry, int) for entry in key[1:]) or not key or len(key) > x.ndim:
        return UNFIT
    whole = not isinstance(key[0], int) and key[0] == (None, None, None)
    fits = axes[x] in (0, SAME) and axes[v] in (0, SAME) and whole and {axes[x], axes[v]} != {SAME}
    return 0 if fits else UNFIT


# ------------------------------------------------------------------ how much is written out
def _work(graphs: Sequence[Graph], axes: Axes) -> float:
    total = 0.0
    for graph in graphs:
        for node in reachable(graph.outputs):
            size = prod(own_shape(node, axes))
            if is_scalar(node):
                total += size * COSTS.get(node.op.name, 1.0)
            elif node.op.name == "contract":
                out = parts(node.param("spec"))[2]
                total += size * prod(n for c, n in letter_sizes(node).items() if c not in out)
            elif node.op.name in FOLDED:
                total += prod(own_shape(node.inputs[0], axes))
            else:
                total += 0.1 * size
    return total
