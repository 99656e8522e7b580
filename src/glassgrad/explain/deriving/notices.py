"""Said aloud of a formula: its kinks with the value chosen there, and the limits of its domain. Floor 6."""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np

from glassgrad.engines.conditions import condition_holds
from glassgrad.explain.deriving.local import operand_trees, row_of_node
from glassgrad.explain.deriving.signs import Sign, signs_of
from glassgrad.explain.entries import Condition
from glassgrad.explain.notation import to_text
from glassgrad.frontends.formula import evaluate, evaluate_parts
from glassgrad.frontends.formula.nodes import dotted_name, in_order, is_condition, name, operands, place, variables
from glassgrad.graph.op import Op

Values = Mapping[ast.expr, float | bool]
_TAKING_POSITIVE = frozenset({"np.sqrt", "np.cbrt", "np.log", "np.log2", "np.log10", "np.log1p", "np.abs", "np.sign"})
_LONGEST = 40  # characters of an expression that is named in a condition
_SAMPLES = np.array([0.0, 1.0, -1.0, 0.5, 2.0, -2.0])


def kinks_of(tree: ast.expr, moving: Collection[str], values: Values) -> Iterator[Condition]:
    """The places where a part that depends on the moving names has no derivative, and what is taken there."""
    names, signs = _names_in_parts(tree), signs_of(tree)
    for part in in_order(tree):
        if is_condition(part) or not isinstance(part, ast.BinOp | ast.Call) or names[part].isdisjoint(moving):
            continue
        if isinstance(part, ast.Call) and dotted_name(part.func) == "np.where":
            yield from _borders(part, moving, values)
            continue
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub | ast.Mult):
            continue
        if _is_safe(part, signs):
            continue
        row = row_of_node(part)
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow) and not _is_constant(part.right):
            continue  # x**x is not defined where its row has a kink
        for kink in row.kinks:
            if _can_hold(row, kink.when, part):
                yield _condition(row, kink.when, part, values, chosen=kink.chosen)


def limits_of(tree: ast.expr, moving: Collection[str], values: Values) -> Iterator[tuple[ast.expr, Condition]]:
    """What has to hold for the formula to have a value, each with the part that needs it.

    A power whose exponent is held needs what that number needs: (-2)**n is defined where n is 3.
    """
    names, signs = _names_in_parts(tree), signs_of(tree)
    for part in in_order(tree):
        if not isinstance(part, ast.BinOp | ast.Call) or is_condition(part) or not names[part]:
            continue
        if isinstance(part, ast.BinOp) and (
            isinstance(part.op, ast.Add | ast.Sub | ast.Mult)
            or (isinstance(part.op, ast.Div) and not names[part.right])
        ):
            continue
        if _is_safe(part, signs):
            continue
        row = row_of_node(part)
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow):
            held = None if not names[part.right].isdisjoint(moving) else values.get(part.right)
            text = _power_domain(part, held)
            if text:
                yield part, _condition(row, text, part, values, fails=True)
        elif row.domain is not None and _can_fail(row, row.domain.condition, part):
            yield part, _condition(row, row.domain.condition, part, values, fails=True)


def has_no_value(tree: ast.expr, failing: Collection[ast.expr], missing: Collection[str], values: Values) -> bool:
    """Is the formula outside its domain, where these parts and names are? A case that is not taken does not matter."""
    lost: set[ast.expr] = set()
    for part in in_order(tree):
        needed = operands(part)
        if isinstance(part, ast.Call) and dotted_name(part.func) == "np.where" and needed[0] in values:
            needed = [needed[0], needed[1 if values[needed[0]] else 2]]
        is_missing = isinstance(part, ast.Name) and part.id in missing
        if part in failing or is_missing or not lost.isdisjoint(needed):
            lost.add(part)
    return tree in lost


def _is_safe(part: ast.expr, signs: Mapping[ast.expr, Sign]) -> bool:
    """Is this a quotient, power, root, logarithm or absolute value of what is always positive?"""
    match part:
        case ast.BinOp(op=ast.Div(), right=right):
            return signs[right] is Sign.POSITIVE
        case ast.BinOp(left=left, op=ast.Pow()):
            return signs[left] is Sign.POSITIVE
        case ast.Call(func=function, args=[argument]):
            return dotted_name(function) in _TAKING_POSITIVE and signs[argument] is Sign.POSITIVE
    return False


def _names_in_parts(tree: ast.expr) -> dict[ast.expr, frozenset[str]]:
    """The variables in each part of a tree."""
    found: dict[ast.expr, frozenset[str]] = {}
    for part in in_order(tree):
        own = frozenset({part.id}) if isinstance(part, ast.Name) else frozenset()
        found[part] = own.union(*[found[operand] for operand in operands(part)])
    return found


# ---------------------------------------------------------------------- one condition
def _condition(
    row: Op, text: str, part: ast.expr, values: Values, *, chosen: str = "", fails: bool = False
) -> Condition:
    """A row's condition in the formula's own words; `fails` where it is a hit that it does not hold."""
    holds = _holds(row, text, part, values)
    hit = holds is not None and holds is not fails
    return Condition(_shown(part), _shown_condition(row, text, part), chosen, hit, int(hit))


def _holds(row: Op, text: str, part: ast.expr, values: Values) -> bool | None:
    parts = operand_trees(part)
    if any(operand not in values for operand in parts):
        return None
    with np.errstate(all="ignore"):
        numbers = [np.float64(values[operand]) for operand in parts[: len(row.inputs)]]
        return bool(condition_holds(row, text, numbers, _params(row, part)))


def _params(row: Op, part: ast.expr) -> dict[str, float]:
    """The numbers that a row takes as parameters: the branch of Lambert's W."""
    branch = operand_trees(part)[len(row.inputs) :]
    return {"k": evaluate(branch[0], {})} if branch else {}


def _is_constant(part: ast.expr) -> bool:
    return not variables(part)


def _possible(row: Op, text: str, part: ast.expr) -> np.ndarray:
    """Whether a row's condition holds for some sample numbers in place of the operands that vary."""
    parts = operand_trees(part)[: len(row.inputs)]
    grids = iter(np.meshgrid(*[_SAMPLES] * sum(not _is_constant(operand) for operand in parts)))
    numbers = [np.float64(evaluate(operand, {})) if _is_constant(operand) else next(grids) for operand in parts]
    with np.errstate(all="ignore"):
        return np.asarray(condition_holds(row, text, numbers, _params(row, part)))


def _can_hold(row: Op, text: str, part: ast.expr) -> bool:
    return not any(_is_constant(operand) for operand in operand_trees(part)) or bool(np.any(_possible(row, text, part)))


def _can_fail(row: Op, text: str, part: ast.expr) -> bool:
    constant = any(_is_constant(operand) for operand in operand_trees(part))
    return not constant or not bool(np.all(_possible(row, text, part)))


def _shown(part: ast.expr) -> str:
    return to_text(part)


def _shown_condition(row: Op, text: str, part: ast.expr) -> str:
    """The condition over the formula's expressions."""
    parts = operand_trees(part)
    given = dict(zip((*row.inputs, "k")[: len(parts)], parts, strict=True))
    short = {key: tree if len(_shown(tree)) <= _LONGEST else name(key, (0, 0)) for key, tree in given.items()}
    return to_text(_Filled(short).visit(ast.parse(text, mode="eval").body))


class _Filled(ast.NodeTransformer):
    """Puts the formula's expressions in place of the row's names, and decides what numbers decide.

    Conditions are one line of ours each, so this may recurse.
    """

    def __init__(self, trees: Mapping[str, ast.expr]) -> None:
        self.trees = trees

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.trees.get(node.id, node)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.comparators[0])
        filled = place(ast.Compare(left, node.ops, [right]), (0, 0))
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            return ast.Constant(bool(evaluate_parts([filled], {})[filled]))
        return filled

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.BitAnd | ast.BitOr):
            deciding = isinstance(node.op, ast.BitOr)
            for one, other in ((left, right), (right, left)):
                if isinstance(one, ast.Constant):
                    return one if one.value is deciding else other
        return place(ast.BinOp(left, node.op, right), (0, 0))


# ---------------------------------------------------------------------- powers and choices
def _power_domain(part: ast.BinOp, held: float | None) -> str:
    """Which bases a power takes depends on its exponent, or on the number `held` that stands there."""
    if _is_constant(part.left):
        return ""
    exponent = evaluate(part.right, {}) if _is_constant(part.right) else held
    if exponent is None or not np.isfinite(exponent):
        return "x > 0"
    whole = exponent == round(exponent)
    if exponent >= 0:
        return "" if whole else "x >= 0"
    return "x != 0" if whole else "x > 0"


def _borders(part: ast.Call, moving: Collection[str], values: Values) -> Iterator[Condition]:
    """The places where a choice goes over from one case to the other."""
    for node in in_order(part.args[0]):
        if isinstance(node, ast.Compare) and set(variables(node)) & set(moving):
            left, right = operands(node)
            border = to_text(place(ast.Compare(left, [ast.Eq()], [right]), (0, 0)))
            hit = left in values and right in values and values[left] == values[right]
            yield Condition(_shown(part), border, "the case that holds there", hit, int(hit))


def unique(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Each condition once, in order."""
    return tuple({(condition.expression, condition.condition): condition for condition in conditions}.values())
