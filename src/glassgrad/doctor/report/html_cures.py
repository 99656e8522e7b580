"""What was tried, in the page: a table, curves of untreated and treated trainings, the edits as code. Floor 7."""

from collections.abc import Iterator, Sequence

import numpy as np

from glassgrad.charts.chart import Axis, Band, Chart, Line, Rule
from glassgrad.charts.scale import scale_of, wants_log
from glassgrad.doctor.cures.cure import Cure
from glassgrad.doctor.report.found import Found
from glassgrad.doctor.report.words import improvement, reached, what_is_judged
from glassgrad.doctor.subjects.edits import MeanLoss, NewLoss, ScaleTargets
from glassgrad.explain.notation.escape import xml
from glassgrad.pages.figures import figure
from glassgrad.pages.numbers import number
from glassgrad.pages.tables import Cell, table

_MOST_CURES = 12
_MOST_CHARTS = 4
_POINTS = 120


def cures_section(report: Found) -> Iterator[str]:
    """Nothing where no cure was tried and none is worth it."""
    tried = [cure for cure in report.cures if cure.why_not is None]
    if tried:
        yield "<h2>What was tried</h2>"
        if not any(cure.works for cure in tried):
            yield '<p class="warn">No cure helped.</p>'
        yield _table(report, tried[:_MOST_CURES])
        shown = sorted(tried, key=lambda cure: not cure.works)[:_MOST_CHARTS]
        charts = [chart for place, cure in enumerate(shown) if (chart := _chart(cure, place)) is not None]
        yield f'<div class="charts">{"".join(figure(chart) for chart in charts)}</div>'
        yield from _codes(tried[:_MOST_CURES])
    refused = [cure for cure in report.cures if cure.why_not is not None]
    if refused:
        items = "".join(f"<li>{xml(cure.title)}: {xml(cure.why_not or '')}</li>" for cure in refused[:_MOST_CURES])
        yield f"<p>Not tried:</p><ul class=evidence>{items}</ul>"
    if report.worth_trying:
        yield "<h2>Worth trying</h2><p class=soft>These were not run.</p>"
        for title, text in report.worth_trying[:_MOST_CURES]:
            yield f"<h3>{xml(title)}</h3>{code(text)}"


def _table(report: Found, cures: Sequence[Cure]) -> str:
    rows: list[list[Cell]] = [
        [
            cure.title, ("✓ helps" if cure.works else "✗ no", "l"), f"{cure.helped} of {len(cure.after)}",
            improvement(cure), reached(report, cure.before), reached(report, cure.after),
        ]
        for cure in cures
    ]  # fmt: skip
    name = what_is_judged(report)
    about = (
        "Each cure was run from your start, and from fresh ones where it helps, beside the untreated training on the "
        "same batches. Gained: how far it "
        "brings the training on the way to the least loss (or to no wrong prediction): the median of the starts, and "
        "the spread."
    )
    return table(
        ["cure", "result", "starts that learn", "gained", f"{name} without", f"{name} with"],
        rows,
        kind="tried",
        about=about,
    )


def _chart(cure: Cure, place: int) -> Chart | None:
    curves = {"untreated": _stacked(cure.untreated), "with the cure": _stacked(cure.losses)}
    curves = {name: curve for name, curve in curves.items() if curve.shape[1]}
    if "with the cure" not in curves or np.isfinite(curves["with the cure"]).sum() < 2:
        return None
    is_log = wants_log(curve[np.isfinite(curve)] for curve in curves.values())
    marks: list[Band | Line] = []
    for style, (name, curve) in enumerate(curves.items()):
        steps = _steps(curve.shape[1])
        low, mid, high = (way(curve[:, steps], axis=0) for way in (np.min, np.median, np.max))
        marks += [Band(steps.astype(float), low, high, style), Line(steps.astype(float), mid, name, style)]
    ends = ", ".join(f"{name} ends at {number(np.median(curve[:, -1]))}" for name, curve in curves.items())
    is_other = any(isinstance(edit, NewLoss | MeanLoss | ScaleTargets) for edit in cure.edits)
    remark = "Lines: the median of the starts; shaded: from the least to the largest."
    remark += " The cure changes what the loss measures, so compare the shapes, not the heights." if is_other else ""
    length = max(curve.shape[1] for curve in curves.values())
    return Chart(
        f"cure-{place}", cure.title, f"The loss over the steps: {ends}.",
        Axis("step", scale_of([np.arange(length, dtype=float)], whole=True)),
        Axis("loss (log scale)" if is_log else "loss", scale_of(curves.values(), is_log=is_log)), tuple(marks), remark,
    )  # fmt: skip


def _stacked(curves: Sequence[Sequence[float]]) -> np.ndarray:
    """(start, step), as long as the shortest."""
    length = min((len(curve) for curve in curves), default=0)
    return np.array([curve[:length] for curve in curves], float) if length else np.zeros((0, 0))


def _steps(length: int) -> np.ndarray:
    return np.unique(np.linspace(0, length - 1, min(length, _POINTS)).round().astype(int))


def loss_chart(report: Found) -> Chart | None:
    """The losses of the training that was examined."""
    losses = np.array(report.trace.losses, float)
    if np.isfinite(losses).sum() < 2:
        return None
    steps = _steps(len(losses))
    shown = losses[steps]
    baseline = report.learning.baseline
    known = [losses, *([np.array([baseline])] if np.isfinite(baseline) else [])]
    is_log = wants_log(known)
    scale = scale_of(known, is_log=is_log)
    marks: list[Line | Rule] = [Line(steps.astype(float), shown, "", 0, dots=len(steps) < 12)]
    if np.isfinite(baseline) and (not is_log or baseline > 0):
        marks.append(Rule((0.0, baseline), (float(len(losses) - 1), baseline), "a constant prediction"))
    finite = losses[np.isfinite(losses)]
    return Chart(
        "loss", "The loss", f"From {number(finite[0])} to {number(finite[-1])} in {len(losses)} steps.",
        Axis("step", scale_of([np.arange(len(losses), dtype=float)], whole=True)),
        Axis("loss (log scale)" if is_log else "loss", scale), tuple(marks),
    )  # fmt: skip


def _codes(cures: Sequence[Cure]) -> Iterator[str]:
    for cure in cures:
        if cure.code:
            yield f"<details><summary>{xml(cure.title)}, as code</summary>{code(cure.code)}</details>"


def code(text: str) -> str:
    """Lines of code; those that come and go are marked by their sign and by colour."""
    lines = []
    for line in text.rstrip("\n").splitlines():
        kind = "plus" if line.startswith("+") else "minus" if line.startswith("-") else ""
        lines.append(f'<span class="{kind}">{xml(line)}</span>' if kind else xml(line))
    return '<pre class="code" tabindex="0"><code>' + "\n".join(lines) + "</code></pre>"
