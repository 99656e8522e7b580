"""Causes in how the parts of a training are put together. They are facts: no run is needed. Floor 7."""

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.causes.cause import CauseName
from glassgrad.doctor.causes.suspicion import Suspect, Suspicion
from glassgrad.doctor.learning.judging import ENOUGH
from glassgrad.doctor.subjects.edits import ClearGradients, Edit, MatchShapes, StepAll, TrainMode
from glassgrad.doctor.symptoms.not_updated import is_trunk

Fault = tuple[CauseName, str, str | None, str, tuple[tuple[Edit, ...], ...]]

# event → cause, title, link, what it does, cures
FAULTS: dict[str, Fault] = {
    "gradients_kept": (
        "gradients-kept",
        "The gradients are not cleared between steps",
        "optimizer",
        "Each backward pass adds to the gradient of the one before, so the steps follow old batches and grow.",
        ((ClearGradients(),),),
    ),
    "not_in_optimizer": (
        "not-in-optimizer",
        "The optimiser does not hold every parameter that learns",
        "optimizer",
        "They have a gradient, but no step changes them.",
        ((StepAll(),),),
    ),
    "no_step": (
        "not-in-optimizer",
        "The optimiser never makes a step",
        "optimizer",
        "Gradients are computed, but nothing is done with them: optimizer.step() is not called.",
        ((StepAll(),),),
    ),
    "no_backward": (
        "detached",
        "No backward pass is made",
        "loss",
        "The optimiser steps, but loss.backward() is never called: there is no gradient to step by.",
        (),
    ),
    "frozen": (
        "frozen",
        "Parameters are frozen",
        None,
        "They are not asked for a gradient, so they stay as they are.",
        ((StepAll(),),),
    ),
    "detached": (
        "detached",
        "The graph is cut between the loss and the parameters",
        None,
        "No gradient gets past detach(), .data, .item(), NumPy or torch.no_grad().",
        (),
    ),
    "grad_none": (
        "detached",
        "Parameters get no gradient at all",
        None,
        "Their gradient is None: the loss does not depend on them, or the graph is cut in between.",
        (),
    ),
    "eval_mode": (
        "eval-mode",
        "The model trains in evaluation mode",
        None,
        "Dropout is off, and batch norm uses its stored means instead of the batch's.",
        ((TrainMode(),),),
    ),
    "broadcasting": (
        "broadcasting",
        "Prediction and target are broadcast against each other in the loss",
        "loss",
        "Every prediction is compared with every target, so the best that can be learned is the mean of the targets.",
        ((MatchShapes(),),),
    ),
}


def _suspect(event: str) -> Suspect:
    """The suspicion that an event of the wiring raises."""

    def suspect(case: Case) -> Suspicion | None:
        if event not in case.setup.events:
            return None
        name, title, link, says, cures = FAULTS[event]
        still = [parameter for parameter in case.setup.parameters if not (parameter.learns and parameter.is_stepped)]
        if event in ("frozen", "not_in_optimizer") and case.learning.is_learning:
            paths = {parameter.path for parameter in still}
            if event == "frozen" or (is_trunk(case.setup.parameters, paths) and case.learning.gained >= ENOUGH):
                return None  # a head trained on a fixed trunk that serves it: that is meant
        evidence = [says]
        if event in ("frozen", "not_in_optimizer") and still:
            names = ", ".join(parameter.path for parameter in still[:4]) + (" …" if len(still) > 4 else "")
            evidence.append(f"It concerns {names}.")
            link = link or still[0].link
        if name == "detached":
            link = _cut(case)
        if event == "eval_mode":
            link = next(part.path for part in case.setup.parts if part.is_changed_by_mode)
        if event == "broadcasting":
            evidence.append(_shapes(case))
        return Suspicion(name, title, link, 0.95, tuple(evidence), cures, kind="plain", is_tested=False)

    return suspect


def _cut(case: Case) -> str | None:
    """Where the graph is cut: the part that cuts it, else the last link that no gradient leaves."""
    part = next((part.path for part in case.setup.parts if part.kind == "detach"), None)
    if part is not None:
        return part
    for sample in case.samples[:1]:
        for link in sample.links:
            if link.entering > 0 and link.leaving == 0:
                return link.path
    symptom = case.symptom("not-updated")
    return symptom.link if symptom is not None and symptom.link else "loss"


def _shapes(case: Case) -> str:
    output = next((sample.output for sample in case.samples if sample.output is not None), None)
    if output is None or case.data is None:
        return "Their shapes differ."
    target = (output.shape[0], *case.data.target_shape)
    return f"The prediction has shape {output.shape}, the target {target}."


WIRING: tuple[Suspect, ...] = tuple(_suspect(event) for event in FAULTS)
