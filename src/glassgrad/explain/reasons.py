"""Why a backward line is as it is: where a transpose comes from, why a bias sums, why paths add up. Floor 6."""

import ast

from glassgrad.engines.source.page import Statement, flat
from glassgrad.explain.entries import Reason
from glassgrad.explain.pages import Leaflet, inside_of, ordered, origins_of
from glassgrad.graph.node import Node
from glassgrad.graph.notes import Backward
from glassgrad.ops.contract import CONTRACT, canonical, parts
from glassgrad.ops.structure import BROADCAST, SUM
from glassgrad.tracing.observation import Call
from glassgrad.tracing.written import numpy_name

_SILENT = frozenset({"", "reshape", "change of dtype", "renaming", "transpose"})


def rule_of(made: Leaflet, statement: Statement) -> str:
    """The names of the rules that a backward line uses, outermost first."""
    found = origins_of(made, inside_of(made, statement))
    depth = 0 if statement.target is None else made.observed.names.depth.get(statement.target, 0)
    names = []
    for _, origin in found:
        call = _call_below(made, origin.of, depth)
        rule = origin.of.op.rule
        names.append(f"chain rule through {call.block.function}" if call is not None else rule)
    if not names and statement.origin is not None:
        names.append(statement.origin.op.rule)
    shown = [name for name in ordered(names) if name not in _SILENT]
    return ", ".join(shown[:3]) + (" …" if len(shown) > 3 else "")


def _call_below(made: Leaflet, forward: Node, depth: int) -> Call | None:
    """The call at the next depth in which this value was made, where the line is about a value outside of it."""
    around = [call for call in made.calls_around(forward) if call.depth == depth + 1]
    return around[0] if around else None


def reasons_of(made: Leaflet, statement: Statement) -> tuple[Reason, ...]:
    """What people ask about this line."""
    reasons = []
    for node, origin in origins_of(made, inside_of(made, statement)):
        if node.op is CONTRACT and origin.of.op is CONTRACT:
            reasons.append(_product_reason(made, statement, node, origin))
        elif node.op is SUM and origin.of.op is BROADCAST:
            reasons.append(_broadcast_reason(made, statement, node, origin))
        elif origin.of.op not in (CONTRACT, BROADCAST):
            reasons.append(_row_reason(made, origin, statement))
    reasons.append(_paths_reason(made, statement))
    kept = [reason for reason in reasons if reason is not None]
    unique = {(reason.text, reason.formula): reason for reason in kept}
    return tuple(unique.values())


def _row_reason(made: Leaflet, origin: Backward, statement: Statement) -> Reason | None:
    depth = 0 if statement.target is None else made.observed.names.depth.get(statement.target, 0)
    if _call_below(made, origin.of, depth) is not None or not origin.of.op.why:
        return None
    return Reason(origin.of.op.why, rule=origin.of.op.rule)


def _paths_reason(made: Leaflet, statement: Statement) -> Reason | None:
    """Paths add up at a fan-out."""
    target = statement.target
    paths = 0 if target is None else made.paths.get(target, 0)
    if target is None or paths < 2:
        return None
    name = made.observed.names.of[target]
    top = made.show(made.left(made.output))
    return Reason(f"{name} reaches {top} by {paths} paths; what a small change of {name} does by each of them adds up")


# ------------------------------------------------------------------ matrix products
def _product_reason(made: Leaflet, statement: Statement, node: Node, origin: Backward) -> Reason | None:
    """The line by indices: which entries of the product an entry of the factor reaches, and by which factor."""
    forward, position = origin.of, origin.position
    other = forward.inputs[1 - position]
    product, own, factor = _forward_names(made, forward, position)
    letters = parts(canonical(forward.param("spec")))
    mine, theirs, out = letters[position], letters[1 - position], letters[2]
    cotangent = next((x for x in node.inputs if x is not other and x.shape == forward.shape), None)
    if other not in node.inputs or cotangent is None or node is not statement.contribution:
        return _by_its_letters(made, statement, node)
    formula = _einsum(made, [(factor, theirs, other), (None, out, cotangent)], mine, swap=position == 0)
    if formula is None:
        return None
    left = _indexed(ast.Name(statement.targets[0], ast.Load()), mine)
    summed = [c for c in out if c not in mine]
    text = ""
    if own and product and factor:
        entry = made.show(_indexed(product, out))
        text = (
            f"{entry} contains {_term(made, own, mine, factor, theirs, first=position == 0)}, "
            f"so {made.show(_indexed(own, mine))} "
            f"moves it by {made.show(_indexed(factor, theirs))}"
        )
        text += f", for every {' and '.join(summed)}" if summed else ""
        turned = _turned(made, factor, theirs, mine, out, position)
        text += f"; {turned}" if turned else ""
    return Reason(text, left, formula)


def _forward_names(
    made: Leaflet, forward: Node, position: int
) -> tuple[ast.expr | None, ast.expr | None, ast.expr | None]:
    """How the product and its two factors are reached on the page."""
    product = made.reached(forward)
    if not isinstance(product, ast.Name):
        user = next(
            (
                statement
                for statement in flat(made.page.statements)
                if statement.node is not None and not statement.backward and _leads_to(statement, forward, made)
            ),
            None,
        )
        product = ast.Name(user.targets[0], ast.Load()) if user is not None else None
    own, factor = (_reached(made, forward.inputs[index]) for index in (position, 1 - position))
    return product, own, factor


def _leads_to(statement: Statement, forward: Node, made: Leaflet) -> bool:
    """Is this the line of the sum in which the product stands (`z = x @ W + b`)?"""
    node = statement.node
    del made
    return (
        node is not None
        and node.op.name in ("add", "subtract")
        and forward in node.inputs
        and node.shape == forward.shape
    )


def _reached(made: Leaflet, node: Node) -> ast.expr | None:
    found = made.reached(node)
    return found if isinstance(found, ast.Name) else None


def _term(made: Leaflet, own: ast.expr, mine: str, factor: ast.expr, theirs: str, *, first: bool) -> str:
    sides = [made.show(_indexed(own, mine)), made.show(_indexed(factor, theirs))]
    return " · ".join(sides if first else sides[::-1])


def _turned(made: Leaflet, factor: ast.expr, theirs: str, mine: str, out: str, position: int) -> str:
    """Where the transpose comes from, for a product of two matrices."""
    if not (len(theirs) == len(mine) == len(out) == 2) or theirs[1 - position] not in out:
        return ""
    inner = next(c for c in out if c not in mine)
    name = made.show(factor)
    return f"the sum runs over {inner}, and a matrix product sums over the inside index: hence {name}ᵀ"


def _by_its_letters(made: Leaflet, statement: Statement, node: Node) -> Reason | None:
    left, right, out = parts(canonical(node.param("spec")))
    a, b = node.inputs
    formula = _einsum(made, [(None, left, a), (None, right, b)], out, swap=False)
    if formula is None or node is not statement.contribution:
        return None
    return Reason("", _indexed(ast.Name(statement.targets[0], ast.Load()), out), formula)


def _einsum(
    made: Leaflet, factors: list[tuple[ast.expr | None, str, Node]], out: str, *, swap: bool
) -> ast.expr | None:
    shown = []
    for known, letters, node in factors[::-1] if swap else factors:
        expression = known or made.reached(node)
        if expression is None or len(made.show(expression)) > 30:
            return None
        shown.append((letters, expression))
    spec = ast.Constant(f"{','.join(letters for letters, _ in shown)}->{out}")
    return ast.Call(numpy_name("einsum"), [spec, *[expression for _, expression in shown]], [])


def _indexed(expression: ast.expr, letters: str) -> ast.expr:
    """`z[i, k]`; the bare name where there are no letters."""
    if not letters:
        return expression
    return ast.Call(numpy_name("einsum"), [ast.Constant(f"{letters}->{letters}"), expression], [])


# ------------------------------------------------------------------ broadcasting
def _broadcast_reason(made: Leaflet, statement: Statement, node: Node, origin: Backward) -> Reason | None:
    """Why a bias gradient sums over the batch."""
    axes: tuple[int, ...] = node.param("axes")
    (x,) = node.inputs
    (source,) = origin.of.inputs
    name = made.observed.names.of.get(source)
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    where = _axis_words(axes, x.shape)
    subject = f"{name} is" if name else "the same value is"
    text = (
        f"{subject} used {count} times, once for each {where}: a change of it counts every time, "
        "so these derivatives are added"
    )
    letters = "ijklmn"[: x.ndim]
    expression = made.reached(x)
    if node is not statement.contribution or expression is None or x.ndim > 6 or len(made.show(expression)) > 30:
        return Reason(text)
    out = "".join(c for axis, c in enumerate(letters) if axis not in axes)
    formula = ast.Call(numpy_name("einsum"), [ast.Constant(f"{letters}->{out}"), expression], [])
    return Reason(text, _indexed(ast.Name(statement.targets[0], ast.Load()), out), formula)


def _axis_words(axes: tuple[int, ...], shape: tuple[int, ...]) -> str:
    if len(axes) == len(shape):
        return "entry"
    if len(shape) == 2:
        return "row" if axes == (0,) else "column"
    return f"place along axis {axes[0]}" if len(axes) == 1 else f"place along axes {', '.join(map(str, axes))}"
