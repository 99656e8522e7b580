"""One examination of a case, and what came of it as plain numbers. Runs in a process of its own: see `worker.py`."""

import math
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import glassgrad as gg
from glassgrad.doctor.causes.cause import Cause
from glassgrad.doctor.cures.cure import Cure
from glassgrad.doctor.learning.judging import judge
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.report.report import Report
from glassgrad.doctor.subjects.choosing import subject_of
from glassgrad.doctor.subjects.edits import Longer
from tests.doctor_cases import suite
from tests.doctor_cases.case import Case

FRESH = 1000  # a first-ranked cure is tried again on the case as this further seed makes it
HELPS = 0.4  # skill from which on it has helped


@dataclass(slots=True)
class Examined:
    """What the doctor said of a case. Confidences stand beside the names."""

    case: str
    framework: str
    seed: int
    healthy: bool = False
    verdict: str = ""
    course: str = ""
    reason: str = ""
    symptoms: list[tuple[str, str | None, float]] = field(default_factory=list)
    causes: list[tuple[str, str | None, float]] = field(default_factory=list)
    cures: bool = False  # were any tried? (a watched training has none)
    cure: str | None = None  # the first-ranked one that works
    again: float | None = None  # the skill with it on a fresh seed
    learns_again: bool | None = None  # and what the doctor's own judgement says of that
    steps: int = 0
    seconds: float = 0.0  # of computing
    overhead: float = 0.0  # share of the training's time that measuring took
    error: str | None = None


def examined(name: str, framework: str, seed: int, *, cures: bool, seconds: float) -> dict[str, Any]:
    """Examines the case of this name. `cures` or none."""
    case = suite.named(name)
    found = Examined(name, framework, seed, cures=cures and case.loop is None)
    start = time.process_time()
    made = _made(case, framework, seed)
    given = (made.model, made.loss, made.data, made.optimizer)
    if case.loop is None:
        report = gg.doctor.examine(*given, steps=case.steps, seeds=3, seconds=seconds, cures=cures)
    else:
        from tests.doctor_cases.loops import LOOPS

        with gg.doctor.watch(made.model, made.optimizer) as visit:
            LOOPS[case.loop](made, case.steps)
        report = visit.report()
    found.seconds = time.process_time() - start
    _note(found, report)
    working = [cure for cure in report.cures if cure.works]
    if working and case.loop is None:
        found.cure = working[0].title
        found.again, found.learns_again = _again(case, framework, seed, working[0])
    return asdict(found)


def _made(case: Case, framework: str, seed: int) -> Any:
    if framework == "torch":
        from tests.doctor_cases.in_torch import for_torch

        return for_torch(case, seed)
    from tests.doctor_cases.in_own import for_own

    return for_own(case, seed)


def _note(found: Examined, report: Report) -> None:
    def rows(findings: tuple[Any, ...]) -> list[tuple[str, str | None, float]]:
        return [(one.name, one.link, round(one.confidence, 3)) for one in findings]

    causes: tuple[Cause, ...] = report.causes
    found.healthy, found.verdict = report.is_healthy, report.verdict
    found.course, found.reason = report.learning.course, report.learning.reason
    found.symptoms, found.causes = rows(report.symptoms), rows(causes)
    found.steps = len(report.trace.losses)
    found.overhead = report.trace.overhead / report.trace.seconds if report.trace.seconds else 0.0


def _again(case: Case, framework: str, seed: int, cure: Cure) -> tuple[float, bool]:
    """The skill with this cure on the case as another seed makes it, and whether it is judged to learn."""
    made = _made(case, framework, seed + FRESH)
    subject = subject_of(made.model, made.loss, made.data, made.optimizer).edited(*cure.edits)
    longer = math.prod([edit.factor for edit in cure.edits if isinstance(edit, Longer)])
    trace = subject.run(round(case.steps * longer), seconds=300.0)
    return skill(trace), judge(trace).is_learning


def skill(trace: Trace) -> float:
    """How far from a constant prediction (0) to the end (1) the training came: by right answers, else by the loss."""
    facts = trace.setup.data
    if facts is None or trace.bad is not None:
        return 0.0
    if trace.score_after is not None and facts.labels:
        common = max(count for _, count in facts.labels) / sum(count for _, count in facts.labels)
        return (trace.score_after - common) / (1 - common) if common < 1 else 0.0
    if trace.after is None or not facts.baseline > 0 or not math.isfinite(trace.after):
        return 0.0
    return 1 - trace.after / facts.baseline
