"""Do the two halves of a batch pull the same way? Their gradients' likeness, and signal beside noise. Floor 7."""

from typing import Any

import torch

from glassgrad.doctor.subjects.halves import FEWEST, likeness_and_noise
from glassgrad.doctor.subjects.torch.batches import Batch
from glassgrad.doctor.subjects.torch.copying import Learner
from glassgrad.doctor.subjects.torch.stepping import clear, loss_of


def agreement(learner: Learner, batch: Batch) -> tuple[float | None, float | None]:
    """The likeness and the noise of the halves' gradients, None where they are not told.

    Running statistics and the random state are afterwards as they were.
    """
    middle = batch.count // 2
    if batch.count < FEWEST:
        return None, None
    kept = [buffer.detach().clone() for buffer in learner.model.buffers()]
    state = torch.get_rng_state()
    try:
        halves = [_gradient(learner, batch.rows(part)) for part in (slice(0, middle), slice(middle, 2 * middle))]
    finally:
        torch.set_rng_state(state)
        with torch.no_grad():
            for buffer, value in zip(learner.model.buffers(), kept, strict=True):
                buffer.copy_(value)
    if any(half is None for half in halves):
        return None, None
    first, second = halves
    return likeness_and_noise(
        float(first.norm()), float(second.norm()), float(first @ second), float((first - second).norm())
    )


def _gradient(learner: Learner, half: Batch) -> Any:
    """The gradient by all parameters on half a batch as one vector; None where there is none."""
    clear(learner)
    try:
        value = loss_of(learner, half)
        if not value.requires_grad:
            return None
        value.backward()
    except Exception:  # noqa: BLE001 - a model may want batches of one size
        return None
    gradients = [parameter.grad.detach() for parameter in learner.model.parameters() if parameter.grad is not None]
    found = [(gradient.to_dense() if gradient.is_sparse else gradient).flatten() for gradient in gradients]
    vector = torch.cat(found) if found else None
    return vector if vector is not None and bool(torch.isfinite(vector).all()) else None
