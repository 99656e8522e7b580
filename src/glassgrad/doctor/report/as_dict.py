"""The report as plain data for JSON: the same keys in every report. Floor 7."""

from dataclasses import fields, is_dataclass
from math import inf, isfinite, isnan
from typing import Any

from glassgrad._version import __version__
from glassgrad.doctor.causes.cause import Cause
from glassgrad.doctor.cures.cure import Cure
from glassgrad.doctor.report.found import Found

FORMAT = "glassgrad doctor report"
VERSION = 1  # rises when a key goes or changes its meaning, not when one is added


def as_dict(report: Found) -> dict[str, Any]:
    """Everything in None, bool, int, float, str, list and dict."""
    trace = plain(report.trace)
    setup = trace.pop("setup")
    ledger = None
    if report.ledger is not None:
        ledger = plain(report.ledger) | {"by_family": dict(plain(report.ledger.by_family))}
        for entry in ledger["entries"]:
            entry["weights"] = dict(entry["weights"])
    return {
        "format": FORMAT,
        "version": VERSION,
        "glassgrad": __version__,
        "verdict": report.verdict,
        "title": report.title,
        "is_healthy": report.is_healthy,
        "learning": plain(report.learning),
        "symptoms": [plain(one) | {"numbers": dict(plain(one.numbers))} for one in report.symptoms],
        "causes": [_cause(one) for one in report.causes],
        "cures": [_cure(one) for one in report.cures],
        "worth_trying": [{"title": title, "code": code} for title, code in report.worth_trying],
        "ledger": ledger,
        "setup": setup,
        "trace": trace,
        "notes": list(report.notes),
        "seconds": plain(report.seconds),
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {**plain(cause), "edits": [[_edit(edit) for edit in way] for way in cause.edits]}


def _cure(cure: Cure) -> dict[str, Any]:
    return {**plain(cure), "edits": [_edit(edit) for edit in cure.edits], "works": cure.works}


def _edit(edit: Any) -> dict[str, Any]:
    return {"edit": type(edit).__name__, **plain(edit)}


def plain(value: Any) -> Any:
    """A value of the doctor's as plain data. JSON has no NaN (None) and no infinities ("inf", "-inf").

    >>> plain((1, float("nan"), -float("inf"), "net.0"))
    [1, None, '-inf', 'net.0']
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if isfinite(value) else None if isnan(value) else "inf" if value == inf else "-inf"
        case tuple() | list():
            return [plain(one) for one in value]
        case dict():
            return {str(name): plain(one) for name, one in value.items()}
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    item = getattr(value, "item", None)  # a number of NumPy's or PyTorch's that a measurement has left
    return plain(item()) if item is not None else str(value)
