"""What the units of a layer give over a batch, and the derivative of an activation where it stands. Floor 7."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from glassgrad.doctor.measured.sample import Units
from glassgrad.doctor.subjects.torch.meter import Meter
from glassgrad.doctor.subjects.torch.operations import Operation
from glassgrad.doctor.subjects.torch.tensors import first_rows

# The largest derivative of those that flatten out on both sides or one: a share of it says what is saturated.
LARGEST = {"sigmoid": 0.25, "tanh": 1.0, "softmax": 0.25, "hardtanh": 1.0, "hardsigmoid": 1 / 6, "softsign": 1.0}
_KINKED = ("relu", "relu6", "threshold")  # zero or not: `zeros` and `dead` say it
_ENTRIES = 65_536  # that are looked at: a statistic needs no more
DETERMINED = (
    "sigmoid", "tanh", "hardtanh", "hardsigmoid", "softsign", "leaky_relu", "elu", "selu", "celu", "gelu", "silu",
    "mish", "softplus", "logsigmoid", "hard_silu", "tanhshrink", "sin", "cos",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnitNumbers:
    """Places in the meter of what `Units` says."""

    count: int
    places: dict[str, int]

    def read(self, path: str, operation: Operation, meter: Meter) -> Units:
        """The numbers, once the meter was read."""
        numbers = {name: meter[place] for name, place in self.places.items()}
        return Units(path, operation.title, operation.family, self.count, **numbers)


def by_unit(output: Any, axis: int) -> Any:
    """The entries as (examples × places, units)."""
    return output.movedim(axis, -1).reshape(-1, output.shape[axis])


def unit_axis(output: Any, kind: str, after: str) -> int:
    """Which axis holds the units: the channels of a convolution and what follows it, else the last."""
    if output.ndim < 2:
        return -1
    if output.ndim >= 4:
        return 1 if kind not in ("attention", "layernorm") else -1
    return 1 if output.ndim == 3 and (kind == "conv" or (after == "conv" and kind != "linear")) else -1


def measure(
    output: Any, operation: Operation, after: str, slope: Callable[[], Any] | None, meter: Meter
) -> UnitNumbers | None:
    """Reads an output; `slope` gives the local derivative of each entry of an activation."""
    if output.ndim == 0 or output.numel() == 0 or not output.is_floating_point():
        return None
    axis = unit_axis(output, operation.kind, after)
    values = by_unit(first_rows(output.detach(), _ENTRIES), axis).float()  # (entries, units)
    lowest, highest = torch.aminmax(values, dim=0)
    std, mean = torch.std_mean(values, correction=0)
    zeros = values == 0
    size = highest.abs().maximum(lowest.abs())
    places = {
        "mean": meter.add(mean),
        "std": meter.add(std),
        "low": meter.add(lowest.min()),
        "high": meter.add(highest.max()),
        "zeros": meter.add(zeros.float().mean()),
        "dead": meter.add(zeros.all(0).float().mean()),
    }
    if len(values) > 1:
        places["alike"] = meter.add((highest - lowest <= 1e-6 * size).float().mean())
    derivative = slope() if slope is not None and operation.family == "activation" else None
    if derivative is not None:
        derivative = derivative.detach().float()
        places["derivative"] = meter.add(derivative.mean())
        if operation.kind in LARGEST:
            flat = derivative.abs() < 0.01 * LARGEST[operation.kind]
            places["saturated"] = meter.add(flat.float().mean())
    return UnitNumbers(values.shape[1], places)


def slope_of(kind: str, function: Callable[[Any], Any], before: Any, output: Any) -> Any | None:
    """The derivative of an activation at each entry, from its output where that tells, else by running it again."""
    output = first_rows(output.detach(), _ENTRIES)
    if kind in _KINKED:
        return (output > 0).float() if kind != "relu6" else ((output > 0) & (output < 6)).float()
    if kind == "sigmoid":
        return output * (1 - output)
    if kind == "tanh":
        return 1 - output * output
    if kind in ("softmax", "softmin"):
        return output * (1 - output)
    if kind == "log_softmax":
        return 1 - output.exp()
    if kind not in DETERMINED:
        return None
    with torch.enable_grad():
        point = first_rows(before.detach(), _ENTRIES).clone().requires_grad_()
        return torch.autograd.grad(function(point * 1).sum(), point)[0]
