"""The first number that is none: in the batch, a parameter, the forward pass, the loss, the backward pass. Floor 7."""

from math import isfinite, isnan
from typing import Any, Literal

import torch

from glassgrad.doctor.measured.sample import Bad
from glassgrad.doctor.subjects.origins import What, in_given, in_parameter, of_all, said, what_of, with_place
from glassgrad.doctor.subjects.torch.batches import Batch
from glassgrad.doctor.subjects.torch.calls import Call
from glassgrad.doctor.subjects.torch.copying import Learner, own_randomness
from glassgrad.doctor.subjects.torch.finiteness import is_finite
from glassgrad.doctor.subjects.torch.recording import Recorder
from glassgrad.doctor.subjects.torch.stepping import clear, loss_of
from glassgrad.doctor.subjects.torch.tensors import array_of, floating_in


def _bad(tensors: Any) -> Any:
    return next((tensor for tensor in tensors if not is_finite(tensor)), None)


def in_batch(step: int, batch: Batch) -> Bad | None:
    """In the inputs or the targets?"""
    found = _bad(floating_in((batch.arguments, dict(batch.named))))
    if found is not None:
        return in_given(step, "input", array_of(found))
    found = _bad(floating_in(batch.target))
    return None if found is None else in_given(step, "target", array_of(found))


def in_parameters(step: int, model: Any) -> Bad | None:
    """In a parameter?"""
    for path, parameter in model.named_parameters():
        if not is_finite(parameter):
            return in_parameter(step, path, array_of(parameter))
    return None


def in_forward(step: int, learner: Learner, batch: Batch, state: Any) -> Bad | None:
    """In a parameter, a layer, or the loss? The pass is made again from the random state it had."""
    found = in_parameters(step, learner.model)
    if found is not None:
        return found
    torch.set_rng_state(state)
    recorder = Recorder(learner.model, finite=True)
    with recorder:
        value = loss_of(learner, batch)
    call = recorder.finiteness.found if recorder.finiteness is not None else None
    if call is not None:
        return _of_call(step, *call)
    return None if is_finite(value) else Bad(step, "loss", "loss", "loss", what_of(array_of(value)))


def in_pass(step: int, model: Any, arguments: Any, named: Any) -> Bad | None:
    """In the forward pass of a model with these inputs? Made with copies of its buffers: a write into the person's own
    would break the backward pass that is under way.
    """
    found = _bad(floating_in((arguments, dict(named))))
    if found is not None:
        return in_given(step, "input", array_of(found))
    buffers = {name: buffer.detach().clone() for name, buffer in model.named_buffers()}
    recorder = Recorder(model, finite=True)
    with own_randomness(None), torch.enable_grad(), recorder:
        torch.func.functional_call(model, buffers, tuple(arguments), dict(named))
    call = recorder.finiteness.found if recorder.finiteness is not None else None
    return None if call is None else _of_call(step, *call)


def _of_call(step: int, call: Call, what: What, says: str, overflows: bool) -> Bad:
    phase: Literal["forward", "loss"] = call.phase
    return Bad(step, phase, call.path, call.operation.title, what, with_place(says, call.place), overflows)


def in_backward(step: int, learner: Learner, batch: Batch, state: Any) -> Bad | None:
    """In the backward pass of a step whose loss was a number?"""
    torch.set_rng_state(state)
    clear(learner)
    recorder = Recorder(learner.model)
    with recorder:
        value = loss_of(learner, batch)
    if not value.requires_grad:
        return None
    value.backward()
    meter = recorder.meter
    meter.read()
    head = recorder.heads.chosen(None)
    if head is not None and any(not isfinite(meter[place]) for place in head.places):
        loss_calls = [call for call in recorder.recorded.calls if call.phase == "loss"]
        culprit = next((call for call in loss_calls if _breaks(call, meter)), None)
        if culprit is None:
            return Bad(step, "backward", "loss", "loss", "nan", "the gradient by the prediction")
        return _backward_of(step, culprit, meter)
    for call in reversed(recorder.recorded.calls):
        if _breaks(call, meter):
            return _backward_of(step, call, meter)
    for path, parameter in learner.model.named_parameters():
        if parameter.grad is not None and not is_finite(parameter.grad):
            link = path.rpartition(".")[0] or path
            gradient = array_of(parameter.grad)
            return Bad(step, "backward", link, path, what_of(gradient), of_all(gradient))
    return None


def _breaks(call: Call, meter: Any) -> bool:
    """Does a number enter, and none leave?"""
    entering = all(isfinite(meter[place]) for place in call.entering)
    return entering and any(not isfinite(meter[place]) for place in call.leaving)


def _backward_of(step: int, call: Call, meter: Any) -> Bad:
    values = [meter[place] for place in call.leaving]
    what: What = "nan" if any(isnan(value) for value in values) else "inf"
    says = with_place(f"the derivative of {call.operation.kind} is {said(what)} here", call.place)
    return Bad(step, "backward", call.path, call.operation.title, what, says)
