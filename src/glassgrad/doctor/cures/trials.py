"""Trials: each cure worth trying is run on copies, beside the untreated training on the same seeds. Floor 7.

Successive halving: all candidates run once from the person's own start; only those with which the training learns run
from the further seeds too. Where none helps from every start, the best ones are gone on with: their edited training is
looked at like the person's own, for what it still suffers from. Improvements are shares of the way from a constant
prediction to the least loss, so that a cure with another loss, or other units of the targets, is compared fairly.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import prod
from statistics import median

from glassgrad.doctor.causes.cause import Cause
from glassgrad.doctor.cures.cure import Cure
from glassgrad.doctor.cures.outcome import Outcome, outcome_of
from glassgrad.doctor.cures.proposing import besides, in_turns, joined
from glassgrad.doctor.cures.words import size_of, titled
from glassgrad.doctor.learning.judging import ENOUGH
from glassgrad.doctor.measured.steps import sampled
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.subjects.edits import Edit, Longer
from glassgrad.doctor.subjects.subject import Cannot, Subject

_MOST = 8  # candidates that are run at first, and that are made of one that is gone on with
_ROUNDS = 2  # of going on: so many edits a cure has at most, and one more
_TOLD = 4  # of those that were gone on with
_BEST = 3  # that run from the further starts
_FEWEST = 2  # that are run in any case
_LEAST_GAIN = 0.1  # of the whole way, that a cure has to win over the untreated run to have helped
_ALIKE = 0.15  # of the whole way: cures that differ by less do about as well
_SLOWER = 4.0  # times the untreated run's seconds, that a treated one may take

_NO_TIME = "the time was over"

Tell = Callable[[str], None]
Start = int | None  # a seed; None is the person's own


@dataclass(slots=True, eq=False)
class _Candidate:
    """A cure that is tried."""

    edits: tuple[Edit, ...]
    cause: Cause
    subject: Subject | None = None
    why_not: str | None = None
    outcomes: dict[Start, Outcome] = field(default_factory=dict)


def try_cures(
    subject: Subject,
    causes: Sequence[Cause],
    untreated: Trace,
    *,
    steps: int,
    seeds: int = 3,
    seconds: float = 30.0,
    tell: Tell = lambda _: None,
) -> tuple[Cure, ...]:
    """The cures that the causes suggest, each tried from the person's own start and, where it helps, from fresh ones.

    The best first: the training learns with it on most seeds, in as many steps as before, then by its effect, the
    smaller edit first where two do alike. Where none helps from every start, or none by much, that of the surest cause
    and the best one are tried together with what the training still suffers from. Those that cannot be made say why.
    A training takes no more than its share of the `seconds`, or four times as long as the untreated one if that is
    more.
    """
    until = time.monotonic() + seconds
    trial = _Trial(subject, steps, until, (None, *range(1, seeds)), tell, {None: outcome_of(untreated)})
    found = [_Candidate(edits, cause) for edits, cause in islice(in_turns(causes), _MOST)]
    trial.run_all(found, None, share=0.5)
    trial.confirm(found, share=0.3)
    further = trial.further(found)
    told = trial.ranked([*found, *trial.ranked(further)[:_TOLD]])
    return tuple(trial.cure(candidate) for candidate in told)


@dataclass(slots=True)
class _Trial:
    """The runs of a trial, and how candidates compare."""

    subject: Subject
    steps: int
    until: float
    starts: tuple[Start, ...]
    tell: Tell
    untreated: dict[Start, Outcome]

    # ------------------------------------------------------------------ running
    def run_all(self, candidates: Sequence[_Candidate], start: Start, *, share: float) -> None:
        """Runs candidates from one start, in a share of the time that is left: the last ones not where it is short."""
        now = time.monotonic()
        end = now + share * (self.until - now)
        for number, candidate in enumerate(candidates):
            if number >= _FEWEST and time.monotonic() > end:
                candidate.why_not = _NO_TIME
                continue
            self.tell(f"trying a cure, {number + 1} of {len(candidates)}: {titled(candidate.edits)}")
            self.run(candidate, start, share=share / len(candidates))

    def confirm(self, candidates: Sequence[_Candidate], *, share: float) -> None:
        """Runs those that helped at first from the other starts too: the best of them, the very best first."""
        helped = [one for one in candidates if any(self.helped(one, start) for start in one.outcomes)]
        for candidate in self.ranked(helped)[:_BEST]:
            for start in self.starts:
                if start not in candidate.outcomes:
                    self.tell(f"again from another start: {titled(candidate.edits)}")
                    self.run(candidate, start, share=share / (len(self.starts) * _BEST))

    def run(self, candidate: _Candidate, start: Start, *, share: float) -> None:
        """Runs a candidate from a start, unless it cannot be made or the time is over."""
        left = self.until - time.monotonic()
        if candidate.why_not is not None:
            return
        if left <= 0:
            candidate.why_not = None if candidate.outcomes else _NO_TIME
            return
        try:
            if candidate.subject is None:
                candidate.subject = self.subject.edited(*candidate.edits)
            allowed = max(left * share, _SLOWER * self.untreated[None].seconds)
            if start not in self.untreated:
                self.untreated[start] = outcome_of(self.subject.run(self.steps, seed=start, seconds=allowed))
            candidate.outcomes[start] = outcome_of(self._trained(candidate, start, allowed))
        except Exception as error:  # noqa: BLE001 - a model that fails with one edit tells nothing of the others
            said = str(error).partition("\n")[0]
            candidate.why_not = said if isinstance(error, Cannot) else f"it fails: {said or type(error).__name__}"

    def _trained(self, candidate: _Candidate, start: Start, seconds: float, *, closely: bool = False) -> Trace:
        """The training of a candidate whose subject is made; `closely` is with samples."""
        assert candidate.subject is not None
        length = prod(edit.factor for edit in candidate.edits if isinstance(edit, Longer))
        steps = round(self.steps * length)
        samples = sampled(steps) if closely else ()
        return candidate.subject.run(steps, seed=start, samples=samples, seconds=seconds * length)

    # ------------------------------------------------------------------ going on
    def is_settled(self, candidate: _Candidate) -> bool:
        """Did it help from every start, without taking longer, and get the training half of the way or more?"""
        if candidate.why_not is not None or _takes_longer(candidate):
            return False
        return all(self.helped(candidate, start) for start in self.starts) and (
            median(outcome.progress for outcome in candidate.outcomes.values()) >= ENOUGH
        )

    def further(self, found: Sequence[_Candidate]) -> list[_Candidate]:
        """Goes on with the best ones until one has helped from every start."""
        more: list[_Candidate] = []
        bases: list[_Candidate] = []
        for _ in range(_ROUNDS):
            if any(self.is_settled(candidate) for candidate in (*found, *more)):
                break
            for base in self.promising((*found, *more), bases):
                bases.append(base)
                more += self.gone_on(base, (*found, *more))
        return more

    def promising(self, found: Sequence[_Candidate], but: Sequence[_Candidate]) -> list[_Candidate]:
        """Those to go on with: that of the surest cause, which is wrong in any case, and the one that came furthest."""
        ran = [candidate for candidate in found if candidate.outcomes and candidate not in but]
        best = self.ranked(ran)[:1]
        return best if but or ran[:1] == best else [ran[0], *best]

    def gone_on(self, base: _Candidate, found: Iterable[_Candidate]) -> list[_Candidate]:
        """The base with more edits, tried from where it does not help first."""
        failing = next((start for start in self.starts if not self.helped(base, start)), None)
        left = self.until - time.monotonic()
        if left <= 0:
            return []
        try:
            trace = self._trained(base, failing, left / 4, closely=True)
        except Exception:  # noqa: BLE001 - from another start it may fail
            return []
        known = {frozenset(candidate.edits) for candidate in found}
        sets = {frozenset(edits): edits for more in besides(trace) if (edits := joined(base.edits, more))}
        new = [_Candidate(edits, base.cause) for key, edits in sets.items() if key not in known][:_MOST]
        self.run_all(new, failing, share=0.4)
        self.confirm(new, share=0.3)
        return new

    # ------------------------------------------------------------------ comparing
    def gain(self, candidate: _Candidate, start: Start) -> float:
        """How much further it came than the untreated training from the same start: a share of the whole way."""
        return candidate.outcomes[start].progress - self.untreated[start].progress

    def helped(self, candidate: _Candidate, start: Start) -> bool:
        """Does the training learn with it, and plainly better than without?"""
        outcome = candidate.outcomes.get(start)
        return outcome is not None and outcome.learning.is_learning and self.gain(candidate, start) >= _LEAST_GAIN

    def effect(self, candidate: _Candidate) -> float:
        """The median of its gains."""
        return median([self.gain(candidate, start) for start in candidate.outcomes] or [-1.0])

    def ranked(self, candidates: Iterable[_Candidate]) -> list[_Candidate]:
        """The best first; of those that do about as well, that of the surest cause, and of its cures the smallest."""
        levels: dict[tuple[float, ...], list[_Candidate]] = {}
        for candidate in candidates:
            levels.setdefault(self._level(candidate), []).append(candidate)
        return [candidate for level in sorted(levels) for candidate in self._within(levels[level])]

    def _level(self, candidate: _Candidate) -> tuple[float, ...]:
        """What counts before the effect: that it helps from most starts, and in as many steps; smaller is better."""
        helped = sum(self.helped(candidate, start) for start in candidate.outcomes)
        works = helped * 2 > len(candidate.outcomes)
        return (not candidate.outcomes, not works, -helped, _takes_longer(candidate))

    def _within(self, level: Sequence[_Candidate]) -> list[_Candidate]:
        """Those of one level in order."""
        best = max(self.effect(candidate) for candidate in level)
        helps = any(self.helped(candidate, start) for candidate in level for start in candidate.outcomes)

        def key(candidate: _Candidate) -> tuple[float, ...]:
            effect, size = self.effect(candidate), size_of(candidate.edits)
            if not helps or effect < best - _ALIKE:
                return (1, -round(effect, 1), size, -effect)
            return (0, -candidate.cause.confidence, size, -effect)

        return sorted(level, key=key)

    def cure(self, candidate: _Candidate) -> Cure:
        """What came of a candidate."""
        starts = [start for start in self.starts if start in candidate.outcomes]
        gains = sorted(self.gain(candidate, start) for start in starts) or [0.0]
        return Cure(
            edits=candidate.edits,
            title=titled(candidate.edits),
            code="\n".join(self.subject.code(edit) for edit in candidate.edits),
            cause=candidate.cause.name,
            losses=tuple(candidate.outcomes[start].losses for start in starts),
            untreated=tuple(self.untreated[start].losses for start in starts),
            before=tuple(self.untreated[start].score for start in starts),
            after=tuple(candidate.outcomes[start].score for start in starts),
            helped=sum(self.helped(candidate, start) for start in starts),
            effect=median(gains),
            spread=(gains[0], gains[-1]),
            why_not=candidate.why_not,
        )


def _takes_longer(candidate: _Candidate) -> bool:
    return any(isinstance(edit, Longer) for edit in candidate.edits)
