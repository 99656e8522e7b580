"""What examinations are worth: shares of right answers, and a line for each wrong one."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeAlias

from benchmarks.doctor.examined import HELPS
from tests.doctor_cases import suite
from tests.doctor_cases.case import Case, Truth

Found: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    name: str
    count: int
    of: int

    def __str__(self) -> str:
        return f"{self.name:44} {self.count:4} of {self.of:4}  {self.count / self.of:6.1%}" if self.of else self.name


def _names(rows: Sequence[Sequence[Any]], first: int) -> list[str]:
    return [row[0] for row in rows[:first]]


def right_symptom(truth: Truth, found: Found, first: int) -> bool:
    """Is an accepted symptom among the first?"""
    return not truth.symptoms or bool(set(_names(found["symptoms"], first)) & set(truth.symptoms))


def right_cause(truth: Truth, found: Found, first: int) -> bool:
    """Is an accepted cause among the first?"""
    return bool(set(_names(found["causes"], first)) & set(truth.causes))


def right_link(truth: Truth, found: Found) -> bool:
    """Does the first cause name an accepted link?"""
    link = found["causes"][0][1]
    if link is None:
        return False
    number = re.search(r"\d+", link)
    if number is None:
        return link in truth.links
    return "layers" in truth.links or int(number[0]) in truth.links


def helped_again(found: Found) -> bool:
    """Did the first-ranked cure help on a fresh seed as well?"""
    return found["again"] is not None and (found["again"] >= HELPS or bool(found["learns_again"]))


def shares(results: Sequence[Found]) -> list[Share]:
    """All shares, over results without an error; errors have a share of their own."""
    whole = [found for found in results if not found.get("error")]
    broken = [(case.truth, case, found) for found in whole if (case := suite.named(found["case"])).truth]
    healthy = [found for found in whole if suite.named(found["case"]).truth is None]
    seen = [one for one in broken if not one[2]["healthy"]]
    symptoms = [one for one in seen if one[0].symptoms]
    placed = [one for one in seen if one[0].links and right_cause(one[0], one[2], 1)]
    curable = [one for one in seen if one[0].curable and one[2]["cures"]]

    def share(name: str, ones: Sequence[Any], is_right: Callable[[Any], bool]) -> Share:
        return Share(name, sum(map(is_right, ones)), len(ones))

    return [
        share("could be examined", results, lambda found: not found.get("error")),
        share("broken: detected", broken, lambda one: not one[2]["healthy"]),
        share("healthy: false alarms", healthy, lambda found: not found["healthy"]),
        share("an accepted symptom first", symptoms, lambda one: right_symptom(one[0], one[2], 1)),
        share("an accepted symptom among three", symptoms, lambda one: right_symptom(one[0], one[2], 3)),
        share("the main cause first", seen, lambda one: _names(one[2]["causes"], 1) == [one[0].cause]),
        share("an accepted cause first", seen, lambda one: right_cause(one[0], one[2], 1)),
        share("an accepted cause among three", seen, lambda one: right_cause(one[0], one[2], 3)),
        share("the main cause among three", seen, lambda one: one[0].cause in _names(one[2]["causes"], 3)),
        share("the right link, where the cause is right", placed, lambda one: right_link(one[0], one[2])),
        share("curable: a cure worked", curable, lambda one: one[2]["cure"] is not None),
        share("curable: the first cure helps a fresh seed", curable, lambda one: helped_again(one[2])),
        *_agreement(whole),
    ]


def _agreement(whole: Sequence[Found]) -> list[Share]:
    by_run: dict[tuple[str, int], list[Found]] = {}
    for found in whole:
        by_run.setdefault((found["case"], found["seed"]), []).append(found)
    pairs = [pair for pair in by_run.values() if len(pair) == 2]
    same = sum(one["healthy"] == other["healthy"] for one, other in pairs)
    sick = [pair for pair in pairs if pair[0]["causes"] and pair[1]["causes"]]
    first = sum(one["causes"][0][0] == other["causes"][0][0] for one, other in sick)
    return [
        Share("PyTorch and own agree on the verdict", same, len(pairs)),
        Share("PyTorch and own agree on the first cause", first, len(sick)),
    ]


def costs(results: Sequence[Found]) -> str:
    """Seconds and steps of an examination."""
    whole = sorted([found for found in results if not found.get("error")], key=lambda found: found["seconds"])
    if not whole:
        return "nothing was examined"
    seconds = [found["seconds"] for found in whole]
    return (
        f"computing, s: median {median(seconds):.1f}, largest {seconds[-1]:.1f} ({whole[-1]['case']}); "
        f"steps of the person's own training: median {median(found['steps'] for found in whole):.0f}; "
        f"measuring took {median(found['overhead'] for found in whole):.0%} of it (median)"
    )


# ------------------------------------------------------------------ confusions
def confusions(results: Sequence[Found]) -> list[str]:
    """A line for each wrong answer: the case, what was expected, what was found."""
    lines = []
    for found in sorted(results, key=lambda found: (found["case"], found["framework"])):
        case = suite.named(found["case"])
        wrong = _wrong(case, found)
        if wrong:
            head = f"{found['framework']:5} {found['case']} (seed {found['seed']}): {', '.join(wrong)}"
            lines.append(f"{head}\n      {_described(case, found)}")
    return lines


def _wrong(case: Case, found: Found) -> list[str]:
    if found.get("error"):
        return [f"ERROR {found['error']}"]
    truth = case.truth
    if truth is None:
        return [] if found["healthy"] else ["FALSE ALARM"]
    if found["healthy"]:
        return ["MISSED"]
    wrong = []
    if not right_symptom(truth, found, 1):
        wrong.append("symptom" if right_symptom(truth, found, 3) else "symptom (not in three)")
    if not right_cause(truth, found, 1):
        wrong.append("CAUSE" if right_cause(truth, found, 3) else "CAUSE (not in three)")
    elif truth.links and not right_link(truth, found):
        wrong.append("link")
    if truth.curable and found["cures"] and not helped_again(found):
        wrong.append("no cure" if found["cure"] is None else "cure does not help again")
    return wrong


def _described(case: Case, found: Found) -> str:
    truth = case.truth
    if found.get("error"):
        return f"{case.layers} | {case.loss} | {case.optimizer} | {case.data} {case.changed} {case.init}"

    def words(rows: Sequence[Sequence[Any]]) -> str:
        return ", ".join(f"{name}@{link} {confidence:.2f}" for name, link, confidence in rows[:4]) or "none"

    expected = (
        "healthy" if truth is None else f"{'/'.join(truth.symptoms)} <- {'/'.join(truth.causes)} at {truth.links}"
    )
    again = "" if found["again"] is None else f" (again {found['again']:.2f}, learns {found['learns_again']})"
    return (
        f"{case.layers} | {case.loss} | {case.optimizer} | {case.data} {case.changed} {case.init} {case.steps} steps\n"
        f"      expected {expected}\n"
        f"      found {found['verdict']}, {found['course']} ({found['reason']}); symptoms {words(found['symptoms'])}; "
        f"causes {words(found['causes'])}; cure {found['cure']}{again}; {found['seconds']:.0f} s"
    )
