"""Reads a set-up: its parts in the order in which they are called, parameters, optimisers, wiring. Floor 7."""

from collections.abc import Sequence
from math import nan
from typing import Any

import torch

from glassgrad.doctor.measured.setup import OptimizerFacts, Parameter, Part, is_bias
from glassgrad.doctor.subjects.torch.heads import Head
from glassgrad.doctor.subjects.torch.operations import Operation, operation_of_module
from glassgrad.doctor.subjects.torch.recording import Recorder
from glassgrad.doctor.subjects.torch.spreading import spreads
from glassgrad.doctor.subjects.wiring import broadcasts, without_gradient


def parts_of(model: Any, recorder: Recorder | None, head: Head | None) -> tuple[Part, ...]:
    """The layers and activations in the order of their first call; of a model that was not called, as they stand."""
    if recorder is None or not recorder.recorded.calls:
        known = [(path, module, operation_of_module(module)) for path, module in model.named_modules()]
        return tuple(_part(path, one, module, None) for path, module, one in known if one)
    after = set() if head is None else {id(call) for call in head.after}
    found: dict[str, Part] = {}
    for call in recorder.recorded.calls:
        if call.path not in found and (call.phase == "forward" or id(call) in after):
            found[call.path] = _part(call.path, call.operation, call.module, call.place)
    return tuple(found.values())


def _part(path: str, one: Operation, module: Any, place: str | None) -> Part:
    has_modes = one.kind == "dropout" if module is None else _has_modes(module)
    return Part(path, one.title, one.kind, one.family, one.inputs, one.outputs, place, has_modes)


def _has_modes(module: Any) -> bool:
    """Does a layer compute something else in evaluation: does it drop, or keep running statistics?"""
    if isinstance(module, torch.nn.modules.dropout._DropoutNd):  # noqa: SLF001 - not exported
        return bool(module.p > 0)
    is_norm = isinstance(module, torch.nn.modules.batchnorm._NormBase)  # noqa: SLF001 - not exported
    return is_norm and bool(module.track_running_stats)


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
                is_bias(path, parameter.ndim),
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


def wiring_of(model: Any, recorder: Recorder, loss: str, value: Any, prediction: Any, target: Any) -> tuple[str, ...]:
    """The wiring events that a recorded pass shows, after its backward pass; `value` is the loss that it gave."""
    named = dict(model.named_parameters())
    learning = [path for path, one in named.items() if one.requires_grad]
    reached = [path for path in learning if named[path].grad is not None]
    called, links = {call.path for call in recorder.recorded.calls}, links_of_parameters(model, recorder)
    found = without_gradient(learning, reached, [path for path in learning if links[path] in called])
    if isinstance(prediction, torch.Tensor) and isinstance(target, torch.Tensor):
        steps = spreads(value.grad_fn, prediction.grad_fn)
        if broadcasts(loss, tuple(prediction.shape), tuple(target.shape), steps):
            found.append("broadcasting")
    return tuple(found)
