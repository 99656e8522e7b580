"""Expressions as C writes them: ops as operators with as few brackets as their precedence allows. Floor 4."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from glassgrad.engines.cpu.plan.index import Affine, Axis, Looked, Quotient
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import literal_value

ATOM, UNARY, TIMES, PLUS, CHOICE = 12, 11, 10, 9, 0
_INFIX = {
    "multiply": ("*", TIMES), "divide": ("/", TIMES), "remainder": ("%", TIMES),
    "add": ("+", PLUS), "subtract": ("-", PLUS),
    "left_shift": ("<<", 8), "right_shift": (">>", 8),
    "less": ("<", 7), "less_equal": ("<=", 7), "greater": (">", 7), "greater_equal": (">=", 7),
    "equal": ("==", 6), "not_equal": ("!=", 6),
    "bitwise_and": ("&", 5), "bitwise_xor": ("^", 4), "bitwise_or": ("|", 3),
    "logical_and": ("&&", 2), "logical_or": ("||", 1),
}  # fmt: skip
_PREFIX = {"negative": "-", "logical_not": "!", "invert": "~"}
_SHORT = {"absolute": "abs", "maximum": "max", "minimum": "min", "power": "pow"}
_COMMUTES = frozenset({"+", "*", "&&", "||", "&", "|", "^"})
_TYPES = {
    "float32": "float", "float64": "double", "bool": "bool", "int8": "int8_t", "int16": "int16_t", "int32": "int",
    "int64": "long", "uint8": "uint8_t", "uint16": "uint16_t", "uint32": "unsigned", "uint64": "unsigned long",
    "complex64": "complex float", "complex128": "complex double", "float16": "half",
}  # fmt: skip


class Text(NamedTuple):
    """A piece of text and how tightly it holds together."""

    text: str
    binding: int = ATOM

    def within(self, binding: int) -> str:
        """The text as a part of something that binds so tightly."""
        return self.text if self.binding >= binding else f"({self.text})"


def c_type(dtype: np.dtype) -> str:
    """The type as C calls it."""
    return _TYPES.get(dtype.name, dtype.name)


def number_text(node: Node) -> Text:
    """A constant."""
    value = literal_value(node)
    item = value.item() if isinstance(value, np.generic | np.ndarray) else value
    if isinstance(item, bool):
        return Text("true" if item else "false")
    if isinstance(item, float) and not np.isfinite(item):
        return Text("-INFINITY", UNARY) if item < 0 else Text("INFINITY" if item > 0 else "NAN")
    shown = f"{item:.6g}" if isinstance(item, float) and node.dtype.itemsize < 8 else repr(item)
    return Text(shown.removesuffix(".0") + ".0" if isinstance(item, float) and shown.endswith(".0") else shown,
                UNARY if shown.startswith("-") else ATOM)  # fmt: skip


def operation_text(node: Node, parts: Sequence[Text]) -> Text:
    """An elementwise op applied to these."""
    name = node.op.name
    if name == "inverse":
        return Text(f"1.0 / {parts[0].within(TIMES + 1)}", TIMES)
    if name == "quotient":
        name, parts = "divide", parts[:2]
    if name in _INFIX and len(parts) == 2:
        sign, binding = _INFIX[name]
        right = binding if sign in _COMMUTES else binding + 1
        return Text(f"{parts[0].within(binding)} {sign} {parts[1].within(right)}", binding)
    if name in _PREFIX and len(parts) == 1:
        return Text(_PREFIX[name] + parts[0].within(UNARY + (parts[0].text.startswith("-"))), UNARY)
    if name == "where":
        return Text(f"{parts[0].within(1)} ? {parts[1].within(1)} : {parts[2].within(CHOICE)}", CHOICE)
    if name == "cast":
        return Text(f"({c_type(node.dtype)}) {parts[0].within(UNARY)}", UNARY)
    if name in ("mark", "stop_gradient", "positive"):
        return parts[0]
    if name == "square":
        return Text(f"{parts[0].within(TIMES)} * {parts[0].within(TIMES)}", TIMES) if parts[0].binding == ATOM \
            else Text(f"square({parts[0].text})")  # fmt: skip
    return Text(f"{_SHORT.get(name, name)}({', '.join([part.text for part in parts])})")


class Indices:
    """Loop variables by name, and what is written with them. `array` names a value that an index is looked up in."""

    def __init__(self) -> None:
        self.names: dict[Axis, str] = {}
        self.array: dict[Node, str] = {}

    def text(self, part: Affine) -> Text:
        """An index: `2*i + j - 1`."""
        pieces: list[str] = []
        for symbol, coefficient in part.terms:
            shown = self._symbol(symbol)
            size = abs(coefficient)
            product = shown.text if size == 1 else f"{size}*{shown.within(TIMES)}"
            pieces.append(("- " if coefficient < 0 else "+ ") + product)
        if part.const or not pieces:
            pieces.append(("- " if part.const < 0 else "+ ") + str(abs(part.const)))
        if len(pieces) == 1 and pieces[0][0] == "+" and (not part.terms or abs(part.terms[0][1]) == 1):
            return self._symbol(part.terms[0][0]) if part.terms else Text(str(part.const))
        first = pieces[0].removeprefix("+ ").replace("- ", "-", 1)
        return Text(" ".join([first, *pieces[1:]]), PLUS if len(pieces) > 1 else TIMES)

    def _symbol(self, symbol: Axis | Quotient | Looked) -> Text:
        match symbol:
            case Axis():
                return Text(self.names.get(symbol, f"i{symbol.number}"))
            case Quotient(of=inner, by=by):
                return Text(f"{self.text(inner).within(TIMES)}/{by}", TIMES)
            case Looked(node=node, at=at):
                return Text(self.element(self.array.get(node, "indices"), at))

    def element(self, name: str, index: Sequence[Affine]) -> str:
        """`x[i][j]`."""
        return name + "".join([f"[{self.text(part).text}]" for part in index])
