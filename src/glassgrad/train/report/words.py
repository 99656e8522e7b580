"""Numbers as words: scores with their names, the verdict of a run. Floor 7."""

import math

import numpy as np

from glassgrad.pages.numbers import number, percent
from glassgrad.train.report.findings import Findings, Scores
from glassgrad.train.report.measuring import interval

# Name in metrics.json: (name for people, is a share, larger is better).
MEASURES = {
    "accuracy": ("accuracy", True, True),
    "balanced_accuracy": ("balanced accuracy", True, True),
    "roc_auc": ("ROC-AUC", False, True),
    "log_loss": ("log-loss", False, False),
    "rmse": ("RMSE", False, False),
    "mae": ("MAE", False, False),
    "r2": ("R²", False, True),
}
_TELLS_APART = 0.65  # ROC-AUC from which rows of different classes are clearly put in order
_LOPSIDED = 0.75  # a share of one class from which accuracy alone says little


def measure(name: str) -> str:
    """A measure's name for people."""
    return MEASURES[name][0] if name in MEASURES else name.replace("_", " ")


def score(name: str, value: float | None) -> str:
    """A score as text: shares in percent, others to three or four digits; a dash where it does not exist."""
    if value is None or not math.isfinite(value):
        return "–"
    if name in MEASURES and MEASURES[name][1]:
        return f"{100 * value:.1f} %"
    if name in ("roc_auc", "log_loss", "r2") and abs(value) < 1000:
        return f"{value:z.3f}".replace("-", "−")
    return number(value)


def best_of(name: str, scores: dict[str, Scores]) -> str | None:
    """Who alone is best by a measure, as it is shown; None where nobody is, or nobody knows which way is better."""
    found = {who: value for who, parts in scores.items() if (value := parts.get(name)) is not None}
    if name not in MEASURES or len(found) < 2:
        return None
    top = (max if MEASURES[name][2] else min)(found.values())
    holders = [who for who, value in found.items() if score(name, value) == score(name, top)]
    return holders[0] if len(holders) == 1 else None


def verdict(findings: Findings) -> tuple[str, str]:
    """How good the network is in one sentence, and what to make of it beside the baselines in another."""
    if not len(findings.truth):
        return "There were no test rows, so nobody knows how good the network is.", "Give the test a share of the rows."
    return _of_classes(findings) if findings.is_classification else _of_values(findings)


def _baselines(scores: dict[str, Scores], name: str) -> tuple[float | None, str | None, float | None]:
    """Of a measure: the one of always saying the same, the name of the linear model, and the one of that."""
    others = [who for who in scores if who != "network"]
    simple = next((who for who in others if who in ("majority", "mean")), None)
    linear = next((who for who in others if who != simple), None)
    return (scores[simple].get(name) if simple else None), linear, (scores[linear].get(name) if linear else None)


def _of_classes(findings: Findings) -> tuple[str, str]:
    rows = len(findings.truth)
    accuracy = float(np.mean(findings.truth == findings.prediction))
    low, high = (float(end) for end in interval(accuracy * rows, rows))
    simple, name, linear = _baselines(findings.scores, "accuracy")
    beside = []
    if simple is not None:
        beside.append(f"always saying the most frequent class gets {percent(simple)}")
    if linear is not None:
        beside.append(f"{name} gets {percent(linear)}")
    first = (
        f"The network gets {percent(accuracy)} of the {counted_rows(rows)} right "
        f"(95 % interval {percent(low)} to {percent(high)})" + (f"; {', '.join(beside)}." if beside else ".")
    )
    apart = _apart(findings.scores) if simple is not None and low <= simple else None
    second = apart or _compared(accuracy, (low, high), simple, name, linear)
    largest = np.bincount(findings.truth).max() / rows
    if largest > _LOPSIDED and apart:
        second += f" {percent(largest)} of the test rows are of one class, so accuracy says little."
    elif largest > _LOPSIDED:
        second += (
            f" {percent(largest)} of the test rows are of one class, so accuracy says little: look at the balanced "
            "accuracy, which counts each class alike."
        )
    return first, second


def _apart(scores: dict[str, Scores]) -> str | None:
    """What to say where accuracy shows nothing, and the order of the probabilities shows that something was learnt."""
    own, (_, name, linear) = scores["network"].get("roc_auc"), _baselines(scores, "roc_auc")
    if own is None or own < _TELLS_APART:
        return None
    beside = "" if linear is None else f", {name} has {score('roc_auc', linear)}"
    return (
        "By accuracy that is hardly better than always saying the most frequent class, but it tells the classes apart: "
        f"its ROC-AUC is {score('roc_auc', own)}, and 0.5 would be chance{beside}."
    )


def counted_rows(rows: int) -> str:
    """The test rows with their number."""
    return "one test row" if rows == 1 else f"{rows:,} test rows"


def _compared(
    value: float, reach: tuple[float, float], simple: float | None, name: str | None, linear: float | None
) -> str:
    low, high = reach
    if simple is not None and value <= simple:
        return (
            "That is not better than always saying the most frequent class: the columns tell it nothing, or it did not "
            "learn."
        )
    if simple is not None and low <= simple:
        return "With so few test rows that may be chance: always saying the most frequent class is hardly worse."
    if linear is None:
        return "It has learnt from the columns."
    if linear > high:
        return f"It has learnt, but {name} is clearly better: use that, or train longer or with another rate."
    if low > linear:
        return f"It has learnt more than {name} can: the network is worth its while."
    side = "better" if value > linear else "worse"
    if value == linear:
        return f"It has learnt, and is as good as {name}."
    return f"It has learnt, and is {side} than {name} by no more than chance allows with so few test rows."


def _of_values(findings: Findings) -> tuple[str, str]:
    rest = findings.truth - findings.prediction
    error, spread = float(np.sqrt(np.mean(rest**2))), float(np.var(findings.truth))
    simple, name, linear = _baselines(findings.scores, "rmse")
    first = f"On the {counted_rows(len(rest))} the network is {number(error)} off (RMSE)"
    if spread:
        first += f" and explains {percent(1 - error**2 / spread)} of the variance"
    beside = [] if simple is None else [f"{number(simple)} for always saying the mean"]
    beside += [] if linear is None else [f"{number(linear)} for {name}"]
    first += f"; the error is {' and '.join(beside)}." if beside else "."
    if simple is not None and error >= simple:
        return (
            first,
            "That is not better than always saying the mean: the columns tell it nothing, or it did not learn.",
        )
    if linear is None:
        return first, "It has learnt from the columns."
    gain = 1 - error / linear if linear else 0.0
    if abs(gain) < 0.02:
        return first, f"It has learnt as much as {name} does, to within 2 %."
    if gain < 0:
        better = percent(1 - linear / error)
        return (
            first,
            f"It has learnt, but the error of {name} is {better} smaller: use that, or another rate.",
        )
    return first, f"Its error is {percent(gain)} smaller than that of {name}: the network is worth its while."
