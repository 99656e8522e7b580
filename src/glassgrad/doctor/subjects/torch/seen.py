"""What a watched loop shows of its set-up: parts, loss, data, wiring. Floor 7."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from glassgrad.doctor.measured.parts import last_kind
from glassgrad.doctor.measured.setup import DataFacts, LossFacts, Part, Setup
from glassgrad.doctor.subjects.data_facts import BATCHES, data_facts
from glassgrad.doctor.subjects.torch.batches import Batch
from glassgrad.doctor.subjects.torch.copying import Learner, own_randomness
from glassgrad.doctor.subjects.torch.heads import Head
from glassgrad.doctor.subjects.torch.judging import baseline_of
from glassgrad.doctor.subjects.torch.losses import CANDIDATES, by_behaviour, title_of
from glassgrad.doctor.subjects.torch.reading import (
    links_of_parameters,
    optimizer_facts,
    parameters_of,
    parts_of,
)
from glassgrad.doctor.subjects.torch.recording import Recorder
from glassgrad.doctor.subjects.torch.spreading import spreads
from glassgrad.doctor.subjects.torch.tensors import array_of, prediction_in, tensors_in
from glassgrad.doctor.subjects.torch.weights import WeightsMeter
from glassgrad.doctor.subjects.wiring import broadcasts, without_gradient

_BYTES = 64 * 2**20


class Seen:
    """Gathers it from the sampled steps."""

    def __init__(self, model: Any, optimizers: Sequence[Any]) -> None:
        self._model, self._optimizers = model, optimizers
        named = dict(model.named_parameters())
        self._links = links_of_parameters(model, None)
        self._parameters = parameters_of(model, optimizers, self._links)
        self._facts = tuple(optimizer_facts(one) for one in optimizers)
        by_id = {id(one): path for path, one in named.items()}
        self._paths = [
            frozenset(by_id[id(one)] for group in optimizer.param_groups for one in group["params"] if id(one) in by_id)
            for optimizer in optimizers
        ]
        self.weights = WeightsMeter(named, self._links)
        self.events: dict[str, None] = {}
        self.notes: list[str] = []
        self.is_training = bool(model.training)
        self._parts: tuple[Part, ...] = ()
        self._loss: LossFacts | None = None
        self._inputs: list[Any] = []
        self._targets: list[Any] = []
        self._waiting: Any = None
        self._has_several = False  # targets in a step, of which none is that of the training
        self._size = self._place = 0  # of what is kept; the target's place among what functions after the model take
        self._output: Any = None

    @property
    def loss(self) -> LossFacts:
        """What is known of the loss so far."""
        known = self._loss or LossFacts("custom", "the loss")
        return replace(known, is_one_of_several=self._has_several and len(self._optimizers) > 1)

    def paths_of(self, number: int) -> frozenset[str]:
        """The parameters that an optimiser holds; the first one stands for those that none holds, too."""
        if number:
            return self._paths[number]
        held = frozenset().union(*self._paths[1:])
        return frozenset(one.path for one in self._parameters) - (held - self._paths[0])

    def note_inputs(self, arguments: Any, named: Mapping[str, Any]) -> None:
        """What the model is called with."""
        self._waiting = next(tensors_in((arguments, dict(named))), None)

    def loss_name(self, recorder: Recorder) -> str | None:
        """The loss, where a function of PyTorch's says it."""
        if recorder.recorded.losses:
            return recorder.recorded.losses[-1].name
        return self._loss.name if self._loss is not None else None

    def note_loss(self, recorder: Recorder, head: Head, targets: Sequence[Any], loss: Any, graph: Any) -> None:
        """Which loss it is, and the batch that it saw; `graph` is the loss's node of autograd's graph."""
        count = head.tensor.shape[0] if head.tensor.ndim else 0
        compared = _compared_with(recorder)
        if len(compared) > 1:
            self._has_several = True
        likely = [one for one in targets if one.ndim and one.shape[0] == count and one is not head.tensor]
        likely = [target for _, target in compared[-1:]] or likely
        shape = compared[-1][0] if compared else tuple(head.tensor.shape)
        if self._loss is None:
            value = float(loss.reshape(-1).sum())
            self._loss = self._known(recorder, head, likely, value)
        if self._waiting is None:
            self._waiting = recorder.recorded.first
        target = likely[self._place] if self._place < len(likely) else None
        head.gradient = None
        if target is None or self._waiting is None or len(self._inputs) >= BATCHES or self._size > _BYTES:
            return
        inputs = self._waiting.detach()
        self._size += inputs.numel() * inputs.element_size()
        self._inputs.append(inputs.cpu())
        self._targets.append(target.detach().cpu())
        self._output = head.tensor.detach()[:2].cpu()
        steps = spreads(graph, head.tensor.grad_fn)
        if broadcasts(self._loss.name, shape, tuple(target.shape), steps):
            self.events["broadcasting"] = None

    def _known(self, recorder: Recorder, head: Head, targets: Sequence[Any], value: float) -> LossFacts:
        calls = recorder.recorded.losses
        name = calls[-1].name if calls else None
        reduction = calls[-1].reduction if calls else None
        for self._place, target in enumerate(targets):
            found = by_behaviour(head, target, value, name)
            if found is not None:
                name, reduction = found[0], reduction or found[1]
                break
        else:
            self._place = next((place for place, one in enumerate(targets) if one is not self._waiting), 0)
        place = calls[-1].place if calls else (recorder.recorded.places[-1] if recorder.recorded.places else None)
        known = "sum" if reduction == "sum" else "mean" if reduction in ("mean", "batchmean") else "unknown"
        return LossFacts(name or "custom", title_of(None, calls) if calls else "the loss", known, place)  # type: ignore[arg-type]  # one of the three

    def note_wiring(self, recorder: Recorder, number: int) -> None:
        """Which parameters got no gradient, at an optimiser's step."""
        named = dict(self._model.named_parameters())
        learning = [path for path in self.paths_of(number) if named[path].requires_grad]
        if len(self._optimizers) == 1:
            called = {call.path for call in recorder.recorded.calls}
            reached = [path for path in learning if named[path].grad is not None]
            cut = [path for path in learning if self._links[path] in called]
            self.events.update(dict.fromkeys(without_gradient(learning, reached, cut)))

    def note_parts(self, recorder: Recorder, head: Head | None) -> None:
        """The parts, from the first pass that was recorded."""
        if not self._parts and recorder.recorded.calls:
            self._parts = parts_of(self._model, recorder, head)
            self._links.update(links_of_parameters(self._model, recorder))
            self._parameters = tuple(replace(one, link=self._links[one.path]) for one in self._parameters)

    def setup(self, events: Sequence[str]) -> Setup:
        """The set-up as far as it was seen."""
        return Setup(
            "torch",
            type(self._model).__name__,
            self._parts or parts_of(self._model, None, None),
            self._parameters,
            self.loss,
            self._facts,
            self._data(),
            self.is_training,
            tuple(dict.fromkeys((*events, *self.events))),
        )

    def _data(self) -> DataFacts | None:
        if not self._inputs or self._loss is None or self._has_several:
            return None
        first, target = self._inputs[0], self._targets[0]
        facts = data_facts(
            [array_of(one) for one in self._inputs],
            [array_of(one) for one in self._targets],
            loss=self._loss.name,
            dtypes=(str(first.dtype).removeprefix("torch."), str(target.dtype).removeprefix("torch.")),
            channels_first=first.ndim >= 4,
        )
        function = CANDIDATES.get(self._loss.name)
        if function is None or self._loss.reduction == "sum":
            return facts
        batches = [Batch((given,), {}, goal) for given, goal in zip(self._inputs, self._targets, strict=True)]
        output = prediction_in(self._output)
        with own_randomness(None):
            learner = Learner(self._model, function, [], [])
            best = baseline_of(learner, batches, output, self._loss.name, last_kind(self._parts))
            return replace(facts, baseline=best)


def _compared_with(recorder: Recorder) -> list[tuple[tuple[int, ...], Any]]:
    """What PyTorch's loss functions were given: (shape of the prediction, target), each target once."""
    found: list[tuple[tuple[int, ...], Any]] = []
    for call in recorder.recorded.losses:
        prediction, target = (*call.arguments, None, None)[:2]
        if not isinstance(prediction, torch.Tensor) or not isinstance(target, torch.Tensor):
            continue
        is_new = not any(one.shape == target.shape and torch.equal(one, target) for _, one in found)
        if is_new and target.ndim and not target.requires_grad:
            found.append((tuple(prediction.shape), target))
    return found
