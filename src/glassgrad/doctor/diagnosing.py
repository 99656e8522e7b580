"""From what was measured to a report: does it learn, what is seen, why, and where along the chain. Floor 7."""

import time
from collections.abc import Sequence
from dataclasses import replace

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.causes.cause import Cause
from glassgrad.doctor.causes.finding import find_causes
from glassgrad.doctor.cures.words import titled
from glassgrad.doctor.learning.judging import judge
from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.ledger.making import ledger_of
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.report.found import Verdict
from glassgrad.doctor.report.report import Report
from glassgrad.doctor.subjects.coding import code_of
from glassgrad.doctor.subjects.subject import Subject
from glassgrad.doctor.symptoms.finding import find_symptoms
from glassgrad.doctor.symptoms.symptom import Symptom

_FEWEST = 20  # steps; fewer show nothing of how a training goes
_MOST_WORTH_TRYING = 3
_OF_SEVERAL = "Several optimisers have losses of their own, as in an adversarial training: none tells how it goes."


def diagnosed(trace: Trace, subject: Subject | None = None, seconds: float = 0.0) -> Report:
    """The report on a training, without cures tried. With a `subject` causes are tested by counterfactuals.

    A training that learns is healthy whatever its gradients look like, but for what is wrong all the same: gradients
    that are never cleared, parameters that no optimiser holds, labels that are all alike.
    """
    began = time.monotonic()
    learning = judge(trace)
    is_told = not trace.setup.loss.is_one_of_several
    if not is_told:
        learning = replace(learning, reason=f"{learning.reason} {_OF_SEVERAL}")
    symptoms = find_symptoms(trace, learning)
    causes = find_causes(Case(trace, learning, symptoms, subject, seconds))
    verdict = verdict_of(learning, causes, is_told=is_told)
    is_well = verdict in ("healthy", "slow but flowing")
    return Report(
        verdict=verdict,
        title=titled_verdict(verdict, learning, symptoms, causes),
        learning=learning,
        symptoms=() if is_well else symptoms,
        causes=() if is_well else causes,
        cures=(),
        ledger=ledger_of(trace, learns=learning.is_learning),
        trace=trace,
        worth_trying=() if is_well else worth_trying(trace, causes),
        notes=trace.notes,
        seconds=time.monotonic() - began,
    )


def verdict_of(learning: Learning, causes: Sequence[Cause], *, is_told: bool = True) -> Verdict:
    """Healthy, slow, sick; unknown where too little was seen, or where the losses do not tell (`is_told`)."""
    sure = any(cause.is_sure for cause in causes)
    if (learning.steps < _FEWEST or not is_told) and learning.course != "fails":
        return "sick" if sure else "unknown"
    if learning.course == "learns":
        return "sick" if sure else "healthy"
    if learning.course == "slow":
        return "sick" if sure else "slow but flowing"
    return "sick"


def titled_verdict(verdict: Verdict, learning: Learning, symptoms: Sequence[Symptom], causes: Sequence[Cause]) -> str:
    """The verdict in a sentence: the first cause, else the first symptom, else how it goes."""
    if verdict in ("healthy", "slow but flowing", "unknown"):
        return learning.reason or "No step was seen"
    if causes and causes[0].is_sure:
        return causes[0].title
    if symptoms:
        return f"{symptoms[0].title}; no cause is certain"
    return f"It does not learn, and nothing measured says why: {_small(learning.reason)}"


def worth_trying(trace: Trace, causes: Sequence[Cause]) -> tuple[tuple[str, str], ...]:
    """The first cure of each cause that is sure, or of the likeliest where none is: (title, code)."""
    sure = [cause for cause in causes if cause.is_sure]
    firsts = dict.fromkeys(cause.edits[0] for cause in sure or causes if cause.edits)
    return tuple(
        (titled(edits), "\n".join(code_of(edit, trace.setup) for edit in edits))
        for edits in list(firsts)[:_MOST_WORTH_TRYING]
    )


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
