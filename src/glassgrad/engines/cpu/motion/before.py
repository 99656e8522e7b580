"""What a loop need not do step by step: work on constants, and products of its sequences with constants. Floor 4."""

from glassgrad.engines.cpu.emit.scalars import COSTS
from glassgrad.engines.cpu.motion.loop import PLACES, Loop, closure, is_leaf, is_weighted
from glassgrad.engines.cpu.plan.roles import REDUCTIONS, in_loops
from glassgrad.graph.node import Node, reachable
from glassgrad.ops.contract import CONTRACT, contract, parts
from glassgrad.ops.leaves import input_node
from glassgrad.ops.structure import transpose

_TURNED_FROM = 8  # steps from which it pays to turn a matrix round for them
_TURNED_BYTES = 1 << 15  # of one for a vector: a larger one is better read as it lies
_FEW_ROWS = 32  # times a matrix, of a product for which it would else be turned round in each step
_NEAR_BYTES = 1 << 19  # of such a matrix: it stays in the second cache


def move_constants(loop: Loop) -> None:
    """Values that are the same in every step are computed once, before the loop."""
    order = reachable(loop.results())
    varying = loop.varying(order)
    work: set[Node] = set()
    for node in order:
        fixed = node not in varying and not is_leaf(node) and not node.op.multiple and _may_move(node)
        if fixed and (node.op.name not in PLACES or not work.isdisjoint(node.inputs)):
            work.add(node)
    # A value that is only looked at in another way is left where it is.
    read = {x for node in order if node in varying for x in node.inputs} | set(loop.results())
    moved = [node for node in order if node in work and node in read]
    if not moved:
        return
    inputs = {node: input_node(node.aval) for node in moved}
    outside = loop.outside(moved)
    loop.replace(inputs)
    loop.constants.update(zip(inputs.values(), outside, strict=True))


def _may_move(node: Node) -> bool:
    """Can it be computed even if the loop has no step?"""
    name = node.op.name
    return name in COSTS or name in REDUCTIONS or name in PLACES or node.op is CONTRACT


def move_products(loop: Loop) -> None:
    """Products of what follows from the sequences with constant matrices: one product for all steps."""
    order = reachable(loop.results())
    varying, late = loop.varying(order), closure(order, loop.carried())
    found = [node for node in order if node not in late and is_weighted(node, varying)]
    if not found:
        return
    inputs = {node: input_node(node.aval) for node in found}
    loop.replace(inputs)
    left = set(reachable(loop.results()))
    found = [node for node in found if inputs[node] in left]
    loop.sequences.update(zip([inputs[node] for node in found], loop.stacked(found), strict=True))


def turn_matrices(loop: Loop) -> None:
    """A small constant matrix that a step multiplies a vector or a few rows with lies so that lanes read its rows."""
    if loop.length < _TURNED_FROM:
        return
    new: dict[Node, Node] = {}
    turned: dict[Node, Node] = {}
    order = reachable(loop.results())
    varying = loop.varying(order)
    for node in order:
        if not is_weighted(node, varying):
            continue
        at = 0 if node.inputs[1] in varying else 1
        matrix = node.inputs[at]
        if matrix not in loop.constants or not _is_better_turned(node, at):
            continue
        if matrix not in turned:
            turned[matrix] = input_node(transpose(matrix).aval)
        left, right, out = parts(node.param("spec"))
        if at == 0:
            new[node] = contract(turned[matrix], node.inputs[1], f"{left[::-1]},{right}->{out}")
        else:
            new[node] = contract(node.inputs[0], turned[matrix], f"{left},{right[::-1]}->{out}")
    if new:
        loop.replace(new)
        loop.constants.update({x: transpose(loop.constants[matrix]) for matrix, x in turned.items()})


def _is_better_turned(node: Node, at: int) -> bool:
    """Is the operand at this place a matrix whose columns lie whole where lanes go across its rows?"""
    matrix, beside, letters = node.inputs[at], node.inputs[1 - at], parts(node.param("spec"))
    own, out = letters[at], letters[2]
    if matrix.ndim != 2 or own[1] in out or own[0] not in out:
        return False
    rows, rest = divmod(beside.aval.size, matrix.shape[1])
    if rest or rows == 1:
        return rows == 1 and matrix.aval.nbytes <= _TURNED_BYTES
    in_tiles = node.dtype.char in "fd" and out[-1] == own[0] and not in_loops(node)
    return in_tiles and rows <= _FEW_ROWS and matrix.aval.nbytes <= _NEAR_BYTES
