"""The chain of a traced training step: its links in the order in which they are called. Floor 7.

A layer of ours is a link. What a person's own `__call__` computes between layers is taken from the graph: products with
weights, and the bends between them, each with the line that it stands on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from glassgrad.base.avals import is_inexact
from glassgrad.doctor.measured.sample import Family
from glassgrad.doctor.subjects.own.calls import Call
from glassgrad.doctor.subjects.own.kinds import NO_ACTIVATIONS, RECURRENT, bend_of, family_of, is_library, kind_of
from glassgrad.doctor.subjects.own.probing import activation_of_piece
from glassgrad.graph.node import Node, reachable
from glassgrad.graph.notes import Backward, Notes
from glassgrad.graph.op import Elementwise
from glassgrad.nn.attention import MultiHeadAttention
from glassgrad.nn.composition import Function
from glassgrad.ops.barriers import STOP

_PRODUCTS = frozenset({"contract", "conv"})
# What only moves entries about, or adds them: a gradient passes it as it is.
_MOVES = frozenset(
    ("add", "subtract", "index", "reshape", "transpose", "broadcast", "concatenate", "stack", "cast", "literal")
)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A link as nodes: `inputs` are what it is given that depends on the data, `outputs` what it gives."""

    path: str
    operation: str
    kind: str
    family: Family
    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    place: str | None
    layer: Any = None  # where it is one of ours
    owns: tuple[str, ...] = ()  # parameters, of what is no layer of ours


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """The pieces in forward order, and the prediction that the loss is given."""

    pieces: tuple[Piece, ...]
    predictions: tuple[Node, ...]
    loss_place: str | None
    clips: tuple[tuple[Node, Node], ...] = ()  # in the loss: what is clipped, and what comes of it


def chain_of(
    calls: Sequence[Call], loss: Node, data: Iterable[Node], parameters: Mapping[Node, str], places: "Places"
) -> Chain:
    """The chain from the data to the loss."""
    forward = reachable([loss])
    moving = _depending(forward, data)
    leaves = [call for call in calls if _is_whole(call)]
    inside = _Intervals(leaves)
    between = [node for node in forward if node in moving and not inside.has(node)]
    around = _Intervals([call for call in calls if call.above is None])
    own = [node for node in between if around.has(node)]
    after = [node for node in between if not around.has(node)]
    made: list[tuple[int, Piece]] = [
        (call.began, piece) for call in leaves if (piece := _of_layer(call, moving, places)) is not None
    ]
    made += _of_own(own, calls, moving, parameters, places, forward)
    pieces = _numbered([piece for _, piece in sorted(made, key=lambda pair: pair[0])])
    predictions = predictions_of(calls, loss, data)
    first = next((text for node in reversed(after) if (text := places.of(node)) is not None), None)
    return Chain(tuple(pieces), predictions, first, tuple(_clips(after, moving)))


def _clips(nodes: Sequence[Node], moving: set[Node]) -> Iterator[tuple[Node, Node]]:
    """Where numbers are held above or below a bound: (what is given, what comes out) of each, over both bounds."""
    clipped: dict[Node, Node] = {}  # what came out, to what was given
    for node in nodes:
        given = [x for x in node.inputs if x in moving]
        if node.op.name in ("maximum", "minimum") and len(given) == 1:
            clipped[node] = clipped.pop(given[0], given[0])
    yield from ((given, node) for node, given in clipped.items())


def _depending(forward: Sequence[Node], data: Iterable[Node]) -> set[Node]:
    moving = set(data)
    for node in forward:
        if not moving.isdisjoint(node.inputs):
            moving.add(node)
    return moving


def _is_whole(call: Call) -> bool:
    """Is the call a link as a whole, whatever it calls inside?"""
    above = call.above
    while above is not None:
        if isinstance(above.layer, (*RECURRENT, MultiHeadAttention)):
            return False
        above = above.above
    if isinstance(call.layer, (*RECURRENT, MultiHeadAttention)):
        return True
    return is_library(call.layer) and not call.inner


class _Intervals:
    """Whether a node was made in one of some calls."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._spans = [(call.began, call.ended) for call in calls]

    def has(self, node: Node) -> bool:
        return any(began < node.serial < ended for began, ended in self._spans)


class Places:
    """The person's lines, of nodes. `base` is the origin of what is not theirs: the line that called the doctor."""

    def __init__(self, notes: Notes, base: Any) -> None:
        self._notes, self._base = notes, base

    def of(self, node: Node) -> str | None:
        """`model.py:12`, where the person wrote it in a function of their own."""
        origin = self._notes.origins.get(node)
        while isinstance(origin, Backward):
            origin = self._notes.origins.get(origin.of)
        if origin is None or origin == self._base:
            return None
        found = self._notes.location(node)
        return None if found is None else f"{Path(found.file).name}:{found.line}"


def _of_layer(call: Call, moving: set[Node], places: Places) -> Piece | None:
    """The link that a call of one of our layers is; None where nothing happens, as with dropout in evaluation."""
    inputs = tuple(node for node in call.inputs if node in moving)
    outputs = tuple(node for node in call.outputs if node in moving)
    if not outputs or outputs == inputs:
        return None
    place = next((text for node in outputs if (text := places.of(node)) is not None), None)
    if isinstance(call.layer, Function):
        bend = "stop_gradient" if _is_cut(inputs, outputs) else bend_of(call.layer)
        bend = bend or activation_of_piece(inputs, outputs)
        name = bend or call.layer.headline()
        is_bend = bend not in NO_ACTIVATIONS if bend else _is_bent(inputs, outputs)
        family: Family = "activation" if is_bend else "other"
        kind = bend or (name.lower() if name.isidentifier() else "function")
        kind = "detach" if kind == "stop_gradient" else kind
        return Piece(call.path, name, kind, family, inputs, outputs, place, call.layer)
    kind, family = kind_of(call.layer), family_of(call.layer)
    return Piece(call.path or "model", call.layer.headline(), kind, family, inputs, outputs, place, call.layer)


def _is_cut(inputs: Sequence[Node], outputs: Sequence[Node]) -> bool:
    """Does the way hold its values constant for derivatives?"""
    return any(node.op is STOP for node in reachable(outputs, max((node.serial for node in inputs), default=-1)))


def _is_bent(inputs: Sequence[Node], outputs: Sequence[Node]) -> bool:
    """Is the way elementwise, and not a straight line?"""
    between = reachable(outputs, min(node.serial for node in inputs))
    moving = _depending(between, inputs)
    steps = [node for node in between if node in moving and node not in inputs]
    return bool(steps) and all(isinstance(node.op.batching, Elementwise) for node in steps) and any(map(_bends, steps))


# Elementwise ops that are straight lines in each of their inputs.
_STRAIGHT = frozenset({"add", "subtract", "negative", "positive", "multiply", "divide", "stop_gradient", "identity"})


def _bends(node: Node) -> bool:
    """Is the op elementwise, and no straight line in its inputs?"""
    return isinstance(node.op.batching, Elementwise) and node.op.name not in _STRAIGHT


# ------------------------------------------------------------------ what a person's own layers compute
def _of_own(
    own: Sequence[Node], calls: Sequence[Call], moving: set[Node], parameters: Mapping[Node, str], places: Places,
    forward: Sequence[Node],
) -> Iterator[tuple[int, Piece]]:  # fmt: skip
    """Links out of the nodes that stand in a person's own `__call__`, in groups of a line and a sort."""
    owned = _owned(forward, parameters, moving)
    group_of: dict[Node, int] = {}
    sort_of: dict[int, tuple[str, str | None, str]] = {}
    members: dict[int, list[Node]] = {}
    for node in own:
        call, place = _innermost(calls, node), places.of(node)
        sort = _sort(node, owned, moving)
        fitting = [
            group
            for group in sorted({group_of[x] for x in node.inputs if x in group_of}, reverse=True)
            if sort_of[group][2] == call.path
            and _joins(node, sort, sort_of[group][0], same_line=place == sort_of[group][1])
        ]
        if not fitting:
            fitting = [len(sort_of)]
            sort_of[fitting[0]] = (sort, place, call.path)
            members[fitting[0]] = []
        chosen = min(fitting) if sort == "bend" else fitting[0]
        for other in fitting:
            if sort == "bend" and other != chosen:  # the parts of a bend, as of gelu, meet in one
                members[chosen] += members.pop(other)
                group_of.update(dict.fromkeys(members[chosen], chosen))
        if sort_of[chosen][0] in ("plain", "test", "scale"):
            sort_of[chosen] = (sort, *sort_of[chosen][1:])
        group_of[node] = chosen
        members[chosen].append(node)
    users = _users(forward)
    for group, nodes in members.items():
        sort, place, path = sort_of[group]
        inputs = tuple(dict.fromkeys(x for node in nodes for x in node.inputs if x in moving and x not in nodes))
        outputs = tuple(node for node in nodes if any(user not in nodes for user in users.get(node, ())))
        if not inputs or not outputs:
            continue
        names = tuple(dict.fromkeys(name for node in nodes for x in node.inputs for name in owned.get(x, ())))
        if not names and all(node.op.name in _MOVES for node in nodes):
            continue
        yield nodes[0].serial, _own_piece(sort, path, inputs, outputs, place, names, nodes)


def _joins(node: Node, sort: str, known: str, *, same_line: bool) -> bool:
    """Does a node belong to a group of this sort that it reads?"""
    if sort == "plain":  # a reshape, a cast, the bias
        return known not in ("test", "bend") or all(x.shape in (node.shape, ()) for x in node.inputs)
    if sort in ("scale", "test"):
        return same_line and known == "bend"
    return same_line and (sort == known or known in ("plain", "test", "scale"))


def _own_piece(
    sort: str, path: str, inputs: tuple[Node, ...], outputs: tuple[Node, ...], place: str | None,
    names: tuple[str, ...], nodes: Sequence[Node],
) -> Piece:  # fmt: skip
    dot = f"{path}." if path else ""
    if sort == "weights":
        shapes = (
            f"({inputs[0].shape[-1] if inputs[0].shape else 1} → {outputs[0].shape[-1] if outputs[0].shape else 1})"
        )
        title = "Convolution" if any(node.op.name == "conv" for node in nodes) else "Product"
        kind = "conv" if title == "Convolution" else "linear"
        return Piece(
            names[0] if names else f"{dot}product", f"{title}{shapes}", kind, "weights", inputs, outputs, place,
            owns=names,
        )  # fmt: skip
    if sort == "bend":
        found = activation_of_piece(inputs, outputs)
        name = found or next((node.op.name for node in nodes if _bends(node) and is_inexact(node.dtype)), "function")
        family: Family = "other" if name in NO_ACTIVATIONS else "activation"
        return Piece(f"{dot}{name}", name, name, family, inputs, outputs, place, owns=names)
    main = next((node.op.name for node in reversed(nodes)), "function")
    return Piece(f"{dot}{main}", main, main, "other", inputs, outputs, place, owns=names)


def _sort(node: Node, owned: Mapping[Node, tuple[str, ...]], moving: set[Node]) -> str:
    """Of which sort a node is.

    "weights", a product with parameters; "bend", what is not linear; "join", where two ways meet; "test", what has no
    slope; "scale", what may be a bend's first or last step, as in 1 / (1 + np.exp(-x)); "plain", all else.
    """
    if not is_inexact(node.dtype):
        return "test"
    given = [x for x in node.inputs if x in moving]
    has_parameter = any(x in owned for x in node.inputs)
    if node.op.name in _PRODUCTS and has_parameter:
        return "weights"
    if node.op.name in ("softmax", "log_softmax"):
        return "bend"
    if _bends(node):
        return "bend"
    if len(given) > 1:
        return "join" if node.op.name not in ("multiply", "divide") else "bend"
    if node.op.name == "multiply" and has_parameter:
        return "weights"
    if isinstance(node.op.batching, Elementwise) and not has_parameter:
        return "scale"
    return "plain"


def _owned(forward: Sequence[Node], parameters: Mapping[Node, str], moving: set[Node]) -> dict[Node, tuple[str, ...]]:
    """The parameters behind each node that depends on parameters and not on data."""
    found: dict[Node, tuple[str, ...]] = {node: (name,) for node, name in parameters.items()}
    for node in forward:
        if node not in moving and node not in found:
            names = tuple(dict.fromkeys(name for x in node.inputs for name in found.get(x, ())))
            if names:
                found[node] = names
    return found


def _users(forward: Sequence[Node]) -> dict[Node, list[Node]]:
    users: dict[Node, list[Node]] = {}
    for node in forward:
        for x in node.inputs:
            users.setdefault(x, []).append(node)
    return users


def _innermost(calls: Sequence[Call], node: Node) -> Call:
    return [call for call in calls if call.began < node.serial < call.ended][-1]


def predictions_of(calls: Sequence[Call], loss: Node, data: Iterable[Node]) -> tuple[Node, ...]:
    """What the loss is made of: the results of the outermost calls that it reads."""
    outermost = [call for call in calls if call.above is None]
    forward, around = reachable([loss]), _Intervals(outermost)
    moving = _depending(forward, data)
    given = {x for node in forward if not around.has(node) for x in node.inputs} | {loss}
    results = [node for call in outermost for node in call.outputs if node in moving]
    return tuple(dict.fromkeys(node for node in results if node in given)) or tuple(dict.fromkeys(results[-1:]))


def _numbered(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with paths of their own: a second one of a path says so."""
    seen: dict[str, int] = {}
    found = []
    for piece in pieces:
        seen[piece.path] = seen.get(piece.path, 0) + 1
        count = seen[piece.path]
        found.append(piece if count == 1 else replace(piece, path=f"{piece.path} (call {count})"))
    return found
