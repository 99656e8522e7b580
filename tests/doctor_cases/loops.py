"""Training loops as people write them, right and wrong, around the set-up of a case (PyTorch)."""

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any

import torch

from tests.doctor_cases.in_torch import Made


def batches(made: Made, steps: int) -> Iterator[Any]:
    """So many batches, epoch after epoch."""
    return (batch for batch, _ in zip(chain.from_iterable(repeat(made.data)), range(steps), strict=False))


def plain(made: Made, steps: int) -> list[float]:
    """As it should be."""
    losses = []
    for x, y in batches(made, steps):
        made.optimizer.zero_grad()
        loss = made.loss(made.model(x), y)
        loss.backward()
        made.optimizer.step()
        losses.append(loss.item())
    return losses


def keeping(made: Made, steps: int) -> list[float]:
    """Without zero_grad: gradients add up."""
    losses = []
    for x, y in batches(made, steps):
        loss = made.loss(made.model(x), y)
        loss.backward()
        made.optimizer.step()
        losses.append(loss.item())
    return losses


def stepless(made: Made, steps: int) -> list[float]:
    """The optimiser never steps."""
    losses = []
    for x, y in batches(made, steps):
        made.optimizer.zero_grad()
        loss = made.loss(made.model(x), y)
        loss.backward()
        losses.append(loss.item())
    return losses


def clearing_late(made: Made, steps: int) -> list[float]:
    """zero_grad between backward and step: the optimiser sees nothing."""
    losses = []
    for x, y in batches(made, steps):
        loss = made.loss(made.model(x), y)
        loss.backward()
        made.optimizer.zero_grad()
        made.optimizer.step()
        losses.append(loss.item())
    return losses


def detaching(made: Made, steps: int) -> list[float]:
    """The prediction is taken out of the graph, and made to look as if it were in it."""
    losses = []
    for x, y in batches(made, steps):
        made.optimizer.zero_grad()
        prediction = made.model(x).detach().requires_grad_()
        loss = made.loss(prediction, y)
        loss.backward()
        made.optimizer.step()
        losses.append(loss.item())
    return losses


def warming_up(made: Made, steps: int) -> list[float]:
    """The rate rises from 0 over the first third."""
    schedule = torch.optim.lr_scheduler.LambdaLR(made.optimizer, lambda step: min(1.0, (step + 1) / (steps / 3)))
    losses = []
    for x, y in batches(made, steps):
        made.optimizer.zero_grad()
        loss = made.loss(made.model(x), y)
        loss.backward()
        made.optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


def clipping(made: Made, steps: int) -> list[float]:
    """The norm of the gradient is clipped."""
    losses = []
    for x, y in batches(made, steps):
        made.optimizer.zero_grad()
        loss = made.loss(made.model(x), y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(made.model.parameters(), 1.0)
        made.optimizer.step()
        losses.append(loss.item())
    return losses


def accumulating(made: Made, steps: int) -> list[float]:
    """Four batches to a step, on purpose."""
    losses = []
    for step, (x, y) in enumerate(batches(made, steps)):
        loss = made.loss(made.model(x), y) / 4
        loss.backward()
        if step % 4 == 3:
            made.optimizer.step()
            made.optimizer.zero_grad()
        losses.append(4 * loss.item())
    return losses


def validating(made: Made, steps: int) -> list[float]:
    """Every 20 steps the model is evaluated, and set back to training."""
    losses = []
    for step, (x, y) in enumerate(batches(made, steps)):
        if step % 20 == 0:
            made.model.eval()
            with torch.no_grad():
                made.loss(made.model(x), y)
            made.model.train()
        made.optimizer.zero_grad()
        loss = made.loss(made.model(x), y)
        loss.backward()
        made.optimizer.step()
        losses.append(loss.item())
    return losses


def staying_in_evaluation(made: Made, steps: int) -> list[float]:
    """After the first validation the model is left in evaluation mode."""
    losses = []
    for step, (x, y) in enumerate(batches(made, steps)):
        if step == 0:
            made.model.eval()
            with torch.no_grad():
                made.loss(made.model(x), y)
        made.optimizer.zero_grad()
        loss = made.loss(made.model(x), y)
        loss.backward()
        made.optimizer.step()
        losses.append(loss.item())
    return losses


def closing(made: Made, steps: int) -> list[float]:
    """The step is given a closure."""
    losses = []
    for x, y in batches(made, steps):

        def closure(x=x, y=y):
            made.optimizer.zero_grad()
            loss = made.loss(made.model(x), y)
            loss.backward()
            return loss

        losses.append(made.optimizer.step(closure).item())
    return losses


LOOPS: dict[str, Callable[[Made, int], list[float]]] = {
    loop.__name__: loop
    for loop in (
        plain, keeping, stepless, clearing_late, detaching, warming_up, clipping, accumulating, validating,
        staying_in_evaluation, closing,
    )
}  # fmt: skip
