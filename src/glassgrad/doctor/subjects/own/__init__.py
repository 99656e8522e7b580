"""Training set-ups of our own: layers of `glassgrad.nn`, losses, optimisers of `glassgrad.optim`, arrays or batches."""

from typing import Any

from glassgrad.doctor.subjects.own.batches import batches_of
from glassgrad.doctor.subjects.own.subject import OwnSubject
from glassgrad.nn.layer import Layer
from glassgrad.nn.objective import objective_of
from glassgrad.optim.adam_family import adam
from glassgrad.optim.optimizer import checked_optimizer


def is_mine(model: Any) -> bool:
    """Is this a layer of ours?"""
    return isinstance(model, Layer)


def subject(model: Any, loss: Any, data: Any, optimizer: Any = None) -> OwnSubject:
    """The set-up to examine. `data` is (inputs, *targets) of arrays, or something that gives batches of them."""
    objective_of(loss, None)  # an error that names the loss, where it is none
    chosen = adam(1e-3) if optimizer is None else checked_optimizer(optimizer, "the doctor")
    return OwnSubject(model, loss, batches_of(data, model), chosen)


__all__ = ["OwnSubject", "is_mine", "subject"]
