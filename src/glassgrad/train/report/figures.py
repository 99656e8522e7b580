"""The charts of a report: loss, gradients of the layers, calibration or residuals. Floor 7."""

import numpy as np

from glassgrad.base.naming import counted
from glassgrad.charts.chart import Axis, Chart, Line, Points, Rule, Spans
from glassgrad.charts.scale import Scale, scale_of, wants_log
from glassgrad.pages.numbers import number, percent
from glassgrad.train.report.findings import Findings
from glassgrad.train.report.measuring import calibration, layers_of, rarer_class, thinned

_MOST_POINTS = 1500
_MOST_LAYERS = 8


def loss_chart(findings: Findings) -> Chart | None:
    """Loss of training and validation after each epoch."""
    series = {
        name: _of_epochs(findings, key) for name, key in (("training", "loss"), ("validation", "validation loss"))
    }
    series = {name: values for name, values in series.items() if np.isfinite(values).any()}
    if not series:
        return None
    epochs = np.arange(1, len(findings.epochs) + 1, dtype=float)
    is_log = wants_log(series.values())
    scale = scale_of(series.values(), is_log=is_log)
    marks: list[Line | Rule] = [
        Line(epochs, values, name, style, dots=len(epochs) < 12) for style, (name, values) in enumerate(series.items())
    ]
    best = findings.best_epoch
    if best is not None and len(epochs) > 1:
        marks.append(Rule((best, scale.low), (best, scale.high), f"best: {best}"))
    says = "; ".join(
        f"the {name} loss goes from {number(values[0])} to {number(values[-1])}, its smallest is "
        f"{number(np.nanmin(values))} after epoch {np.nanargmin(values) + 1}"
        for name, values in series.items()
    )
    remark = "The model that was kept is that of the best epoch of the validation."
    return Chart(
        "loss", "Loss after each epoch", f"{says}.", Axis("epoch", scale_of([epochs], whole=True)),
        Axis("loss (log scale)" if is_log else "loss", scale), tuple(marks), remark if "validation" in series else "",
    )  # fmt: skip


def _of_epochs(findings: Findings, name: str) -> np.ndarray:
    return np.array([epoch.get(name, np.nan) for epoch in findings.epochs], float)


def gradient_chart(findings: Findings) -> Chart | None:
    """The norm of the gradient of each layer over the steps."""
    norms = findings.norms
    layers = layers_of(norms.paths)
    if not len(norms.steps) or not layers:
        return None
    names = list(layers)
    places = np.unique(np.linspace(0, len(names) - 1, min(len(names), _MOST_LAYERS)).round().astype(int))
    lines = []
    for style, place in enumerate(places):
        whole = np.sqrt(np.square(norms.gradient[:, layers[names[place]]].astype(float)).sum(axis=1))
        name = f"layer {place + 1}" if place < len(names) - 1 else "output layer"
        lines.append(Line(*thinned(norms.steps.astype(float), whole), name, style, dots=len(whole) < 3))
    lines = [line for line in lines if len(line.x)]
    if not lines:
        return None
    says = ", ".join(f"{line.name} from {number(line.y[0])} to {number(line.y[-1])}" for line in lines)
    left_out = f" {len(places)} of {len(names)} layers are drawn." if len(places) < len(names) else ""
    return Chart(
        "gradients", "Gradient of each layer", f"Norms of gradients on a log axis: {says}.",
        Axis("step", scale_of([norms.steps.astype(float)], whole=True)),
        Axis("norm of the gradient (log scale)", scale_of([line.y for line in lines], is_log=True)), tuple(lines),
        "Lines that lie near each other are healthy. A layer that lies decades below the others hardly learns: its "
        f"gradient vanishes on the way; one that climbs explodes.{left_out}",
    )  # fmt: skip


def calibration_chart(findings: Findings) -> Chart | None:
    """What came true beside what was said."""
    if findings.probabilities is None or not len(findings.truth):
        return None
    found = calibration(findings.truth, findings.probabilities)
    least, most = min(found.said.min(), found.low.min()), max(found.said.max(), found.high.max())
    scale = Scale(float(np.floor(10 * least) / 10), float(np.ceil(10 * most) / 10))
    is_binary = len(findings.classes) == 2
    what = f"of {findings.classes[rarer_class(findings.truth)]}" if is_binary else "of the predicted class"
    below = "less often than it says" if is_binary else "less often than it says: it is too sure of itself"
    pairs = ", ".join(f"{percent(said)}: {percent(came)}" for said, came in zip(found.said, found.came, strict=True))
    return Chart(
        "calibration", "Calibration",
        f"Said and came true, in {counted(len(found.said), 'group')} of rows: {pairs}. They are "
        f"{percent(found.error)} apart on average.",
        Axis(f"probability {what} that was said", scale), Axis("share of rows where it was so", scale),
        (
            Rule((scale.low, scale.low), (scale.high, scale.high)), Spans(found.said, found.low, found.high),
            Line(found.said, found.came, "", 0, dots=True),
        ),
        f"On the diagonal, 70 % means 70 %. Below it, it comes true {below}. The bars are 95 % intervals. "
        f"On average the two are {percent(found.error)} apart.",
    )  # fmt: skip


def prediction_chart(findings: Findings) -> Chart | None:
    """Predicted against true values."""
    if findings.is_classification or not len(findings.truth):
        return None
    truth, prediction = _sampled(findings)
    scale = scale_of([truth, prediction])
    return Chart(
        "predictions", "Predicted and true",
        f"{len(truth)} rows of the test part; the correlation of the two is "
        f"{number(_correlation(findings.truth, findings.prediction))}.",
        Axis(f"true {findings.target}", scale), Axis(f"predicted {findings.target}", scale),
        (Rule((scale.low, scale.low), (scale.high, scale.high)), Points(truth, prediction, "")),
        "On the diagonal a prediction is exact.",
    )  # fmt: skip


def residual_chart(findings: Findings) -> Chart | None:
    """What is left between truth and prediction."""
    if findings.is_classification or not len(findings.truth):
        return None
    truth, prediction = _sampled(findings)
    rest = findings.truth - findings.prediction
    across = scale_of([prediction])
    return Chart(
        "residuals", "Residuals",
        f"True minus predicted: the mean is {number(rest.mean())}, half of the rows lie between "
        f"{number(np.quantile(rest, 0.25))} and {number(np.quantile(rest, 0.75))}.",
        Axis(f"predicted {findings.target}", across), Axis("true − predicted", scale_of([truth - prediction])),
        (Rule((across.low, 0), (across.high, 0)), Points(prediction, truth - prediction, "")),
        "A bend or a funnel here is something that the network has not learnt.",
    )  # fmt: skip


def _sampled(findings: Findings) -> tuple[np.ndarray, np.ndarray]:
    """(truth, prediction), every so manyth row where there are too many to see."""
    stride = -(-len(findings.truth) // _MOST_POINTS)
    return findings.truth[::stride], findings.prediction[::stride]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if len(a) < 2 or not a.std() or not b.std():
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def all_charts(findings: Findings) -> list[Chart]:
    """Every chart for which there are numbers."""
    makers = (loss_chart, gradient_chart, calibration_chart, prediction_chart, residual_chart)
    return [chart for chart in (maker(findings) for maker in makers) if chart is not None]
