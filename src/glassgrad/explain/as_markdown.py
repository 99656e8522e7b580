"""A derivation as Markdown with LaTeX between dollar signs. Floor 6."""

from collections.abc import Iterator, Sequence

from glassgrad.explain.as_latex import equation_latex
from glassgrad.explain.entries import Derived, Entry, Equation, Fold, Reason, Remark
from glassgrad.explain.showing import shown_latex


def as_markdown(derivation: Derived) -> str:
    """Headings, and a list of lines for each section."""
    lines = [f"# {_plain(derivation.title)}", ""]
    for section in derivation.sections:
        lines.extend([f"## {section.title}", "", *_items(derivation, section.entries, 0), ""])
    lines.extend(["## Check", "", _plain(derivation.check.text), ""])
    return "\n".join(lines)


def _items(derivation: Derived, entries: Sequence[Entry], level: int) -> Iterator[str]:
    indent = "  " * level
    for entry in entries:
        match entry:
            case Equation():
                yield from _item(derivation, entry, indent)
            case Fold():
                yield from _item(derivation, entry.title, indent)
                yield from _items(derivation, entry.inside, level + 1)
            case Remark():
                yield f"{indent}- {_plain(entry.text)}"


def _item(derivation: Derived, equation: Equation, indent: str) -> Iterator[str]:
    value = equation.value
    facts = "" if value is None or not equation.forms else f" &emsp; {value.shape_text} {_plain(value.text)}".rstrip()
    unit = f" {equation.unit}" if equation.unit else ""
    yield f"{indent}- ${equation_latex(derivation, equation)}${facts}{unit}"
    if equation.rule:
        source = f", from `{equation.source}`" if equation.source and "`" not in equation.source else ""
        yield f"{indent}  - {_plain(equation.rule)}{source}"
    for reason in equation.reasons:
        yield f"{indent}  - {_reason(derivation, reason)}"


def _reason(derivation: Derived, reason: Reason) -> str:
    formula = ""
    if reason.left is not None and reason.formula is not None:
        left = shown_latex(reason.left, derivation.symbols, derivation.shapes, inline=True)
        formula = f"${left} = {shown_latex(reason.formula, derivation.symbols, derivation.shapes, inline=True)}$"
    return "; ".join(part for part in (formula, _plain(reason.text)) if part)


def _plain(text: str) -> str:
    """Text in which nothing is taken for markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|$" else c for c in text)
