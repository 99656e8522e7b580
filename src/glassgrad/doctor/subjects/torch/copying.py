"""Copies of a set-up: model, loss, optimisers and schedulers together, so that they go on sharing parameters; fresh
starts of the same kind; and the person's random state left as it was. Floor 7.
"""

import copy
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from glassgrad.base.errors import UnsupportedError

_GATES = {"LSTM": 4, "LSTMCell": 4, "GRU": 3, "GRUCell": 3}  # whose weights are stacked, each with a start of its own


@dataclass(slots=True)
class Learner:
    """What takes part in a training."""

    model: Any
    loss: Any
    optimizers: list[Any]
    schedulers: list[Any]


def copied(learner: Learner) -> Learner:
    """A deep copy. Raises UnsupportedError where something cannot be copied."""
    memo = _results_kept(learner.model)
    parts = (learner.model, learner.loss, learner.optimizers, learner.schedulers)
    try:
        return Learner(*copy.deepcopy(parts, memo))
    except Exception as error:
        raise UnsupportedError(
            f"the doctor runs copies, and {type(learner.model).__name__} cannot be copied: {error}",
            hint="copy.deepcopy(model) must work; gg.doctor.watch examines a training without copies",
        ) from error


def _results_kept(model: Any) -> dict[int, Any]:
    """Copies of results that modules keep as attributes (a hidden state): PyTorch copies only leaves."""
    memo: dict[int, Any] = {}
    for module in model.modules():
        for value in vars(module).values():
            parts = value if isinstance(value, list | tuple) else (value,)
            for part in parts:
                if isinstance(part, torch.Tensor) and part.grad_fn is not None:
                    memo[id(part)] = part.detach().clone()
    return memo


@contextmanager
def own_randomness(seed: int | None) -> Iterator[None]:
    """Draws from `seed` inside (or goes on), and from where the person was before afterwards; no warnings meanwhile."""
    kept, numpy_kept = random.getstate(), np.random.get_state()  # noqa: NPY002 - the person's own state
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if seed is not None:
            torch.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002 - a person's layer may draw from it
        try:
            yield
        finally:
            random.setstate(kept)
            np.random.set_state(numpy_kept)  # noqa: NPY002 - as above


def start_afresh(model: Any, seed: int) -> None:
    """Shuffles the entries within each parameter: a start of the same kind. Gates of recurrent layers each for itself;
    of an orthogonal matrix rows and columns, for it stays orthogonal.
    """
    generator = torch.Generator().manual_seed(seed)
    done: set[int] = set()
    with torch.no_grad():
        for module in model.modules():
            gates = _GATES.get(type(module).__name__, 1)
            for parameter in module.parameters(recurse=False):
                if id(parameter) in done or parameter.numel() < 2:
                    continue
                done.add(id(parameter))
                for part in parameter.chunk(gates) if parameter.shape[0] % gates == 0 else (parameter,):
                    part.copy_(_shuffled(part, generator))


def _shuffled(values: Any, generator: Any) -> Any:
    if values.ndim == 2 and _is_orthogonal(values):
        rows = torch.randperm(values.shape[0], generator=generator).to(values.device)
        columns = torch.randperm(values.shape[1], generator=generator).to(values.device)
        return values[rows][:, columns]
    order = torch.randperm(values.numel(), generator=generator).to(values.device)
    return values.flatten()[order].view_as(values)


def _is_orthogonal(matrix: Any) -> bool:
    """Are the rows (or the columns, where there are fewer) orthogonal and of one length?"""
    wide = matrix.float() if matrix.shape[0] <= matrix.shape[1] else matrix.float().T
    if wide.shape[0] < 2:
        return False
    product = wide @ wide.T
    length = product.diagonal().mean()
    rest = product - length * torch.eye(len(product), device=product.device)
    return bool(length > 0) and bool(rest.abs().max() < 1e-3 * length)
