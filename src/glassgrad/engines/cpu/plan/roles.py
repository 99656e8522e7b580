"""How each value of a graph comes about, and which are kept rather than computed where they are read. Floor 4."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from math import prod

from glassgrad.engines.cpu.emit.scalars import COSTS, is_scalar
from glassgrad.engines.cpu.emit.types import F16, kind_of
from glassgrad.engines.cpu.native.target import has_halves
from glassgrad.engines.cpu.plan.index import Affine, Axis, Index, Looked, variable
from glassgrad.engines.cpu.plan.kernels import Role
from glassgrad.engines.cpu.plan.views import JOINED, VIEWS, behind, source_index
from glassgrad.graph.node import Node
from glassgrad.ops.contract import parts
from glassgrad.ops.leaves import ARRAY, INPUT, LITERAL, PROJECT

REDUCTIONS = frozenset({"sum", "max", "min", "prod", "any", "all", "argmax", "argmin"})
RUNNING = frozenset({"cumsum", "cumprod", "recurrence"})
PIECES = frozenset({"concatenate", "stack", "pad", "shift", "overlap", "add_places", "taps_beside"})
WRITES = frozenset({"index_add", "index_update"})
_MOVES = frozenset({"concatenate", "stack", "pad", "shift", "index_update", "stop_gradient", "mark", "positive"})
_OF_HALVES = frozenset({"cast", "add", "index_add"})  # an instruction each, rounded as all are

_KEPT_FROM = 8.0  # a value of this cost that several read is computed once
_LARGE, _LONG_COLUMN = 1 << 20, 64  # bytes of an array and length of its columns from which half of that is enough
_OVERLAP = 1.25  # how much of a value may be computed twice by those who read parts of it
_LEAST_PART = 32  # elements that a part of a value counts at least
_DEPTH = 24  # a value this many ops above kept ones is kept, so that no expression grows without end
_SMALL_PRODUCT = 4096  # multiplications of one matrix product up to which loops beat a call


def roles_of(nodes: Sequence[Node], given: Collection[Node]) -> dict[Node, Role]:
    """The role of each value; those of one op on operands of one shape and dtype have one role."""
    known: dict[Hashable, Role] = {}
    found: dict[Node, Role] = {}
    for node in nodes:
        if node in given:
            found[node] = Role.GIVEN
            continue
        key = node.op, node.params if node.op.name == "contract" else (), node.aval, *[x.aval for x in node.inputs]
        role = known.get(key)
        if role is None:
            role = known[key] = role_of(node, given)
        found[node] = role
    return found


def role_of(node: Node, given: Collection[Node]) -> Role:
    """How this value comes about."""
    name = node.op.name
    if node in given or node.op in (INPUT, ARRAY):
        return Role.GIVEN
    if node.op is LITERAL:
        return Role.LITERAL
    if node.op is PROJECT:
        return Role.PART
    if not _is_native(node):
        return Role.CALL
    if is_scalar(node):
        return Role.ELEMENTWISE
    if name in VIEWS:
        return Role.VIEW
    if name in REDUCTIONS:
        return Role.REDUCE
    if name in RUNNING:
        return Role.RUNNING
    if name in PIECES:
        return Role.PIECES
    if name in WRITES:
        return Role.WRITE
    if name == "contract" and in_loops(node):
        return Role.PRODUCT
    return Role.CALL


def _is_native(node: Node) -> bool:
    """Have all values that it touches a kind that registers hold? Halves are moved, added and turned into singles."""
    if node.op.multiple:
        return False
    halves = has_halves() and (moves(node.op.name) or node.op.name in _OF_HALVES)
    return all(
        type(x.aval) is not tuple and kind_of(x.dtype) is not None and (halves or kind_of(x.dtype) is not F16)
        for x in (node, *node.inputs)
    ) and all(size >= 0 for x in (node, *node.inputs) for size in x.shape)


def moves(name: str) -> bool:
    """Does this op put numbers to other places, as they are?"""
    return name in VIEWS or name in _MOVES


def in_loops(node: Node) -> bool:
    """Is this contraction better computed in loops than by tiles?"""
    sizes = letter_sizes(node)
    left, right, out = parts(node.param("spec"))
    inner = prod(sizes[c] for c in left if c in right and c not in out)
    rows = prod(sizes[c] for c in left if c not in right)
    columns = prod(sizes[c] for c in right if c not in left)
    if node.dtype.kind not in "fc":
        return True
    if min(rows, columns) == 1 or inner == 1:
        return True
    return rows * columns * inner <= _SMALL_PRODUCT


_STREAMED = 1 << 15  # bytes of a matrix from which its rows are better read one after another


def is_streamed(node: Node) -> bool:
    """Is this a large matrix times a vector from the left, so that the loop over its rows belongs outside?"""
    left, right, out = parts(node.param("spec"))
    for x, letters in zip(node.inputs, (left, right), strict=True):
        inner = [c for c in letters if c not in out]
        if len(letters) > 1 and inner and letters[-1] in out and x.aval.nbytes > _STREAMED:
            return True
    return False


def letter_sizes(node: Node) -> dict[str, int]:
    """The size of each letter of a contraction."""
    left, right, _ = parts(node.param("spec"))
    a, b = node.inputs
    return dict(zip(left, a.shape, strict=True)) | dict(zip(right, b.shape, strict=True))


def reduced_axes(node: Node) -> tuple[int, ...]:
    """The axes of its input over which a reduction runs."""
    axes = node.param("axis") if node.op.name in ("argmax", "argmin") else node.param("axes")
    return (axes,) if isinstance(axes, int) else tuple(axes)


# ------------------------------------------------------------------ what is kept
def kept_values(order: Sequence[Node], roles: dict[Node, Role], outputs: Collection[Node]) -> set[Node]:
    """The values that are computed at one place and kept; all others are computed where they are read."""
    shared = _read_by_several(order)
    kept: set[Node] = set()
    cost: dict[Node, float] = {}
    depth: dict[Node, int] = {}
    in_memory, spread = _read_from_memory(order, roles) | _parts(order, roles), _spread_values(order, roles)
    columns = _of_columns(order)
    for node in order:
        role = roles[node]
        if role in (Role.GIVEN, Role.LITERAL):
            cost[node], depth[node] = 0.5, 0
            continue
        inline = [x for x in node.inputs if x not in kept]
        own = COSTS.get(node.op.name, 1.0) if role is Role.ELEMENTWISE else 0.0
        cost[node] = own + sum([cost.get(x, 0.5) for x in inline]) + 0.5 * (len(node.inputs) - len(inline))
        depth[node] = 1 + max([depth.get(x, 0) for x in inline], default=0)
        several = node in shared
        must = role not in (Role.ELEMENTWISE, Role.VIEW) or node in outputs or node in in_memory
        least = _KEPT_FROM / 2 if node in columns else _KEPT_FROM
        computed = role is Role.ELEMENTWISE or node.op.name == "reshape"
        grows = computed and cost[node] >= least and (several or node in spread)
        if must or grows or depth[node] >= _DEPTH:
            kept.add(node)
    return kept


def _read_by_several(order: Sequence[Node]) -> set[Node]:
    """The values that are read by several others; not those of which each reads another part."""
    users: dict[Node, int] = {}
    elements: dict[Node, int] = {}
    for node in order:
        is_part = node.op.name == "index" and len(node.inputs) == 1
        for x in set(node.inputs):
            users[x] = users.get(x, 0) + 1
            if not x.op.multiple:
                elements[x] = elements.get(x, 0) + (node.aval.size + _LEAST_PART if is_part else x.aval.size)
    return {x for x, count in users.items() if count > 1 and (x.op.multiple or elements[x] > _OVERLAP * x.aval.size)}


def _spread_values(order: Sequence[Node], roles: dict[Node, Role]) -> set[Node]:
    """The values of which an element is read at several points: spread, looked up, or a factor of many products."""
    found: set[Node] = set()
    for node in order:
        if roles[node] is Role.VIEW and node.inputs[0].aval.size < node.aval.size:
            found.add(behind(node.inputs[0])[0] if node.op.name == "broadcast" else _shown(node.inputs[0], roles))
        elif roles[node] is Role.PRODUCT and _is_of_matrices(node):
            found.update([_shown(x, roles) for x in node.inputs])
    return found


def _is_of_matrices(node: Node) -> bool:
    """Are both factors' elements needed several times, so that no order of the loops computes each but once?"""
    sizes, (left, right, out) = letter_sizes(node), parts(node.param("spec"))
    rows, columns = ([c for c in out if c not in letters] for letters in (right, left))
    return prod(sizes[c] for c in rows) > 1 and prod(sizes[c] for c in columns) > 1


def _shown(node: Node, roles: dict[Node, Role]) -> Node:
    """The value behind views."""
    while roles[node] is Role.VIEW:
        node = node.inputs[0]
    return node


def _of_columns(order: Sequence[Node]) -> set[Node]:
    """The values of which each belongs to a long column of a large array: else computed once for each row."""
    spread = [(node, node.inputs[0]) for node in order if node.op.name == "broadcast" and node.aval.nbytes >= _LARGE]
    return {
        storage_of(x)
        for node, x in spread
        if x.shape[-1:] == node.shape[-1:] and x.aval.size * _LONG_COLUMN <= node.aval.size
    }


def _parts(order: Sequence[Node], roles: dict[Node, Role]) -> set[Node]:
    """The values that are written into an array put together from them."""
    found = {behind(x)[0] for node in order if node.op.name in JOINED for x in node.inputs}
    return {node for node in found if roles[node] is Role.ELEMENTWISE}


def _read_from_memory(order: Sequence[Node], roles: dict[Node, Role]) -> set[Node]:
    """The values that a call reads."""
    found: set[Node] = set()
    for node in order:
        if roles[node] is Role.CALL:
            found.update(storage_of(x) for x in node.inputs)
        elif roles[node] is Role.WRITE:
            found.add(node.inputs[0])
    return found


def storage_of(node: Node) -> Node:
    """The value whose elements these are, in the same order: what a call reads of a reshaped array."""
    while node.op.name in ("reshape", "stop_gradient"):
        node = node.inputs[0]
    return node


# ------------------------------------------------------------------ who reads what
def domain_of(node: Node, role: Role) -> tuple[tuple[Axis, ...], tuple[Axis, ...]]:
    """Fresh loop variables for a kept value: those of its own axes, and those over which it is reduced."""
    if role is Role.REDUCE:
        shape = node.inputs[0].shape
        over = reduced_axes(node)
        axes = [Axis(size) for size in shape]
        return tuple([a for i, a in enumerate(axes) if i not in over]), tuple([axes[i] for i in over])
    if role is Role.PRODUCT:
        sizes = letter_sizes(node)
        left, right, out = parts(node.param("spec"))
        inner = [c for c in left if c in right and c not in out]
        return tuple([Axis(sizes[c]) for c in out]), tuple([Axis(sizes[c]) for c in inner])
    return tuple([Axis(size) for size in node.shape]), ()


def operand_indices(node: Node, role: Role, axes: Sequence[Axis], reduced: Sequence[Axis]) -> list[tuple[Node, Index]]:
    """What a kept value reads at one point of its loops, and where."""
    own = tuple([variable(axis) for axis in axes])
    inner = tuple([variable(axis) for axis in reduced])
    match role:
        case Role.REDUCE:
            over = reduced_axes(node)
            rest, along = iter(own), iter(inner)
            index = tuple([next(along) if i in over else next(rest) for i in range(node.inputs[0].ndim)])
            return [(node.inputs[0], index)]
        case Role.PRODUCT:
            left, right, out = parts(node.param("spec"))
            letters = dict(zip(out, own, strict=True))
            letters |= dict(zip([c for c in left if c in right and c not in out], inner, strict=True))
            a, b = node.inputs
            return [(a, tuple([letters[c] for c in left])), (b, tuple([letters[c] for c in right]))]
        case Role.VIEW:
            return view_operands(node, own)
        case Role.PIECES | Role.WRITE:  # each part has loops of its own
            return [(x, tuple([variable(Axis(size)) for size in x.shape])) for x in node.inputs]
    return [(x, own) for x in node.inputs]


def view_operands(node: Node, index: Index) -> list[tuple[Node, Index]]:
    """What a view reads: its input, and the index arrays that it is looked up with."""
    source = source_index(node, index)
    found = [(node.inputs[0], source)]
    for part in source:
        for symbol, _ in part.terms:
            if isinstance(symbol, Looked):
                found.append((symbol.node, symbol.at))
    return found


def reads(
    start: Sequence[tuple[Node, Index]], kept: Collection[Node], roles: Mapping[Node, Role]
) -> list[tuple[Node, Index]]:
    """The kept values (and those that lie in memory) that these operands reach through what is computed on the way."""
    found: dict[tuple[Node, tuple[Affine, ...]], None] = {}
    stack = list(start)
    seen: set[tuple[Node, tuple[Affine, ...]]] = set()
    while stack:
        pair = stack.pop()
        if pair in seen:
            continue
        seen.add(pair)
        node, index = pair
        role = roles[node]
        if node in kept or role is Role.GIVEN:
            found[pair] = None
        elif role is Role.VIEW:
            stack.extend(view_operands(node, index))
        elif role is Role.ELEMENTWISE:
            stack.extend([(x, index) for x in node.inputs])
    return list(found)


def lost_lookups(node: Node, index: Index, kept: Collection[Node], roles: Mapping[Node, Role]) -> list[Looked]:
    """What is looked up for a value's index and stands in none of the places that are read then.

    Along an axis that a broadcast made there is one place in memory, and among equal constants none: that an index
    lies inside of such an axis is told by nothing that is read.
    """
    looked = _lookups(index)
    if not looked:
        return []
    told = {symbol for _, place in reads([(node, index)], kept, roles) for symbol in _lookups(place)}
    return [symbol for symbol in looked if symbol not in told]


def _lookups(index: Index) -> list[Looked]:
    return [symbol for part in index for symbol, _ in part.terms if isinstance(symbol, Looked)]
