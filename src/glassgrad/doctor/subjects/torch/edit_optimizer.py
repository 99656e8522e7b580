"""Edits of the optimiser and of the step. Floor 7."""

from dataclasses import replace
from typing import Any

import torch

from glassgrad.doctor.subjects.edits import (
    ClearGradients,
    Clip,
    Longer,
    NewOptimizer,
    NoDecay,
    Rate,
    StepAll,
    TrainMode,
    Warmup,
)
from glassgrad.doctor.subjects.subject import Cannot
from glassgrad.doctor.subjects.torch.site import Site


def rate(site: Site, edit: Rate) -> None:
    """The rate of every group times a factor."""
    for optimizer in site.learner.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["lr"] * edit.factor
            if "initial_lr" in group:
                group["initial_lr"] = group["initial_lr"] * edit.factor
    for scheduler in site.learner.schedulers:
        if hasattr(scheduler, "base_lrs"):
            scheduler.base_lrs = [base * edit.factor for base in scheduler.base_lrs]


def new_optimizer(site: Site, edit: NewOptimizer) -> None:
    """Another optimiser over all that learns; schedulers belonged to the old one."""
    learning = [one for one in site.model.parameters() if one.requires_grad]
    if not learning:
        raise Cannot("no parameter learns")
    site.learner.optimizers = [_made(edit, learning)]
    site.learner.schedulers = []


def _made(edit: NewOptimizer, parameters: list[Any]) -> Any:
    match edit.name:
        case "sgd":
            return torch.optim.SGD(parameters, lr=edit.rate)
        case "momentum":
            return torch.optim.SGD(parameters, lr=edit.rate, momentum=0.9)
        case "adam":
            return torch.optim.Adam(parameters, lr=edit.rate)
        case "adamw":
            return torch.optim.AdamW(parameters, lr=edit.rate, weight_decay=0.0)
        case "rmsprop":
            return torch.optim.RMSprop(parameters, lr=edit.rate)


def clip(site: Site, edit: Clip) -> None:
    """The norm of the whole gradient clipped."""
    site.habits = replace(site.habits, clip=edit.norm)


def warmup(site: Site, edit: Warmup) -> None:
    """The rate rises over some steps."""
    site.habits = replace(site.habits, warmup=edit.steps)


def no_decay(site: Site, edit: NoDecay) -> None:
    """Weight decay and dropout off, or weaker."""
    changed = 0
    for optimizer in site.learner.optimizers:
        for group in optimizer.param_groups:
            if group.get("weight_decay"):
                group["weight_decay"] = group["weight_decay"] * edit.factor
                changed += 1
    for module in site.model.modules():
        if isinstance(module, torch.nn.modules.dropout._DropoutNd) and module.p:  # noqa: SLF001 - not exported
            module.p = module.p * edit.factor
            changed += 1
        elif isinstance(getattr(module, "dropout", None), float) and module.dropout:
            module.dropout = module.dropout * edit.factor
            changed += 1
    if not changed:
        raise Cannot("there is neither weight decay nor a dropout layer")


def step_all(site: Site, edit: StepAll) -> None:
    """Every parameter learns, and an optimiser holds it."""
    for parameter in site.model.parameters():
        if parameter.is_floating_point():
            parameter.requires_grad_(True)
    site.adopt(site.model)


def clear_gradients(site: Site, edit: ClearGradients) -> None:
    """The doctor's own steps do that anyhow."""
    raise Cannot("gradients are cleared before each step of an examination; the change belongs to your own loop")


def train_mode(site: Site, edit: TrainMode) -> None:
    """Training mode while it trains."""
    site.model.train(True)
    site.habits = replace(site.habits, mode=True)


def longer(site: Site, edit: Longer) -> None:
    """More steps."""
    site.longer = site.longer * edit.factor
