"""A training as it was watched: the loss of each step, and sampled steps. Floor 7."""

from dataclasses import dataclass, field

from glassgrad.doctor.measured.sample import Bad, Sample
from glassgrad.doctor.measured.setup import Setup


@dataclass(frozen=True, slots=True)
class Trace:
    """What was seen of a training. `losses` has a number for each step (NaN where it was not read)."""

    setup: Setup
    losses: tuple[float, ...]
    samples: tuple[Sample, ...]
    bad: Bad | None = None
    before: float | None = None  # loss over some fixed batches in evaluation mode before the first step …
    after: float | None = None  # … and the same after the last; None where it was watched from outside
    score_before: float | None = None  # the same of the share of right predictions, for classes
    score_after: float | None = None
    seconds: float = 0.0  # of the training
    overhead: float = 0.0  # of them spent on measuring
    notes: tuple[str, ...] = field(default=())  # what could not be measured
