"""A derivation: its data with the ways to show it. Whoever makes one, the same printers show it. Floor 6."""

from dataclasses import dataclass
from typing import Any, final

from glassgrad.explain.as_dict import as_dict
from glassgrad.explain.as_html import as_html, fragment
from glassgrad.explain.as_latex import as_latex, notebook_latex
from glassgrad.explain.as_markdown import as_markdown
from glassgrad.explain.as_mathml import as_mathml
from glassgrad.explain.as_text import as_text
from glassgrad.explain.entries import Derived


@final
@dataclass(frozen=True, slots=True)
class Derivation(Derived):
    """A derivative with everything that leads to it; `print` shows it, a notebook draws it.

    `text(width=80)`, `latex()`, `mathml()`, `markdown()`, `html()` (one file that needs nothing else) and `to_dict()`
    (for JSON) show the same lines.

    >>> found = explain(lambda x: x**2, 3.0)
    >>> found.value, found.derivative, found.check.agrees
    (9.0, 6.0, True)
    """

    def text(self, width: int = 80, *, values: bool = True) -> str:
        """For a terminal, never wider than `width` columns; `values` shows numbers."""
        return as_text(self, width=width, values=values)

    def latex(self) -> str:
        """LaTeX (amsmath)."""
        return as_latex(self)

    def mathml(self) -> str:
        """One MathML element: a table of the lines."""
        return as_mathml(self)

    def markdown(self) -> str:
        """Markdown with LaTeX between dollar signs."""
        return as_markdown(self)

    def html(self) -> str:
        """One HTML file that needs nothing else: no script, no network."""
        return as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return as_dict(self)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Derivation of {self.title}>"

    def _repr_html_(self) -> str:
        return fragment(self)

    def _repr_latex_(self) -> str:
        return notebook_latex(self)
