"""One expression in JavaScript: elementwise arithmetic, products, reductions, shapes. Floor 4."""

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from glassgrad.base.errors import UnsupportedError
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
    "var": "varianceOver",
    "std": "deviationOver",
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
class Piece:
    """A piece of JavaScript, how tightly it binds, and whether it is known to be a number."""

    text: str
    level: int = _ATOM
    is_number: bool = False


@dataclass(slots=True)
class Translator:
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


def unsupported(expression: ast.expr) -> UnsupportedError:
    """The error for what is not in the subset."""
    return UnsupportedError(
        f"{text_of(expression)!r} cannot be written as JavaScript",
        hint='elementwise arithmetic, matrix products and reductions can; or target="numpy"',
    )


def value_text(translator: Translator, expression: ast.expr) -> str:
    """The text of an expression."""
    return translated(translator, expression).text


def translated(translator: Translator, expression: ast.expr) -> Piece:
    """Any expression; an elementwise one as one function over its operands."""
    if not _is_elementwise(expression):
        return _whole(translator, expression)
    operands: dict[str, Piece] = {}
    scalar = _elementwise(translator, expression, operands)
    if all(operand.is_number for operand in operands.values()):
        for name, operand in operands.items():
            if operand.text != name:
                scalar = Piece(_replaced(scalar.text, name, operand.text), scalar.level)
        return Piece(scalar.text, scalar.level, is_number=True)
    names = ", ".join(operands)
    values = ", ".join(operand.text for operand in operands.values())
    return Piece(f"{translator.helper('elementwise')}(({names}) => {scalar.text}, {values})")


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


def _elementwise(translator: Translator, expression: ast.expr, operands: dict[str, Piece]) -> Piece:
    """The function of one element: its operands are collected by name."""

    def part(inner: ast.expr) -> Piece:
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
                return Piece(f"{_in_brackets(one, _ATOM)} ** {_in_brackets(two, level)}", level)
            return Piece(f"{_in_brackets(one, level)} {sign} {_in_brackets(two, level + 1)}", level)
        case ast.UnaryOp(op, operand):
            sign = {ast.USub: "-", ast.UAdd: "+"}.get(type(op), "!")
            return Piece(f"{sign}{_in_brackets(part(operand), _ATOM)}", _UNARY)
        case ast.Compare(left, [op], [right]):
            return Piece(f"{_in_brackets(part(left), 1)} {_COMPARISONS[type(op)]} {_in_brackets(part(right), 1)}", 0)
        case ast.Call(ast.Attribute(value, "astype"), [_]):
            return Piece(f"Number({part(value).text})")
        case ast.Call(ast.Attribute(attr=name) | ast.Name(name), arguments):
            texts = [part(argument).text for argument in arguments]
            if name in _FUNCTIONS:
                return Piece(f"{_FUNCTIONS[name]}({', '.join(texts)})")
            return Piece(f"({_TEMPLATES[name].format(*texts)})")
    raise unsupported(expression)


def _in_brackets(text: Piece, level: int) -> str:
    return text.text if text.level >= level else f"({text.text})"


def _operand(translator: Translator, expression: ast.expr, operands: dict[str, Piece]) -> Piece:
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
    return Piece(name)


def _whole(translator: Translator, expression: ast.expr) -> Piece:
    """What is no elementwise arithmetic: names, products, reductions, shapes."""
    match expression:
        case ast.Constant(bool() as value):
            return Piece("true" if value else "false", is_number=True)
        case ast.Constant(int() | float()):
            return Piece(text_of(expression), is_number=True)
        case ast.Constant(None):
            return Piece("null")
        case ast.Constant(str() as value):
            return Piece(json.dumps(value))
        case ast.Name(name):
            return Piece(spelled_name(name), is_number=name in translator.numbers)
        case ast.Attribute(ast.Name("np"), name) if name in _CONSTANTS:
            return Piece(_CONSTANTS[name], is_number=True)
        case ast.Tuple(parts) | ast.List(parts):
            return Piece(f"[{', '.join(value_text(translator, part) for part in parts)}]")
        case ast.Dict(keys, values):
            pairs = zip(keys, values, strict=True)
            return Piece(
                "{ "
                + ", ".join(f"{value_text(translator, k)}: {value_text(translator, v)}" for k, v in pairs if k)
                + " }"
            )
        case ast.BinOp(left, ast.MatMult(), right):
            return Piece(
                f"{translator.helper('matMul')}({value_text(translator, left)}, {value_text(translator, right)})"
            )
        case ast.Attribute(value, "T"):
            return Piece(f"{translator.helper('transposeOf')}({value_text(translator, value)})")
        case ast.Attribute(value, "size"):
            return Piece(
                f"{translator.helper('shapeOf')}({value_text(translator, value)}).reduce((a, b) => a * b, 1)",
                is_number=True,
            )
        case ast.Attribute(value, "shape"):
            return Piece(f"{translator.helper('shapeOf')}({value_text(translator, value)})")
        case ast.Attribute(value, name):
            return Piece(f"{value_text(translator, value)}.{name}")
        case ast.Subscript(value, key):
            return _subscript(translator, value, key)
        case ast.Call():
            return _call(translator, expression)
    raise unsupported(expression)


def _subscript(translator: Translator, value: ast.expr, key: ast.expr) -> Piece:
    base = value_text(translator, value)
    is_shape = isinstance(value, ast.Attribute) and value.attr == "shape"
    if isinstance(key, ast.Constant) and not isinstance(key.value, int):
        return Piece(f"{base}[{json.dumps(key.value)}]")
    if isinstance(key, ast.Tuple):
        if any(isinstance(part, ast.Constant) and part.value is None for part in key.elts) and all(
            _is_full(part) or (isinstance(part, ast.Constant) and part.value is None) for part in key.elts
        ):
            places = [index for index, part in enumerate(key.elts) if isinstance(part, ast.Constant)]
            return Piece(f"{translator.helper('withNewAxes')}({base}, {places})")
        if all(_is_number(translator, part) for part in key.elts):
            return Piece(base + "".join(f"[{value_text(translator, part)}]" for part in key.elts))
        raise unsupported(ast.Subscript(value, key, ast.Load()))
    if isinstance(key, ast.Slice) and key.step is None:
        ends = [
            value_text(translator, part) if part is not None else default
            for part, default in ((key.lower, "0"), (key.upper, "undefined"))
        ]
        return Piece(f"{base}.slice({', '.join(ends)})")
    if isinstance(key, ast.UnaryOp) and isinstance(key.operand, ast.Constant):
        return Piece(f"{base}.at({value_text(translator, key)})")
    if not _is_number(translator, key):
        raise unsupported(ast.Subscript(value, key, ast.Load()))
    return Piece(f"{base}[{value_text(translator, key)}]", is_number=is_shape)


def _is_number(translator: Translator, key: ast.expr) -> bool:
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


def _call(translator: Translator, call: ast.Call) -> Piece:
    """Reductions and products, as functions of NumPy or as methods."""
    match call.func:
        case ast.Name("len"):
            return Piece(f"{value_text(translator, call.args[0])}.length", is_number=True)
        case ast.Name("sum") | ast.Name("float") | ast.Name("int") if len(call.args) == 1:
            return Piece(f"{translator.helper('sumOver')}({value_text(translator, call.args[0])})")
        case ast.Attribute(ast.Name("np"), name):
            arguments, is_method = call.args, False
        case ast.Attribute(value, name):
            arguments, is_method = [value, *call.args], True
        case _:
            raise unsupported(call)
    if name in _REDUCTIONS:
        return _reduction(translator, call, _REDUCTIONS[name], arguments)
    shown = [value_text(translator, argument) for argument in arguments]
    match name:
        case "dot" | "matmul":
            return Piece(f"{translator.helper('matMul')}({shown[0]}, {shown[1]})")
        case "outer":
            return Piece(f"{translator.helper('outerProduct')}({shown[0]}, {shown[1]})")
        case "transpose" if len(shown) == 1:
            return Piece(f"{translator.helper('transposeOf')}({shown[0]})")
        case "copy":
            return Piece(f"structuredClone({shown[0]})")
        case "zeros" | "ones" | "empty" | "full" | "broadcast_to" if not is_method:
            fill = {"ones": "1", "full": shown[-1], "broadcast_to": shown[0]}.get(name, "0")
            size = arguments[1] if name == "broadcast_to" else arguments[0]
            found = translated(translator, size)
            shape = f"[{found.text}]" if found.is_number else found.text
            return Piece(f"{translator.helper('filledArray')}({shape}, {fill})")
        case "zeros_like" | "ones_like":
            filling = "0" if name == "zeros_like" else "1"
            return Piece(f"{translator.helper('elementwise')}(() => {filling}, {shown[0]})")
        case "eye":
            return Piece(f"{translator.helper('identityMatrix')}({shown[0]})")
    raise unsupported(call)


def _reduction(translator: Translator, call: ast.Call, name: str, arguments: Sequence[ast.expr]) -> Piece:
    words = {word.arg: word.value for word in call.keywords}
    axis = arguments[1] if len(arguments) > 1 else words.get("axis")
    keep = words.get("keepdims")
    if set(words) - {"axis", "keepdims"} or len(arguments) > 2:
        raise unsupported(call)
    value = value_text(translator, arguments[0])
    function = translator.helper(name)
    if axis is None or (isinstance(axis, ast.Constant) and axis.value is None):
        return Piece(f"{function}({value})", is_number=True)
    axes = value_text(translator, axis)
    axes = axes if isinstance(axis, ast.Tuple) else f"[{axes}]"
    return Piece(f"{function}({value}, {axes}{f', {value_text(translator, keep)}' if keep is not None else ''})")
