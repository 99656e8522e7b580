"""Reverse mode: the cotangents of chosen nodes from those of the outputs, users before inputs. Floor 3.

A cotangent of None is an exact zero. The cotangent of a node is the sum over its users: where a value is used
twice, paths add up.
"""

from collections.abc import Iterable, Sequence

from glassgrad.base.avals import is_inexact
from glassgrad.base.errors import NotLinearError
from glassgrad.base.settings import current
from glassgrad.graph.node import Node, make, reachable, workspace
from glassgrad.graph.notes import Backward
from glassgrad.graph.op import Bilinear, Linear, Partial, Pullback, Tangent
from glassgrad.ops.elementwise import add, multiply
from glassgrad.ops.leaves import PROJECT, input_node, is_literal
from glassgrad.ops.select import WHERE, where
from glassgrad.transforms.forms import carries_derivative, express, form_of, pull_subgraph

Cotangent = Node | None


def pull(outputs: Sequence[Cotangent], cotangents: Sequence[Cotangent], wrt: Sequence[Node]) -> list[Cotangent]:
    """The cotangents of the nodes `wrt`, given those of `outputs`; None for an exact zero."""
    found = cotangents_of(outputs, cotangents, wrt)
    return [found.get(node) for node in wrt]


def cotangents_of(
    outputs: Sequence[Cotangent], cotangents: Sequence[Cotangent], wrt: Sequence[Node]
) -> dict[Node, Node]:
    """The cotangent of every node between `wrt` and `outputs`."""
    given = [(y, ct) for y, ct in zip(outputs, cotangents, strict=True) if y is not None and ct is not None]
    if not wrt or not given:
        return {}
    ends = set(wrt)
    since = min(node.serial for node in wrt) - 1
    order = reachable([y for y, _ in given], since)
    active = _active(order, ends)
    bar: dict[Node, Node] = {}
    several: dict[Node, list[Cotangent]] = {}
    for y, ct in given:
        if y in active:
            _accumulate(bar, y, ct)
    for node in reversed(order):
        if node in ends or node not in active:
            continue
        if node.op is PROJECT:
            found = bar.get(node)
            if found is not None:
                parts = several.setdefault(node.inputs[0], [None] * len(node.inputs[0].aval))
                parts[node.param("index")] = found
            continue
        incoming = several.pop(node, None) if node.op.multiple else bar.get(node)
        if incoming is not None:
            wanted = [x in active for x in node.inputs]
            for x, pulled in zip(node.inputs, pull_node(node, incoming, wanted), strict=True):
                if pulled is not None:
                    _accumulate(bar, x, pulled)
    return bar


def _active(order: Iterable[Node], ends: set[Node]) -> set[Node]:
    """The nodes through which a derivative flows from `ends`."""
    active = set(ends)
    for node in order:
        if node not in active and not active.isdisjoint(node.inputs) and carries_derivative(node):
            active.add(node)
    return active


def _accumulate(bar: dict[Node, Node], node: Node, ct: Node) -> None:
    """Adds a contribution. One that writes into zeros writes into what is there instead, so that reading an array
    element by element costs one pass and not one array for each element.
    """
    before = bar.get(node)
    if before is None:
        bar[node] = ct
    elif ct.op.accumulates and is_literal(ct.inputs[0], 0):
        bar[node] = make(ct.op, (before, *ct.inputs[1:]), ct.params)
    else:
        bar[node] = masked_sum(before, ct)


def pull_node(node: Node, ct: Node | list[Cotangent], wanted: Sequence[bool]) -> list[Cotangent]:
    """The contributions of one node to the cotangents of its inputs (None where not wanted or exactly zero)."""
    here = workspace()
    if node.op in pull_subgraph:
        if here is not None:
            here.origin = Backward(node, 0)
        cts = ct if isinstance(ct, list) else [ct]
        return pull_subgraph[node.op](node, cts, wanted)
    result: list[Cotangent] = []
    for position, want in enumerate(wanted):
        form = form_of(node, position) if want and is_inexact(node.inputs[position].dtype) else None
        if form is None:
            result.append(None)
            continue
        if here is not None:
            here.origin = Backward(node, position)
        result.append(_pull_form(form, node, position, ct))
    return result


def _pull_form(form: object, node: Node, position: int, ct: Node | list[Cotangent]) -> Cotangent:
    match form:
        case Partial():
            assert isinstance(ct, Node)
            return masked_product(ct, express(form, node, position))
        case Linear() | Bilinear() | Pullback():
            return express(form, node, position, ct=ct)  # type: ignore[no-any-return]  # a rule gives a node
        case Tangent():
            return _pull_tangent(form, node, position, ct)
    raise AssertionError(f"unknown form {form!r}")


def masked_product(ct: Node, slope: Node) -> Node:
    """The product ct · slope; a choice in `ct` that is 0 elsewhere is made after the product, since 0·inf is NaN.

    So `np.where(x > 0, np.log(x), 0)` has the slope 0 where x is 0, and not a NaN from the branch not taken.
    """
    masks: list[tuple[Node, bool, Node]] = []
    while ct.op is WHERE and len(masks) < _MASKS:
        condition, chosen, other = ct.inputs
        if is_literal(other, 0):
            masks.append((condition, True, other))
            ct = chosen
        elif is_literal(chosen, 0):
            masks.append((condition, False, chosen))
            ct = other
        else:
            break
    product = multiply(ct, slope)
    for condition, holds, zero in reversed(masks):
        product = where(condition, product, zero) if holds else where(condition, zero, product)
    return product


def masked_sum(a: Node, b: Node) -> Node:
    """The sum a + b; two choices by the same mask that are 0 elsewhere stay one choice."""
    if a.op is WHERE and b.op is WHERE and a.inputs[0] is b.inputs[0]:
        (condition, first, second), (_, third, fourth) = a.inputs, b.inputs
        if is_literal(second, 0) and is_literal(fourth, 0):
            return where(condition, add(first, third), second)
        if is_literal(first, 0) and is_literal(third, 0):
            return where(condition, first, add(second, fourth))
    return add(a, b)


_MASKS = 8  # choices within choices to look through


def _pull_tangent(form: Tangent, node: Node, position: int, ct: Node | list[Cotangent]) -> Cotangent:
    """Transposes the row's tangent expression: reverse mode of a linear function is its transpose."""
    moved = input_node(node.inputs[position].aval)
    pushed = express(form, node, position, **{f"d{node.op.slot_name(position)}": moved})
    outputs = list(pushed) if isinstance(pushed, tuple | list) else [pushed]
    (pulled,) = pull(outputs, ct if isinstance(ct, list) else [ct], [moved])
    if pulled is not None and current().verify and moved in reachable([pulled], moved.serial - 1):
        name = node.op.slot_name(position)
        raise NotLinearError(f"the derivative of {node.op.name!r} is not linear in d{name}")
    return pulled
