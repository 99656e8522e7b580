"""All symptoms of a training, the one that a person would name first at the front. Floor 7."""

from collections.abc import Callable
from typing import TypeAlias

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.constant_output import constant_output
from glassgrad.doctor.symptoms.dead_units import dead_units
from glassgrad.doctor.symptoms.diverging import diverging
from glassgrad.doctor.symptoms.exploding import exploding
from glassgrad.doctor.symptoms.imbalance import imbalance
from glassgrad.doctor.symptoms.nan import nan
from glassgrad.doctor.symptoms.noisy import noisy
from glassgrad.doctor.symptoms.not_updated import not_updated
from glassgrad.doctor.symptoms.oscillating import oscillating
from glassgrad.doctor.symptoms.saturation import saturation
from glassgrad.doctor.symptoms.slow import slow
from glassgrad.doctor.symptoms.symptom import Symptom
from glassgrad.doctor.symptoms.update_ratio import update_ratio
from glassgrad.doctor.symptoms.vanishing import vanishing
from glassgrad.doctor.symptoms.zero_gradient import zero_gradient

Find: TypeAlias = Callable[[Trace, Learning], Symptom | None]

# The specific one that explains the others stands before them: a dead layer explains a gradient of 0, that a constant
# output, and that a loss that stays.
ORDER: tuple[Find, ...] = (
    nan, not_updated, dead_units, saturation, vanishing, exploding, zero_gradient, constant_output, diverging,
    oscillating, noisy, update_ratio, imbalance, slow,
)  # fmt: skip

SURE = 0.5  # surer ones come first, in the order above; then the rest, the surest first
WORTH_SAYING = 0.25


def find_symptoms(trace: Trace, learning: Learning) -> tuple[Symptom, ...]:
    """What is seen in a training that does not learn; of one that learns, only parameters left out by mistake.

    Args:
        trace: the training as it was measured.
        learning: what `judge` said of it.
    """
    if learning.is_learning:
        left_out = not_updated(trace, learning)
        return (left_out,) if left_out is not None else ()
    found = [symptom for find in ORDER if (symptom := find(trace, learning)) is not None]
    found = [symptom for symptom in found if symptom.confidence >= WORTH_SAYING]
    sure = [symptom for symptom in found if symptom.confidence >= SURE]
    rest = [symptom for symptom in found if symptom.confidence < SURE]
    return (*sure, *sorted(rest, key=lambda symptom: -symptom.confidence))
