"""A chart in a page, with its heading, its legend and how to read it. Floor 7."""

from glassgrad.charts.chart import Chart
from glassgrad.charts.svg import svg
from glassgrad.explain.notation.escape import xml


def figure(chart: Chart) -> str:
    """The chart as a figure; its legend is a list beside it, where there is more than one line."""
    legend = "".join(
        f'<li><svg viewBox="0 0 30 10" aria-hidden="true"><path class="line s{style % 8}" d="M1 5h28"/></svg>'
        f"{xml(name)}</li>"
        for name, style in chart.legend
    )
    listing = f'<ul class="legend">{legend}</ul>' if legend else ""
    remark = f"<figcaption>{xml(chart.remark)}</figcaption>" if chart.remark else ""
    return f"<figure><h3>{xml(chart.title)}</h3>{listing}{svg(chart)}{remark}</figure>"
