"""A derivation as LaTeX (amsmath): one align* a section, shapes and rules at the side. Floor 6."""

from collections.abc import Iterator, Sequence

from glassgrad.explain.entries import Derived, Entry, Equation, Fold, Remark
from glassgrad.explain.notation.escape import latex_text
from glassgrad.explain.showing import shown_latex


def as_latex(derivation: Derived) -> str:
    """The sections as paragraphs with their lines in `align*`; remarks as text."""
    parts = []
    for section in derivation.sections:
        parts.append(rf"\paragraph{{{latex_text(section.title)}}}")
        rows = list(_rows(derivation, section.entries, reasons=True))
        if rows:
            parts.append("\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}")
        parts.extend(latex_text(entry.text) for entry in section.entries if isinstance(entry, Remark))
    parts.extend([r"\paragraph{Check}", latex_text(derivation.check.text)])
    return "\n".join(parts) + "\n"


def notebook_latex(derivation: Derived) -> str:
    """The lines alone, as a notebook draws them."""
    rows = [
        row
        for section in derivation.sections
        if section.title in ("Forward", "Backward", "Links", "Result")
        for row in _rows(derivation, section.entries, reasons=False)
    ]
    return "$\\displaystyle\n\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}$"


def equation_latex(derivation: Derived, equation: Equation, sign: str = " = ") -> str:
    """One line without its facts."""

    def show(expression: object) -> str:
        return shown_latex(expression, derivation.symbols, derivation.shapes)  # type: ignore[arg-type]  # an expression

    if _is_header(equation):
        words = latex_text(getattr(equation.left, "id", ""))
        return (
            rf"&\texttt{{{words}}} {' '.join(show(form) for form in equation.forms)}"
            if "&" in sign
            else (rf"\texttt{{{words}}} {' '.join(show(form) for form in equation.forms)}")
        )
    relation = {"+=": r" \mathrel{+}= ", "-=": r" \mathrel{-}= "}.get(equation.relation, sign)
    if _is_back(equation):
        return rf"\text{{back through }} {sign.strip(' =')} {show(equation.forms[0])}"
    right = " = ".join(show(form) for form in equation.forms)
    if not right and equation.value is not None:
        right = latex_value(equation.value.text)
    aligned = relation.replace("=", "&=", 1) if sign == " &= " and "&" not in relation else relation
    return f"{show(equation.left)}{aligned}{right}"


def _is_header(equation: Equation) -> bool:
    """Is this the header of a loop, or a line that sets nothing?"""
    name = getattr(equation.left, "id", None)
    return name is not None and (not name or name.endswith(":"))


def _is_back(equation: Equation) -> bool:
    return getattr(equation.left, "id", "") == "back through"


def latex_value(text: str) -> str:
    """Numbers of a summary: `-1.2 … 3.4`, `1.2e-5`."""
    words = []
    for word in text.split(" "):
        mantissa, e, exponent = word.partition("e")
        is_number = e and exponent.lstrip("-").isdigit() and mantissa.replace(".", "").lstrip("-[").isdigit()
        words.append(rf"{mantissa} \cdot 10^{{{exponent}}}" if is_number else word.replace("…", r"\ldots"))
    plain = all(c.isdigit() or c in "+-.,[]…e " for c in text)
    return " ".join(words) if plain else rf"\text{{{latex_text(text)}}}"


def _rows(derivation: Derived, entries: Sequence[Entry], *, reasons: bool) -> Iterator[str]:
    for entry in entries:
        match entry:
            case Equation():
                yield _row(derivation, entry)
                if reasons:
                    yield from _formulas(derivation, entry)
            case Fold():
                yield _row(derivation, entry.title)
                yield from _rows(derivation, entry.inside, reasons=reasons)
            case Remark():
                pass


def _row(derivation: Derived, equation: Equation) -> str:
    line = equation_latex(derivation, equation, " &= ")
    facts = []
    if equation.value is not None and equation.forms:
        value = equation.value
        facts.append(
            rf"{value.shape_text}\;{latex_value(value.text)}" if value.shape else f"= {latex_value(value.text)}"
        )
    if equation.unit:
        facts.append(rf"\mathrm{{{latex_text(equation.unit)}}}")
    if equation.rule:
        facts.append(rf"\text{{{latex_text(equation.rule)}}}")
    return line + "".join(f" && {fact}" for fact in facts)


def _formulas(derivation: Derived, equation: Equation) -> Iterator[str]:
    for reason in equation.reasons:
        if reason.left is not None and reason.formula is not None:
            left = shown_latex(reason.left, derivation.symbols, derivation.shapes)
            right = shown_latex(reason.formula, derivation.symbols, derivation.shapes)
            yield f"{left} &= {right}"
