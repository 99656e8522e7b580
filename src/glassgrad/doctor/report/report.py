"""The report of an examination or of a watch. Floor 7."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from glassgrad.doctor.report.as_dict import as_dict
from glassgrad.doctor.report.as_html import as_html
from glassgrad.doctor.report.as_text import as_text
from glassgrad.doctor.report.found import Found, Verdict
from glassgrad.doctor.report.saving import save
from glassgrad.explain.notation.escape import xml

__all__ = ["Report", "Verdict"]


@final
@dataclass(frozen=True, slots=True)
class Report(Found):
    """What the doctor found; `print` shows it in at most 40 lines.

    `text(width=80)`, `html()` (one file that needs nothing else) and `to_dict()` (for JSON) show the same findings, and
    `save("report.html")` writes one of them, by the ending: .html, .json or .txt.
    """

    def text(self, width: int = 80, *, colours: bool = False) -> str:
        """For a terminal: at most 40 lines, never wider than `width` columns (60 at least)."""
        return as_text(self, width=width, colours=colours)

    def html(self) -> str:
        """One HTML file of at most 300 kB that needs nothing else: no network; all numbers inside as JSON."""
        return as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON: what is no number is None, infinities are "inf" and "-inf"."""
        return as_dict(self)

    def _repr_html_(self) -> str:
        """In a notebook: the page in a frame of its own, so that its style and the notebook's stay apart."""
        style = "width: 100%; height: 40rem; border: 0"
        return f'<iframe sandbox srcdoc="{xml(self.html())}" style="{style}" title="The doctor\'s report"></iframe>'

    def save(self, path: str | Path) -> Path:
        """Writes the report to a file; its ending says as what: .html, .json or .txt.

        Raises UsageError for another ending.
        """
        return save(self, Path(path))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Report: {self.verdict}, {self.title}>"
