"""Trials: each cure worth trying is run on copies, beside the untreated training on the same seeds. Floor 7.

Successive halving: all candidates run once from the person's own start; only those with which the training learns run
from the further seeds too. Improvements are shares of the way from a constant prediction to the least loss, so that a
cure with another loss, or other units of the targets, is compared fairly.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from glassgrad.doctor.causes.cause import Cause
from glassgrad.doctor.cures.cure import Cure
from glassgrad.doctor.cures.words import size_of, titled
from glassgrad.doctor.learning.judging import judge
from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.subjects.edits import Edit, Longer
from glassgrad.doctor.subjects.subject import Cannot, Subject

_MOST = 8  # candidates that are run
_LEAST_GAIN = 0.1  # of the whole way, that a cure has to win over the untreated run to have helped
_SLOWER = 4.0  # times the untreated run's seconds, that a treated one may take

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A training of a trial: its curve, and how it went."""

    losses: tuple[float, ...]
    learning: Learning
    score: float  # the loss over the fixed batches after it, or 1 − the share of right predictions
    progress: float  # share of the way from a constant prediction to the best there is, 0 … 1
    seconds: float


@dataclass(slots=True)
class _Candidate:
    """A cure that is tried."""

    edits: tuple[Edit, ...]
    cause: str
    subject: Subject | None = None
    why_not: str | None = None
    outcomes: dict[int | None, Outcome] = field(default_factory=dict)  # by seed


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

    The best first: the training learns with it on most seeds, then by its effect, the smaller edit first where two do
    alike. Two that help alone but not enough are tried together. Those that cannot be made say why. No training takes
    more than its share of the `seconds`.
    """
    until = time.monotonic() + seconds
    trial = _Trial(subject, steps, until, _outcome(untreated))
    found = list(_candidates(causes))[:_MOST]
    for number, candidate in enumerate(found):
        tell(f"trying a cure, {number + 1} of {len(found)}: {titled(candidate.edits)}")
        trial.run(candidate, None, share=0.6 / len(found))
    found += trial.together(found, tell)
    for seed in range(1, seeds):
        again = [candidate for candidate in found if trial.helped(candidate, None)]
        again = sorted(again, key=trial.rank)[:3]
        for candidate in again:
            tell(f"again from another start: {titled(candidate.edits)}")
            trial.run(candidate, seed, share=0.4 / max(1, (seeds - 1) * len(again)))
    return tuple(trial.cure(candidate) for candidate in sorted(found, key=trial.rank))


def _candidates(causes: Sequence[Cause]) -> Iterator[_Candidate]:
    """What the causes suggest: the first edit of each, surest cause first, then the second of each, and so on."""
    seen: set[tuple[Edit, ...]] = set()
    for place in range(max((len(cause.edits) for cause in causes), default=0)):
        for cause in causes:
            if place < len(cause.edits) and cause.edits[place] not in seen:
                seen.add(cause.edits[place])
                yield _Candidate(cause.edits[place], cause.name)


@dataclass(slots=True)
class _Trial:
    """The runs of a trial, and how candidates compare."""

    subject: Subject
    steps: int
    until: float
    own: Outcome  # of the untreated training from the person's start
    untreated: dict[int | None, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.untreated[None] = self.own

    def run(self, candidate: _Candidate, seed: int | None, *, share: float) -> None:
        """Runs a candidate from a start, unless it cannot be made or the time is over."""
        left = self.until - time.monotonic()
        if candidate.why_not is not None:
            return
        if left <= 0:
            candidate.why_not = None if candidate.outcomes else "the time was over"
            return
        try:
            if candidate.subject is None:
                candidate.subject = self.subject.edited(*candidate.edits)
            allowed = max(left * share, _SLOWER * self.own.seconds)
            if seed not in self.untreated:
                self.untreated[seed] = _outcome(self.subject.run(self.steps, seed=seed, seconds=allowed))
            steps = round(self.steps * _length(candidate.edits))
            trace = candidate.subject.run(steps, seed=seed, seconds=allowed * _length(candidate.edits))
            candidate.outcomes[seed] = _outcome(trace)
        except Exception as error:  # noqa: BLE001 - a model that fails with one edit tells nothing of the others
            said = str(error).partition("\n")[0]
            candidate.why_not = said if isinstance(error, Cannot) else f"it fails: {said or type(error).__name__}"

    def together(self, found: Sequence[_Candidate], tell: Tell) -> list[_Candidate]:
        """Two at once, where none learns alone: the best one and that of the surest cause, each with two others."""
        if any(self.helped(candidate, None) for candidate in found):
            return []
        ran = [candidate for candidate in sorted(found, key=self.rank) if candidate.outcomes]
        surest = [candidate for candidate in found if candidate.outcomes][:1]
        chosen: dict[frozenset[Edit], _Candidate] = {}
        for first in (*ran[:1], *surest):
            others = [one for one in ran if not _kinds(one) & _kinds(first)]
            for other in others[:2]:
                both = (*first.edits, *other.edits)
                chosen.setdefault(frozenset(both), _Candidate(both, first.cause))
        pairs = list(chosen.values())
        for pair in pairs:
            tell(f"trying two at once: {titled(pair.edits)}")
            self.run(pair, None, share=0.5 / len(pairs))
        return pairs

    # ------------------------------------------------------------------ comparing
    def gain(self, candidate: _Candidate, seed: int | None) -> float:
        """How much further it came than the untreated training from the same start: a share of the whole way."""
        return candidate.outcomes[seed].progress - self.untreated[seed].progress

    def helped(self, candidate: _Candidate, seed: int | None) -> bool:
        """Does the training learn with it, and plainly better than without?"""
        outcome = candidate.outcomes.get(seed)
        return outcome is not None and outcome.learning.is_learning and self.gain(candidate, seed) >= _LEAST_GAIN

    def rank(self, candidate: _Candidate) -> tuple[float, ...]:
        """The order of cures: smaller is better."""
        gains = [self.gain(candidate, seed) for seed in candidate.outcomes]
        share = sum(self.helped(candidate, seed) for seed in candidate.outcomes) / max(1, len(gains))
        effect = median(gains) if gains else -1.0
        return (not candidate.outcomes, -(share > 0.5), -share, -round(effect, 1), size_of(candidate.edits), -effect)

    def cure(self, candidate: _Candidate) -> Cure:
        """What came of a candidate."""
        seeds = list(candidate.outcomes)
        gains = sorted(self.gain(candidate, seed) for seed in seeds) or [0.0]
        return Cure(
            edits=candidate.edits,
            title=titled(candidate.edits),
            code="\n".join(self.subject.code(edit) for edit in candidate.edits),
            cause=candidate.cause,
            losses=tuple(candidate.outcomes[seed].losses for seed in seeds),
            untreated=tuple(self.untreated[seed].losses for seed in seeds),
            before=tuple(self.untreated[seed].score for seed in seeds),
            after=tuple(candidate.outcomes[seed].score for seed in seeds),
            helped=sum(self.helped(candidate, seed) for seed in seeds),
            effect=median(gains),
            spread=(gains[0], gains[-1]),
            why_not=candidate.why_not,
        )


def _kinds(candidate: _Candidate) -> set[type]:
    return {type(edit) for edit in candidate.edits}


def _length(chosen: Sequence[Edit]) -> float:
    """How many times as many steps the edits ask for."""
    return max([edit.factor for edit in chosen if isinstance(edit, Longer)], default=1.0)


def _outcome(trace: Trace) -> Outcome:
    learning = judge(trace)
    score = trace.after if trace.score_after is None else 1.0 - trace.score_after
    return Outcome(
        trace.losses, learning, learning.last if score is None else score, progress_of(trace, learning), trace.seconds
    )


def progress_of(trace: Trace, learning: Learning) -> float:
    """How far a training came from a constant prediction (0) to the best there is (1)."""
    if trace.bad is not None or learning.course == "fails":
        return 0.0
    data = trace.setup.data
    if trace.score_after is not None and data is not None and data.labels:
        total = sum(count for _, count in data.labels)
        constant = max(count for _, count in data.labels) / total if total else 0.0
        if constant < 1:
            return min(max((trace.score_after - constant) / (1 - constant), 0.0), 1.0)
    return min(max(learning.gained, 0.0), 1.0)
