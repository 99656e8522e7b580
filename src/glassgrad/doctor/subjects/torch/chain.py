"""The layers of a model in the order of their calls, with what follows each: edits work on it. Floor 7."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from glassgrad.doctor.subjects.torch.calls import Call
from glassgrad.doctor.subjects.torch.copying import Learner
from glassgrad.doctor.subjects.torch.operations import POINTWISE
from glassgrad.doctor.subjects.torch.recording import Recorder
from glassgrad.doctor.subjects.torch.stepping import forward

_WITH_WEIGHTS = ("linear", "conv", "bilinear", "conv1d", "conv2d", "conv3d", "matmul", "addmm", "mm")
_SOFT = ("softmax", "log_softmax", "softmin")


@dataclass(frozen=True, slots=True)
class Spot:
    """An activation: a module at a path, or the n-th function called."""

    kind: str
    path: str
    module: Any
    at: str  # the path of the module itself: one that is called at several places has a link for each
    number: int | None
    place: str | None


@dataclass(frozen=True, slots=True)
class Hidden:
    """A layer with weights, what follows it up to the next, and the shapes that go in and come out."""

    path: str
    module: Any  # None for a function with weights
    kind: str
    activations: tuple[Spot, ...]
    is_last: bool
    normalised: bool
    shape: tuple[int, ...]  # of its output
    end: tuple[int, ...]  # of the output of its activation


def chain_of(learner: Learner, batch: Any) -> list[Hidden]:
    """The layers with weights in the order of their first call."""
    recorder = Recorder(learner.model)
    with recorder:
        forward(learner, batch)
    calls = [call for call in recorder.recorded.calls if call.phase == "forward"]
    repeated = {call.path for call in calls if sum(other.path == call.path for other in calls) > 3}
    numbers = _numbers(calls)
    weights = [place for place, call in enumerate(calls) if _has_weights(call)]
    found, seen = [], set()
    for order, place in enumerate(weights):
        call = calls[place]
        until = weights[order + 1] if order + 1 < len(weights) else len(calls)
        following = calls[place + 1 : until]
        is_last = order + 1 == len(weights)
        spots, end = [], call.shape
        for other in following:
            kind = other.operation.kind
            soft = kind in _SOFT and (is_last or calls[until].operation.kind in ("linear", "conv"))
            if (kind in POINTWISE or soft) and other.path not in repeated:
                spots.append(
                    Spot(kind, other.path, other.module, str(other.key[0]), numbers.get(id(other)), other.place)
                )
                end = other.shape
        normalised = any(other.operation.family == "normalisation" for other in following)
        if call.path not in seen:
            kind = call.operation.kind
            found.append(Hidden(call.path, call.module, kind, tuple(spots), is_last, normalised, call.shape, end))
            seen.add(call.path)
    return found


def _numbers(calls: Sequence[Call]) -> dict[int, int]:
    """The place of each activation that is called as a function among them."""
    functions = [call for call in calls if call.module is None and call.operation.family == "activation"]
    return {id(call): number for number, call in enumerate(functions)}


def _has_weights(call: Call) -> bool:
    if call.operation.family in ("recurrence", "attention"):
        return True
    return call.operation.kind in _WITH_WEIGHTS and (call.module is not None or bool(call.parameters))


def set_module(model: Any, path: str, module: Any) -> None:
    """Puts another module at a path."""
    around, _, name = path.rpartition(".")
    setattr(model.get_submodule(around), name, module)
