"""All numbers of a report as JSON inside its page, within a size: what is thinned or left out is said. Floor 7."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from glassgrad.doctor.cures.cure import Cure
from glassgrad.doctor.measured.sample import Sample
from glassgrad.doctor.report.as_dict import as_dict
from glassgrad.doctor.report.found import Found

_POINTS = 200  # of a curve that is thinned
_LETTERS = 12  # that a number takes with its name, about


def json_inside(report: Found, most: int) -> str:
    """JSON of at most `most` characters that may stand in a `script` element. Numbers have six digits."""
    left_out: list[str] = []
    ways = iter(_WAYS)
    while True:
        text = _text(report, left_out) if _numbers(report) * _LETTERS < 2 * most else None
        if text is not None and len(text) <= most:
            return text
        way = next(ways, None)
        if way is None:
            return _text(replace(report, ledger=None, cures=(), causes=(), symptoms=()), left_out)
        says, shrunk = way
        left_out.append(says)
        report = shrunk(report)


def _text(report: Found, left_out: Sequence[str]) -> str:
    data = _rounded(as_dict(report)) | {"left_out": list(left_out)}
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


def _numbers(report: Found) -> int:
    """About how many numbers and words the JSON has."""
    trace, data = report.trace, report.trace.setup.data
    count = len(trace.losses) + 12 * len(trace.setup.parameters) + 8 * len(trace.setup.parts)
    count += 4 * len(data.features) if data is not None else 0
    count += sum(9 * len(one.links) + 10 * len(one.weights) + 13 * len(one.units) for one in trace.samples)
    count += sum(len(link.time) for one in trace.samples for link in one.links)
    count += sum(len(curve) for cure in report.cures for curve in (*cure.losses, *cure.untreated))
    return count + (12 * len(report.ledger.entries) if report.ledger is not None else 0)


# ------------------------------------------------------------------ what is left out, the least first
def _thin(report: Found) -> Found:
    cures = tuple(
        replace(one, losses=tuple(map(_every, one.losses)), untreated=tuple(map(_every, one.untreated)))
        for one in report.cures
    )
    return replace(report, cures=cures, trace=replace(report.trace, losses=_every(report.trace.losses)))


def _every(values: tuple[float, ...]) -> tuple[float, ...]:
    stride = -(-len(values) // _POINTS)
    return values[::stride] if stride > 1 else values


def _without_features(report: Found) -> Found:
    setup = report.trace.setup
    if setup.data is None:
        return report
    setup = replace(setup, data=replace(setup.data, features=()))
    return replace(report, trace=replace(report.trace, setup=setup))


def _one_sample(report: Found) -> Found:
    samples = report.trace.samples
    shown = report.ledger.step if report.ledger is not None else None
    kept = tuple(one for one in samples if one.step == shown)[:1] or samples[-1:]
    return replace(report, trace=replace(report.trace, samples=kept))


def _without_units(report: Found) -> Found:
    def bare(sample: Sample) -> Sample:
        return replace(sample, units=(), weights=())

    return replace(report, trace=replace(report.trace, samples=tuple(map(bare, report.trace.samples))))


def _without_the_rest(report: Found) -> Found:
    def bare(cure: Cure) -> Cure:
        return replace(cure, losses=(), untreated=())

    setup = replace(report.trace.setup, parameters=(), parts=())
    ledger = report.ledger
    if ledger is not None:
        ledger = replace(ledger, entries=ledger.entries[:_POINTS])
    trace = replace(report.trace, samples=(), setup=setup)
    return replace(report, trace=trace, ledger=ledger, cures=tuple(map(bare, report.cures)))


_WAYS: tuple[tuple[str, Callable[[Found], Found]], ...] = (
    (f"curves are thinned to {_POINTS} points", _thin),
    ("the features one by one", _without_features),
    ("all samples but that of the ledger", _one_sample),
    ("units and weights of the sample", _without_units),
    (f"parameters, parts, curves, and links behind the {_POINTS}th", _without_the_rest),
)
