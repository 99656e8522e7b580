"""Trains a copy of a set-up, samples chosen steps, and traces the first number that is none. Floor 7."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import torch

from glassgrad.doctor.measured.sample import Bad, Sample
from glassgrad.doctor.measured.setup import LossFacts
from glassgrad.doctor.subjects.limits import is_over
from glassgrad.doctor.subjects.torch import tracing
from glassgrad.doctor.subjects.torch.batches import Batch
from glassgrad.doctor.subjects.torch.copying import Learner
from glassgrad.doctor.subjects.torch.halves import agreement
from glassgrad.doctor.subjects.torch.losses import loss_facts
from glassgrad.doctor.subjects.torch.recording import Recorder
from glassgrad.doctor.subjects.torch.sampling import OutputMeter, sample_of
from glassgrad.doctor.subjects.torch.stepping import Habits, clear, loss_of, update
from glassgrad.doctor.subjects.torch.weights import WeightsMeter


@dataclass(slots=True)
class Run:
    """What a run gave."""

    losses: list[float] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    bad: Bad | None = None
    seconds: float = 0.0
    overhead: float = 0.0
    notes: list[str] = field(default_factory=list)


class Runner:
    """Trains one learner; it is changed."""

    def __init__(
        self, learner: Learner, batches: Sequence[Batch], habits: Habits, facts: LossFacts, links: Mapping[str, str]
    ) -> None:
        self._learner, self._batches, self._habits, self._facts = learner, batches, habits, facts
        named = dict(learner.model.named_parameters())
        self._weights = WeightsMeter(named, links)
        self._parameters = list(named.values())
        self._kept = [parameter.detach().clone() for parameter in self._parameters]
        self._state: Any = None  # random state before the step whose parameters are kept
        self.run = Run()

    def train(self, steps: int, samples: Sequence[int], seed: int | None, seconds: float | None) -> Run:
        """Trains so many steps, or until the seconds are over."""
        start, wanted = time.perf_counter(), set(samples)
        if self._habits.mode is not None:
            self._learner.model.train(self._habits.mode)
        last: Batch | None = None
        for step, batch in zip(range(steps), _order(self._batches, seed), strict=False):
            begun = time.perf_counter()
            if is_over(step, begun - start, seconds):
                break
            state = torch.get_rng_state()
            loss = self._sampled(step, batch) if step in wanted else self._plain(step, batch)
            if step in wanted:
                self.run.overhead += time.perf_counter() - begun
            self.run.losses.append(loss)
            if not isfinite(loss):
                self.run.bad = self._traced(step, batch, last, state)
                break
            last, self._state = batch, state
        self.run.seconds = time.perf_counter() - start
        return self.run

    def _plain(self, step: int, batch: Batch) -> float:
        clear(self._learner)
        value = loss_of(self._learner, batch)
        loss = float(value.detach())
        if isfinite(loss):
            self._keep()
            self._backward(value)
            update(self._learner, self._habits, step, batch)
        return loss

    def _keep(self) -> None:
        with torch.no_grad():
            torch._foreach_copy_(self._kept, self._parameters)

    def _backward(self, value: Any) -> None:
        if value.requires_grad:
            value.backward()
        elif "the loss does not depend on a parameter: no gradient" not in self.run.notes:
            self.run.notes.append("the loss does not depend on a parameter: no gradient")

    def _sampled(self, step: int, batch: Batch) -> float:
        clear(self._learner)
        likeness, noise = agreement(self._learner, batch)
        clear(self._learner)
        recorder = Recorder(self._learner.model)
        with recorder:
            value = loss_of(self._learner, _asking(batch))
        loss = float(value.detach())
        if not isfinite(loss):
            return loss
        self._keep()
        self._backward(value)
        meter = recorder.meter
        head = recorder.heads.chosen(self._facts.name)
        output = None if head is None else OutputMeter(head.tensor, meter, self._facts.name)
        self._weights.note_gradients(meter)
        self._weights.before(meter)
        update(self._learner, self._habits, step, batch)
        self._weights.after(meter)
        meter.read()
        weights = self._weights.read(meter)
        self.run.samples.append(
            sample_of(step, loss, recorder, head, self._facts, weights, output, likeness=likeness, noise=noise)
        )
        return loss

    def _traced(self, step: int, batch: Batch, last: Batch | None, state: Any) -> Bad:
        """Where the first number that is none arose: in this step, or on the way here from the last one."""
        found = tracing.in_batch(step, batch) or tracing.in_forward(step, self._learner, batch, state)
        if found is None or found.phase != "parameter" or last is None:
            return found or Bad(step, "loss", "loss", self._facts.title, "nan")
        with torch.no_grad():
            broken = [parameter.detach().clone() for parameter in self._parameters]
            torch._foreach_copy_(self._parameters, self._kept)
        earlier = tracing.in_backward(step - 1, self._learner, last, self._state)
        with torch.no_grad():
            torch._foreach_copy_(self._parameters, broken)
        return earlier or Bad(step - 1, "update", found.path, found.operation, found.what, found.says)


def _asking(batch: Batch) -> Batch:
    """The batch whose inputs ask for a gradient, so that what leaves the first link is known too."""

    def ask(tensor: Any) -> Any:
        return tensor.detach().requires_grad_() if tensor.is_floating_point() else tensor

    asked = batch.mapped(ask)
    return Batch(asked.arguments, asked.named, batch.target, batch.more)


def _order(batches: Sequence[Batch], seed: int | None) -> Iterator[Batch]:
    """Epoch after epoch in the person's order, or with a seed in another one each time."""
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    while True:
        order = range(len(batches))
        places = order if generator is None else torch.randperm(len(batches), generator=generator).tolist()
        for place in places:
            yield batches[place]


def probe(learner: Learner, batch: Batch) -> tuple[Recorder, Any, Any, float, Any]:
    """One recorded pass: (recorder, facts of the loss, the prediction as it takes it, its value, the loss tensor)."""
    clear(learner)
    recorder = Recorder(learner.model, keep=True)
    with recorder:
        value = loss_of(learner, batch)
    if value.requires_grad:
        value.backward()
    recorder.meter.read()
    number = float(value.detach())
    facts, head = loss_facts(learner.loss, recorder, batch.target, number)
    return recorder, facts, head, number, value
