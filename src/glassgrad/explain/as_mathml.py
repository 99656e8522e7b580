"""A derivation as MathML: lines for a page, and one table of all of them. Floor 6."""

from collections.abc import Iterator, Sequence

from glassgrad.explain.entries import Derived, Entry, Equation, Fold
from glassgrad.explain.notation.escape import xml
from glassgrad.explain.showing import shown_mathml


def as_mathml(derivation: Derived) -> str:
    """One `<math>` element: a table of the derivation's lines."""
    rows = [row for section in derivation.sections for row in _rows(derivation, section.entries)]
    return f'<math display="block"><mtable columnalign="right left left">{"".join(rows)}</mtable></math>'


def equation_mathml(derivation: Derived, equation: Equation) -> str:
    """One line as a MathML row, without its facts."""
    left, relation, right = _parts(derivation, equation)
    return f"<mrow>{left}{relation}{right}</mrow>"


def formula_mathml(derivation: Derived, expression: object) -> str:
    """One expression."""
    return shown_mathml(expression, derivation.symbols, derivation.shapes)  # type: ignore[arg-type]  # an expression


def _parts(derivation: Derived, equation: Equation) -> tuple[str, str, str]:
    shown = [formula_mathml(derivation, form) for form in equation.forms]
    if getattr(equation.left, "id", "") == "back through":
        return "<mtext>back through&#xA0;</mtext>", "", shown[0]
    name = getattr(equation.left, "id", None)
    if name is not None and (not name or name.endswith(":")):
        return f"<mtext>{xml(name)}</mtext>", "", "".join(shown)
    left = formula_mathml(derivation, equation.left)
    if not shown:
        value = equation.value.text if equation.value is not None else ""
        shown = [f"<mtext>{xml(value)}</mtext>"]
    return left, f"<mo>{xml(equation.relation)}</mo>", "<mo>=</mo>".join(shown)


def _rows(derivation: Derived, entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, Equation):
            yield _row(derivation, entry)
        elif isinstance(entry, Fold):
            yield _row(derivation, entry.title)
            yield from _rows(derivation, entry.inside)


def _row(derivation: Derived, equation: Equation) -> str:
    left, relation, right = _parts(derivation, equation)
    value = equation.value
    facts = "" if value is None or not equation.forms else f"{value.shape_text} {value.text}".strip()
    note = f"<mtext>{xml(facts)}</mtext>" if facts else "<mrow/>"
    return f"<mtr><mtd>{left}</mtd><mtd><mrow>{relation}{right}</mrow></mtd><mtd>{note}</mtd></mtr>"
