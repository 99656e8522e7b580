"""One sampled step: what was recorded of the forward pass, the gradients and the update, as a Sample. Floor 7."""

from collections.abc import Iterable, Sequence
from math import inf, isnan, nan, sqrt
from typing import Any

import torch

from glassgrad.doctor.measured.losses import loss_formula
from glassgrad.doctor.measured.parts import SHAPES_ONLY
from glassgrad.doctor.measured.sample import Link, Output, Sample, Units, Weights
from glassgrad.doctor.measured.setup import LossFacts
from glassgrad.doctor.subjects.formulas import formula_of
from glassgrad.doctor.subjects.torch.calls import Call
from glassgrad.doctor.subjects.torch.heads import Head
from glassgrad.doctor.subjects.torch.meter import Meter, moments_of
from glassgrad.doctor.subjects.torch.modes import past_modes
from glassgrad.doctor.subjects.torch.recording import Recorder
from glassgrad.doctor.subjects.torch.tensors import class_axis, first_rows


def links_of(
    recorder: Recorder, head: Head | None, loss: LossFacts, weights: Iterable[Weights], scale: float
) -> tuple[Link, ...]:
    """The links from the loss backwards; the meter has been read."""
    meter, found = recorder.meter, []
    if head is not None and head.places:
        clipped = [call for call in recorder.recorded.calls if call.phase == "loss" and call.operation.kind == "clamp"]
        said = (loss_formula(loss.name, loss.reduction), *[_formula(call, (), meter) for call in clipped])
        formula = "; ".join(part for part in said if part)
        found.append(Link("loss", loss.title, "loss", 1.0, _joined(head.places, meter) / scale, formula, loss.place))
    spectral: dict[str, list[float]] = {}
    for weight in weights:
        if not isnan(weight.spectral):
            spectral.setdefault(weight.link, []).append(weight.spectral)
    after = set() if head is None else {id(call) for call in head.after}
    grouped: dict[str, list[Call]] = {}
    for call in recorder.recorded.calls:
        if call.phase == "forward" or id(call) in after:
            grouped.setdefault(call.path, []).append(call)
    for path, calls in reversed(grouped.items()):
        if calls[0].operation.kind in SHAPES_ONLY or not any(call.is_reached for call in calls):
            continue
        found.append(_link(path, calls, spectral.get(path, []), meter, scale))
    return tuple(found)


def _link(path: str, calls: list[Call], spectral: list[float], meter: Meter, scale: float) -> Link:
    """One link of all calls of it; of one that is called again and again on its own output, along time."""
    last = calls[-1]
    formula = _formula(last, spectral, meter)
    time = tuple(meter[place] / scale for place in last.time)
    follow = sum(call.follows for call in calls)
    if follow and 2 * follow >= len(calls) - 1 and len(calls) >= (2 if last.operation.family == "recurrence" else 4):
        time = tuple(_joined(call.entering, meter) / scale for call in reversed(calls))
        entering, leaving = time[0], time[-1]
        formula = f"{formula}; {len(calls)} times" if formula else f"{len(calls)} times"
    else:
        entering = _joined([place for call in calls for place in call.entering], meter) / scale
        knows = any(call.knows_leaving for call in calls)
        leaving = _joined([place for call in calls for place in call.leaving], meter) / scale if knows else nan
    operation = last.operation
    return Link(path, operation.title, operation.family, entering, leaving, formula, last.place, time)


def _formula(call: Call, spectral: Sequence[float], meter: Meter) -> str:
    seen = meter.at(call.point | (call.units.places if call.units is not None else {}))
    count = call.units.count if call.units is not None else 0
    return formula_of(call.operation.kind, call.operation.family, count, seen, spectral)


def _joined(places: Iterable[int], meter: Meter) -> float:
    """The norm of several parts."""
    total = 0.0
    for place in places:
        value = meter[place]
        if abs(value) == inf:
            return inf
        total += value * value
    return nan if isnan(total) else sqrt(total)


def units_of(recorder: Recorder, head: Head | None) -> tuple[Units, ...]:
    """The units of each link at its last call, in the order of the forward pass."""
    after = set() if head is None else {id(call) for call in head.after}
    found: dict[str, Units] = {}
    for call in recorder.recorded.calls:
        if call.units is not None and (call.phase == "forward" or id(call) in after):
            found[call.path] = call.units.read(call.path, call.operation, recorder.meter)
    return tuple(found.values())


class OutputMeter:
    """Measures a prediction."""

    @past_modes
    def __init__(self, prediction: Any, meter: Meter, loss: str) -> None:
        self.shape = tuple(prediction.shape)
        axis = class_axis(prediction, loss)
        self._units = self.shape[axis] if len(self.shape) > 1 else 1
        values = first_rows(prediction.detach()).float()
        mean, std = moments_of(values)
        rows = values.reshape(len(values), -1) if values.ndim else values.reshape(1, 1)
        across = rows.std(0, correction=0).mean()
        numbers = {"mean": mean, "std": std, "low": values.min(), "high": values.max(), "across": across}
        self._places = {name: meter.add(number) for name, number in numbers.items()}
        self._classes = meter.add(_classes(values, axis)) if self._units > 1 else None

    def read(self, meter: Meter) -> Output:
        """The numbers, once the meter was read."""
        numbers = {name: meter[place] for name, place in self._places.items()}
        classes = 0 if self._classes is None else int(meter[self._classes])
        return Output(self.shape, **numbers, classes=classes, units=self._units)


def _classes(values: Any, axis: int) -> Any:
    """How many different classes are predicted, where this axis holds a score for each."""
    chosen = values.argmax(axis)
    return torch.bincount(chosen.flatten(), minlength=values.shape[axis]).count_nonzero().float()


def sample_of(
    step: int,
    loss: float,
    recorder: Recorder,
    head: Head | None,
    facts: LossFacts,
    weights: tuple[Weights, ...],
    output: OutputMeter | None,
    *,
    scale: float = 1.0,
    likeness: float | None = None,
    noise: float | None = None,
) -> Sample:
    """Everything of one step; the meter has been read."""
    return Sample(
        step,
        loss,
        links_of(recorder, head, facts, weights, scale),
        weights,
        units_of(recorder, head),
        None if output is None else output.read(recorder.meter),
        likeness,
        noise,
        tuple(f"{path or 'the model'}: {why}" for path, why in recorder.recorded.skipped.items()),
    )
