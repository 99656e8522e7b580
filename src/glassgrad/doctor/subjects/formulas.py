"""The derivative of a link where it stands, in a line: "σ′ = σ(1 − σ) ≤ 0.25, here 0.03". Floor 7.

Both frameworks measure the numbers in their own way; what is said of them is said here.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from glassgrad.doctor.learning.numbers import percent
from glassgrad.doctor.measured.activations import activation
from glassgrad.doctor.measured.sample import Family

Point: TypeAlias = Literal["least", "most", "inside", "deviation"]

# What a formula wants to know of the point where the link stands: the least input, the largest output, the share of
# entries that go through as they are.
_POINTS: dict[str, Point] = {
    "log": "least", "log2": "least", "log10": "least", "sqrt": "least", "exp": "most", "clamp": "inside",
}  # fmt: skip
_OTHERS = {
    "log": "log′ = 1/x, least x {least:.2g}",
    "sqrt": "√x′ = 1/(2√x), least x {least:.2g}",
    "exp": "exp′ = exp, up to {most:.2g}",
    "detach": "held constant: derivative 0",
}


def point_of(kind: str, family: Family) -> Point | None:
    """What is to be measured of a link's input and output for its formula; None where nothing is.

    >>> point_of("log", "other"), point_of("layernorm", "normalisation"), point_of("relu", "activation")
    ('least', 'deviation', None)
    """
    return "deviation" if family == "normalisation" else _POINTS.get(kind)


def formula_of(kind: str, family: Family, count: int, seen: Mapping[str, float], spectral: Sequence[float] = ()) -> str:
    """The formula of a link of `count` units; empty where nothing is known of it.

    Args:
        kind: as `Part` has it.
        family: likewise.
        count: units of its output.
        seen: "derivative", "zeros" and "dead" as `Units` has them, and what `point_of` asks for; as far as measured.
        spectral: the largest singular values of its weights.

    >>> formula_of("tanh", "activation", 8, {"derivative": 0.42})
    'tanh′ = 1 − tanh² ≤ 1, here 0.42'
    >>> formula_of("linear", "weights", 8, {}, [1.25])
    'W: spectral norm 1.2'
    """
    match family:
        case "activation":
            return _of_activation(kind, count, seen)
        case "weights":
            return "the row of each index" if kind == "embedding" else _of_matrices(spectral)
        case "recurrence":
            time = "at each step back in time Uᵀ and the slopes of the gates"
            return f"{time}; {_of_matrices(spectral)}" if spectral else time
        case "attention":
            return "softmax(QKᵀ/√d)ᵀ to the values, p(1 − p) to the scores"
        case "normalisation":
            return f"γ/σ, σ {seen['deviation']:.2g} over all entries" if "deviation" in seen else ""
    if kind == "clamp":
        return f"clipped: derivative 0, but for {percent(seen['inside'])} of entries" if "inside" in seen else ""
    if kind.startswith("dropout"):
        return "dropout: 0 or 1/(1 − p)"
    known = _OTHERS.get(kind, "")
    return known.format_map(seen) if kind == "detach" or _POINTS.get(kind) in seen else ""


def _of_activation(kind: str, count: int, seen: Mapping[str, float]) -> str:
    if kind == "softmax" and count == 1:
        return "softmax over one unit: p = 1, p(1 − p) = 0"
    if kind == "log_softmax" and count == 1:
        return "log softmax over one unit: log p = 0, 1 − p = 0"
    if kind == "relu" and "zeros" in seen:
        return f"ReLU: {percent(seen['zeros'])} of entries ≤ 0, {percent(seen['dead'])} of units for every example"
    if "derivative" not in seen:
        return ""
    return f"{activation(kind).derivative or f'{kind}′'}, here {seen['derivative']:.2g}"


def _of_matrices(spectral: Sequence[float]) -> str:
    if not spectral:
        return ""
    many = f"largest of {len(spectral)} matrices" if len(spectral) > 1 else "W"
    return f"{many}: spectral norm {max(spectral):.2g}"
