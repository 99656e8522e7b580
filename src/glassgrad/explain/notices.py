"""Said aloud: kinks that the values touch, with the value chosen there, and limits of domains. Floor 6."""

import ast

import numpy as np

from glassgrad.engines.conditions import condition_holds
from glassgrad.engines.source.rows import by_text, number_expression
from glassgrad.explain.entries import Condition
from glassgrad.explain.pages import Leaflet
from glassgrad.graph.node import Node, reachable
from glassgrad.ops.leaves import LITERAL, literal_value
from glassgrad.tracing.written import fill, hole


def kinks_of(made: Leaflet) -> tuple[Condition, ...]:
    """Where the function has no derivative, and what is taken there."""
    found: dict[tuple[str, str], Condition] = {}
    for node in _forward(made):
        for kink in node.op.kinks:
            expression, condition = _shown(made, node, kink.when)
            count = _count(made, node, kink.when)
            if not count and not _can_hold(node, kink.when):
                continue
            known = found.get((expression, condition))
            if known is None or count > known.count:
                found[expression, condition] = Condition(expression, condition, kink.chosen, count > 0, count)
    return tuple(found.values())


def domain_of(made: Leaflet) -> tuple[Condition, ...]:
    """What has to hold for the function to have a value, and whether it does."""
    found: dict[tuple[str, str], Condition] = {}
    for node in _forward(made):
        domain = node.op.domain
        if domain is None or _by_a_number(node):
            continue
        expression, condition = _shown(made, node, domain.condition)
        outside = _count(made, node, f"np.logical_not({domain.condition})")
        if not outside and (node.op.name == "divide" or not _is_short(node, domain.condition)):
            continue  # every quotient needs a denominator: said only where it is missing
        known = found.get((expression, condition))
        if known is None or outside > known.count:
            found[expression, condition] = Condition(expression, condition, "", outside > 0, outside)
    return tuple(found.values())


def _forward(made: Leaflet) -> list[Node]:
    idle = set(made.observed.idle)
    nodes = reachable([made.observed.output])
    return [node for node in nodes if node not in idle and (node.op.kinks or node.op.domain is not None)]


def idle_of(made: Leaflet) -> tuple[str, ...]:
    """The extrema that only shift, in the person's words."""
    return tuple(dict.fromkeys(_shown(made, node, "")[0] for node in made.observed.idle))


def _by_a_number(node: Node) -> bool:
    """Is this a quotient by a number other than zero, or a power with a whole number, which always exists?"""
    if len(node.inputs) != 2 or node.op.name not in ("divide", "power", "remainder", "floor_divide"):
        return False
    return _unspread(node.inputs[1]).op is LITERAL


def _can_hold(node: Node, condition: str) -> bool:
    """Can the condition hold at all, given the numbers among the operands (`x ** 2` has no kink)?"""
    bare = [_unspread(x) for x in node.inputs]
    if not any(x.op is LITERAL for x in bare) or not _is_expression(node, condition):
        return True
    samples = np.array([0.0, 1.0, -1.0, 0.5, np.inf, -np.inf])
    arguments = [literal_value(x) if x.op is LITERAL else samples for x in bare]
    with np.errstate(all="ignore"):
        return bool(np.any(condition_holds(node.op, condition, arguments, dict(node.params))))


def _unspread(x: Node) -> Node:
    while x.inputs and x.op.name in ("broadcast", "cast"):
        x = x.inputs[0]
    return x


def _count(made: Leaflet, node: Node, condition: str) -> int:
    """In how many places the condition holds for the values of this node's inputs."""
    values = made.observed.workspace.values
    if any(x not in values for x in node.inputs):
        return 0
    arguments = [values[x] for x in node.inputs]
    if not _is_expression(node, condition):
        return 0
    with np.errstate(all="ignore"):
        return int(np.count_nonzero(condition_holds(node.op, condition, arguments, dict(node.params))))


def _is_expression(node: Node, condition: str) -> bool:
    try:
        tree = ast.parse(condition, mode="eval")
    except SyntaxError:
        return False
    names = {part.id for part in ast.walk(tree) if isinstance(part, ast.Name)}
    return names <= {*node.op.inputs, *dict(node.params), "np"}


def _shown(made: Leaflet, node: Node, condition: str) -> tuple[str, str]:
    """The operation and the condition in the person's names: `ln(z1)`, `z1 > 0`."""
    inputs = [_input_expression(made, x, name) for x, name in zip(node.inputs, node.op.inputs, strict=False)]
    called = _operation(made, node, inputs)
    if not _is_expression(node, condition):
        return made.show(called), condition
    if not _is_short(node, condition):
        return made.show(called), "several elements tie" if node.op.name in _TYING else "it is well defined"
    tree = ast.parse(condition, mode="eval").body
    holes = {name: hole(index) for index, name in enumerate(node.op.inputs)}
    template = _Rename(holes).visit(tree)
    return made.show(called), made.show(fill(template, inputs.__getitem__))


_TYING = frozenset({"max", "min", "sort", "median", "partition", "quantile"})


def _is_short(node: Node, condition: str) -> bool:
    """Can the condition be read as it stands (`x > 0`)?"""
    tree = ast.parse(condition, mode="eval") if _is_expression(node, condition) else None
    names = {part.id for part in ast.walk(tree) if isinstance(part, ast.Name)} if tree is not None else {""}
    return names <= {*node.op.inputs, "np"} and "np.any" not in condition and "np.all" not in condition


def _operation(made: Leaflet, node: Node, inputs: list[ast.expr]) -> ast.expr:
    """The operation as mathematics: `ln(z1)`."""
    known = made.page.expressions.get(node)
    if isinstance(known, ast.Call | ast.BinOp) and len(made.show(known)) <= 40:
        return known
    if node.op.variadic or node.params or len(inputs) != len(node.inputs):
        return ast.Call(ast.Name(node.op.name, ast.Load()), inputs, [])
    return fill(by_text(node, node.inputs).expression, inputs.__getitem__)


class _Rename(ast.NodeTransformer):
    def __init__(self, names: dict[str, ast.Name]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.names.get(node.id, node)


def _input_expression(made: Leaflet, x: Node, name: str) -> ast.expr:
    while x.inputs and x.op.name in ("broadcast", "cast") and x not in made.page.expressions:
        x = x.inputs[0]
    leaf = made.observed.leaves.get(x)
    if leaf is not None:
        return ast.Name(made.observed.names.of.get(x, leaf.name), ast.Load())
    if x.op is LITERAL:
        return number_expression(x, in_arithmetic=True)
    found = made.page.expressions.get(x)
    return found if found is not None and len(made.show(found)) <= 24 else ast.Name(name, ast.Load())
