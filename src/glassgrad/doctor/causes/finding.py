"""All causes of a training that does not learn, the surest first: suspected, tested, weighed. Floor 7."""

from dataclasses import dataclass

from glassgrad.doctor.causes.case import Case, Outcome
from glassgrad.doctor.causes.cause import Cause
from glassgrad.doctor.causes.data import DATA
from glassgrad.doctor.causes.loss import LOSS
from glassgrad.doctor.causes.network import NETWORK
from glassgrad.doctor.causes.patience import PATIENCE
from glassgrad.doctor.causes.rate import RATE
from glassgrad.doctor.causes.suspicion import Suspect, Suspicion
from glassgrad.doctor.causes.wiring import WIRING
from glassgrad.doctor.learning.numbers import ramp

SUSPECTS: tuple[Suspect, ...] = (*WIRING, *DATA, *LOSS, *NETWORK, *RATE, *PATIENCE)

CERTAIN = 0.9  # a fact that explains everything: nothing else need be tried
HELPS, CURES = 0.08, 0.4  # how much further a change must get to count, and to count fully
FOR, AGAINST = 14.0, 0.3  # what a test that cures, or does nothing, makes of the odds
HALF = 0.5
GETS_ON = 0.2
WORTH_SAYING = 0.1
_SOON = 100  # steps, before which too few of them may be the cause


@dataclass(frozen=True, slots=True)
class _Weighed:
    suspicion: Suspicion
    outcome: Outcome | None
    confidence: float

    @property
    def strength(self) -> float:
        """How much the test showed, from 0 to 1; 0 without one."""
        return ramp(self.outcome.effect, HELPS, CURES) if self.outcome is not None else 0.0


def find_causes(case: Case) -> tuple[Cause, ...]:
    """What the training suffers from. Where it learns, only what stands by itself: wiring, labels, NaN in the data.

    Args:
        case: the training, with a subject and seconds where changes may be tried on a copy.
    """
    suspicions = _suspicions(case)
    if case.learning.is_learning or case.setup.loss.is_one_of_several:
        suspicions = [suspicion for suspicion in suspicions if suspicion.kind == "plain"]
        return _said([_Weighed(suspicion, None, suspicion.prior) for suspicion in suspicions])
    weighed = _tested(case, suspicions)
    if case.learning.course == "slow":
        weighed = [each for each in weighed if _explains_slowness(case, each)]
    return _said(_against_each_other(weighed))


def suspected(case: Case) -> tuple[Cause, ...]:
    """What a training may suffer from, by what was measured alone: nothing is tried, and nothing is ruled out."""
    return _said([_Weighed(suspicion, None, suspicion.prior) for suspicion in _suspicions(case)])


def _suspicions(case: Case) -> list[Suspicion]:
    """All that speaks for a cause, before anything is tried."""
    return [found for suspect in SUSPECTS if (found := suspect(case)) is not None and found.prior >= WORTH_SAYING]


def _tested(case: Case, suspicions: list[Suspicion]) -> list[_Weighed]:
    """Tries what is most suspected first, while there is time, unless something is certain."""
    sure = max((suspicion.prior for suspicion in suspicions if not suspicion.is_tested), default=0.0)
    weighed: list[_Weighed] = []
    for suspicion in sorted(suspicions, key=lambda suspicion: (suspicion.kind == "last", -suspicion.prior)):
        spare = sure >= CERTAIN or (suspicion.kind == "last" and any(each.strength > HALF for each in weighed))
        outcome = None if spare else _best(case, suspicion)
        confidence = _confidence(suspicion.prior, outcome)
        if suspicion.is_known:
            confidence = max(confidence, suspicion.prior)
        weighed.append(_Weighed(suspicion, outcome, confidence))
    return weighed


def _best(case: Case, suspicion: Suspicion) -> Outcome | None:
    """What the most helpful trial came to; the next one is tried only where those before it helped little."""
    best = None
    for edits in suspicion.trials:
        outcome = case.tried(*edits)
        if outcome is not None and (best is None or outcome.effect > best.effect):
            best = outcome
        if outcome is None or ramp(outcome.effect, HELPS, CURES) > HALF:
            break
    return best


def _confidence(prior: float, outcome: Outcome | None) -> float:
    """The prior's odds, times what the test says."""
    if outcome is None or outcome.learning is None:
        return prior
    strength = ramp(outcome.effect, HELPS, CURES)
    against = float(AGAINST**outcome.share)  # that a few steps do not help says little
    factor = against * float((FOR / against) ** strength)
    odds = prior / max(1.0 - prior, 1e-6) * factor
    return odds / (1.0 + odds)


def _explains_slowness(case: Case, weighed: _Weighed) -> bool:
    """A training that gets on, but slowly, suffers only from what was shown to hold it back (or is a plain fact)."""
    suspicion = weighed.suspicion
    if suspicion.kind == "plain" or not suspicion.is_tested:
        return True
    few = case.learning.steps < _SOON and suspicion.name == "too-few-steps"
    if suspicion.kind != "specific" and case.learning.gained > GETS_ON and not few:
        return False  # what is well on its way may take its time
    if weighed.outcome is None or weighed.outcome.learning is None:
        return case.subject is None and suspicion.prior > 0.7
    reached = weighed.outcome.learning.gained
    return weighed.strength > HALF and reached > 1.5 * case.learning.gained


def _against_each_other(weighed: list[_Weighed]) -> list[_Weighed]:
    """What is a fact of this set-up and cures it explains away what helps with everything."""
    specific = max((each.confidence for each in weighed if each.suspicion.kind in ("plain", "specific")), default=0.0)
    helped = max((each.strength for each in weighed), default=0.0)
    result = []
    for each in weighed:
        confidence = each.confidence
        if each.suspicion.kind == "general":
            confidence *= 1 - 0.6 * ramp(specific, 0.5, 0.9)
        elif each.suspicion.kind == "last":
            found = max(helped, ramp(specific, 0.2, 0.6))
            confidence = min(confidence * 1.5, 0.85) if found < 0.2 and each.outcome is None else confidence
            confidence *= 1 - 0.8 * (found if each.outcome is None else ramp(specific, 0.5, 0.9))
        result.append(_Weighed(each.suspicion, each.outcome, confidence))
    return result


def _said(weighed: list[_Weighed]) -> tuple[Cause, ...]:
    causes = []
    for each in sorted(weighed, key=lambda each: -each.confidence):
        if each.confidence < WORTH_SAYING:
            continue
        suspicion = each.suspicion
        tested = (each.outcome.says,) if each.outcome is not None else ()
        cures = suspicion.cures
        if each.outcome is not None and each.strength > HALF:  # what was seen to help comes first
            shown = each.outcome.edits
            cures = (shown, *(cure for cure in cures if cure != shown))
        sure = round(min(each.confidence, 0.99), 3)
        causes.append(Cause(suspicion.name, suspicion.title, suspicion.link, sure, suspicion.evidence, cures, tested))
    return tuple(causes)
