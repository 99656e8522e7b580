"""One training step of a copy: forward, loss, backward, update, as a person's loop makes them. Floor 7."""

from dataclasses import dataclass
from typing import Any

import torch

from glassgrad.base.errors import GlassgradError, UsageError
from glassgrad.doctor.subjects.torch.batches import Batch
from glassgrad.doctor.subjects.torch.copying import Learner


@dataclass(frozen=True, slots=True)
class Habits:
    """What a step does besides: edits change them."""

    clip: float | None = None
    warmup: int = 0
    mode: bool | None = None  # training mode or not; None as the model stands


def loss_of(learner: Learner, batch: Batch) -> Any:
    """The loss of a batch, a tensor of one number. Raises UsageError where the person's code fails."""
    output = forward(learner, batch)
    try:
        value = learner.loss(output, batch.target, *batch.more) if learner.loss is not None else _own_loss(output)
    except GlassgradError:
        raise
    except Exception as error:
        raise UsageError(
            f"the loss fails on a batch: {type(error).__name__}: {error}",
            hint="it is called as loss(prediction, target)",
        ) from error
    if not isinstance(value, torch.Tensor):
        raise UsageError(f"the loss gives {type(value).__name__}; it should give a tensor of one number")
    if value.numel() != 1:
        raise UsageError(
            f"the loss has shape {tuple(value.shape)}; it should be one number",
            hint="loss(prediction, target).mean()",
        )
    return value.reshape(())


def forward(learner: Learner, batch: Batch) -> Any:
    """The model's output. Raises UsageError where the person's code fails."""
    try:
        return learner.model(*batch.arguments, **batch.named)
    except GlassgradError:
        raise
    except Exception as error:
        shapes = ", ".join(str(tuple(one.shape)) for one in batch.arguments if isinstance(one, torch.Tensor))
        raise UsageError(
            f"the model fails on a batch{f' of shape {shapes}' if shapes else ''}: {type(error).__name__}: {error}",
            hint="it is called with the inputs of a batch, and with them only",
        ) from error


def _own_loss(output: Any) -> Any:
    value = output.get("loss") if isinstance(output, dict) else getattr(output, "loss", None)
    if value is None:
        raise UsageError("there is no loss: none was given, and the model's output has none", hint="loss=nn.MSELoss()")
    return value


def clear(learner: Learner) -> None:
    """No gradients."""
    learner.model.zero_grad(set_to_none=True)
    for optimizer in learner.optimizers:
        optimizer.zero_grad(set_to_none=True)


def update(learner: Learner, habits: Habits, step: int, batch: Batch) -> None:
    """The optimisers' step, with what the habits add to it."""
    if habits.clip is not None:
        torch.nn.utils.clip_grad_norm_(list(learner.model.parameters()), habits.clip)
    rates = None
    if habits.warmup > step:
        rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in learner.optimizers]
        share = (step + 1) / habits.warmup
        for optimizer in learner.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["lr"] * share
    for optimizer in learner.optimizers:
        if type(optimizer).__name__ == "LBFGS":
            optimizer.step(_closure(learner, batch))
        else:
            optimizer.step()
    if rates is not None:
        for optimizer, before in zip(learner.optimizers, rates, strict=True):
            for group, rate in zip(optimizer.param_groups, before, strict=True):
                group["lr"] = rate
    for scheduler in learner.schedulers:
        if not isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step()


def _closure(learner: Learner, batch: Batch) -> Any:
    def closure() -> Any:
        clear(learner)
        value = loss_of(learner, batch)
        value.backward()
        return value

    return closure
