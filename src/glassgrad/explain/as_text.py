"""A derivation for a terminal: never wider than asked for. Floor 6."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from glassgrad.explain.entries import Derived, Entry, Equation, Fold, Reason, Remark
from glassgrad.explain.notation import wrap
from glassgrad.explain.showing import shown_text

_SHOWN = 60  # numbers of a result that are shown one by one


def as_text(derivation: Derived, *, width: int = 80, values: bool = True) -> str:
    """The derivation in lines of at most `width` columns; `values` shows the numbers."""
    page = _Printer(derivation, max(width, 24), values)
    lines = [*_filled(derivation.title, page.width, ""), ""]
    for section in derivation.sections:
        entries = page.results(section.entries) if section.title == "Result" else page.entries(section.entries, 1)
        lines.extend([section.title, *entries, ""])
    lines.extend(["Check", *_filled(derivation.check.text, page.width, "  ")])
    return "\n".join(line.rstrip() for line in lines)


class _Printer:
    """How one derivation is printed: its symbols and the width."""

    def __init__(self, derivation: Derived, width: int, values: bool) -> None:
        self.derivation = derivation
        self.width = width
        self.values = values
        self.opened: set[str] = set()  # functions whose inside was shown before

    def entries(self, entries: Sequence[Entry], level: int) -> Iterator[str]:
        """The lines of entries at this depth."""
        indent = "  " * min(level, 6)
        for entry in entries:
            match entry:
                case Equation():
                    yield from self._equation(entry, indent)
                case Fold():
                    yield from self._fold(entry, level, indent)
                case Remark():
                    mark = {"kink": "! ", "domain": "! ", "warning": "! "}.get(entry.kind, "")
                    yield from _filled(mark + entry.text, self.width, indent)

    def _fold(self, fold: Fold, level: int, indent: str) -> Iterator[str]:
        """A call and, the first time, what is inside it."""
        yield from self._equation(fold.title, indent)
        is_back = isinstance(fold.title.left, ast.Name) and fold.title.left.id == "back through"
        is_loop = isinstance(fold.title.left, ast.Name) and fold.title.left.id.endswith(":")
        if fold.function in self.opened and not is_back and not is_loop:
            return
        if not is_back and not is_loop:
            self.opened.add(fold.function)
        last = fold.inside[-1] if fold.inside else None
        same = isinstance(last, Equation) and self._show(last.left) == self._show(fold.title.left)
        inside = [*fold.inside[:-1], replace(last, value=None)] if same and isinstance(last, Equation) else fold.inside
        yield from self.entries(inside, level + 1)

    def _equation(self, equation: Equation, indent: str) -> Iterator[str]:
        text = self.line(equation)
        facts = self._facts(equation)
        room = self.width - len(indent)
        column = min(44, self.width // 2 + 4)
        lines = wrap(text, room, indent=4).split("\n")
        lines = [part for line in lines for part in _cut(line, room)]
        last = indent + lines[-1]
        if facts and len(last) + 2 + len(facts) <= self.width:
            gap = max(column - len(last), 2) if max(column, len(last) + 2) + len(facts) <= self.width else 2
            yield from (indent + line for line in lines[:-1])
            yield last + " " * gap + facts
        else:
            yield from (indent + line for line in lines)
            if facts:
                yield from _filled(facts, self.width, " " * min(column, max(self.width - len(facts), 4)))
        yield from self._explanation(equation, indent + "    ")

    def results(self, entries: Sequence[Entry]) -> Iterator[str]:
        """Results with all their numbers, where those fit."""
        for entry in entries:
            value = entry.value if isinstance(entry, Equation) else None
            array = None if value is None else np.asarray(value.value)
            if array is None or array.ndim == 0 or array.size > _SHOWN or not self.values or not array.size:
                yield from self.entries([entry], 1)
                continue
            assert isinstance(entry, Equation)
            assert value is not None
            head = f"  {self._show(entry.left)} = "
            text = np.array2string(array, precision=5, max_line_width=self.width - 6, separator=", ")
            lines = text.split("\n")
            if len(lines) == 1 and len(head) + len(text) <= self.width:
                yield f"{head}{text}"
            else:
                yield f"{head}{value.shape_text}"
                yield from (part for line in lines for part in _cut(f"    {line}", self.width))

    def line(self, equation: Equation) -> str:
        """`∂L/∂W = xᵀ @ ∂L/∂z`."""
        if isinstance(equation.left, ast.Name) and (not equation.left.id or equation.left.id.endswith(":")):
            return " ".join([equation.left.id, *[self._show(form) for form in equation.forms]]).strip()
        left = self._show(equation.left)
        if not equation.forms:
            value = equation.value.text if equation.value is not None else ""
            return f"{left} = {value} {equation.unit}".rstrip() if value else left
        relation = "=" if equation.relation not in ("+=", "-=") else equation.relation
        if left == "back through":
            return f"back through {self._show(equation.forms[0])}"
        return f"{left} {relation} " + " = ".join(self._show(form) for form in equation.forms)

    def _show(self, expression: object) -> str:
        return shown_text(expression, self.derivation.symbols, self.derivation.shapes)  # type: ignore[arg-type]  # an expression

    def _facts(self, equation: Equation) -> str:
        value = equation.value
        if value is None:
            return ""
        parts = [value.shape_text]
        if self.values and equation.forms:
            parts.append(value.text if value.shape else f"= {value.text}")
        if equation.unit and equation.forms:
            parts.append(equation.unit)
        return "  ".join(part for part in parts if part)

    def _explanation(self, equation: Equation, indent: str) -> Iterator[str]:
        if equation.rule:
            yield from _filled(
                f"{equation.rule}" + (f"  [{equation.place}]" if equation.place else ""), self.width, indent
            )
        several = "," in equation.rule
        for reason in equation.reasons:
            yield from self._reason(
                replace(reason, text=f"{reason.rule}: {reason.text}") if reason.rule and several else reason, indent
            )

    def _reason(self, reason: Reason, indent: str) -> Iterator[str]:
        if reason.left is not None and reason.formula is not None:
            text = f"{self._show(reason.left)} = {self._show(reason.formula)}"
            for line in wrap(text, self.width - len(indent), indent=4).split("\n"):
                yield from (indent + part for part in _cut(line, self.width - len(indent)))
        yield from _filled(reason.text, self.width, indent)


def _filled(text: str, width: int, indent: str) -> Iterator[str]:
    """Words in lines of at most `width`."""
    room = max(width - len(indent), 8)
    line = ""
    for word in text.split(" "):
        for part in _cut(word, room):
            if line and len(line) + 1 + len(part) > room:
                yield indent + line
                line = part
            else:
                line = f"{line} {part}" if line else part
    if line:
        yield indent + line


def _cut(line: str, room: int) -> Iterator[str]:
    """A line without any place to break, cut where the room ends."""
    while len(line) > room:
        yield line[:room]
        line = "    " + line[room:] if room > 12 else line[room:]
    yield line
