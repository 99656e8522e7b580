"""A case: what was measured and seen, and a copy on which changes can be tried. Floor 7."""

from dataclasses import dataclass, field
from time import perf_counter

from glassgrad.doctor.cures.words import titled
from glassgrad.doctor.learning.judging import judge
from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import percent, said
from glassgrad.doctor.measured.sample import Sample
from glassgrad.doctor.measured.setup import DataFacts, OptimizerFacts, Setup
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.subjects.edits import Edit, Longer
from glassgrad.doctor.subjects.subject import Cannot, Subject
from glassgrad.doctor.symptoms.reading import usable
from glassgrad.doctor.symptoms.symptom import Symptom, SymptomName

RUNS = 5  # counterfactuals that the time is planned for
AFTER_FAILURE = 150  # steps that a change gets where the training itself broke off
FEWEST = 40  # steps below which a counterfactual tells little


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a change: how much further the same steps get with it, from −1 to 1."""

    effect: float
    learning: Learning | None
    says: str
    edits: tuple[Edit, ...] = ()
    share: float = 1.0  # of the steps that the training had


@dataclass(slots=True)
class Case:
    """A training to explain. `subject` None: it was watched from outside, nothing can be tried."""

    trace: Trace
    learning: Learning
    symptoms: tuple[Symptom, ...]
    subject: Subject | None = None
    seconds: float = 0.0
    _outcomes: dict[tuple[Edit, ...], Outcome | None] = field(default_factory=dict)
    _fitted: list[tuple[float, float] | None] = field(default_factory=list)
    _started: float = field(default_factory=perf_counter)

    @property
    def setup(self) -> Setup:
        """The set-up."""
        return self.trace.setup

    @property
    def data(self) -> DataFacts | None:
        """The data's facts."""
        return self.trace.setup.data

    @property
    def optimizer(self) -> OptimizerFacts | None:
        """The first optimiser."""
        return self.trace.setup.optimizers[0] if self.trace.setup.optimizers else None

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The samples whose loss is a number."""
        return usable(self.trace)

    def seen(self, *names: SymptomName) -> float:
        """How sure it is that one of these symptoms is there."""
        return max((symptom.confidence for symptom in self.symptoms if symptom.name in names), default=0.0)

    def symptom(self, name: SymptomName) -> Symptom | None:
        """The symptom of this name, if it is there."""
        return next((symptom for symptom in self.symptoms if symptom.name == name), None)

    @property
    def time_left(self) -> float:
        """Seconds left for trying."""
        return self.seconds - (perf_counter() - self._started)

    def tried(self, *edits: Edit) -> Outcome | None:
        """The same batches and weights with these edits. None: no time, or nothing to try it on."""
        if edits not in self._outcomes:
            self._outcomes[edits] = self._run(edits)
        return self._outcomes[edits]

    def _run(self, edits: tuple[Edit, ...]) -> Outcome | None:
        if self.subject is None or self.time_left <= 0:
            return None
        base = self._untreated()
        try:
            trace = self._copy_run(edits)
        except Cannot as why:
            return Outcome(0.0, None, f"{titled(edits)}: cannot be tried here, {why}")
        except Exception as why:  # noqa: BLE001 - a person's model may fail in any way where something is changed
            first = str(why).partition("\n")[0]
            return Outcome(0.0, None, f"{titled(edits)}: cannot be tried here, the training fails ({first})")
        learning = judge(trace)
        effect = _worth(learning) - _worth(base)
        share = min(len(trace.losses) / max(len(self.trace.losses), FEWEST), 1.0)
        return Outcome(effect, learning, f"{titled(edits)}: {_result(trace, learning, base)}", edits, share)

    def _copy_run(self, edits: tuple[Edit, ...]) -> Trace:
        """The edited copy's training; `Longer` is more steps."""
        assert self.subject is not None
        steps = float(self._steps())
        for edit in edits:
            steps *= edit.factor if isinstance(edit, Longer) else 1.0
        changes = [edit for edit in edits if not isinstance(edit, Longer)]
        copy = self.subject.edited(*changes) if changes else self.subject
        return copy.run(round(steps), seconds=max(self.time_left / 2, 0.5))

    def _steps(self) -> int:
        """As many steps as it had, or as many as the time allows for a handful of runs."""
        steps = len(self.trace.losses)
        if self.learning.course == "fails":  # it would have gone on
            steps = max(steps, AFTER_FAILURE)
        if len(self.trace.losses) < FEWEST:  # too few to tell how long one takes
            return steps
        one = max(self.trace.seconds - self.trace.overhead, 1e-3) / len(self.trace.losses)
        return min(steps, max(FEWEST, int(self.seconds / RUNS / one)))

    def _untreated(self) -> Learning:
        """What the training as it is comes to in the steps that a counterfactual has."""
        if self._steps() >= len(self.trace.losses) or self.subject is None:
            return self.learning
        if () not in self._outcomes:
            learning = judge(self.subject.run(self._steps(), seconds=max(self.time_left, 0.5)))
            self._outcomes[()] = Outcome(0.0, learning, "")
        untreated = self._outcomes[()]
        assert untreated is not None
        return untreated.learning or self.learning

    def fits_one_batch(self) -> float | None:
        """The share of the loss that training on one batch alone takes away; None where it was not tried."""
        if not self._fitted:
            fitted = None
            if self.subject is not None and self.time_left > 0:
                fitted = self.subject.fits_one_batch(min(max(len(self.trace.losses), 50), 200))
            self._fitted.append(fitted)
        pair = self._fitted[0]
        if pair is None or not pair[0] > 0:
            return None
        return 1 - pair[1] / pair[0]


def _worth(learning: Learning) -> float:
    """The way a training got: nothing where it ends worse than it began."""
    return 0.0 if learning.course in ("fails", "diverges") else learning.gained


def _result(trace: Trace, learning: Learning, base: Learning) -> str:
    if learning.course == "fails":
        return "numbers become NaN or infinite."
    result = f"the loss goes from {said(learning.first)} to {said(learning.last)} in {len(trace.losses)} steps"
    if abs(learning.first - base.first) <= 0.05 * abs(base.first):
        result += f", instead of to {said(base.last)}"
    if trace.score_after is not None:
        result += f", with {percent(trace.score_after)} of the predictions right"
    return result + "."
