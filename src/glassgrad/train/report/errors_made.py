"""The part of a report about the errors that the network makes: which classes it takes for which. Floor 7."""

from collections.abc import Iterator

import numpy as np

from glassgrad.explain.notation.escape import xml
from glassgrad.pages.numbers import percent
from glassgrad.pages.tables import Cell, confusion_table, table
from glassgrad.train.report.findings import Findings
from glassgrad.train.report.measuring import by_class, confusion

_MOST_CLASSES = 20
_PAIR = (0, 1)  # the classes where there are two
_SELDOM = 0.2  # share of a class up to which it is hardly ever found
_MOST_ERRORS = 10


def errors_section(findings: Findings) -> Iterator[str]:
    """Confusion and scores of the classes; nothing for a regression."""
    if not findings.is_classification or not len(findings.truth):
        return
    classes = findings.classes
    counts = confusion(findings.truth, findings.prediction, len(classes))
    yield "<h2>Which errors it makes</h2>"
    yield _in_words(counts, classes)
    if len(classes) == len(_PAIR):
        yield _seldom_said(counts, classes)
    if len(classes) <= _MOST_CLASSES:
        yield confusion_table(counts, classes, "Test rows by their true class (rows) and the class said (columns).")
    else:
        yield _most_confused(counts, classes)
    about = "Precision: how often it is right when it says the class. Recall: how many rows of the class it finds."
    scores = table(["class", "precision", "recall", "test rows"], _scores(counts, classes), about=about)
    if len(classes) > _MOST_CLASSES:
        scores = f"<details><summary>Scores of the {len(classes)} classes</summary>{scores}</details>"
    yield scores


def _scores(counts: np.ndarray, classes: tuple[str, ...]) -> list[list[str]]:
    precision, recall = by_class(counts)
    return [
        [name, percent(precision[place]), percent(recall[place]), f"{counts[place].sum():,}"]
        for place, name in enumerate(classes)
    ]


def _ranked(counts: np.ndarray) -> list[tuple[int, int]]:
    """(true, said) of the errors, the most frequent first."""
    wrong = counts * (1 - np.eye(len(counts), dtype=int))
    places = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_ERRORS]
    pairs = [divmod(int(place), len(counts)) for place in places]
    return [(true, said) for true, said in pairs if wrong[true, said]]


def _in_words(counts: np.ndarray, classes: tuple[str, ...]) -> str:
    found, errors = _ranked(counts), int(counts.sum() - np.trace(counts))
    if not found:
        return "<p>None in the test rows.</p>"
    true, said = found[0]
    rows = "row" if counts[true, said] == 1 else "rows"
    return (
        f"<p>{errors:,} of {int(counts.sum()):,} test rows are wrong. The most frequent error: {counts[true, said]:,} "
        f"{rows} of <b>{xml(classes[true])}</b> {'is' if rows == 'row' else 'are'} taken for "
        f"<b>{xml(classes[said])}</b>.</p>"
    )


def _seldom_said(counts: np.ndarray, classes: tuple[str, ...]) -> str:
    """What to do where one of two classes is hardly ever found; nothing where both are."""
    recall = by_class(counts)[1]
    place = int(np.nanargmin(recall)) if np.isfinite(recall).all() else -1
    if place < 0 or recall[place] > _SELDOM:
        return ""
    name = xml(classes[place])
    return (
        f"<p>Of <b>{name}</b> it finds {percent(recall[place])} of the rows: it says a class where its probability is "
        f"above 50 %. To find more of them, look at the rows where the probability of <b>{name}</b> is the largest.</p>"
    )


def _most_confused(counts: np.ndarray, classes: tuple[str, ...]) -> str:
    sums = counts.sum(axis=1)
    rows: list[list[Cell]] = [
        [classes[true], (classes[said], "l"), f"{counts[true, said]:,}", percent(counts[true, said] / sums[true])]
        for true, said in _ranked(counts)
    ]
    header = ["true", "predicted", "test rows", "of the true class"]
    return table(header, rows, about="The most frequent errors.")
