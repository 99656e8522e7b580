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


# ------------------------------------------------------------------ of the second set
def _looped(made: Made, steps: int, *, before: Any = None, after: Any = None) -> list[float]:
    """The plain loop, with something done before each step of the optimiser, or after it."""
    losses = []
    for x, y in batches(made, steps):
        made.optimizer.zero_grad()
        loss = made.loss(made.model(x), y)
        loss.backward()
        if before:
            before()
        made.optimizer.step()
        if after:
            after()
        losses.append(loss.item())
    return losses


def decaying_each_batch(made: Made, steps: int) -> list[float]:
    """A schedule made for epochs is stepped with each batch."""
    schedule = torch.optim.lr_scheduler.ExponentialLR(made.optimizer, 0.5)
    return _looped(made, steps, after=schedule.step)


def warming_for_ever(made: Made, steps: int) -> list[float]:
    """The warm-up is much longer than the training."""
    schedule = torch.optim.lr_scheduler.LambdaLR(made.optimizer, lambda step: (step + 1) / 1_000_000)
    return _looped(made, steps, after=schedule.step)


def annealing(made: Made, steps: int) -> list[float]:
    """The rate falls along a cosine."""
    return _looped(made, steps, after=torch.optim.lr_scheduler.CosineAnnealingLR(made.optimizer, steps).step)


def cycling(made: Made, steps: int) -> list[float]:
    """One cycle up and down."""
    schedule = torch.optim.lr_scheduler.OneCycleLR(made.optimizer, made.optimizer.defaults["lr"], total_steps=steps + 1)
    return _looped(made, steps, after=schedule.step)


def clipping_to_nothing(made: Made, steps: int) -> list[float]:
    """The norm of the gradient is clipped at next to nothing."""
    clip = torch.nn.utils.clip_grad_norm_
    return _looped(made, steps, before=lambda: clip(made.model.parameters(), 1e-5))


def clipping_values(made: Made, steps: int) -> list[float]:
    """Each number of the gradient is clipped."""
    return _looped(made, steps, before=lambda: torch.nn.utils.clip_grad_value_(made.model.parameters(), 0.1))


def clearing_each_epoch(made: Made, steps: int) -> list[float]:
    """Gradients are cleared when an epoch begins, and with no batch."""
    losses = []
    for step, (x, y) in enumerate(batches(made, steps)):
        if step % len(made.data) == 0:
            made.optimizer.zero_grad()
        loss = made.loss(made.model(x), y)
        loss.backward()
        made.optimizer.step()
        losses.append(loss.item())
    return losses


def clearing_at_the_end(made: Made, steps: int) -> list[float]:
    """Gradients are cleared behind the step, by the model."""
    losses = []
    for x, y in batches(made, steps):
        loss = made.loss(made.model(x), y)
        loss.backward()
        made.optimizer.step()
        made.model.zero_grad()
        losses.append(loss.item())
    return losses


def _penalised(made: Made, steps: int, weight: float) -> list[float]:
    losses = []
    for x, y in batches(made, steps):
        made.optimizer.zero_grad()
        loss = made.loss(made.model(x), y)
        (loss + weight * sum(one.abs().sum() for one in made.model.parameters())).backward()
        made.optimizer.step()
        losses.append(loss.item())
    return losses


def penalising(made: Made, steps: int) -> list[float]:
    """A small penalty for weights that are not 0."""
    return _penalised(made, steps, 1e-5)


def penalising_too_much(made: Made, steps: int) -> list[float]:
    """A penalty for weights that are not 0, larger than the loss."""
    return _penalised(made, steps, 0.3)


def asking_for_one(made: Made, steps: int) -> list[float]:
    """A new iterator of the data for each batch."""
    losses = []
    for _ in range(steps):
        x, y = next(iter(made.data))
        made.optimizer.zero_grad()
        loss = made.loss(made.model(x), y)
        loss.backward()
        made.optimizer.step()
        losses.append(loss.item())
    return losses


def of_half_precision(made: Made, steps: int) -> list[float]:
    """Under autocast."""
    losses = []
    for x, y in batches(made, steps):
        made.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = made.loss(made.model(x), y)
        loss.backward()
        made.optimizer.step()
        losses.append(loss.item())
    return losses


LOOPS: dict[str, Callable[[Made, int], list[float]]] = {
    loop.__name__: loop
    for loop in (
        plain, keeping, stepless, clearing_late, detaching, warming_up, clipping, accumulating, validating,
        staying_in_evaluation, closing, decaying_each_batch, warming_for_ever, annealing, cycling, clipping_to_nothing,
        clipping_values, clearing_each_epoch, clearing_at_the_end, penalising, penalising_too_much, asking_for_one,
        of_half_precision,
    )
}  # fmt: skip
