"""Causes in the data: its scale, numbers that are none, labels and features that say nothing. Floor 7."""

from math import isnan

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.causes.evidence import is_classification
from glassgrad.doctor.causes.suspicion import Suspect, Suspicion
from glassgrad.doctor.learning.numbers import decades, either, majority, nothing_to_learn, percent, ramp, said
from glassgrad.doctor.measured.activations import RANGES
from glassgrad.doctor.measured.parts import last_kind
from glassgrad.doctor.subjects.edits import DropRows, Rate, ScaleInputs, ScaleTargets
from glassgrad.doctor.symptoms.reading import moves_little

_TELLING = 50  # steps that a signal, if there is one, needs to show


def nan_data(case: Case) -> Suspicion | None:
    """NaN among the inputs or targets."""
    data, bad = case.data, case.trace.bad
    inputs = data.nan_inputs if data is not None else 0.0
    targets = data.nan_targets if data is not None else 0.0
    met = bad is not None and bad.phase in ("input", "target")
    if not (inputs or targets or met):
        return None
    evidence = []
    if inputs:
        evidence.append(f"{percent(inputs)} of the input entries are NaN or infinite.")
    if targets:
        evidence.append(f"{percent(targets)} of the targets are NaN or infinite.")
    if bad is not None and met:
        evidence.append(f"The batch of step {bad.step} has one{': ' + bad.says if bad.says else ''}.")
    where = "targets" if (targets and not inputs) or (bad is not None and bad.phase == "target") else "inputs"
    prior = 0.97 if case.learning.course == "fails" else 0.55
    cures = ((DropRows(),), (ScaleInputs(),)) if where == "inputs" else ((DropRows(),),)
    return Suspicion(
        "nan-data", f"There are NaN in the {where}", where, prior, tuple(evidence), cures, kind="plain", is_tested=False
    )


def labels(case: Case) -> Suspicion | None:
    """Labels that are all the same, or nearly all."""
    data = case.data
    if data is None:
        return None
    if nothing_to_learn(data):
        value = said(data.labels[0][0] if data.labels else data.targets.low if data.targets else 0.0)
        evidence = [f"Every target that was looked at is {value}: a constant prediction is right, there is no signal."]
        if "int" in data.target_dtype and float(value) == 0:
            evidence.append("They are integers: labels between 0 and 1 cast to an integer type all become 0.")
        title = f"All targets are the same: {value}"
        return Suspicion("labels", title, "targets", 0.97, tuple(evidence), kind="plain", is_tested=False)
    share = majority(data)
    prior = 0.5 * ramp(share, 0.93, 0.99)
    if prior < 0.05:
        return None
    evidence = [f"{percent(share)} of the labels are the same: always saying it is nearly right."]
    return Suspicion("labels", f"{percent(share)} of the labels are the same", "targets", prior, tuple(evidence))


def input_scale(case: Case) -> Suspicion | None:
    """Inputs that are large, tiny, far from 0, or of very different scales."""
    data = case.data
    if data is None or data.inputs is None:
        return None
    whole = data.inputs
    size = max(abs(whole.mean), whole.std)
    evidence = [(f"The inputs reach from {said(whole.low)} to {said(whole.high)}, mean {said(whole.mean)}, "
                f"standard deviation {said(whole.std)}.")]  # fmt: skip
    large = 0.85 * ramp(decades(size), 0.6, 2)
    small = 0.7 * ramp(decades(size), -1.3, -3) if not (whole.low == 0 and whole.high == 1) else 0.0
    stds = sorted(column.std for column in data.features if column.std > 0)
    apart = 0.0
    if len(stds) > 1:
        apart = 0.65 * ramp(decades(stds[-1] / stds[0]), 1.3, 3) * ramp(stds[-1], 1, 5)
        if apart:
            evidence.append(f"Features differ in scale: standard deviations from {said(stds[0])} to {said(stds[-1])}.")
    shifts = [abs(column.mean) / column.std for column in data.features if column.std > 0]
    shifted = 0.5 * ramp(decades(max(shifts, default=0.0)), 0.7, 1.7) * ramp(size, 1, 5)
    prior = either(large, small, apart, 0.7 * shifted)
    if prior < 0.05:
        return None
    saturated = case.seen("saturation", "dead-units")
    if saturated > 0.5:
        evidence.append("The first activations are driven into their flat part.")
    if large >= max(small, apart):
        title = f"The inputs are large: up to {said(max(abs(whole.high), abs(whole.low)))}"
    elif small > apart:
        title = f"The inputs are tiny: standard deviation {said(whole.std)}"
    else:
        title = "The inputs are on very different scales"
    return Suspicion("input-scale", title, "inputs", prior, tuple(evidence), ((ScaleInputs(),),))


def target_scale(case: Case) -> Suspicion | None:
    """Targets of a regression far from the size that a fresh network gives."""
    data = case.data
    if data is None or data.targets is None or is_classification(case):
        return None
    targets = data.targets
    size = max(abs(targets.mean), targets.std)
    large = 0.85 * ramp(decades(size), 0.7, 2)
    small = 0.6 * ramp(decades(targets.std), -1.7, -3.5) if targets.std > 0 else 0.0
    prior = max(large, small)
    low, high = RANGES.get(last_kind(case.setup.parts), (float("-inf"), float("inf")))
    if targets.low < low or targets.high > high:
        prior *= 0.6  # an activation that cannot reach them is the nearer reason
    if prior < 0.05:
        return None
    evidence = [f"The targets have mean {said(targets.mean)} and standard deviation {said(targets.std)}."]
    first = next((sample.output for sample in case.samples if sample.output is not None), None)
    if first is not None:
        evidence.append(f"The first predictions are about {said(first.mean)} ± {said(first.std)}.")
    word = "large" if large >= small else "tiny"
    title = f"The targets are {word}: about {said(targets.mean)} ± {said(targets.std)}"
    cures = ((ScaleTargets(),), (ScaleTargets(), ScaleInputs()), (Rate(10.0),) if large >= small else (Rate(0.1),))
    return Suspicion("target-scale", title, "targets", prior, tuple(evidence), cures[:2])


def features(case: Case) -> Suspicion | None:
    """Features that are constant or the same as another."""
    data = case.data
    if data is None:
        return None
    count = max(len(data.features), 1)
    constant = len(data.constant) / count
    twins = len({second for _, second in data.twins}) / count
    still = data.inputs is not None and not isnan(data.inputs.std) and data.inputs.low == data.inputs.high
    image = len(data.input_shape) > 1  # borders of images are constant, and nobody's fault
    prior = 0.95 if still or constant >= 1 else (0.5 if not image else 0.1) * max(
        ramp(constant, 0.3, 0.9), ramp(twins, 0.4, 0.9)
    )  # fmt: skip
    if prior < 0.05:
        return None
    evidence = []
    if constant or still:
        evidence.append(f"{percent(max(constant, float(still)))} of the features have one value in all examples.")
    if twins:
        evidence.append(f"{percent(twins)} of the features are copies of another.")
    title = "The inputs are all the same" if prior > 0.9 else "Many features say nothing"
    return Suspicion("features", title, "inputs", prior, tuple(evidence), is_tested=False)


def no_signal(case: Case) -> Suspicion | None:
    """Inputs that do not tell the labels: what is left where the gradient flows and nothing that was tried helps."""
    if case.learning.course != "stuck" or case.data is None or nothing_to_learn(case.data):
        return None
    if case.seen("vanishing", "zero-gradient", "dead-units", "saturation", "not-updated", "nan") > 0.5:
        return None
    at_baseline = case.learning.last <= 1.15 * case.learning.baseline
    if not at_baseline:
        return None
    evidence = [
        f"The loss ends where a constant prediction is, {said(case.learning.baseline)}, and the gradient flows."
    ]
    fits = case.fits_one_batch()
    far = len(case.data.input_shape) > 1 and any(part.family == "recurrence" for part in case.setup.parts)
    prior = 0.3 * (1 - 0.6 * ramp(case.data.input_shape[0], 50, 150)) if far else 0.3  # the gradient may not get there
    if fits is not None:
        prior += prior * 0.8 * ramp(fits, 0.3, 0.8)
        evidence.append(f"On one batch alone training takes {percent(max(fits, 0.0))} of the loss away.")
    prior *= (1 - moves_little(case.trace)) * ramp(case.learning.steps, 0, _TELLING)  # else it cannot show
    return Suspicion(
        "no-signal", "The inputs do not seem to tell the targets", "targets", prior, tuple(evidence), kind="last"
    )


DATA: tuple[Suspect, ...] = (nan_data, labels, input_scale, target_scale, features, no_signal)
