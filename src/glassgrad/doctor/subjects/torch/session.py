"""One sampled step of a watched loop: from the end of the step before to the end of its own. Floor 7."""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from glassgrad.doctor.measured.sample import Sample
from glassgrad.doctor.subjects.torch import modes
from glassgrad.doctor.subjects.torch.heads import Head
from glassgrad.doctor.subjects.torch.recording import Recorder
from glassgrad.doctor.subjects.torch.sampling import OutputMeter, sample_of
from glassgrad.doctor.subjects.torch.seen import Seen
from glassgrad.doctor.subjects.torch.tensors import prediction_in

_PASSES = 4  # of the model before the first backward pass; a further one begins afresh


class Session:
    """Records what happens in a step, and makes a sample of it."""

    def __init__(self, model: Any, seen: Seen, step: int, optimizers: int, lasts: Callable[[], bool]) -> None:
        self._recorder = Recorder(model, keep=True, lasts=lasts)
        self._model, self._seen, self._step, self._count = model, seen, step, optimizers
        self._is_open = self._is_aside = False
        self._loss: Any = None
        self._graph: Any = None  # the loss, as autograd has it
        self._scale: Any = None
        self._head: Head | None = None
        self._output: OutputMeter | None = None
        self._targets: list[Any] = []
        self.has_backward = False
        self.stepped: set[int] = set()
        self._noted: set[int] = set()
        self._mode: bool | None = None  # was the model in training mode, when it was called last?

    def open(self) -> None:
        """Begins to listen to layers and functions."""
        self._recorder.__enter__()
        self._is_open = True

    def close(self) -> None:
        """Ends recording, whoever has entered a mode of their own since."""
        self._recorder.meter.unhook()
        if self._is_open:
            self._is_open = False
            self._recorder.detach()
            modes.leave(self._recorder)

    @property
    def can_close(self) -> bool:
        """Not while PyTorch hands a call to the recorder: it lies off the stack then, and comes back onto it."""
        return not self._is_open or self._is_aside or modes.is_entered(self._recorder)

    def pause(self) -> bool:
        """Does not listen for a while; says whether it did."""
        was, self._recorder.is_listening = self._recorder.is_listening, False
        return was

    def resume(self) -> None:
        """Listens again."""
        self._recorder.is_listening = self._is_open

    def forward_begins(self, model: Any, arguments: Any, named: Mapping[str, Any]) -> None:
        """The model is called: after a backward pass that is a new pass, of which the last one counts."""
        if self.has_backward or len(self._recorder.recorded.outputs) >= _PASSES:
            self._recorder.restart()
        if self._is_aside:  # another optimiser is still to step
            self._is_aside = False
            modes.enter(self._recorder)
        self._mode = bool(model.training)
        self._seen.note_inputs(arguments, named)
        self.resume()

    def forward_ends(self, output: Any) -> None:
        """What the model gave, where its layers cannot be listened to."""
        self._recorder.recorded.outputs.append(output)
        self._recorder.heads.begin(prediction_in(output))

    def backward_begins(self, loss: Any, scaled: Any) -> None:
        """The loss is known, and the pass is complete."""
        self.pause()
        self.has_backward = True
        if self._mode is not None:  # a pass that is only looked at says nothing of how the model trains
            self._seen.is_training = self._mode
        self._loss, self._graph = loss.detach(), loss.grad_fn
        if scaled is not None:
            self._scale = self._recorder.meter.add((scaled.detach().double() / loss.detach().double()).reshape(()))
        name = self._seen.loss_name(self._recorder)
        self._head = self._recorder.heads.chosen(name)
        if self._head is not None:
            self._output = OutputMeter(self._head.tensor, self._recorder.meter, name or "")
            self._targets = self._recorder.recorded.targets

    def backward_ends(self) -> None:
        """The gradients of the pass are there."""
        if self._head is not None and self._loss is not None:
            self._seen.note_loss(self._recorder, self._head, self._targets, self._loss, self._graph)
            self._graph = None

    def before_step(self, number: int, optimizer: Any) -> None:
        """An optimiser is about to step; the pass may still come, in a closure."""
        paths = self._seen.paths_of(number)
        if self.has_backward:
            self.pause()
            self._is_aside = self._is_open  # or it would look at each call within the step, for nothing
            modes.leave(self._recorder)
            self._seen.weights.note_gradients(self._recorder.meter, paths=paths)
            self._noted.add(number)
            self._seen.note_wiring(self._recorder, number)
        self._seen.weights.before(self._recorder.meter, paths=paths)

    def after_step(self, number: int, optimizer: Any) -> None:
        """It has stepped."""
        paths = self._seen.paths_of(number)
        if self.has_backward and number not in self._noted:  # a closure has computed them within
            self._seen.weights.note_gradients(self._recorder.meter, paths=paths)
            self._seen.note_wiring(self._recorder, number)
        self._seen.weights.after(self._recorder.meter, paths=paths)
        self.stepped.add(number)

    @property
    def is_complete(self) -> bool:
        """Have all optimisers stepped?"""
        return len(self.stepped) >= self._count

    def sample(self) -> Sample | None:
        """What was seen; None where there was no backward pass."""
        if not self.has_backward:
            return None
        meter = self._recorder.meter
        with torch._C.DisableTorchFunction():  # noqa: SLF001 - the documented guard
            if not self.stepped:  # backward passes without a step
                self._seen.weights.note_gradients(meter)
                self._seen.weights.before(meter)
                self._seen.weights.forget()
            loss_place = meter.add(self._loss.reshape(-1).sum())
            meter.read()
        self._seen.note_parts(self._recorder, self._head)
        scale = meter[self._scale] if self._scale is not None else 1.0
        weights = self._seen.weights.read(meter)
        loss, facts = meter[loss_place], self._seen.loss
        return sample_of(self._step, loss, self._recorder, self._head, facts, weights, self._output, scale=scale)
