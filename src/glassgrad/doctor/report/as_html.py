"""The report as one HTML file: no script that runs, no network; a person reads the top of it in a minute. Floor 7."""

from collections.abc import Iterator, Sequence
from math import isfinite

from glassgrad.doctor.causes.cause import SURE, Cause
from glassgrad.doctor.measured.sample import Sample
from glassgrad.doctor.report.found import Found
from glassgrad.doctor.report.html_chain import chain_section
from glassgrad.doctor.report.html_cures import code, cures_section, loss_chart
from glassgrad.doctor.report.inside import json_inside
from glassgrad.doctor.report.style import STYLE
from glassgrad.doctor.report.words import broke, cost, learnt, titled
from glassgrad.doctor.symptoms.symptom import Symptom
from glassgrad.explain.notation.escape import xml
from glassgrad.pages.document import document
from glassgrad.pages.figures import figure
from glassgrad.pages.numbers import number, percent
from glassgrad.pages.tables import Cell, table

_MOST = 290_000  # bytes of the file
_LEAST_INSIDE = 20_000
_MOST_LISTED = 60
_KINDS = {"sick": "sick", "healthy": "healthy", "slow but flowing": "unknown", "unknown": "unknown"}


def as_html(report: Found) -> str:
    """The whole file, of at most 300 kB."""
    title = f"{report.trace.setup.model}: {report.title.rstrip('.')}"
    body = [
        f"<h1>The doctor on {xml(report.trace.setup.model)}</h1>",
        *_minute(report),
        *chain_section(report),
        *_causes(report),
        *cures_section(report),
        *_training(report),
        *_measured(report),
    ]
    bare = len(document(title, body, style=STYLE).encode())
    inside = json_inside(report, max(_LEAST_INSIDE, (_MOST - bare) * 2 // 3))  # a letter may take several bytes
    data = f'<script type="application/json" id="glassgrad-report">{inside}</script>\n'
    return document(title, body, style=STYLE, after=data)


def _minute(report: Found) -> Iterator[str]:
    """What is wrong, why, and what to type."""
    said = " ".join(text for text in (learnt(report), broke(report)) if text)
    yield (
        f'<section class="verdict {_KINDS[report.verdict]}" aria-label="Verdict"><p><span class="word">'
        f"{xml(report.verdict)}:</span> {xml(titled(report))}</p>{f'<p>{xml(said)}</p>' if said else ''}</section>"
    )
    cause = next((cause for cause in report.causes if cause.is_sure), None)
    cards = []
    if cause is not None:
        cards.append(f"<section><h2>Why</h2>{_why(cause)}</section>")
    elif report.symptoms:
        cards.append(f"<section><h2>What is seen</h2>{_seen(report.symptoms[0])}</section>")
    if report.remedy is not None:
        title, text = report.remedy
        was = "Tried, and it helped." if any(cure.works for cure in report.cures) else "Worth trying: it was not run."
        cards.append(
            f"<section><h2>What to type</h2><p><b>{xml(title)}</b></p>{code(text) if text else ''}"
            f'<p class="soft">{was}</p></section>'
        )
    if cards:
        yield f'<div class="minute">{"".join(cards)}</div>'


def _why(cause: Cause) -> str:
    return f"<p><b>{xml(cause.title)}</b></p>{_listed(cause.evidence)}"


def _seen(symptom: Symptom) -> str:
    return f"<p><b>{xml(symptom.title)}</b></p>{_listed(symptom.evidence)}"


def _listed(sentences: Sequence[str]) -> str:
    return f"<ul class=evidence>{''.join(f'<li>{xml(one)}</li>' for one in sentences)}</ul>" if sentences else ""


def _causes(report: Found) -> Iterator[str]:
    """All symptoms and causes with what speaks for them."""
    if report.symptoms:
        yield "<h2>What is seen</h2>"
        yield from (_entry(one.title, one.confidence, one.evidence, one.link) for one in report.symptoms)
    if report.causes:
        yield "<h2>Why: the causes</h2>"
        for cause in report.causes:
            tested = tuple(f"Tried: {text}" for text in cause.tested)
            yield _entry(cause.title, cause.confidence, (*cause.evidence, *tested), cause.link)


def _entry(title: str, confidence: float, evidence: Sequence[str], link: str | None) -> str:
    where = f" at <code>{xml(link)}</code>" if link else ""
    also = "also possible, " if confidence < SURE else ""
    sure = f'<span class="sure">({also}{percent(round(confidence, 2))} sure{where})</span>'
    return f'<div class="cause"><h3>{xml(title)} {sure}</h3>{_listed(evidence)}</div>'


# ------------------------------------------------------------------ the training, and what was measured
def _training(report: Found) -> Iterator[str]:
    setup = report.trace.setup
    yield "<h2>The training that was examined</h2>"
    chart = loss_chart(report)
    facts = {
        "Model": f"{setup.model}, {len(setup.parts)} layers, {setup.count:,} parameters ({setup.framework})",
        "Loss": setup.loss.title or setup.loss.name,
        "Optimiser": ", ".join(one.title for one in setup.optimizers),
    }
    if setup.data is not None:
        shape = " × ".join(map(str, setup.data.input_shape)) or "one number"
        facts["Data"] = f"batches of {setup.data.batch} examples of {shape}, {setup.data.input_dtype}"
    shown = "".join(f"<dt>{name}</dt><dd>{xml(text)}</dd>" for name, text in facts.items() if text)
    yield f'<div class="charts">{figure(chart) if chart else ""}<dl>{shown}</dl></div>'


def _measured(report: Found) -> Iterator[str]:
    sample = next(
        (one for one in report.trace.samples if report.ledger and one.step == report.ledger.step),
        report.trace.samples[-1] if report.trace.samples else None,
    )
    said = (cost(report), *report.notes, *report.trace.notes)
    yield "<h2>What was measured</h2>"
    yield "".join(f"<p>{xml(text)}</p>" for text in dict.fromkeys(said) if text)
    if sample is None:
        return
    yield f"<p>{xml('; '.join(sample.skipped))}</p>" if sample.skipped else ""
    yield from _weights(sample)
    yield from _units(sample)


def _weights(sample: Sample) -> Iterator[str]:
    rows: list[list[Cell]] = [
        [
            one.path, f"{one.size:,}", number(one.norm), "none" if one.gradient is None else number(one.gradient),
            "none" if one.update is None else number(one.update / one.norm if one.norm else float("nan")),
        ]
        for one in sample.weights[:_MOST_LISTED]
    ]  # fmt: skip
    if rows:
        about = f"Norms in step {sample.step}. Update: the real step beside the weight." + _rest(len(sample.weights))
        found = table(["weight", "numbers", "norm", "gradient", "update"], rows, about=about)
        yield f"<details><summary>Weights</summary>{found}</details>"


def _units(sample: Sample) -> Iterator[str]:
    rows: list[list[Cell]] = [
        [
            one.path, (one.operation, "l"), f"{one.count:,}", number(one.mean), number(one.std), percent(one.dead),
            percent(one.saturated), number(one.derivative) if isfinite(one.derivative) else "",
        ]
        for one in sample.units[:_MOST_LISTED]
    ]  # fmt: skip
    if rows:
        about = f"Outputs of the links over the batch of step {sample.step}." + _rest(len(sample.units))
        header = ["link", "operation", "units", "mean", "std", "dead", "saturated", "mean derivative"]
        yield f"<details><summary>Units</summary>{table(header, rows, about=about)}</details>"


def _rest(count: int) -> str:
    return f" {count - _MOST_LISTED} are left out." if count > _MOST_LISTED else ""
