"""Reading one operation of the user's as an expression with holes, while its frame is alive. Floor 3.

`np.mean((y - t) ** 2)` becomes `np.mean(hole)`: the inner expression was read before it. What is not traced is kept
as written where its value can be told without running anything of the user's; else the operation is not read, and the
graph's own rows are printed instead.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FrameType, MemberDescriptorType, ModuleType
from typing import Any, TypeAlias

import numpy as np

from glassgrad.graph.node import Node
from glassgrad.ops.lifting import lift
from glassgrad.tracing.library import library_name
from glassgrad.tracing.plain import has_code_of_its_own, is_large, is_tuple
from glassgrad.tracing.syntax import Evaluated
from glassgrad.tracing.tracer import Tracer
from glassgrad.tracing.written import Fixed, Operand, Written, hole, numpy_name, spelled

Value: TypeAlias = Node | Fixed | tuple[Node | None, ...]  # of one expression: a tuple for a call that gives several

_NOTHING = object()
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_BUILTINS = (len, int, float, abs, bool, round, tuple, list, range, complex, slice)
_MAKERS = (np.arange, np.zeros, np.ones, np.eye, np.array, np.full, np.identity, np.prod, np.linspace, np.asarray)


class Unreadable(Exception):  # noqa: N818 - it is caught in this file
    """The expression holds something whose value cannot be told without running it."""


@dataclass(slots=True)
class Reader:
    """Reads expressions in one frame. `values` holds the operations that were run before in this frame, `fixed` the
    local variables that are not traced.
    """

    frame: FrameType
    values: Mapping[ast.AST, Value]
    fixed: Mapping[str, Fixed]
    names: dict[Node, str]  # takes the names under which captured arrays are met
    operands: list[Operand] = field(default_factory=list)

    def fixed_variable(self, name: str) -> Fixed | None:
        """A local variable that is not traced, if it still holds what was last seen in it."""
        known = self.fixed.get(name)
        return known if known is not None and self.frame.f_locals.get(name) is known.value else None

    def put(self, operand: Operand) -> ast.expr:
        """A hole for this operand."""
        if isinstance(operand, Fixed) and not _has_spelling(operand):
            raise Unreadable
        for index, known in enumerate(self.operands):
            if known is operand:
                return hole(index)
        self.operands.append(operand)
        return hole(len(self.operands) - 1)


def read_operation(reader: Reader, expression: Evaluated) -> Written | None:
    """The operation as written; None where it cannot be read."""
    try:
        return Written(_operation(reader, expression), tuple(reader.operands))
    except Unreadable:
        return None


def read_call(reader: Reader, expression: Evaluated) -> Written | None:
    """A call of a function of the user's, under the name it has there: `sigmoid(hole)`."""
    if not isinstance(expression, ast.Call):
        return None
    try:
        arguments = [_operand(reader, argument) for argument in expression.args]
        keywords = [ast.keyword(word.arg, _operand(reader, word.value)) for word in expression.keywords]
    except Unreadable:
        return None
    name = ast.Name(_last_name(expression.func), ast.Load())
    return Written(ast.Call(name, arguments, keywords), tuple(reader.operands))


def read_fixed(reader: Reader, expression: ast.expr) -> Fixed | None:
    """What an expression that is not traced is worth, and how it is written; None where that cannot be told."""
    try:
        return _fixed(reader, expression)
    except Unreadable:
        return None


def _last_name(function: ast.expr) -> str:
    match function:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
    return "function"


# ------------------------------------------------------------------ the operation itself
def _operation(reader: Reader, expression: Evaluated) -> ast.expr:
    match expression:
        case ast.AugAssign(target, op, value):
            read = ast.copy_location(_as_load(target), target)
            return ast.BinOp(_operand(reader, read), op, _operand(reader, value))
        case ast.BinOp(left, op, right):
            return ast.BinOp(_operand(reader, left), op, _operand(reader, right))
        case ast.UnaryOp(op, operand):
            return ast.UnaryOp(op, _operand(reader, operand))
        case ast.Compare(left, [op], [right]):
            return ast.Compare(_operand(reader, left), [op], [_operand(reader, right)])
        case ast.Subscript(value, key):
            return ast.Subscript(_operand(reader, value), _operand(reader, key), ast.Load())
        case ast.Attribute(value, attribute):
            return ast.Attribute(_operand(reader, value), attribute, ast.Load())
        case ast.Call(function, arguments, keywords):
            called = _function(reader, function)
            parts = [part for argument in arguments for part in _argument(reader, argument)]
            if any(word.arg is None for word in keywords):
                raise Unreadable
            return ast.Call(called, parts, [ast.keyword(word.arg, _operand(reader, word.value)) for word in keywords])
    raise Unreadable


def _as_load(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(name):
            return ast.Name(name, ast.Load())
        case ast.Subscript(value, key):
            return ast.Subscript(value, key, ast.Load())
        case ast.Attribute(value, name):
            return ast.Attribute(value, name, ast.Load())
    raise Unreadable


def _function(reader: Reader, function: ast.expr) -> ast.expr:
    """A NumPy or SciPy function under its full name, or a method of an array."""
    found = _resolve(reader, function)
    name = None if found is _NOTHING else library_name(found)
    if name is not None:
        return name
    if isinstance(function, ast.Attribute) and found is _NOTHING:
        return ast.Attribute(_traced(reader, function.value), function.attr, ast.Load())
    if any(found is known for known in (abs, sum, len)):
        return ast.Name(found.__name__, ast.Load())
    raise Unreadable


def _traced(reader: Reader, expression: ast.expr) -> ast.expr:
    """The operand, refused where it is no traced value: its methods may do anything."""
    before = len(reader.operands)
    part = _operand(reader, expression)
    new = reader.operands[before:]
    if isinstance(part, ast.Name) and not any(isinstance(operand, Fixed) for operand in new):
        return part
    raise Unreadable


# ------------------------------------------------------------------ operands
def _argument(reader: Reader, argument: ast.expr) -> list[ast.expr]:
    if not isinstance(argument, ast.Starred):
        return [_operand(reader, argument)]
    found = _resolve(reader, argument.value)
    if not isinstance(found, list | tuple) or len(found) > 100:
        raise Unreadable
    return [_of_value(reader, part) for part in found]


def _operand(reader: Reader, expression: ast.expr) -> ast.expr:
    known = reader.values.get(expression)
    if isinstance(known, tuple):
        raise Unreadable
    if known is not None:
        return reader.put(known)
    match expression:
        case ast.Constant():
            return expression
        case ast.Name() | ast.Attribute() | ast.Subscript():
            return _looked_up(reader, expression)
        case ast.Tuple(parts) | ast.List(parts) if any(isinstance(part, ast.Starred) for part in parts):
            raise Unreadable
        case ast.Tuple(parts):
            return ast.Tuple([_operand(reader, part) for part in parts], ast.Load())
        case ast.List(parts):
            return ast.List([_operand(reader, part) for part in parts], ast.Load())
        case ast.Slice(lower, upper, step):
            return ast.Slice(*[None if part is None else _operand(reader, part) for part in (lower, upper, step)])
        case ast.NamedExpr(value=value):
            return _operand(reader, value)
        case ast.UnaryOp(ast.USub(), ast.Constant()):
            return expression
    return reader.put(_fixed(reader, expression))


def _looked_up(reader: Reader, expression: ast.expr) -> ast.expr:
    """A variable, an entry of a container or an attribute, by what it holds now."""
    known = reader.fixed_variable(expression.id) if isinstance(expression, ast.Name) else None
    if known is not None:
        return reader.put(known)
    found = _resolve(reader, expression)
    if found is _NOTHING:
        return reader.put(_fixed(reader, expression))
    return _of_value(reader, found, _last_name(expression))


def _of_value(reader: Reader, found: Any, name: str | None = None) -> ast.expr:
    match found:
        case Tracer():
            return reader.put(found.node)
        case np.ndarray() if found.ndim:
            return reader.put(_array(reader, found, name))
        case list() | tuple() if any(isinstance(part, Tracer | np.ndarray) for part in found):
            return ast.List([_of_value(reader, part) for part in found], ast.Load())
    if found is np.newaxis:
        return ast.Constant(None)
    shown = spelled(found)
    if shown is None:
        raise Unreadable
    return reader.put(Fixed(found, None, name)) if isinstance(found, int | float | complex | np.generic) else shown


def _array(reader: Reader, found: np.ndarray, name: str | None) -> Node:
    node = lift(found)
    if name is not None:
        reader.names.setdefault(node, name)
    return node


def _resolve(reader: Reader, expression: ast.expr) -> Any:
    """What a name, an entry or an attribute holds, looked up without running any code of the user's."""
    match expression:
        case ast.Name(name):
            for scope in (reader.frame.f_locals, reader.frame.f_globals, reader.frame.f_builtins):
                if name in scope:
                    return scope[name]
        case ast.Attribute(value, name):
            return _attribute(_resolve(reader, value), name)
        case ast.Subscript(value, key):
            return _entry(_resolve(reader, value), key, reader)
    return _NOTHING


def _attribute(base: Any, name: str) -> Any:
    if isinstance(base, ModuleType):
        return getattr(base, name, _NOTHING)
    if base is _NOTHING or isinstance(base, Tracer | np.ndarray):
        return _NOTHING
    own = _own_attributes(base)
    if name in own:
        return own[name]
    of_class = getattr(type(base), name, _NOTHING)
    if isinstance(of_class, MemberDescriptorType) or (isinstance(base, tuple) and name in getattr(base, "_fields", ())):
        return getattr(base, name, _NOTHING)
    if isinstance(of_class, int | float | complex | np.ndarray):
        return of_class
    return _NOTHING


def _own_attributes(base: Any) -> dict[str, Any]:
    """What the object itself holds; an object that answers to any name is not asked."""
    try:
        own = object.__getattribute__(base, "__dict__")
    except AttributeError:
        return {}
    return own if isinstance(own, dict) else dict(own)


def _entry(base: Any, key: ast.expr, reader: Reader) -> Any:
    if type(base) not in (dict, list) and not is_tuple(base):
        return _NOTHING
    try:
        return base[_fixed(reader, key).value]
    except (Unreadable, LookupError, TypeError):
        return _NOTHING


# ------------------------------------------------------------------ what is not traced
def _fixed(reader: Reader, expression: ast.expr) -> Fixed:
    known = reader.values.get(expression)
    if known is not None:
        if isinstance(known, Fixed):
            return known
        raise Unreadable
    match expression:
        case ast.Constant(value):
            return Fixed(value, Written(expression))
        case ast.Name(name) if (variable := reader.fixed_variable(name)) is not None:
            return variable
        case ast.Name() | ast.Attribute():
            return _fixed_value(reader, expression)
        case ast.UnaryOp(ast.USub(), operand):
            inner = _fixed(reader, operand)
            return _combined(lambda x: -x, [inner], lambda x: ast.UnaryOp(ast.USub(), x))
        case ast.BinOp(left, ast.Pow() as op, right):
            return _power(_fixed(reader, left), _fixed(reader, right), op)
        case ast.BinOp(left, op, right) if type(op) in _ARITHMETIC:
            parts = [_fixed(reader, left), _fixed(reader, right)]
            return _combined(_ARITHMETIC[type(op)], parts, lambda x, y: ast.BinOp(x, op, y))
        case ast.Subscript(value, key):
            return _fixed_entry(reader, expression, value, key)
        case ast.Tuple(elements):
            parts = [_fixed(reader, element) for element in elements]
            return _combined(lambda *xs: xs, parts, lambda *xs: ast.Tuple(list(xs), ast.Load()))
        case ast.List(elements):
            parts = [_fixed(reader, element) for element in elements]
            return _combined(lambda *xs: list(xs), parts, lambda *xs: ast.List(list(xs), ast.Load()))
        case ast.Call(function, arguments, keywords):
            return _fixed_call(reader, function, arguments, keywords)
    raise Unreadable


def _fixed_value(reader: Reader, expression: ast.expr) -> Fixed:
    found = _resolve(reader, expression)
    if found is _NOTHING or isinstance(found, Tracer):
        raise Unreadable
    if isinstance(found, np.ndarray):
        if not found.ndim:
            return Fixed(found[()], None)
        return Fixed(found, Written(hole(0), (_array(reader, found, _last_name(expression)),)))
    if found is np.pi:
        return Fixed(found, Written(numpy_name("pi")))
    return Fixed(found, None, _last_name(expression))


def _fixed_entry(reader: Reader, expression: ast.expr, value: ast.expr, key: ast.expr) -> Fixed:
    found = _resolve(reader, expression)
    if found is not _NOTHING and spelled(found) is not None:
        return Fixed(found, None)
    parts = [_fixed(reader, value), _fixed(reader, key)]
    if not isinstance(parts[0].value, tuple | list) or not isinstance(parts[1].value, int):
        raise Unreadable
    return _combined(operator.getitem, parts, lambda x, i: ast.Subscript(x, i, ast.Load()))


def _fixed_call(reader: Reader, function: ast.expr, arguments: list[ast.expr], keywords: list[ast.keyword]) -> Fixed:
    found = _resolve(reader, function)
    name = library_name(found)
    if any(found is known for known in _BUILTINS):
        name = ast.Name(found.__name__, ast.Load())
    elif name is None or not (isinstance(found, np.ufunc) or any(found is known for known in _MAKERS)):
        raise Unreadable
    parts = [_fixed(reader, argument) for argument in arguments]
    words = [(word.arg, _fixed(reader, word.value)) for word in keywords]
    if any(is_large(part.value) or has_code_of_its_own(part.value) for part in parts):
        raise Unreadable

    def value(*xs: Any) -> Any:
        split = len(xs) - len(words)
        return found(*xs[:split], **{str(word): x for (word, _), x in zip(words, xs[split:], strict=True)})

    def shape(*xs: ast.expr) -> ast.expr:
        split = len(xs) - len(words)
        return ast.Call(
            name, list(xs[:split]), [ast.keyword(word, x) for (word, _), x in zip(words, xs[split:], strict=True)]
        )

    return _combined(value, [*parts, *[part for _, part in words]], shape)


def _power(base: Fixed, exponent: Fixed, op: ast.operator) -> Fixed:
    if not isinstance(exponent.value, int | float) or abs(exponent.value) > 1000:
        raise Unreadable
    return _combined(operator.pow, [base, exponent], lambda x, y: ast.BinOp(x, op, y))


def _combined(compute: Callable[..., Any], parts: list[Fixed], shape: Callable[..., ast.expr]) -> Fixed:
    """A value made of others, and how that is written."""
    try:
        value = compute(*[part.value for part in parts])
    except Exception as error:  # the same error that the user's own line would give, had it been run
        raise Unreadable from error
    if isinstance(value, Tracer):
        raise Unreadable
    if not all(_has_spelling(part) for part in parts):  # the length of a list of objects: a number all the same
        return Fixed(value, None)
    return Fixed(value, Written(shape(*[hole(index) for index in range(len(parts))]), tuple(parts)))


def _has_spelling(fixed: Fixed) -> bool:
    """Can it be written down? What was combined was asked before."""
    return fixed.parameter or fixed.written is not None or spelled(fixed.value) is not None
