"""Whose a model is: the subject for a training set-up of either framework. Floor 7."""

from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.doctor.subjects import own, torch
from glassgrad.doctor.subjects.subject import Subject


def subject_of(model: Any, loss: Any, data: Any, optimizer: Any) -> Subject:
    """The training set-up as something that can be examined: a `torch.nn.Module`, or a layer of ours.

    Raises UsageError for anything else.
    """
    if own.is_mine(model):
        return own.subject(model, loss, data, optimizer)
    if torch.is_mine(model):
        return torch.subject(model, loss, data, optimizer)
    raise UsageError(
        f"the doctor examines a model of Glassgrad or of PyTorch, found {type(model).__name__}",
        hint="nn.Sequential(…) or another layer of glassgrad.nn, or a torch.nn.Module",
    )
