"""A training set-up of PyTorch's as a subject: read, run on copies, edited on copies, quoted as code. Floor 7."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch

from glassgrad.base.errors import GlassgradError, UsageError
from glassgrad.doctor.measured.parts import last_kind, of_the_model
from glassgrad.doctor.measured.setup import DataFacts, LossFacts, Setup
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.subjects.data_facts import BATCHES, data_facts
from glassgrad.doctor.subjects.edits import Edit
from glassgrad.doctor.subjects.subject import Cannot
from glassgrad.doctor.subjects.torch.batches import Batch, batches_of
from glassgrad.doctor.subjects.torch.code import code_of
from glassgrad.doctor.subjects.torch.copying import Learner, copied, own_randomness, start_afresh
from glassgrad.doctor.subjects.torch.editing import edited
from glassgrad.doctor.subjects.torch.judging import baseline_of, evaluated
from glassgrad.doctor.subjects.torch.reading import (
    links_of_parameters,
    optimizer_facts,
    parameters_of,
    parts_of,
    wiring_of,
)
from glassgrad.doctor.subjects.torch.running import Runner, probe
from glassgrad.doctor.subjects.torch.site import Site
from glassgrad.doctor.subjects.torch.stepping import Habits, loss_of
from glassgrad.doctor.subjects.torch.tensors import array_of, prediction_in


@dataclass(frozen=True)
class TorchSubject:
    """See `Subject`. The learner is the person's own (or an edited copy) and never runs itself."""

    learner: Learner
    batches: tuple[Batch, ...]
    epoch: int  # batches in an epoch; 0 unknown
    habits: Habits = field(default_factory=Habits)
    longer: float = 1.0  # times as many steps as asked for

    @classmethod
    def of(cls, model: Any, loss: Any, data: Any, optimizer: Any) -> "TorchSubject":
        """The subject of a person's objects. Raises UsageError for what is none of its kind."""
        if loss is not None and not callable(loss):
            raise UsageError(
                f"the loss is called as loss(prediction, target), found {type(loss).__name__}", hint="nn.MSELoss()"
            )
        given = list(optimizer) if isinstance(optimizer, list | tuple) else [optimizer]
        made = [one(model.parameters()) if _makes_one(one) else one for one in given]
        optimizers = [one for one in made if isinstance(one, torch.optim.Optimizer)]
        schedulers = [one for one in made if hasattr(one, "step") and one not in optimizers]
        if not optimizers or len(optimizers) + len(schedulers) < len(made):
            odd = next((one for one in made if one not in optimizers and one not in schedulers), optimizer)
            raise UsageError(
                f"the optimizer is one of torch.optim, found {type(odd).__name__}",
                hint="torch.optim.Adam(model.parameters())",
            )
        batches, epoch = _batches(data, model, has_loss=loss is not None)
        return cls(Learner(model, loss, optimizers, schedulers), tuple(batches), epoch)

    @cached_property
    def _read(self) -> Setup:
        with own_randomness(0):
            return self._looked()

    def _looked(self) -> Setup:
        learner = copied(self.learner)
        if self.habits.mode is not None:
            learner.model.train(self.habits.mode)
        recorder, facts, head, _, value = probe(learner, self.batches[0])
        prediction = None if head is None else head.tensor
        links = links_of_parameters(learner.model, recorder)
        parameters = parameters_of(learner.model, learner.optimizers, links)
        output = recorder.recorded.outputs[-1] if recorder.recorded.outputs else None
        parts = parts_of(learner.model, recorder, head)
        data = self._data(learner, facts, output, last_kind(of_the_model(parts)))
        wiring = wiring_of(learner.model, recorder, facts.name, value, prediction, self.batches[0].target)
        return Setup(
            "torch",
            type(getattr(learner.model, "original", learner.model)).__name__,
            parts,
            parameters,
            facts,
            tuple(optimizer_facts(one) for one in learner.optimizers),
            data,
            bool(learner.model.training),
            wiring,
        )

    def _data(self, learner: Learner, loss: LossFacts, output: Any, last: str) -> DataFacts | None:
        looked = self.batches[:BATCHES]
        inputs = [_array(batch.inputs) for batch in looked]
        targets = [_array(batch.target) for batch in looked]
        if any(one is None for one in inputs):
            return None
        first, target = looked[0].inputs, looked[0].target
        dtypes = (_dtype(first), _dtype(target))
        plain = [one for one in targets if one is not None]
        facts = data_facts(
            [one for one in inputs if one is not None],
            plain if len(plain) == len(targets) else [],
            loss=loss.name,
            batches=self.epoch,
            dtypes=dtypes,
            channels_first=first.ndim >= 4,
        )
        tensor = output if isinstance(output, torch.Tensor) else None
        return replace(facts, baseline=baseline_of(learner, looked, tensor, loss.name, last))

    def setup(self) -> Setup:
        """What it is."""
        return self._read

    def run(
        self, steps: int, *, seed: int | None = None, samples: Sequence[int] = (), seconds: float | None = None
    ) -> Trace:
        """Trains a copy."""
        setup = self._read
        with own_randomness(0 if seed is None else seed):
            learner = copied(self.learner)
            if seed is not None:
                start_afresh(learner.model, seed)
            before = evaluated(learner, self.batches, setup)
            runner = Runner(learner, self.batches, self.habits, setup.loss, _links(setup))
            run = runner.train(round(steps * self.longer), samples, seed, seconds)
            after = evaluated(learner, self.batches, setup)
        return Trace(
            setup,
            tuple(run.losses),
            tuple(run.samples),
            run.bad,
            before[0],
            after[0],
            before[1],
            after[1],
            run.seconds,
            run.overhead,
            tuple(run.notes),
        )

    def fits_one_batch(self, steps: int, *, seed: int | None = None) -> tuple[float, float]:
        """(loss before, loss after) on the first batch alone, without dropout and weight decay."""
        with own_randomness(0 if seed is None else seed):
            learner = copied(self.learner)
            if seed is not None:
                start_afresh(learner.model, seed)
            for module in learner.model.modules():
                if isinstance(module, torch.nn.modules.dropout._DropoutNd):  # noqa: SLF001 - not exported
                    module.p = 0.0
            for optimizer in learner.optimizers:
                for group in [one for one in optimizer.param_groups if "weight_decay" in one]:
                    group["weight_decay"] = 0.0
            runner = Runner(learner, self.batches[:1], self.habits, self._read.loss, {})
            run = runner.train(steps, (), None, None)
        return run.losses[0], run.losses[-1]

    def edited(self, *edits: Edit) -> Self:
        """A copy with the edits made. Raises Cannot."""
        found = self
        for edit in edits:
            with own_randomness(0):
                site = Site(copied(found.learner), found.batches, found.habits, found.longer, found.setup)
                edited(site, edit)
            found = replace(
                found, learner=site.learner, batches=tuple(site.batches), habits=site.habits, longer=site.longer
            )
        with own_randomness(0), torch.no_grad():
            try:
                loss_of(copied(found.learner), found.batches[0])
            except UsageError as error:
                raise Cannot(f"the set-up does not run with it: {error.message}") from error
        return found

    def code(self, edit: Edit) -> str:
        """The edit as code."""
        return code_of(edit, self.setup())


def _links(setup: Setup) -> dict[str, str]:
    return {one.path: one.link for one in setup.parameters}


def _makes_one(optimizer: Any) -> bool:
    return callable(optimizer) and not isinstance(optimizer, torch.optim.Optimizer) and not hasattr(optimizer, "step")


def _batches(data: Any, model: Any, *, has_loss: bool) -> tuple[list[Batch], int]:
    generator = getattr(data, "generator", None)
    state = generator.get_state() if isinstance(generator, torch.Generator) else None
    with own_randomness(None):
        try:
            return batches_of(data, model, has_loss=has_loss)
        except GlassgradError:
            raise
        except Exception as error:
            raise UsageError(f"the data fails to give a batch: {type(error).__name__}: {error}") from error
        finally:
            if generator is not None and state is not None:
                generator.set_state(state)


def _array(value: Any) -> np.ndarray | None:
    tensor = prediction_in(value) if not isinstance(value, torch.Tensor) else value
    if tensor is None or not isinstance(tensor, torch.Tensor) or tensor.is_complex():
        return None
    return array_of(tensor)


def _dtype(value: Any) -> str:
    return str(getattr(value, "dtype", type(value).__name__)).removeprefix("torch.")
