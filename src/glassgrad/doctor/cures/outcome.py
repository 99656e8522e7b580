"""A training of a trial, and how far it came. Floor 7."""

from dataclasses import dataclass

from glassgrad.doctor.learning.judging import judge
from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import majority
from glassgrad.doctor.measured.trace import Trace


@dataclass(frozen=True, slots=True)
class Outcome:
    """A training of a trial: its curve, and how it went."""

    losses: tuple[float, ...]
    learning: Learning
    score: float  # the loss over the fixed batches after it, or 1 − the share of right predictions
    progress: float  # share of the way from a constant prediction to the best there is, 0 … 1
    seconds: float


def outcome_of(trace: Trace) -> Outcome:
    """What came of a training."""
    learning = judge(trace)
    score = trace.after if trace.score_after is None else 1.0 - trace.score_after
    return Outcome(
        trace.losses, learning, learning.last if score is None else score, progress_of(trace, learning), trace.seconds
    )


def progress_of(trace: Trace, learning: Learning) -> float:
    """How far a training came from a constant prediction (0) to the best there is (1).

    Of classes it is the mean of that by the loss and by the share of right predictions: the one may hardly move while
    the other does, as where one class is rare, or where all predictions are right from the start.
    """
    if trace.bad is not None or learning.course == "fails":
        return 0.0
    by_loss = min(max(learning.gained, 0.0), 1.0)
    constant = majority(trace.setup.data)
    if trace.score_after is None or not constant < 1:
        return by_loss
    by_score = min(max((trace.score_after - constant) / (1 - constant), 0.0), 1.0)
    return (by_loss + by_score) / 2
