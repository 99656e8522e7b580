"""The user's source as syntax: which expression or statement stands at a place. Floor 3.

An instruction knows its line and columns (PEP 657), and so does every node of the syntax tree: that joins the two.
Where there is no source (a console, `exec`), everything here answers None.
"""

import ast
import linecache
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType
from typing import TypeAlias

from glassgrad.base.source import Place

Span: TypeAlias = tuple[int, int, int, int]  # first line, last line, first column, last column (in bytes)
Evaluated: TypeAlias = ast.expr | ast.AugAssign

_OPERATIONS = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Subscript, ast.Attribute, ast.Compare, ast.AugAssign)


@dataclass(frozen=True, slots=True, eq=False)
class Syntax:
    """One file: its operations by where they stand, its statements by line."""

    lines: list[str]
    operations: dict[Span, Evaluated] = field(default_factory=dict)
    statements: dict[int, list[ast.stmt]] = field(default_factory=dict)
    lambdas: list[ast.Lambda] = field(default_factory=list)

    def source_of(self, node: ast.expr | ast.stmt) -> str:
        """A node's own text on one line: as written, or printed anew where it goes over several lines."""
        if node.lineno != node.end_lineno:
            return ast.unparse(node)
        return self.lines[node.lineno - 1].encode()[node.col_offset : node.end_col_offset].decode()


def syntax_of(filename: str) -> Syntax | None:
    """The file as syntax, or None where there is no source to read."""
    return _parse("".join(linecache.getlines(filename)))


@lru_cache(maxsize=64)
def _parse(text: str) -> Syntax | None:
    try:
        tree = ast.parse(text) if text else None
    except (SyntaxError, ValueError, RecursionError):
        return None
    if tree is None:
        return None
    lines = text.split("\n")
    syntax = Syntax(lines)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            _keep_spelling(node, lines)
        if isinstance(node, _OPERATIONS):
            _note_operation(syntax, node)
        if isinstance(node, ast.stmt):
            _note_statement(syntax, node)
        if isinstance(node, ast.Lambda):
            syntax.lambdas.append(node)
    return syntax


def _keep_spelling(node: ast.Constant, lines: list[str]) -> None:
    """A number keeps the person's spelling (`1e-5`, `0.10`) in `kind`, where Python's own differs."""
    if type(node.value) not in (int, float, complex) or node.lineno != node.end_lineno:
        return
    written = lines[node.lineno - 1].encode()[node.col_offset : node.end_col_offset].decode()
    if written != repr(node.value):
        node.kind = written


def _note_operation(syntax: Syntax, node: Evaluated) -> None:
    span = (node.lineno, node.end_lineno or node.lineno, node.col_offset, node.end_col_offset or 0)
    syntax.operations[span] = node
    name = node.func if isinstance(node, ast.Call) else node
    if isinstance(name, ast.Attribute) and name.end_lineno and name.end_lineno != name.value.lineno:
        # In a chain of method calls over several lines, the compiler counts from the method's name.
        start = (name.end_col_offset or 0) - len(name.attr)
        syntax.operations.setdefault((name.end_lineno, span[1], start, span[3]), node)


def _note_statement(syntax: Syntax, node: ast.stmt) -> None:
    body = getattr(node, "body", None)  # a compound statement ends, for us, where its body begins
    last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or node.lineno
    for line in range(node.lineno, max(node.lineno, last) + 1):
        syntax.statements.setdefault(line, []).append(node)


def operation_at(syntax: Syntax, place: Place) -> Evaluated | None:
    """The operation that this instruction carries out."""
    line, end, start, stop = _position(place)
    if line is None or end is None or start is None or stop is None:
        return None
    return syntax.operations.get((line, end, start, stop))


def statement_at(syntax: Syntax, line: int, name: str | None = None) -> ast.stmt | None:
    """The statement on this line (that binds `name`, where several share the line)."""
    found = syntax.statements.get(line, [])
    if name is not None and len(found) > 1:
        binding = [statement for statement in found if name in bound_names(statement)]
        found = binding or found
    return found[-1] if found else None


def bound_names(statement: ast.stmt) -> set[str]:
    """The names that a statement assigns."""
    return {part.id for part in ast.walk(statement) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def statement_text(place: Place) -> str:
    """The whole statement at a place, on one line; its bare line where it cannot be parsed; "" without source."""
    line, _, column, _ = _position(place)
    line = line or place.code.co_firstlineno
    syntax = syntax_of(place.code.co_filename)
    statement = None if syntax is None else statement_at(syntax, line)
    if syntax is not None and place.code.co_name == "<lambda>":
        around = [part for part in syntax.lambdas if _covers(part.body, line, column or 0)]
        if around:
            return syntax.source_of(around[-1].body)
    if syntax is None or statement is None:
        return linecache.getline(place.code.co_filename, line).strip()
    match statement:
        case ast.Assign() | ast.AugAssign() | ast.AnnAssign() | ast.Return() | ast.Expr():
            return syntax.source_of(statement)
        case _:
            return linecache.getline(place.code.co_filename, line).strip()


def line_of(place: Place) -> int:
    """The line of a place."""
    return _position(place)[0] or place.code.co_firstlineno


def _covers(node: ast.expr, line: int, column: int) -> bool:
    last, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return (node.lineno, node.col_offset) <= (line, column) < (last, end)


@lru_cache(maxsize=4096)
def _positions(code: CodeType, table: bytes) -> tuple[tuple[int | None, int | None, int | None, int | None], ...]:
    del table  # it tells apart code objects that are equal but stand at other columns
    return tuple(code.co_positions())


def _position(place: Place) -> tuple[int | None, int | None, int | None, int | None]:
    found = _positions(place.code, place.code.co_linetable)
    index = place.offset // 2
    return found[index] if 0 <= index < len(found) else (None, None, None, None)
