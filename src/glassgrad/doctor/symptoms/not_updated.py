"""Parameters that no step changes although they should learn. Floor 7."""

from collections.abc import Iterable

from glassgrad.doctor.learning.judging import ENOUGH
from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import percent
from glassgrad.doctor.measured.sample import Weights
from glassgrad.doctor.measured.setup import Parameter
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.reading import usable
from glassgrad.doctor.symptoms.symptom import Symptom

CERTAIN = {
    "not_in_optimizer": "The optimiser does not hold them.",
    "detached": "No gradient reaches them: the graph is cut on the way.",
    "grad_none": "Their gradient is None.",
    "no_step": "The optimiser never makes a step.",
}


NOTICEABLE = 1e-4  # a gradient that is less beside its weights may well make no step that a number can hold


def not_updated(trace: Trace, learning: Learning) -> Symptom | None:
    """Frozen, outside the optimiser, without a gradient, or never stepped."""
    setup = trace.setup
    still = {weights.path: weights for weights in _still(trace)}
    reasons = {}
    for parameter in setup.parameters:
        reason = _reason(parameter, still.get(parameter.path))
        if reason:
            reasons[parameter.path] = reason
    events = [CERTAIN[event] for event in setup.events if event in CERTAIN]
    if not reasons and not events:
        return None
    outside = any(parameter.learns and not parameter.is_stepped for parameter in setup.parameters)
    meant = is_trunk(setup.parameters, set(reasons)) and learning.gained >= ENOUGH if outside else not events
    if learning.is_learning and meant:
        return None
    frozen = [parameter for parameter in setup.parameters if parameter.path in reasons]
    share = sum(_size(p) for p in frozen) / max(sum(_size(p) for p in setup.parameters), 1)
    names = ", ".join(p.path for p in frozen[:3]) + (f" and {len(frozen) - 3} more" if len(frozen) > 3 else "")
    evidence = [f"{names}: {percent(share)} of the parameters stay as they are."] if frozen else []
    evidence += sorted(set(reasons.values()) | set(events))
    confidence = 0.95 if events or share > 0.5 else 0.5 + 0.4 * share
    title = f"No step changes {names}" if frozen else "No step changes the parameters"
    return Symptom("not-updated", title, frozen[0].link if frozen else None, confidence, tuple(evidence), 0)


def _reason(parameter: Parameter, still: Weights | None) -> str:
    if not parameter.learns:
        return "They are frozen."
    if not parameter.is_stepped:
        return CERTAIN["not_in_optimizer"]
    if still is not None and still.gradient is None:
        return CERTAIN["grad_none"]
    if still is not None:
        return "They have a gradient, but the step is 0."
    return ""


def _still(trace: Trace) -> Iterable[Weights]:
    """Parameters that have no gradient, or a gradient and no step, in every sample."""
    samples = usable(trace)
    if not samples:
        return []
    still: dict[str, list[Weights]] = {}
    for sample in samples:
        for weights in sample.weights:
            if weights.gradient is None or (weights.gradient > NOTICEABLE * weights.norm and weights.update == 0):
                still.setdefault(weights.path, []).append(weights)
    return [seen[-1] for seen in still.values() if len(seen) == len(samples)]


def is_trunk(parameters: tuple[Parameter, ...], still: set[str]) -> bool:
    """Are the ones that stay the first part of the model, with the rest learning? That is a head on a fixed trunk."""
    flags = [parameter.path in still for parameter in parameters]
    return any(flags) and not all(flags) and flags == sorted(flags, reverse=True)


def _size(parameter: Parameter) -> int:
    size = 1
    for length in parameter.shape:
        size *= length
    return size
