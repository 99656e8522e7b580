"""The chain and the ledger's waterfall in the page: boxes that wrap, and a table with bars on a log axis. Floor 7."""

from collections.abc import Iterator, Sequence
from math import isfinite, isinf, isnan

import numpy as np

from glassgrad.charts.chart import Axis, Chart, Line
from glassgrad.charts.scale import scale_of
from glassgrad.doctor.ledger.ledger import Entry, Ledger
from glassgrad.doctor.report.found import Found
from glassgrad.doctor.report.rows import Row, Span, rows_of, span_of
from glassgrad.doctor.report.words import chain_says
from glassgrad.explain.notation.escape import xml
from glassgrad.pages.figures import figure
from glassgrad.pages.numbers import factor, number, power_of_ten
from glassgrad.pages.tables import Cell, framed, table

_MOST_BOXES = 14
_MOST_ROWS = 32
_MOST_LISTED = 250

_FAMILIES = {
    "loss": "the loss", "weights": "weights", "activation": "activations", "normalisation": "normalisation",
    "recurrence": "recurrence", "attention": "attention", "other": "other links",
}  # fmt: skip


def chain_section(report: Found) -> Iterator[str]:
    """The chain with the broken link, the waterfall, what each family took, the gradient along time."""
    ledger = report.ledger
    if ledger is None or not ledger.entries:
        return
    yield "<h2>The chain, from the loss back to the first weight</h2>"
    yield f"<p>{xml(chain_says(report))}</p>"
    boxes = "".join(_box(row, report) for row in rows_of(ledger, _MOST_BOXES))
    yield f'<ol class="chain" aria-label="The links of the chain, from the loss back">{boxes}</ol>'
    yield from _waterfall(report, ledger)
    yield _families(ledger)
    yield from (figure(chart) for chart in _along_time(ledger))
    if len(ledger.entries) > _MOST_BOXES:
        yield f"<details><summary>All {len(ledger.entries)} links</summary>{_all_links(ledger)}</details>"


def _is_marked(row: Row, report: Found) -> bool:
    return row.is_broken and not report.is_healthy


def _box(row: Row, report: Found) -> str:
    is_broken = _is_marked(row, report)
    gain = {"": "the first weights", "–": "no gradient"}.get(row.gain, f"gain {row.gain}")
    along = next((entry.time for entry in row.entries if len(entry.time) > 1), ())
    parts = [f"<b>{xml(row.operation)}</b>"]
    if row.path != row.operation:
        parts.append(f"<span>{xml(row.path)}</span>")
    parts.append(f'<span class="gain">{xml(gain)}{" – breaks here" if is_broken else ""}</span>')
    if along:
        parts.append(f"<span>along {len(along)} steps of time {xml(factor(along[-1]))}</span>")
    if is_broken and row.formula:
        parts.append(f'<span class="formula">{xml(row.formula)}</span>')
    if is_broken and row.place:
        parts.append(f"<span><code>{xml(row.place)}</code></span>")
    return f"<li{' class=broken' if is_broken else ''}>{''.join(parts)}</li>"


# ------------------------------------------------------------------ waterfall
def _waterfall(report: Found, ledger: Ledger) -> Iterator[str]:
    rows = rows_of(ledger, _MOST_ROWS)
    span = span_of(rows)
    ticks = span.ticks()
    marks = "".join(_tick(span, tick, ticks) for tick in ticks)
    head = (
        '<thead><tr><th scope="col">link</th><th scope="col" class=n>gain</th><th scope="col" class=n>left</th>'
        '<th scope="col" class=track><span class=rail role="img" aria-label="of the gradient that leaves the loss, '
        f'on a log axis">{marks}</span></th><th scope="col" class="n wide">gradient of its weights</th></tr></thead>'
    )
    body = "".join(_fall(row, span, report) for row in rows)
    about = (
        "How much of the loss's gradient is left after each link, on a log axis on which the gains add up. Solid: what "
        f"is left; hatched: what the link took. Step {ledger.step}."
    )
    yield framed(f"{head}<tbody>{body}</tbody>", "fall", about)


def _tick(span: Span, tick: int, ticks: Sequence[int]) -> str:
    place = span.place(tick)
    side = " class=first" if place < 0.05 else " class=last" if place > 0.95 else " class=mid"
    return f'<em{side} style="left:{place:.1%}">{xml(power_of_ten(tick))}</em>'


def _fall(row: Row, span: Span, report: Found) -> str:
    is_broken = _is_marked(row, report)
    name = xml(row.operation if len(row.entries) > 1 or row.path in ("loss", row.operation) else row.path)
    if len(row.entries) == 1 and row.path not in ("loss", row.operation):
        name += f' <span class="sure">{xml(row.operation)}</span>'
    if is_broken:
        name = f"✗ {name}"
    grids = "".join(f'<i style="left:{span.place(tick):.1%}"></i>' for tick in span.ticks())
    return (
        f'<tr{" class=broken" if is_broken else ""}><th scope="row">{name}</th><td class=n>{row.gain}</td>'
        f'<td class=n>{factor(row.after)}</td><td class=track aria-hidden="true"><span class=rail>{grids}'
        f'{_bars(row, span)}</span></td><td class="n wide">{_weights(row)}</td></tr>'
    )


def _bars(row: Row, span: Span) -> str:
    if isnan(row.after):
        return ""
    before, after = span.place(row.before), span.place(row.after)
    parts = []
    if not isinf(row.after) or row.after > 0:
        parts.append(f'<u style="left:0;width:{min(before, after):.1%}"></u>')
    if after < before:
        parts.append(f'<u class=took style="left:{after:.1%};width:{before - after:.1%}"></u>')
    elif after > before:
        parts.append(f'<u class=gave style="left:{before:.1%};width:{after - before:.1%}"></u>')
    return "".join(parts)


def _weights(row: Row) -> str:
    norms = [norm for entry in row.entries for _, norm in entry.weights]
    if not norms:
        return ""
    known = [norm for norm in norms if norm is not None]
    if not known:
        return "none"
    low, high = number(float(f"{min(known):.2g}")), number(float(f"{max(known):.2g}"))
    return xml(low if low == high else f"{low} … {high}")


def _families(ledger: Ledger) -> str:
    rows: list[list[Cell]] = [
        [_FAMILIES[family], str(sum(entry.family == family for entry in ledger.entries)), factor(decades)]
        for family, decades in ledger.by_family
    ]
    return table(["family", "links", "gains multiplied"], rows, about="How much is due to whom.")


def _all_links(ledger: Ledger) -> str:
    rows = [_listed(entry, ledger) for entry in ledger.entries[:_MOST_LISTED]]
    left = len(ledger.entries) - len(rows)
    about = "Every link with its derivative at the operating point." + (f" {left} are left out." if left > 0 else "")
    return table(["link", "operation", "gain", "left", "derivative", "place"], rows, about=about)


def _listed(entry: Entry, ledger: Ledger) -> list[Cell]:
    start = ledger.start if isfinite(ledger.start) else 0.0
    left = factor(entry.total - start)
    return [
        entry.path, (entry.operation, "l"), factor(entry.decades), left, (entry.formula, "l"), (entry.place or "", "l")
    ]  # fmt: skip


# ------------------------------------------------------------------ along time
def _along_time(ledger: Ledger) -> Iterator[Chart]:
    for place, entry in enumerate(ledger.entries):
        if len(entry.time) < 2:
            continue
        decades = np.array(entry.time, float)
        norms = np.where(np.isnan(decades), np.nan, 10.0 ** np.clip(decades, -300, 300))
        norms[np.isinf(decades) & (decades < 0)] = 0.0
        steps = np.arange(len(norms), dtype=float)
        kept = np.unique(np.linspace(0, len(norms) - 1, min(len(norms), 300)).round().astype(int))
        yield Chart(
            f"time-{place}", f"The gradient along time in {entry.operation}",
            f"From 1 at the last step to {factor(entry.time[-1])} {len(norms) - 1} steps before.",
            Axis("steps back in time", scale_of([steps], whole=True)),
            Axis("gradient by the state (log scale)", scale_of([norms[norms > 0]], is_log=True)),
            (Line(steps[kept], norms[kept], "", 0),),
            "Of what the last step learns, so much reaches the steps before it.",
        )  # fmt: skip
