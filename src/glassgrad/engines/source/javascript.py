"""The same lines as JavaScript: elementwise arithmetic, products and reductions over nested arrays. Floor 4.

An elementwise expression becomes one small function applied to each element, as NumPy broadcasts; on numbers alone it
stays plain arithmetic. What the subset lacks is an error that says so.
"""

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import UnsupportedError
from glassgrad.engines.source.javascript_helpers import HELPERS, NEEDS
from glassgrad.engines.source.module import Head, origin_text
from glassgrad.engines.source.page import Compound, Line, Page, Statement, assigned
from glassgrad.tracing.written import text_of

_FUNCTIONS = {
    **{
        name: f"Math.{name}"
        for name in [
            "exp",
            "sin",
            "cos",
            "tan",
            "sinh",
            "cosh",
            "tanh",
            "sqrt",
            "cbrt",
            "floor",
            "ceil",
            "log",
            "log2",
            "log10",
            "log1p",
            "expm1",
            "sign",
            "trunc",
        ]
    },
    "arcsin": "Math.asin",
    "arccos": "Math.acos",
    "arctan": "Math.atan",
    "arcsinh": "Math.asinh",
    "arccosh": "Math.acosh",
    "arctanh": "Math.atanh",
    "abs": "Math.abs",
    "absolute": "Math.abs",
    "maximum": "Math.max",
    "minimum": "Math.min",
    "arctan2": "Math.atan2",
    "hypot": "Math.hypot",
    "fabs": "Math.abs",
}
_TEMPLATES = {
    "square": "({0}) ** 2",
    "reciprocal": "1 / ({0})",
    "negative": "-({0})",
    "add": "({0}) + ({1})",
    "subtract": "({0}) - ({1})",
    "multiply": "({0}) * ({1})",
    "divide": "({0}) / ({1})",
    "power": "({0}) ** ({1})",
    "where": "(({0}) ? ({1}) : ({2}))",
    "logical_and": "({0}) && ({1})",
    "logical_or": "({0}) || ({1})",
    "logical_not": "!({0})",
    "clip": "Math.min(Math.max({0}, {1}), {2})",
    "isfinite": "Number.isFinite({0})",
    "astype": "Number({0})",
    "float64": "Number({0})",
    "positive": "({0})",
}
_CONSTANTS = {"pi": "Math.PI", "e": "Math.E", "inf": "Infinity", "nan": "NaN"}
_OPERATORS: dict[type, tuple[str, int]] = {
    ast.Add: ("+", 1),
    ast.Sub: ("-", 1),
    ast.Mult: ("*", 2),
    ast.Div: ("/", 2),
    ast.Mod: ("%", 2),
    ast.Pow: ("**", 4),
}
_COMPARISONS: dict[type, str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "===",
    ast.NotEq: "!==",
}
_REDUCTIONS = {
    "sum": "sumOver",
    "mean": "meanOver",
    "max": "maxOver",
    "min": "minOver",
    "amax": "maxOver",
    "amin": "minOver",
    "prod": "prodOver",
}
_RESERVED = frozenset(
    [
        "var",
        "let",
        "const",
        "function",
        "new",
        "default",
        "delete",
        "in",
        "typeof",
        "void",
        "switch",
        "case",
        "this",
        "throw",
        "catch",
        "do",
        "enum",
        "export",
        "extends",
        "super",
        "instanceof",
        "static",
        "eval",
        "arguments",
        "package",
        "interface",
        "private",
        "protected",
        "public",
        "implements",
    ]
)
_ATOM, _UNARY = 5, 3


@dataclass(slots=True)
class _Text:
    """A piece of JavaScript, how tightly it binds, and whether it is known to be a number."""

    text: str
    level: int = _ATOM
    is_number: bool = False


@dataclass(slots=True)
class _Translator:
    """What is known while a page is translated: which names are numbers, which helper functions are needed."""

    numbers: set[str]
    used: set[str] = field(default_factory=set)

    def helper(self, name: str) -> str:
        """A helper function, to be written above."""
        self.used.add(name)
        return name


def spelled_name(name: str) -> str:
    """A name that JavaScript takes: `var` becomes `var_`."""
    return f"{name}_" if name in _RESERVED else name


def javascript_text(head: Head, page: Page, result: ast.expr, numbers: Sequence[str]) -> str:
    """The whole module."""
    scalars = {name for node, name in page.names.items() if type(node.aval) is not tuple and node.shape == ()}
    translator = _Translator({*numbers, *scalars})
    body: list[str] = [f"  const {name} = {json.dumps(array.tolist())};" for name, array in page.captured.items()]
    written = _times_written(page.statements)
    declared: set[str] = set()
    for line in page.statements:
        body.extend(_line(translator, line, "  ", written, declared))
    body.append(f"  return {_value(translator, result)};")
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
def _line(
    translator: _Translator, line: Line, indent: str, written: Mapping[str, int], declared: set[str]
) -> list[str]:
    if isinstance(line, Compound):
        return _compound(translator, line, indent, written, declared)
    comment = _comment(line)
    if not line.operator:
        return [f"{indent}{_bare(translator, line.expression)};{comment}"]
    value = _value(translator, line.expression)
    if len(line.targets) > 1:
        names = ", ".join(spelled_name(name) for name in line.targets)
        known = all(name in declared for name in line.targets)
        declared.update(line.targets)
        return [f"{indent}{'' if known else 'let '}[{names}] = {value};{comment}"]
    (target,) = line.targets
    if "[" in target:
        place = _value(translator, ast.parse(target, mode="eval").body)
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


def _combined(translator: _Translator, left: str, sign: str, right: str) -> str:
    """`left += right`, element by element."""
    return f"{translator.helper('elementwise')}((a, b) => a {sign} b, {left}, {right})"


def _bare(translator: _Translator, expression: ast.expr) -> str:
    match expression:
        case ast.Name("pass"):
            return ""
        case ast.Name("break"):
            return "break"
        case ast.Call(ast.Attribute(ast.Name(name), "append"), [value]):
            return f"{name}.push({_value(translator, value)})"
    raise _unsupported(expression)


def _comment(statement: Statement) -> str:
    node = statement.node
    shape = f"  // {show_shape(node.shape)}" if node is not None and type(node.aval) is not tuple and node.shape else ""
    source = origin_text(statement.place) if statement.backward else ""
    return f"{shape if statement.operator == '=' else ''}{f'  // from: {source}' if source else ''}"


def _compound(
    translator: _Translator, line: Compound, indent: str, written: Mapping[str, int], declared: set[str]
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


def _header(translator: _Translator, header: str) -> str:
    if header == "else:":
        return "else {"
    tree = ast.parse(("if True: pass\n" if header.startswith("elif") else "") + header + " pass").body[0]
    match tree:
        case ast.For(ast.Name(name), ast.Call(ast.Name("range"), [stop])):
            return f"for (let {name} = 0; {name} < {_value(translator, stop)}; {name}++) {{"
        case ast.For(ast.Name(name), ast.Call(ast.Name("reversed"), [ast.Call(ast.Name("range"), [stop])])):
            return f"for (let {name} = {_value(translator, stop)} - 1; {name} >= 0; {name}--) {{"
        case ast.While(test):
            return f"while ({_value(translator, test)}) {{"
        case ast.If(orelse=[ast.If(test)]):
            return f"else if ({_value(translator, test)}) {{"
        case ast.If(test):
            return f"if ({_value(translator, test)}) {{"
    raise UnsupportedError(f"{header!r} cannot be written as JavaScript")


# ------------------------------------------------------------------ expressions
def _unsupported(expression: ast.expr) -> UnsupportedError:
    return UnsupportedError(
        f"{text_of(expression)!r} cannot be written as JavaScript",
        hint='elementwise arithmetic, matrix products and reductions can; or target="numpy"',
    )


def _value(translator: _Translator, expression: ast.expr) -> str:
    return _translate(translator, expression).text


def _translate(translator: _Translator, expression: ast.expr) -> _Text:
    """Any expression; an elementwise one as one function over its operands."""
    if not _is_elementwise(expression):
        return _whole(translator, expression)
    operands: dict[str, _Text] = {}
    scalar = _elementwise(translator, expression, operands)
    if all(operand.is_number for operand in operands.values()):
        for name, operand in operands.items():
            if operand.text != name:
                scalar = _Text(_replaced(scalar.text, name, operand.text), scalar.level)
        return _Text(scalar.text, scalar.level, is_number=True)
    names = ", ".join(operands)
    values = ", ".join(operand.text for operand in operands.values())
    return _Text(f"{translator.helper('elementwise')}(({names}) => {scalar.text}, {values})")


def _replaced(text: str, name: str, value: str) -> str:
    return text.replace(name, f"({value})" if not value.replace("_", "a").replace(".", "").isalnum() else value)


def _is_elementwise(expression: ast.expr) -> bool:
    match expression:
        case ast.BinOp(op=op):
            return type(op) in _OPERATORS
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Invert()):
            return True
        case ast.Compare(ops=[op]):
            return type(op) in _COMPARISONS
        case ast.Call(ast.Attribute(ast.Name("np"), name)) | ast.Call(ast.Name(name)):
            return name in _FUNCTIONS or name in _TEMPLATES
        case ast.Call(ast.Attribute(_, "astype"), [_]):
            return True
    return False


def _elementwise(translator: _Translator, expression: ast.expr, operands: dict[str, _Text]) -> _Text:
    """The function of one element: its operands are collected by name."""

    def part(inner: ast.expr) -> _Text:
        return (
            _elementwise(translator, inner, operands)
            if _is_elementwise(inner)
            else (_operand(translator, inner, operands))
        )

    match expression:
        case ast.BinOp(left, op, right):
            sign, level = _OPERATORS[type(op)]
            one, two = part(left), part(right)
            if level == _OPERATORS[ast.Pow][1]:
                return _Text(f"{_in_brackets(one, _ATOM)} ** {_in_brackets(two, level)}", level)
            return _Text(f"{_in_brackets(one, level)} {sign} {_in_brackets(two, level + 1)}", level)
        case ast.UnaryOp(op, operand):
            sign = {ast.USub: "-", ast.UAdd: "+"}.get(type(op), "!")
            return _Text(f"{sign}{_in_brackets(part(operand), _ATOM)}", _UNARY)
        case ast.Compare(left, [op], [right]):
            return _Text(f"{_in_brackets(part(left), 1)} {_COMPARISONS[type(op)]} {_in_brackets(part(right), 1)}", 0)
        case ast.Call(ast.Attribute(value, "astype"), [_]):
            return _Text(f"Number({part(value).text})")
        case ast.Call(ast.Attribute(attr=name) | ast.Name(name), arguments):
            texts = [part(argument).text for argument in arguments]
            if name in _FUNCTIONS:
                return _Text(f"{_FUNCTIONS[name]}({', '.join(texts)})")
            return _Text(f"({_TEMPLATES[name].format(*texts)})")
    raise _unsupported(expression)


def _in_brackets(text: _Text, level: int) -> str:
    return text.text if text.level >= level else f"({text.text})"


def _operand(translator: _Translator, expression: ast.expr, operands: dict[str, _Text]) -> _Text:
    if isinstance(expression, ast.Constant):
        return _whole(translator, expression)
    found = _whole(translator, expression)
    if found.text in _CONSTANTS.values():
        return found
    name = (
        found.text
        if found.text.isidentifier()
        else next((known for known, operand in operands.items() if operand.text == found.text), f"p{len(operands) + 1}")
    )
    operands[name] = found
    return _Text(name)


def _whole(translator: _Translator, expression: ast.expr) -> _Text:
    """What is no elementwise arithmetic: names, products, reductions, shapes."""
    match expression:
        case ast.Constant(bool() as value):
            return _Text("true" if value else "false", is_number=True)
        case ast.Constant(int() | float()):
            return _Text(text_of(expression), is_number=True)
        case ast.Constant(None):
            return _Text("null")
        case ast.Constant(str() as value):
            return _Text(json.dumps(value))
        case ast.Name(name):
            return _Text(spelled_name(name), is_number=name in translator.numbers)
        case ast.Attribute(ast.Name("np"), name) if name in _CONSTANTS:
            return _Text(_CONSTANTS[name], is_number=True)
        case ast.Tuple(parts) | ast.List(parts):
            return _Text(f"[{', '.join(_value(translator, part) for part in parts)}]")
        case ast.Dict(keys, values):
            pairs = zip(keys, values, strict=True)
            return _Text(
                "{ " + ", ".join(f"{_value(translator, k)}: {_value(translator, v)}" for k, v in pairs if k) + " }"
            )
        case ast.BinOp(left, ast.MatMult(), right):
            return _Text(f"{translator.helper('matMul')}({_value(translator, left)}, {_value(translator, right)})")
        case ast.Attribute(value, "T"):
            return _Text(f"{translator.helper('transposeOf')}({_value(translator, value)})")
        case ast.Attribute(value, "size"):
            return _Text(
                f"{translator.helper('shapeOf')}({_value(translator, value)}).reduce((a, b) => a * b, 1)",
                is_number=True,
            )
        case ast.Attribute(value, "shape"):
            return _Text(f"{translator.helper('shapeOf')}({_value(translator, value)})")
        case ast.Attribute(value, name):
            return _Text(f"{_value(translator, value)}.{name}")
        case ast.Subscript(value, key):
            return _subscript(translator, value, key)
        case ast.Call():
            return _call(translator, expression)
    raise _unsupported(expression)


def _subscript(translator: _Translator, value: ast.expr, key: ast.expr) -> _Text:
    base = _value(translator, value)
    is_shape = isinstance(value, ast.Attribute) and value.attr == "shape"
    if isinstance(key, ast.Constant) and not isinstance(key.value, int):
        return _Text(f"{base}[{json.dumps(key.value)}]")
    if isinstance(key, ast.Tuple):
        if any(isinstance(part, ast.Constant) and part.value is None for part in key.elts) and all(
            _is_full(part) or (isinstance(part, ast.Constant) and part.value is None) for part in key.elts
        ):
            places = [index for index, part in enumerate(key.elts) if isinstance(part, ast.Constant)]
            return _Text(f"{translator.helper('withNewAxes')}({base}, {places})")
        if all(_is_number(translator, part) for part in key.elts):
            return _Text(base + "".join(f"[{_value(translator, part)}]" for part in key.elts))
        raise _unsupported(ast.Subscript(value, key, ast.Load()))
    if isinstance(key, ast.Slice) and key.step is None:
        ends = [
            _value(translator, part) if part is not None else default
            for part, default in ((key.lower, "0"), (key.upper, "undefined"))
        ]
        return _Text(f"{base}.slice({', '.join(ends)})")
    if isinstance(key, ast.UnaryOp) and isinstance(key.operand, ast.Constant):
        return _Text(f"{base}.at({_value(translator, key)})")
    if not _is_number(translator, key):
        raise _unsupported(ast.Subscript(value, key, ast.Load()))
    return _Text(f"{base}[{_value(translator, key)}]", is_number=is_shape)


def _is_number(translator: _Translator, key: ast.expr) -> bool:
    """Is this a whole number (not a slice, not an array of places)?"""
    match key:
        case ast.Constant(int()):
            return True
        case ast.Name(name):
            return name in translator.numbers
        case ast.BinOp(left, _, right):
            return _is_number(translator, left) and _is_number(translator, right)
    return False


def _is_full(part: ast.expr) -> bool:
    return isinstance(part, ast.Slice) and part.lower is part.upper is part.step is None


def _call(translator: _Translator, call: ast.Call) -> _Text:
    """Reductions and products, as functions of NumPy or as methods."""
    match call.func:
        case ast.Name("len"):
            return _Text(f"{_value(translator, call.args[0])}.length", is_number=True)
        case ast.Name("sum") | ast.Name("float") | ast.Name("int") if len(call.args) == 1:
            return _Text(f"{translator.helper('sumOver')}({_value(translator, call.args[0])})")
        case ast.Attribute(ast.Name("np"), name):
            arguments, is_method = call.args, False
        case ast.Attribute(value, name):
            arguments, is_method = [value, *call.args], True
        case _:
            raise _unsupported(call)
    if name in _REDUCTIONS:
        return _reduction(translator, call, _REDUCTIONS[name], arguments)
    shown = [_value(translator, argument) for argument in arguments]
    match name:
        case "dot" | "matmul":
            return _Text(f"{translator.helper('matMul')}({shown[0]}, {shown[1]})")
        case "outer":
            return _Text(f"{translator.helper('outerProduct')}({shown[0]}, {shown[1]})")
        case "transpose" if len(shown) == 1:
            return _Text(f"{translator.helper('transposeOf')}({shown[0]})")
        case "copy":
            return _Text(f"structuredClone({shown[0]})")
        case "zeros" | "ones" | "empty" | "full" | "broadcast_to" if not is_method:
            fill = {"ones": "1", "full": shown[-1], "broadcast_to": shown[0]}.get(name, "0")
            size = arguments[1] if name == "broadcast_to" else arguments[0]
            found = _translate(translator, size)
            shape = f"[{found.text}]" if found.is_number else found.text
            return _Text(f"{translator.helper('filledArray')}({shape}, {fill})")
        case "zeros_like" | "ones_like":
            filling = "0" if name == "zeros_like" else "1"
            return _Text(f"{translator.helper('elementwise')}(() => {filling}, {shown[0]})")
        case "eye":
            return _Text(f"{translator.helper('identityMatrix')}({shown[0]})")
    raise _unsupported(call)


def _reduction(translator: _Translator, call: ast.Call, name: str, arguments: Sequence[ast.expr]) -> _Text:
    words = {word.arg: word.value for word in call.keywords}
    axis = arguments[1] if len(arguments) > 1 else words.get("axis")
    keep = words.get("keepdims")
    if set(words) - {"axis", "keepdims"} or len(arguments) > 2:
        raise _unsupported(call)
    value = _value(translator, arguments[0])
    function = translator.helper(name)
    if axis is None or (isinstance(axis, ast.Constant) and axis.value is None):
        return _Text(f"{function}({value})", is_number=True)
    axes = _value(translator, axis)
    axes = axes if isinstance(axis, ast.Tuple) else f"[{axes}]"
    return _Text(f"{function}({value}, {axes}{f', {_value(translator, keep)}' if keep is not None else ''})")
