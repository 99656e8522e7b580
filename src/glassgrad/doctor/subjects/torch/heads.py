"""The prediction as the loss takes it: the model's output, and what is made of it before the loss proper. Floor 7.

`loss = lambda p, y: F.mse_loss(F.softmax(p, 1).squeeze(), y)` has its softmax in the wrong function: for the chain it
is the model's last activation.
"""

from dataclasses import dataclass, field
from typing import Any

from glassgrad.doctor.subjects.torch.calls import Call
from glassgrad.doctor.subjects.torch.meter import Meter, norm_of
from glassgrad.doctor.subjects.torch.operations import SHAPES
from glassgrad.doctor.subjects.torch.tensors import tensors_in

_ACTIVATIONS = ("sigmoid", "softmax", "log_softmax", "tanh", "relu", "log_sigmoid", "log")


@dataclass(slots=True)
class Head:
    """A tensor on the way from the model's output to the loss."""

    tensor: Any
    after: list[Call] = field(default_factory=list)  # the activations between the model's output and it
    places: list[int] = field(default_factory=list)
    gradient: Any = None

    def listen(self, meter: Meter, *, keep: bool) -> None:
        """Notes the gradient by the tensor: its norm, and itself where it is to be kept."""

        def note(gradient: Any) -> None:
            self.places.append(meter.add(norm_of(gradient)))
            if keep:
                self.gradient = gradient.detach()

        if self.tensor.requires_grad:
            meter.hook(self.tensor, note)


class Heads:
    """Follows the prediction through the loss function."""

    def __init__(self, meter: Meter, *, keep: bool) -> None:
        self._meter, self._keep = meter, keep
        self.found: list[Head] = []

    def begin(self, prediction: Any) -> None:
        """The model has given its output."""
        self.found = [] if prediction is None else [self._new(Head(prediction))]

    def _new(self, head: Head) -> Head:
        head.listen(self._meter, keep=self._keep)
        return head

    def follow(self, name: str, kind: str | None, args: Any, output: Any, call: Call | None) -> None:
        """A function was called after the model."""
        if not self.found or not args or args[0] is not self.found[-1].tensor or output is args[0]:
            return
        last = self.found[-1]
        chooses = name == "__getitem__" and next(tensors_in(args[1:]), None) is not None  # by labels: that is the loss
        if name in SHAPES and not chooses:
            self.found.append(self._new(Head(output, list(last.after))))
        elif kind in _ACTIVATIONS and call is not None:
            self.found.append(self._new(Head(output, [*last.after, call])))

    def chosen(self, loss: str | None) -> Head | None:
        """The one that the loss (a name of LossFacts) takes: logarithms are its own but for log-probabilities."""
        for head in reversed(self.found):
            logs = [call for call in head.after if call.operation.kind == "log"]
            if not logs or loss in ("nll", "kl"):
                return head
        return None
