"""The derivative of a link where it stands, in a line: "σ′ = σ(1 − σ) ≤ 0.25, here 0.03". Floor 7.

Numbers that are not read yet stand as `{place}` of the meter; `filled` puts them in.
"""

import re
from typing import Any

from glassgrad.doctor.subjects.torch.calls import Call
from glassgrad.doctor.subjects.torch.meter import Meter

_DERIVATIVES = {
    "sigmoid": "σ′ = σ(1 − σ) ≤ 0.25, here {derivative}",
    "tanh": "tanh′ = 1 − tanh² ≤ 1, here {derivative}",
    "relu": "ReLU: {zeros} of entries ≤ 0, {dead} of units for every example",
    "relu6": "ReLU6: derivative 0 or 1, here {derivative}",
    "leaky_relu": "leaky ReLU′: slope or 1, here {derivative}",
    "softmax": "∂pᵢ/∂zᵢ = pᵢ(1 − pᵢ) ≤ 0.25, here {derivative}",
    "log_softmax": "∂ log pᵢ/∂zᵢ = 1 − pᵢ, here {derivative}",
}


def of_call(call: Call, before: Any, output: Any, meter: Meter) -> str:
    """The formula of a call, with places of the meter for its numbers."""
    kind, places = call.operation.kind, dict(call.units.places) if call.units is not None else {}
    if kind == "softmax" and output.ndim and output.shape[-1] == 1:
        return "softmax over one unit: p = 1, p(1 − p) = 0"
    if kind in _DERIVATIVES and ("derivative" in places or kind == "relu") and "zeros" in places:
        named = {name: f"{{{place}{'%' if name in ('zeros', 'dead') else ''}}}" for name, place in places.items()}
        return _DERIVATIVES[kind].format_map(named)
    if call.operation.family == "activation" and "derivative" in places:
        return f"{kind}′, here {{{places['derivative']}}}"
    if before is None or not getattr(before, "numel", lambda: 0)():
        return ""
    before = before.detach()
    if kind == "clamp":
        inside = meter.add((before == output).float().mean()) if before.shape == output.shape else None
        return "" if inside is None else f"clipped: derivative 0, but for {{{inside}%}} of entries"
    if kind == "log":
        return f"log′ = 1/x, least x {{{meter.add(before.float().min())}}}"
    if kind == "sqrt":
        return f"√x′ = 1/(2√x), least x {{{meter.add(before.float().min())}}}"
    if kind == "exp":
        return f"exp′ = exp, up to {{{meter.add(output.float().max())}}}"
    if kind.startswith("dropout"):
        return "dropout: 0 or 1/(1 − p)"
    if call.operation.family == "normalisation" and kind in ("batchnorm", "layernorm", "batch_norm", "layer_norm"):
        return f"γ/σ, σ {{{meter.add(before.float().std(correction=0))}}} over all entries"
    return ""


def filled(formula: str, meter: Meter) -> str:
    """The formula with its numbers."""

    def number(found: re.Match[str]) -> str:
        value = meter[int(found[1])]
        return f"{value:.0%}" if found[2] else f"{value:.2g}"

    return re.sub(r"\{(\d+)(%?)\}", number, formula)


def of_matrix(spectral: float, count: int) -> str:
    """The formula of a link with a weight matrix, of the largest singular value among them."""
    return (
        f"W: spectral norm {spectral:.2g}"
        if count == 1
        else f"largest of {count} matrices: spectral norm {spectral:.2g}"
    )
