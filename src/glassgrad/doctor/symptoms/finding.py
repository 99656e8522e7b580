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
from glassgrad.doctor.symptoms.reading import usable
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

BEHIND = 0.04  # so much surer must one be, for each place that it stands behind another, to be named before it
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
    ranked = []
    for place, find in enumerate(ORDER):
        symptom = find(trace, learning)
        if symptom is not None and symptom.confidence >= WORTH_SAYING:
            ranked.append((symptom.confidence - BEHIND * place, symptom))
    names = [symptom for _, symptom in sorted(ranked, key=lambda pair: -pair[0])]
    return tuple(_stopped_first(trace, names))


def _stopped_first(trace: Trace, symptoms: list[Symptom]) -> list[Symptom]:
    """A gradient of 0 whose link lies nearer the loss than what else was seen explains that, and goes before it."""
    stop = next((symptom for symptom in symptoms if symptom.name == "zero-gradient"), None)
    samples = usable(trace)
    if stop is None or not samples:
        return symptoms
    places = {link.path: place for place, link in enumerate(samples[-1].links)}
    if stop.link not in places:
        return symptoms
    explained = [
        symptom
        for symptom in symptoms
        if symptom.name in ("dead-units", "saturation", "vanishing")
        and places.get(symptom.link or "", -1) > places[stop.link]
    ]
    if not explained:
        return symptoms
    rest = [symptom for symptom in symptoms if symptom is not stop and symptom not in explained]
    nan_first = [symptom for symptom in rest if symptom.name in ("nan", "not-updated")]
    return [*nan_first, stop, *(symptom for symptom in rest if symptom not in nan_first), *explained]
