"""The first number that is none, among the calls of a forward pass. Floor 7."""

from typing import Any

import torch

from glassgrad.doctor.subjects.origins import What, origin, overflows, what_of
from glassgrad.doctor.subjects.torch.calls import Call
from glassgrad.doctor.subjects.torch.tensors import array_of


class Finiteness:
    """Looks at the outputs of calls; `found` is the first with one that is no number although its inputs were."""

    def __init__(self) -> None:
        # The call, "nan" or "inf", what it was given, and whether it overflows.
        self.found: tuple[Call, What, str, bool] | None = None

    def look(self, call: Call, inputs: list[Any], outputs: list[Any]) -> None:
        """Looks at one call."""
        if self.found is not None or all(is_finite(output) for output in outputs):
            return
        worst = next(output for output in outputs if not is_finite(output))
        if not all(is_finite(given) for given in inputs if given is not None):
            return
        array = array_of(worst)
        numbers = [array_of(given) for given in inputs if given is not None]
        kind = call.operation.kind
        self.found = (call, what_of(array), origin(kind, numbers, array), overflows(kind, numbers, array))


def is_finite(tensor: Any) -> bool:
    """Are all entries numbers?"""
    return bool(torch.isfinite(tensor.detach()).all())
