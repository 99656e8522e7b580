"""Reads a set-up: its parts in the order in which they are called, parameters, optimisers, wiring. Floor 7."""

from collections.abc import Sequence
from math import nan
from typing import Any

import torch

from glassgrad.doctor.measured.setup import OptimizerFacts, Parameter, Part
from glassgrad.doctor.subjects.torch.calls import Call
from glassgrad.doctor.subjects.torch.heads import Head
from glassgrad.doctor.subjects.torch.operations import operation_of_module
from glassgrad.doctor.subjects.torch.recording import Recorder

_ELEMENTWISE = ("mse", "mae", "huber", "binary_cross_entropy", "binary_cross_entropy_logits", "custom", "poisson")


def parts_of(model: Any, recorder: Recorder | None, head: Head | None) -> tuple[Part, ...]:
    """The layers and activations in the order of their first call; of a model that was not called, as they stand."""
    if recorder is None or not recorder.recorded.calls:
        known = [(path, operation_of_module(module)) for path, module in model.named_modules()]
        return tuple(Part(path, one.title, one.kind, one.family, one.inputs, one.outputs) for path, one in known if one)
    after = set() if head is None else {id(call) for call in head.after}
    found: dict[str, Part] = {}
    for call in recorder.recorded.calls:
        if call.path not in found and (call.phase == "forward" or id(call) in after):
            found[call.path] = _part(call)
    return tuple(found.values())


def _part(call: Call) -> Part:
    one = call.operation
    return Part(call.path, one.title, one.kind, one.family, one.inputs, one.outputs, call.place)


def links_of_parameters(model: Any, recorder: Recorder | None) -> dict[str, str]:
    """The link that each parameter belongs to: its layer's, or the function's that was given it."""
    functions: dict[int, str] = {}
    for call in recorder.recorded.calls if recorder is not None else ():
        for number in call.parameters:
            functions.setdefault(number, call.path)
    found = {}
    for path, parameter in model.named_parameters():
        found[path] = functions.get(id(parameter)) or _layer_around(model, path) or path
    return found


def _layer_around(model: Any, path: str) -> str:
    """The path of the outermost layer of PyTorch's that holds a parameter: that of an attention has layers inside."""
    inner = path.rpartition(".")[0]
    names = inner.split(".")
    around = (".".join(names[: count + 1]) for count in range(len(names)))
    return next((one for one in around if one and operation_of_module(model.get_submodule(one)) is not None), inner)


def parameters_of(model: Any, optimizers: Sequence[Any], links: dict[str, str]) -> tuple[Parameter, ...]:
    """The parameters and how they are wired."""
    stepped = {id(one) for optimizer in optimizers for group in optimizer.param_groups for one in group["params"]}
    found = []
    for path, parameter in model.named_parameters():
        values = parameter.detach().float()
        std, mean = (float(values.std(correction=0)), float(values.mean())) if values.numel() else (nan, nan)
        found.append(
            Parameter(
                path,
                links.get(path, path),
                tuple(parameter.shape),
                bool(parameter.requires_grad),
                id(parameter) in stepped,
                std,
                mean,
                is_bias="bias" in path.rpartition(".")[2],
            )
        )
    return tuple(found)


def optimizer_facts(optimizer: Any) -> OptimizerFacts:
    """An optimiser in numbers."""
    group = optimizer.param_groups[0]
    kind = type(optimizer).__name__
    momentum = group.get("momentum", 0.0)
    if "betas" in group:
        momentum = group["betas"][0]
    rate, decay = float(group.get("lr", nan)), float(group.get("weight_decay", 0.0))
    shown = [f"lr={rate:g}"]
    if group.get("momentum"):
        shown.append(f"momentum={group['momentum']:g}")
    if "betas" in group and tuple(group["betas"]) != (0.9, 0.999):
        shown.append(f"betas={tuple(float(beta) for beta in group['betas'])}")
    if decay:
        shown.append(f"weight_decay={decay:g}")
    return OptimizerFacts(kind.lower(), f"{kind}({', '.join(shown)})", rate, float(momentum), decay)


def wiring_of(
    model: Any,
    parameters: Sequence[Parameter],
    recorder: Recorder | None,
    loss: str,
    prediction: Any,
    target: Any,
    value: Any,
) -> tuple[str, ...]:
    """The wiring events that a recorded pass shows; `value` is the loss after its backward pass."""
    found = []
    if any(one.learns and not one.is_stepped for one in parameters):
        found.append("not_in_optimizer")
    if any(not one.learns for one in parameters):
        found.append("frozen")
    if not model.training and any(True for _ in model.parameters()):
        found.append("eval_mode")
    if prediction is not None and broadcasts(loss, prediction, target):
        found.append("broadcasting")
    if value is None or recorder is None:
        return tuple(found)
    without = [path for path, one in model.named_parameters() if one.requires_grad and one.grad is None]
    called = {call.path for call in recorder.recorded.calls}
    links = links_of_parameters(model, recorder)
    if not value.requires_grad and any(one.learns for one in parameters):
        found.append("detached")
    elif without:
        found.append("detached" if any(links[path] in called for path in without) else "grad_none")
    return tuple(found)


def broadcasts(loss: str, prediction: Any, target: Any) -> bool:
    """Does the loss compare every prediction with every target, for their shapes differ?"""
    if loss not in _ELEMENTWISE or not isinstance(target, torch.Tensor) or not target.ndim or not prediction.ndim:
        return False
    if prediction.shape == target.shape:
        return False
    try:
        shape = torch.broadcast_shapes(prediction.shape, target.shape)
    except RuntimeError:
        return False
    total = 1
    for length in shape:
        total *= length
    return bool(total > max(prediction.numel(), target.numel()) or prediction.shape[0] != target.shape[0])
