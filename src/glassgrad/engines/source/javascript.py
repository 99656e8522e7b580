"""The same lines as JavaScript: elementwise arithmetic, products and reductions over nested arrays. Floor 4.

An elementwise expression becomes one small function applied to each element, as NumPy broadcasts; on numbers alone it
stays plain arithmetic. What the subset lacks is an error that says so.
"""

import ast
import json
from collections.abc import Mapping, Sequence

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import UnsupportedError
from glassgrad.engines.source.javascript_expressions import (
    Translator,
    spelled_name,
    unsupported,
    value_text,
)
from glassgrad.engines.source.javascript_helpers import HELPERS, NEEDS
from glassgrad.engines.source.module import Head, origin_text
from glassgrad.engines.source.page import Compound, Line, Page, Statement, assigned


def javascript_text(head: Head, page: Page, result: ast.expr, numbers: Sequence[str]) -> str:
    """The whole module."""
    scalars = {name for node, name in page.names.items() if type(node.aval) is not tuple and node.shape == ()}
    translator = Translator({*numbers, *scalars})
    body: list[str] = [f"  const {name} = {json.dumps(array.tolist())};" for name, array in page.captured.items()]
    written = _times_written(page.statements)
    declared: set[str] = set()
    for line in page.statements:
        body.extend(_line(translator, line, "  ", written, declared))
    body.append(f"  return {value_text(translator, result)};")
    parts = [HELPERS[name] for name in _with_needs(translator.used)]
    document = "\n".join(f"// {line}" for line in head.document)
    function = f"{document}\nfunction {head.name}({head.parameters}) {{\n" + "\n".join(body) + "\n}"
    export = f'if (typeof module !== "undefined") module.exports = {{ {head.name} }};'
    return "\n\n".join([*parts, function, export]) + "\n"


def _with_needs(used: set[str]) -> list[str]:
    wanted = set(used)
    for name in used:
        wanted |= NEEDS.get(name, set())
    return [name for name in HELPERS if name in wanted]


def _times_written(lines: Sequence[Line], inside: int = 1) -> dict[str, int]:
    count: dict[str, int] = {}
    for line in lines:
        if isinstance(line, Compound):
            for name in assigned(line):
                count[name] = count.get(name, 0) + 2
        for name in assigned(line) if isinstance(line, Statement) else ():
            count[name] = count.get(name, 0) + inside
    return count


# ------------------------------------------------------------------ lines
def _line(translator: Translator, line: Line, indent: str, written: Mapping[str, int], declared: set[str]) -> list[str]:
    if isinstance(line, Compound):
        return _compound(translator, line, indent, written, declared)
    comment = _comment(line)
    if not line.operator:
        return [f"{indent}{_bare(translator, line.expression)};{comment}"]
    value = value_text(translator, line.expression)
    if len(line.targets) > 1:
        names = ", ".join(spelled_name(name) for name in line.targets)
        known = all(name in declared for name in line.targets)
        declared.update(line.targets)
        return [f"{indent}{'' if known else 'let '}[{names}] = {value};{comment}"]
    (target,) = line.targets
    if "[" in target:
        place = value_text(translator, ast.parse(target, mode="eval").body)
        if ".slice(" in place or ".at(" in place:
            raise UnsupportedError(f"writing into {target} cannot be written as JavaScript", hint='target="numpy" can')
        value = value if line.operator == "=" else _combined(translator, place, line.operator[0], value)
        return [f"{indent}{place} = {value};{comment}"]
    if line.operator != "=":
        target = spelled_name(target)
        if target in translator.numbers:
            return [f"{indent}{target} {line.operator} {value};{comment}"]
        return [f"{indent}{target} = {_combined(translator, target, line.operator[0], value)};{comment}"]
    word = "" if target in declared else "let " if written.get(target, 1) > 1 else "const "
    declared.add(target)
    return [f"{indent}{word}{spelled_name(target)} = {value};{comment}"]


def _combined(translator: Translator, left: str, sign: str, right: str) -> str:
    """`left += right`, element by element."""
    return f"{translator.helper('elementwise')}((a, b) => a {sign} b, {left}, {right})"


def _bare(translator: Translator, expression: ast.expr) -> str:
    match expression:
        case ast.Name("pass"):
            return ""
        case ast.Name("break"):
            return "break"
        case ast.Call(ast.Attribute(ast.Name(name), "append"), [value]):
            return f"{name}.push({value_text(translator, value)})"
    raise unsupported(expression)


def _comment(statement: Statement) -> str:
    node = statement.node
    shape = f"  // {show_shape(node.shape)}" if node is not None and type(node.aval) is not tuple and node.shape else ""
    source = origin_text(statement.place) if statement.backward else ""
    return f"{shape if statement.operator == '=' else ''}{f'  // from: {source}' if source else ''}"


def _compound(
    translator: Translator, line: Compound, indent: str, written: Mapping[str, int], declared: set[str]
) -> list[str]:
    lines: list[str] = []
    if line.header.startswith("if"):  # what both branches set is declared before them
        fresh = [name for name in sorted(assigned(line)) if name not in declared]
        lines.extend(f"{indent}let {name};" for name in fresh)
        declared.update(fresh)
    inner = set(declared)
    if line.header.startswith("for "):
        translator.numbers.add(line.header.split()[1])
    body = [text for inside in line.inside for text in _line(translator, inside, indent + "  ", written, inner)]
    return [*lines, indent + _header(translator, line.header), *body, f"{indent}}}"]


def _header(translator: Translator, header: str) -> str:
    if header == "else:":
        return "else {"
    tree = ast.parse(("if True: pass\n" if header.startswith("elif") else "") + header + " pass").body[0]
    match tree:
        case ast.For(ast.Name(name), ast.Call(ast.Name("range"), [stop])):
            return f"for (let {name} = 0; {name} < {value_text(translator, stop)}; {name}++) {{"
        case ast.For(ast.Name(name), ast.Call(ast.Name("reversed"), [ast.Call(ast.Name("range"), [stop])])):
            return f"for (let {name} = {value_text(translator, stop)} - 1; {name} >= 0; {name}--) {{"
        case ast.While(test):
            return f"while ({value_text(translator, test)}) {{"
        case ast.If(orelse=[ast.If(test)]):
            return f"else if ({value_text(translator, test)}) {{"
        case ast.If(test):
            return f"if ({value_text(translator, test)}) {{"
    raise UnsupportedError(f"{header!r} cannot be written as JavaScript")
