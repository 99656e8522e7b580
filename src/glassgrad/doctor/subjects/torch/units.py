"""What the units of a layer give over a batch, and the derivative of an activation where it stands. Floor 7."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from glassgrad.doctor.measured.activations import ACTIVATIONS, activation
from glassgrad.doctor.measured.sample import Units
from glassgrad.doctor.subjects.formulas import point_of
from glassgrad.doctor.subjects.torch.meter import Meter, moments_of
from glassgrad.doctor.subjects.torch.operations import Operation
from glassgrad.doctor.subjects.torch.tensors import first_rows
from glassgrad.doctor.subjects.units import ALIKE, SATURATED, can_die, unit_axis

_ENTRIES = 65_536  # that are looked at: a statistic needs no more
# Activations whose slope at an entry is told by that entry alone.
_DETERMINED = (*(kind for kind in ACTIVATIONS if kind not in ("prelu", "threshold")), "tanhshrink", "sin", "cos")


@dataclass(frozen=True, slots=True)
class UnitNumbers:
    """Places in the meter of what `Units` says."""

    count: int
    places: dict[str, int]

    def read(self, path: str, operation: Operation, meter: Meter) -> Units:
        """The numbers, once the meter was read."""
        numbers = meter.at(self.places)
        return Units(path, operation.title, operation.family, self.count, **numbers)


def measure(
    output: Any, operation: Operation, after: str, slope: Callable[[], Any] | None, meter: Meter
) -> UnitNumbers | None:
    """Reads an output; `slope` gives the local derivative of each entry of an activation."""
    if output.ndim == 0 or output.numel() == 0 or not output.is_floating_point():
        return None
    axis = unit_axis(output.ndim, operation.kind, after)
    values = first_rows(output.detach(), _ENTRIES).float()
    others = [place for place in range(values.ndim) if place != axis % values.ndim]
    lowest, highest = (values.amin(others), values.amax(others)) if others else (values, values)  # by unit
    mean, std = moments_of(values)
    size = highest.abs().maximum(lowest.abs())
    places = {
        "mean": meter.add(mean),
        "std": meter.add(std),
        "low": meter.add(lowest.min()),
        "high": meter.add(highest.max()),
        "zeros": meter.add((values == 0).float().mean()),
    }
    if can_die(operation.kind, operation.family):
        places["dead"] = meter.add(((lowest == 0) & (highest == 0)).float().mean())
    if values.numel() > len(lowest):
        places["alike"] = meter.add((highest - lowest <= ALIKE * size).float().mean())
    derivative = slope() if slope is not None and operation.family == "activation" else None
    if derivative is not None:
        derivative = derivative.detach().float()
        places["derivative"] = meter.add(derivative.mean())
        largest = activation(operation.kind).largest
        if largest is not None:
            places["saturated"] = meter.add((derivative.abs() < SATURATED * largest).float().mean())
    return UnitNumbers(len(lowest), places)


def slope_of(kind: str, function: Callable[[Any], Any], before: Any, output: Any) -> Any | None:
    """The derivative of an activation at each entry, from its output where that tells, else by running it again."""
    output = first_rows(output.detach(), _ENTRIES)
    if kind in ("relu", "threshold"):
        return (output > 0).float()
    if kind in ("sigmoid", "softmax"):
        return output * (1 - output)
    if kind == "tanh":
        return 1 - output * output
    if kind == "log_softmax":
        return 1 - output.exp()
    if kind not in _DETERMINED:
        return None
    with torch.enable_grad():
        point = first_rows(before.detach(), _ENTRIES).clone().requires_grad_()
        return torch.autograd.grad(function(point * 1).sum(), point)[0]


def at_the_point(operation: Operation, before: Any, output: Any, meter: Meter) -> dict[str, int]:
    """Places of what the formula of an operation wants to know of its input and output."""
    wanted = point_of(operation.kind, operation.family)
    if wanted is None or before is None or not getattr(before, "numel", lambda: 0)():
        return {}
    x, y = (first_rows(tensor.detach(), _ENTRIES) for tensor in (before, output))
    match wanted:
        case "least":
            number = x.float().min()
        case "most":
            number = y.float().max()
        case "deviation":
            number = moments_of(x.float())[1]
        case "inside":
            if x.shape != y.shape:
                return {}
            number = (x == y).float().mean()
    return {wanted: meter.add(number)}
