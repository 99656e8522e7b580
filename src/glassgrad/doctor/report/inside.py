"""All numbers of a report as JSON inside its page, within a size: what is thinned or left out is said. Floor 7."""

import json
from collections.abc import Callable
from typing import Any

from glassgrad.doctor.report.as_dict import as_dict
from glassgrad.doctor.report.found import Found

_POINTS = 200  # of a curve that is thinned


def json_inside(report: Found, most: int) -> str:
    """JSON of at most `most` characters that may stand in a `script` element. Numbers have six digits."""
    data = _rounded(as_dict(report))
    data["left_out"] = []
    text = _text(data)
    for says, shrink in _WAYS:
        if len(text) <= most:
            break
        shrink(data)
        data["left_out"].append(says)
        text = _text(data)
    return text


def _text(data: Any) -> str:
    # "<" would end the element; the escape is the same string to every reader of JSON
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return float(f"{value:.6g}")
        case list():
            return [_rounded(one) for one in value]
        case dict():
            return {name: _rounded(one) for name, one in value.items()}
    return value


def _thin(data: dict[str, Any]) -> None:
    data["trace"]["losses"] = _every(data["trace"]["losses"])
    for cure in data["cures"]:
        for key in ("losses", "untreated"):
            cure[key] = [_every(curve) for curve in cure[key]]


def _every(values: list[Any]) -> list[Any]:
    stride = -(-len(values) // _POINTS)
    return values[::stride] if stride > 1 else values


def _drop_features(data: dict[str, Any]) -> None:
    if data["setup"]["data"] is not None:
        data["setup"]["data"]["features"] = []


def _drop_samples(data: dict[str, Any]) -> None:
    samples = data["trace"]["samples"]
    shown = data["ledger"]["step"] if data["ledger"] else None
    data["trace"]["samples"] = [one for one in samples if one["step"] == shown][:1] or samples[-1:]


def _drop_units(data: dict[str, Any]) -> None:
    for sample in data["trace"]["samples"]:
        sample["units"], sample["weights"] = [], []


def _drop_rest(data: dict[str, Any]) -> None:
    data["trace"]["samples"], data["setup"]["parameters"], data["setup"]["parts"] = [], [], []
    for cure in data["cures"]:
        cure["losses"], cure["untreated"] = [], []
    if data["ledger"]:
        data["ledger"]["entries"] = data["ledger"]["entries"][:_POINTS]


_WAYS: tuple[tuple[str, Callable[[dict[str, Any]], None]], ...] = (
    (f"curves are thinned to {_POINTS} points", _thin),
    ("the features one by one", _drop_features),
    ("all samples but that of the ledger", _drop_samples),
    ("units and weights of the sample", _drop_units),
    (f"parameters, parts, curves, and links behind the {_POINTS}th", _drop_rest),
)
