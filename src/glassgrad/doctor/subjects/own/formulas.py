"""The derivative of each link in a line, at its operating point. Floor 7."""

from collections.abc import Sequence
from math import isnan
from typing import Any

import numpy as np

from glassgrad.doctor.measured.sample import Units
from glassgrad.doctor.subjects.own.chain import Piece
from glassgrad.doctor.subjects.own.units import spectral_norm

# y′ of an activation in the field's spelling, to be followed by the mean at the operating points.
_SLOPES = {
    "sigmoid": "σ′ = σ(1 − σ) ≤ 0.25",
    "tanh": "tanh′ = 1 − tanh² ≤ 1",
    "softplus": "softplus′ = σ ≤ 1",
    "log_sigmoid": "log σ′ = 1 − σ ≤ 1",
    "elu": "elu′ = 1, or α·eˣ below 0",
    "selu": "selu′ = λ, or λ·α·eˣ below 0",
    "gelu": "gelu′ = Φ + x·φ",
    "silu": "silu′ = σ + x·σ(1 − σ)",
    "softsign": "softsign′ = 1/(1 + |x|)² ≤ 1",
    "hard_tanh": "1 between −1 and 1, else 0",
    "hard_sigmoid": "1/6 between −3 and 3, else 0",
    "exp": "exp′ = exp",
    "log": "log′ = 1/x",
    "sqrt": "√′ = 1/(2√x)",
}


def formula_of(piece: Piece, units: Units | None, parameters: dict[str, Any], numbers: Any) -> str:
    """`σ′ = σ(1 − σ) ≤ 0.25, here 0.03`."""
    if piece.family == "activation" and units is not None:
        return _of_activation(piece, units)
    if piece.kind == "detach":
        return "held constant: derivative 0"
    if piece.family == "weights":
        return _of_weights(piece, parameters)
    if piece.family == "normalisation":
        return "(x − mean)/deviation: the gradient is divided by the deviation"
    if piece.family == "recurrence":
        return "Uᵀ and the gates' slopes, once for each step back in time"
    if piece.family == "attention":
        return "softmax(QKᵀ/√d)ᵀ to the values, p(1 − p) to the scores"
    return ""


def _of_activation(piece: Piece, units: Units) -> str:
    if piece.kind in ("relu", "relu6"):
        return f"ReLU: {100 * units.zeros:.3g} % of units ≤ 0"
    if piece.kind == "leaky_relu":
        return f"LeakyReLU′ = 1, or the slope below 0; here {units.derivative:.3g} on average"
    if piece.kind == "softmax":
        if units.count == 1:
            return "softmax over one unit: p(1 − p) = 0"
        return f"softmax′ = p(1 − p) ≤ 0.25, here {units.derivative:.2g}"
    if piece.kind == "log_softmax":
        return "log softmax over one unit: 1 − p = 0" if units.count == 1 else "log softmax′ = 1 − p"
    if isnan(units.derivative):
        return ""
    known = _SLOPES.get(piece.kind, "slope")
    return f"{known}, here {units.derivative:.2g}"


def _of_weights(piece: Piece, parameters: dict[str, Any]) -> str:
    if piece.kind == "embedding":
        return "the row of each index"
    names = piece.owns or tuple(f"{piece.path}.{name}" for name in ("weight", "table"))
    if piece.path == "model":
        names = (*names, "weight")
    for name in names:
        array = parameters.get(name)
        if array is None:
            continue
        array = np.asarray(array)
        matrix = array if array.ndim == 2 else array.reshape(len(array), -1) if array.ndim > 2 else None
        if matrix is not None:
            kernel = "" if array.ndim == 2 else " (as a matrix of its kernels)"
            return f"W: spectral norm {spectral_norm(matrix):.3g}{kernel}"
    return ""


def loss_formula(name: str, predictions: Sequence[np.ndarray], targets: Sequence[np.ndarray], leaving: float) -> str:
    """The derivative of the loss by the prediction, as far as its name says it."""
    return f"∂L/∂prediction has the norm {leaving:.3g}"
