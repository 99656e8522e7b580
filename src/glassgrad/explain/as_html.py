"""A derivation as one self-contained HTML file: MathML that browsers draw themselves, no script, no network. Floor 6."""

from collections.abc import Iterator, Sequence

import numpy as np

from glassgrad.explain.as_latex import equation_latex
from glassgrad.explain.as_mathml import equation_mathml, formula_mathml
from glassgrad.explain.entries import Derived, Entry, Equation, Fold, Reason, Remark
from glassgrad.explain.notation import wrap_math
from glassgrad.explain.notation.escape import xml

_SHOWN = 1000  # numbers of a result that are listed
_STYLE = """
.gg { --ink: #1c2330; --soft: #5c6675; --line: #d9dee6; --paper: #ffffff; --tint: #f3f6fa; --blue: #1f5fbf;
      --red: #b3261e; --green: #1b7f3b; color: var(--ink); background: var(--paper); line-height: 1.45;
      font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; padding: 1rem 1.25rem; max-width: 62rem; }
@media (prefers-color-scheme: dark) {
  .gg { --ink: #e6eaf0; --soft: #9aa5b5; --line: #343c49; --paper: #14181f; --tint: #1c222c; --blue: #86b4ff;
        --red: #ff8a80; --green: #7bd694; } }
.gg h1 { font-size: 1.25rem; margin: 0 0 .75rem; } .gg h2 { font-size: 1rem; margin: 1.25rem 0 .4rem; color: var(--soft);
  text-transform: uppercase; letter-spacing: .06em; }
.gg .line { border-top: 1px solid var(--line); padding: .3rem 0; }
.gg .main { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; justify-content: space-between; }
.gg .math { overflow: auto hidden; max-width: 100%; padding: .3rem 0; } .gg math { font-size: 1.08em; math-style: normal; }
.gg .facts { color: var(--soft); font-variant-numeric: tabular-nums; white-space: nowrap; }
.gg .shape { color: var(--blue); margin-right: .6rem; }
.gg .rule { color: var(--soft); font-size: .88em; } .gg code { background: var(--tint); padding: 0 .25em; border-radius: 3px; }
.gg details > summary { cursor: pointer; } .gg .fold > .inside { margin-left: 1.25rem; border-left: 2px solid var(--line);
  padding-left: .75rem; }
.gg .why { margin: .15rem 0 .2rem 1rem; font-size: .92em; } .gg .why summary { color: var(--blue); font-size: .9em; }
.gg .warn { color: var(--red); } .gg .good { color: var(--green); }
"""


def as_html(derivation: Derived) -> str:
    """The whole file."""
    title = xml(derivation.title)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" '
        f'content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>body {{ margin: 0; background: Canvas; }}</style>\n</head>\n<body>\n"
        f"{fragment(derivation)}\n</body>\n</html>\n"
    )


def fragment(derivation: Derived) -> str:
    """The derivation for a notebook or a page."""
    parts = [f"<style>{_STYLE}</style>", f"<h1>{xml(derivation.title)}</h1>"]
    for section in derivation.sections:
        parts.append(f"<h2>{xml(section.title)}</h2>")
        parts.extend(_entries(derivation, section.entries))
        if section.title == "Result":
            parts.extend(_numbers(derivation, section.entries))
    agrees = derivation.check.agrees
    tone = "good" if agrees else "warn" if agrees is False else ""
    parts.append(f'<h2>Check</h2><p class="{tone}">{xml(derivation.check.text)}</p>')
    return '<div class="gg">' + "\n".join(parts) + "</div>"


def _entries(derivation: Derived, entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        match entry:
            case Equation():
                yield f'<div class="line">{_line(derivation, entry)}{_why(derivation, entry)}</div>'
            case Fold():
                inside = "\n".join(_entries(derivation, entry.inside))
                yield (
                    f'<details class="line fold"><summary><span class="main" style="display:inline-flex;width:calc(100% - 1.5rem)">'
                    f'{_inner(derivation, entry.title)}</span></summary><div class="inside">{inside}</div></details>'
                )
            case Remark():
                tone = "warn" if entry.kind in ("kink", "domain", "warning") else ""
                yield f'<p class="{tone}">{xml(entry.text)}</p>'


def _numbers(derivation: Derived, entries: Sequence[Entry]) -> Iterator[str]:
    """The numbers of a result, one by one, where they are not too many."""
    for entry in entries:
        array = np.asarray(entry.value.value) if isinstance(entry, Equation) and entry.value is not None else None
        if isinstance(entry, Equation) and array is not None and array.ndim and 0 < array.size <= _SHOWN:
            shown = wrap_math(formula_mathml(derivation, entry.left), display=False)
            text = np.array2string(array, precision=5, separator=", ", max_line_width=100)
            yield f'<details class="why"><summary>{shown} in numbers</summary><pre>{xml(text)}</pre></details>'


def _line(derivation: Derived, equation: Equation) -> str:
    return f'<div class="main">{_inner(derivation, equation)}</div>'


def _inner(derivation: Derived, equation: Equation) -> str:
    math = wrap_math(equation_mathml(derivation, equation), equation_latex(derivation, equation), display=False)
    value = equation.value
    facts = ""
    if value is not None and (equation.forms or value.shape):
        shown = "" if not equation.forms else value.text if value.shape else f"= {value.text}"
        facts = f'<span class="shape">{xml(value.shape_text)}</span>{xml(shown)}'
    if equation.unit:
        facts += f" {xml(equation.unit)}"
    tip = f' title="{xml(equation.source)}"' if equation.source else ""
    return f'<span class="math"{tip}>{math}</span><span class="facts">{facts}</span>'


def _why(derivation: Derived, equation: Equation) -> str:
    parts = []
    if equation.rule:
        source = f" &#8592; <code>{xml(equation.source)}</code>" if equation.source else ""
        parts.append(f'<div class="rule">{xml(equation.rule)}{source}</div>')
    reasons = "".join(f"<div>{_reason(derivation, reason)}</div>" for reason in equation.reasons)
    if reasons:
        parts.append(f'<details class="why"><summary>why</summary>{reasons}</details>')
    return "".join(parts)


def _reason(derivation: Derived, reason: Reason) -> str:
    formula = ""
    if reason.left is not None and reason.formula is not None:
        left, right = formula_mathml(derivation, reason.left), formula_mathml(derivation, reason.formula)
        formula = wrap_math(f"<mrow>{left}<mo>=</mo>{right}</mrow>", display=False)
    return " ".join(part for part in (formula, xml(reason.text)) if part)
