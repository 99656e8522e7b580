"""Statements as the lines of a derivation: forward in the person's words, backward as ∂L/∂z, calls folded. Floor 6."""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from glassgrad.engines.source.page import Compound, Line, Statement
from glassgrad.explain.entries import Entry, Equation, Fold, Reason, Remark
from glassgrad.explain.pages import Leaflet, forward_place, place_text, source_text
from glassgrad.explain.reasons import reasons_of, rule_of
from glassgrad.graph.node import Node
from glassgrad.tracing.observation import Call
from glassgrad.tracing.written import Fixed, fill

_DEEPEST = 4  # calls within calls that are folded one in the other; deeper ones lie flat
_PRODUCTS = 6  # transposes that are explained in words
_ROUNDS = 4  # times that one line is shown before further rounds are only counted


def forward_entries(made: Leaflet) -> tuple[Entry, ...]:
    """The forward lines in order."""
    statements = [statement for statement in made.page.statements if not statement.backward]
    paths = []
    path: list[Call] = []
    for statement in reversed(statements):  # a line that is not traced stands with the line that needs it
        path = made.calls_around(statement.node)[:_DEEPEST] if statement.node is not None else path
        paths.append(path)
    lines = [(statement, path) for statement, path in zip(statements, reversed(paths), strict=True)]
    return tuple(_nested(made, lines, 0, _forward_line, _forward_title))


def backward_entries(made: Leaflet) -> tuple[Entry, ...]:
    """The backward lines in order; those about values inside a call are folded into one."""
    statements = [statement for statement in made.page.statements if statement.backward]
    lines = []
    for statement in statements:
        subject = None if isinstance(statement, Compound) else _subject(made, statement)
        lines.append((statement, made.calls_around(subject)[:_DEEPEST]))

    return tuple(_once(_nested(made, lines, 0, _backward_line, _backward_title), _Said()))


def _subject(made: Leaflet, statement: Statement) -> Node | None:
    """The forward value that a backward line is about."""
    if statement.target is not None:
        depth = made.observed.names.depth.get(statement.target, 0)
        return statement.target if depth > 0 else None
    return statement.origin


# ------------------------------------------------------------------ folding
Lines = Sequence[tuple[Line, list[Call]]]


def _nested(
    made: Leaflet,
    lines: Lines,
    level: int,
    line: Callable[[Leaflet, Statement], Equation],
    title: Callable[[Leaflet, Call, Sequence[Entry]], Equation],
) -> list[Entry]:
    """Lines in order, those of one call together in a fold."""
    entries: list[Entry] = []
    start = 0
    while start < len(lines):
        statement, path = lines[start]
        if len(path) <= level:
            entries.append(_entry(made, statement, line))
            start += 1
            continue
        call = path[level]
        stop = start
        while stop < len(lines) and len(lines[stop][1]) > level and lines[stop][1][level] is call:
            stop += 1
        inside = _nested(made, lines[start:stop], level + 1, line, title)
        entries.append(Fold(title(made, call, inside), tuple(inside), call.block.function))
        start = stop
    return _counted(entries)


def _entry(made: Leaflet, line: Line, show: Callable[[Leaflet, Statement], Equation]) -> Entry:
    """A line, or the lines of a loop or branch under its header."""
    if isinstance(line, Statement):
        return show(made, line)
    inside = tuple(_entry(made, inner, show) for inner in line.inside)
    return Fold(Equation(ast.Name(line.header, ast.Load()), ()), inside, "loop")


def _counted(entries: list[Entry]) -> list[Entry]:
    """Rounds of a loop after the first few are counted, not shown; the last one is shown."""
    total: dict[str, int] = {}
    for entry in entries:
        key = _key(entry)
        total[key] = total.get(key, 0) + 1
    if len(entries) < 40 or max(total.values(), default=0) <= _ROUNDS:
        return entries
    seen: dict[str, int] = {}
    result: list[Entry] = []
    hidden = 0
    for entry in entries:
        key = _key(entry)
        seen[key] = seen.get(key, 0) + 1
        if key and total[key] > _ROUNDS and 2 < seen[key] < total[key]:
            hidden += 1
            continue
        if hidden:
            result.append(Remark(f"… {hidden} more lines of the same rounds"))
            hidden = 0
        result.append(entry)
    return result


def _key(entry: Entry) -> str:
    match entry:
        case Equation():
            return f"{entry.place} {entry.source} {entry.rule}"
        case Fold():
            return f"{entry.function} {entry.title.place}"
        case Remark():
            return entry.text


@dataclass(slots=True)
class _Said:
    """Which reasons were given before."""

    texts: set[str] = field(default_factory=set)
    products: int = 0


def _once(entries: Sequence[Entry], said: _Said) -> Iterator[Entry]:
    """Each reason where it comes first; of the many that say where a transpose comes from, the first few."""
    for entry in entries:
        match entry:
            case Equation():
                yield replace(entry, reasons=tuple(_fresh(entry.reasons, said)))
            case Fold():
                yield replace(entry, inside=tuple(_once(entry.inside, said)))
            case Remark():
                yield entry


def _fresh(reasons: Sequence[Reason], said: _Said) -> Iterator[Reason]:
    for reason in reasons:
        if reason.formula is not None:
            said.products += 1
            yield reason if said.products <= _PRODUCTS else replace(reason, text="")
        elif reason.text not in said.texts:
            said.texts.add(reason.text)
            yield reason


# ------------------------------------------------------------------ forward
def _forward_line(made: Leaflet, statement: Statement) -> Equation:
    if statement.node is None:
        return Equation(_target(statement), (statement.expression,), statement.operator)
    place = forward_place(made, statement)
    return Equation(
        _target(statement),
        (statement.expression,),
        statement.operator,
        made.value_of(statement.node),
        place=place_text(place),
        source=source_text(place),
    )


def _target(statement: Statement) -> ast.expr:
    names = [ast.parse(name, mode="eval").body for name in statement.targets]
    if not names:
        return ast.Name("", ast.Load())
    return names[0] if len(names) == 1 else ast.Tuple(names, ast.Load())


def _forward_title(made: Leaflet, call: Call, inside: Sequence[Entry]) -> Equation:
    """`a1 = sigmoid(z1)`."""
    names = [made.page.names[node] for node in call.results if node in made.page.names]
    left: ast.expr = ast.Name(names[0], ast.Load()) if names else ast.Name("result", ast.Load())
    if len(names) > 1:
        left = ast.Tuple([ast.Name(name, ast.Load()) for name in names], ast.Load())
    node = call.results[0] if call.results else None
    if not names and inside and isinstance(inside[-1], Equation):
        left = inside[-1].left
    return Equation(
        left,
        (_call_expression(made, call),),
        value=made.value_of(node),
        place=place_text(call.block.caller),
        source=source_text(call.block.caller),
    )


def _call_expression(made: Leaflet, call: Call) -> ast.expr:
    """The call as written, with the values' names; only its name where its arguments cannot be shown."""
    bare = ast.Call(ast.Name(call.block.function, ast.Load()), [ast.Name("…", ast.Load())], [])
    if call.written is None:
        arguments = [made.page.expressions.get(node) or _leaf(made, node) for node in call.arguments.values()]
        shown = [argument for argument in arguments if argument is not None]
        return ast.Call(bare.func, shown, []) if shown and len(shown) == len(arguments) else bare
    parts = []
    for operand in call.written.operands:
        if isinstance(operand, Fixed):
            part: ast.expr | None = ast.Name(operand.name, ast.Load()) if operand.name else ast.Constant(operand.value)
        else:
            part = made.page.expressions.get(operand) or _leaf(made, operand)
        if part is None:
            return bare
        parts.append(part)
    return fill(call.written.expression, parts.__getitem__)


def _leaf(made: Leaflet, node: object) -> ast.expr | None:
    leaf = made.observed.leaves.get(node)  # type: ignore[call-overload]  # a node, or nothing known
    if leaf is not None:
        return ast.Name(made.observed.names.of.get(leaf.node, leaf.name), ast.Load())
    name = made.observed.names.of.get(node)  # type: ignore[call-overload]  # as above
    return None if name is None else ast.Name(name, ast.Load())


# ------------------------------------------------------------------ backward
def _backward_line(made: Leaflet, statement: Statement) -> Equation:
    value = made.value_of(statement.node)
    return Equation(
        _target(statement),
        (statement.expression,),
        statement.operator or "=",
        value,
        rule_of(made, statement),
        reasons_of(made, statement),
        place_text(statement.place),
        source_text(statement.place),
    )


def _backward_title(made: Leaflet, call: Call, inside: Sequence[Entry]) -> Equation:
    """Back through a call: the last line inside says what comes out of it."""
    title = _forward_title(made, call, inside)
    return Equation(
        ast.Name("back through", ast.Load()),
        (title.forms[0],),
        place=title.place,
        source=title.source,
        rule=f"chain rule through {call.block.function}",
    )
