"""The report as one HTML file: no script, no network; the verdict comes first. Floor 7."""

import math
from collections.abc import Iterator

from glassgrad.charts.chart import Chart
from glassgrad.explain.notation.escape import xml
from glassgrad.pages.document import document
from glassgrad.pages.figures import figure
from glassgrad.pages.tables import Cell, table
from glassgrad.train.report.errors_made import errors_section
from glassgrad.train.report.figures import all_charts
from glassgrad.train.report.findings import Findings, Importance, Scores
from glassgrad.train.report.words import best_of, measure, score, verdict

_MOST_OPEN = 12  # columns that are listed without being unfolded
_MOST_IMPORTANT = 15


def page(findings: Findings) -> str:
    """The whole file."""
    title = f"Predicting {findings.target} from {findings.data}"
    charts = {chart.name: chart for chart in all_charts(findings)}
    body = [
        f"<h1>{xml(title)}</h1>",
        f'<p class="soft">{xml(_setting(findings))}</p>',
        *_verdict(findings),
        *_columns(findings),
        *_figures("How it learnt", findings.ended, [charts.get("loss"), charts.get("gradients")]),
        *errors_section(findings),
        *_figures(*_trust(findings), [charts.get(name) for name in ("calibration", "predictions", "residuals")]),
        *_importance(findings),
        *_again(findings),
    ]
    return document(title, body)


def _setting(findings: Findings) -> str:
    what = f"{len(findings.classes)} classes" if findings.is_classification else "a number"
    parts = ", ".join(f"{rows:,} {name}" for name, rows in findings.rows.items())
    used = sum(column.is_used for column in findings.columns)
    return f"The target is {what}; {used} of {len(findings.columns)} columns are used; rows: {parts}."


def _verdict(findings: Findings) -> Iterator[str]:
    first, second = verdict(findings)
    yield f'<section class="verdict" aria-label="Verdict"><p>{xml(first)}</p><p>{xml(second)}</p></section>'
    yield from (f'<p class="warn">{xml(note)}</p>' for note in findings.notes)
    yield _scores(findings.scores)


def _scores(scores: dict[str, Scores]) -> str:
    """The measures of the network beside those of the baselines."""
    rows: list[list[Cell]] = []
    for name in dict.fromkeys(name for found in scores.values() for name in found):
        best = best_of(name, scores)
        cells: list[Cell] = [
            (score(name, found.get(name)), "best" if who == best else "") for who, found in scores.items()
        ]
        rows.append([measure(name), *cells])
    return table(["", *scores], rows, about="Scores on the test rows, which training never saw. ✓ is the best.")


def _columns(findings: Findings) -> Iterator[str]:
    yield "<h2>What was inferred</h2>"
    rows: list[list[Cell]] = [[one.name, (one.kind, "l"), (one.reason, "l")] for one in findings.columns]
    dropped = {place for place, column in enumerate(findings.columns) if not column.is_used}
    about = "Columns struck out are not used. --kind COLUMN=KIND takes a column for something else."
    found = table(["column", "kind", "why"], rows, kind="columns", dropped=dropped, about=about)
    if len(rows) <= _MOST_OPEN:
        yield found
    else:
        used = f"{len(dropped)} of them not used" if dropped else "all of them used"
        yield f"<details><summary>{len(rows)} columns, {used}</summary>{found}</details>"


def _figures(title: str, remark: str, charts: list[Chart | None]) -> Iterator[str]:
    shown = [chart for chart in charts if chart is not None]
    if not shown:
        return
    yield f"<h2>{xml(title)}</h2>"
    if remark:
        yield f"<p>{xml(remark)}</p>"
    yield f'<div class="charts">{"".join(figure(chart) for chart in shown)}</div>'


def _trust(findings: Findings) -> tuple[str, str]:
    return ("Can its probabilities be trusted?", "") if findings.is_classification else ("Where it is off", "")


def _importance(findings: Findings) -> Iterator[str]:
    ranked = sorted((one for one in findings.importance if math.isfinite(one.loss)), key=lambda one: -one.loss)
    if not ranked:
        return
    shown, left = ranked[:_MOST_IMPORTANT], len(ranked) - _MOST_IMPORTANT
    what = "log-loss" if findings.is_classification else "RMSE"
    about = (
        f"How much the {what} of the test rows rises when the values of one column are shuffled among them. Columns "
        "that say the same share their importance, so each of them alone looks small."
    )
    if left > 0:
        about += f" The {left} least important are left out."
    rows = [_important(one, max(ranked[0].loss, 1e-300)) for one in shown]
    yield "<h2>Which columns matter</h2>"
    yield table(["column", f"{what} rises by", ""], rows, kind="bars", about=about)


def _important(one: Importance, largest: float) -> list[Cell]:
    digits = max(0, min(2 - math.floor(math.log10(largest)), 8))
    text = f"{one.loss:.{digits}f} ± {one.spread:.{digits}f}".replace("-", "−")
    return [one.column, text, (f"{min(max(one.loss / largest, 0.0), 1.0):.4f}", "bar")]


def _again(findings: Findings) -> Iterator[str]:
    yield "<h2>To run it again</h2>"
    yield f'<pre tabindex="0" class="scroll"><code>{xml(findings.command)}</code></pre>'
    settings = f'<pre tabindex="0"><code>{xml(findings.settings)}</code></pre>'
    yield f"<details><summary>All settings, as a file for --config</summary>{settings}</details>"
    facts = "".join(f"<dt>{xml(name)}</dt><dd>{xml(text)}</dd>" for name, text in findings.facts.items())
    yield f"<dl>{facts}</dl>"
