"""What causes read off a set-up: the last activation, the hidden ones, layers with weights, the right loss. Floor 7."""

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.measured.parts import last_activation, last_kind
from glassgrad.doctor.measured.setup import OptimizerFacts, Parameter, Part, Setup
from glassgrad.doctor.subjects.edits import Edit, LastActivation, NewLoss

ADAPTIVE = ("adam", "rmsprop", "adagrad", "adadelta", "lion", "adafactor", "rprop")


def hidden_activations(setup: Setup) -> list[Part]:
    """The activations between layers."""
    last = last_activation(setup.parts)
    return [part for part in setup.parts if part.family == "activation" and part is not last]


def layers(setup: Setup) -> list[Part]:
    """The parts with weights, from the first to the last; a link that is called twice counts once."""
    unique: dict[str, Part] = {}
    for part in setup.parts:
        if part.family in ("weights", "recurrence", "attention") and part.kind != "embedding":
            unique.setdefault(part.path, part)
    return list(unique.values())


def outputs(case: Case) -> int:
    """The units of the prediction; 1 for a prediction of one number an example, 0 where nothing was measured."""
    ends = layers(case.setup)
    last = ends[-1].outputs if ends else 0
    output = next((sample.output for sample in case.trace.samples if sample.output is not None), None)
    shape = output.shape if output is not None else ()
    if output is not None and len(shape) > 1:
        return output.units or shape[-1]
    return last or len(shape)


def target_range(case: Case) -> tuple[float, float] | None:
    """The least and the largest target."""
    data = case.data
    if data is None:
        return None
    if data.targets is not None:
        return data.targets.low, data.targets.high
    if data.labels:
        return min(label for label, _ in data.labels), max(label for label, _ in data.labels)
    return None


def is_classification(case: Case) -> bool:
    """Are the targets classes?"""
    return case.data is not None and case.data.task in ("binary", "classes")


def fitting_loss(case: Case) -> tuple[Edit, ...]:
    """The edits that give a classification its loss from logits."""
    data = case.data
    one = outputs(case) == 1
    count = len(data.labels) if data is not None else 0
    binary = data is not None and (data.task == "binary" or count == 2)
    loss = NewLoss("cross_entropy", classes=count if one and not binary else None)
    if one and binary:
        loss = NewLoss("binary_cross_entropy_logits")
    if data is not None and data.task == "binary" and data.target_shape and data.target_shape[-1] > 1:
        loss = NewLoss("binary_cross_entropy_logits")  # several labels an example
    return (LastActivation(None), loss) if last_kind(case.setup.parts) else (loss,)


def is_adaptive(optimizer: OptimizerFacts | None) -> bool:
    """Does it divide by the gradient's own size?"""
    return optimizer is not None and any(name in optimizer.name.lower() for name in ADAPTIVE)


def fan_in(setup: Setup, parameter: Parameter) -> int:
    """The numbers that one unit of this weight adds up."""
    part = next((part for part in setup.parts if part.path == parameter.link and part.inputs), None)
    if part is not None and part.family == "recurrence" and part.outputs:
        return part.outputs  # the state is what most of them multiply
    if part is not None:
        return part.inputs
    if len(parameter.shape) < 2:
        return 1
    size = 1
    for length in parameter.shape:
        size *= length
    return max(size // max(parameter.shape), 1)


def family_of(setup: Setup, path: str) -> str:
    """The family of the link of this path; "other" where it is not known."""
    return next((part.family for part in setup.parts if part.path == path), "other")


def kind_of(setup: Setup, path: str) -> str:
    """The kind of the link of this path."""
    return next((part.kind for part in setup.parts if part.path == path), "")
