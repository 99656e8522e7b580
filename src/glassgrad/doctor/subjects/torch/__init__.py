"""PyTorch's training set-ups as subjects: a Module, its loss, its optimiser and its data. Floor 7.

PyTorch is optional: nothing here imports it before somebody hands over one of its models.
"""

import sys
from typing import Any

from glassgrad.doctor.subjects.subject import Subject


def is_mine(model: Any) -> bool:
    """Is this a torch.nn.Module? Without PyTorch loaded nothing is."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def subject(model: Any, loss: Any, data: Any, optimizer: Any) -> Subject:
    """The set-up of a torch.nn.Module.

    `loss` is a function (prediction, target) or a loss module, or None where the model's output carries its `loss`.
    `data` is a DataLoader, a list of batches or whatever gives them again at every `iter`, or a tuple of tensors or
    arrays (inputs, targets), cut into batches of 32. `optimizer` is a torch.optim.Optimizer or a list of them, with
    the schedulers that belong to them. Raises UsageError for what cannot be read.

    >>> from glassgrad.doctor.subjects.torch import is_mine
    >>> is_mine("not a module")
    False
    """
    from glassgrad.doctor.subjects.torch.torch_subject import TorchSubject

    return TorchSubject.of(model, loss, data, optimizer)
