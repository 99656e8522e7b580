"""Sentences that the text and the page share. Floor 7."""

from math import isfinite

from glassgrad.doctor.cures.cure import Cure
from glassgrad.doctor.ledger.saying import multiplied
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.report.found import Found
from glassgrad.pages.numbers import number, percent

_COURSES = {
    "learns": "It learns", "slow": "It learns slowly", "stuck": "It does not learn", "diverges": "It diverges",
    "oscillates": "It goes up and down", "fails": "It fails",
}  # fmt: skip


def titled(report: Found) -> str:
    """The title as a sentence."""
    text = report.title.strip()
    if text.lower().startswith(report.verdict):  # "Healthy: the loss falls" stands behind the verdict
        text = text[len(report.verdict) :].lstrip(":,. ")
        text = f"{text[:1].upper()}{text[1:]}"
    return text if text.endswith((".", "!", "?")) else f"{text}."


def learnt(report: Found) -> str:
    """How the loss went; empty where the title says it already."""
    learning = report.learning
    if learning.reason:
        return "" if learning.reason.rstrip(".").lower() in report.title.lower() else learning.reason
    if not (isfinite(learning.first) and isfinite(learning.last)):
        return ""
    text = f"{_COURSES[learning.course]}: the loss goes from {number(learning.first)} to {number(learning.last)}"
    if learning.steps:
        text += f" in {learning.steps} step{'s' if learning.steps != 1 else ''}"
    if isfinite(learning.baseline):
        text += f"; a constant prediction has {number(learning.baseline)}"
    return f"{text}."


def chain_says(report: Found) -> str:
    """The ledger in a sentence. Where the training goes well, no link is blamed for a small gradient."""
    ledger = report.ledger
    if ledger is None:
        return ""
    if not report.is_healthy or not isfinite(ledger.start):
        return ledger.says
    return f"{multiplied(ledger.entries)}, and the network learns with that."


def broke(report: Found) -> str:
    """Where the first number arose that is none."""
    bad = report.trace.bad
    if bad is None:
        return ""
    what = "NaN" if bad.what == "nan" else "infinity"
    where = bad.operation if bad.path in bad.operation else f"{bad.operation} ({bad.path})"
    phase = {"forward": "in the forward pass", "backward": "in the backward pass", "update": "in the update"}
    text = f"The first {what} arises in step {bad.step}"
    text += f", {phase[bad.phase]} of {where}" if bad.phase in phase else f", in {where}"
    is_said = bad.says in report.learning.reason
    return f"{text}." if is_said else f"{text}: {bad.says}."


def cost(report: Found) -> str:
    """What was measured, and what it took."""
    trace = report.trace
    parts = []
    if trace.samples and trace.losses:
        parts.append(f"Measured in {len(trace.samples)} of {len(trace.losses)} steps{_overhead(trace)}.")
    if report.seconds > 0.1:
        parts.append(f"The examination took {number(float(f'{report.seconds:.2g}'))} s.")
    return " ".join(parts)


def _overhead(trace: Trace) -> str:
    if not (trace.seconds > 0 and trace.overhead > 0):
        return ""
    return (
        f": {percent(trace.overhead / trace.seconds)} of the {number(float(f'{trace.seconds:.2g}'))} s that they took"
    )


def improvement(cure: Cure) -> str:
    """How far it brought the training, with its spread: "98 % (95 … 99)"."""
    low, high = cure.spread
    middle = percent(round(cure.effect, 2))
    if not (isfinite(low) and isfinite(high)):
        return middle
    return f"{middle} ({_points(low)} … {_points(high)})"


def _points(share: float) -> str:
    return f"{100 * share:.0f}".replace("-", "−")


def middle(values: tuple[float, ...]) -> float:
    """The median; infinity where most are no numbers."""
    ordered = sorted(value if isfinite(value) else float("inf") for value in values)
    if not ordered:
        return float("nan")
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def what_is_judged(report: Found) -> str:
    """What the cures are judged by: the share of wrong predictions where there are classes, else the loss."""
    return "loss" if report.trace.score_after is None else "wrong"


def reached(report: Found, values: tuple[float, ...]) -> str:
    """The middle of what is judged; what is no number says so."""
    value = middle(values)
    if not isfinite(value):
        return "not finite"
    return number(float(f"{value:.3g}")) if what_is_judged(report) == "loss" else percent(round(value, 3))
