"""The first number that is none, among the calls of a forward pass. Floor 7."""

from typing import Any

import torch

from glassgrad.doctor.subjects.torch.calls import Call


class Finiteness:
    """Looks at the outputs of calls; `found` is the first with one that is no number although its inputs were."""

    def __init__(self) -> None:
        self.found: tuple[Call, str, str] | None = None  # the call, "nan" or "inf", what it was given

    def look(self, call: Call, inputs: list[Any], outputs: list[Any]) -> None:
        """Looks at one call."""
        if self.found is not None or all(is_finite(output) for output in outputs):
            return
        worst = next(output for output in outputs if not is_finite(output))
        if not all(is_finite(given) for given in inputs if given is not None):
            return
        what = "nan" if bool(torch.isnan(worst).any()) else "inf"
        self.found = (call, what, _says(call, inputs, worst))


def is_finite(tensor: Any) -> bool:
    """Are all entries numbers?"""
    return bool(torch.isfinite(tensor.detach()).all())


def _says(call: Call, inputs: list[Any], output: Any) -> str:
    """What was given to the operation that makes it so, with counts."""
    count = int((~torch.isfinite(output.detach())).sum())
    kind = call.operation.kind
    total = output.numel()
    before = inputs[0].detach() if inputs and inputs[0] is not None else None
    divisor = inputs[1].detach() if len(inputs) > 1 and inputs[1] is not None else None
    if before is not None and kind in ("log", "log2", "log10", "log1p"):
        least = -1.0 if kind == "log1p" else 0.0
        zeros, negative = int((before == least).sum()), int((before < least).sum())
        of = f"of {'0' if least == 0 else '−1'} in {zeros}" if zeros else f"of a negative number in {negative}"
        return f"{kind} {of} of {before.numel()} entries"
    if before is not None and kind in ("sqrt", "rsqrt") and bool((before < 0).any()):
        return f"{kind} of a negative number in {int((before < 0).sum())} of {before.numel()} entries"
    if kind in ("div", "reciprocal"):
        below = divisor if divisor is not None else before
        if below is not None and bool((below == 0).any()):
            return f"division by 0 in {int((below == 0).sum())} of {below.numel()} entries"
    if before is not None and before.numel():
        return f"{count} of {total} entries; its input goes from {float(before.min()):.3g} to {float(before.max()):.3g}"
    return f"{count} of {total} entries"
