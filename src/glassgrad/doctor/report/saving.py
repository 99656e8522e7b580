"""A report in a file, as what its ending says. Floor 7."""

import json
from collections.abc import Callable
from pathlib import Path

from glassgrad.base.errors import UsageError
from glassgrad.base.files import whole
from glassgrad.doctor.report.as_dict import as_dict
from glassgrad.doctor.report.as_html import as_html
from glassgrad.doctor.report.as_text import as_text
from glassgrad.doctor.report.found import Found

_WAYS: dict[str, Callable[[Found], str]] = {
    ".html": as_html,
    ".htm": as_html,
    ".json": lambda report: json.dumps(as_dict(report), ensure_ascii=False, indent=1, allow_nan=False) + "\n",
    ".txt": lambda report: as_text(report) + "\n",
}


def save(report: Found, path: Path) -> Path:
    """Writes the report, whole or not at all, and gives back where. Raises UsageError for another ending."""
    way = _WAYS.get(path.suffix.lower())
    if way is None:
        given = f"{path.name!r} ends in {path.suffix!r}" if path.suffix else f"{path.name!r} has no ending"
        raise UsageError(f"{given}, which is no form of a report", hint='"report.html", "report.json" or "report.txt"')
    text = way(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")
    return path
