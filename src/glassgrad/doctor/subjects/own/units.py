"""What the output of a link looks like over a batch: spread, dead and saturated units, and the prediction. Floor 7."""

from collections.abc import Mapping
from math import nan
from typing import Any

import numpy as np

from glassgrad.doctor.measured.activations import activation
from glassgrad.doctor.measured.sample import Family, Output, Units
from glassgrad.doctor.subjects.formulas import point_of
from glassgrad.doctor.subjects.own.chain import Piece
from glassgrad.doctor.subjects.units import ALIKE, SATURATED, can_die, unit_axis


def units_of(piece: Piece, output: np.ndarray, slope: Any, after: str) -> Units:
    """The facts of an output (batch, …, unit), of a convolution (batch, channel, …).

    `slope` is the local derivative of each entry of an activation, `after` the kind of the last link with weights.
    """
    rows = by_unit(output, unit_axis(output.ndim, piece.kind, after))
    count = rows.shape[1]
    if not rows.size:
        return Units(piece.path, piece.operation, piece.family, count, nan, nan, nan, nan)
    zero, lowest, highest = rows == 0, rows.min(axis=0), rows.max(axis=0)
    size = np.maximum(np.abs(lowest), np.abs(highest))
    return Units(
        piece.path,
        piece.operation,
        piece.family,
        count,
        float(np.mean(rows, dtype=np.float64)),
        float(np.std(rows, dtype=np.float64)),
        float(lowest.min()),
        float(highest.max()),
        dead=float(np.mean(zero.all(axis=0))) if can_die(piece.kind, piece.family) else 0.0,
        zeros=float(np.mean(zero)),
        alike=float(np.mean(highest - lowest <= ALIKE * size)) if len(rows) > 1 else 0.0,
        **_slope(piece, output, slope),
    )


def by_unit(output: np.ndarray, axis: int) -> np.ndarray:
    """The output as (example, unit)."""
    return np.moveaxis(output, axis, -1).reshape(-1, output.shape[axis]) if output.ndim > 1 else output.reshape(-1, 1)


def _slope(piece: Piece, output: np.ndarray, slope: Any) -> dict[str, float]:
    """The mean derivative at the operating points, and the share of entries where next to nothing is left of it."""
    if piece.kind == "softmax":
        slope = output * (1 - output)
    elif piece.kind == "log_softmax":
        slope = 1 - np.exp(output)
    if slope is None or piece.family != "activation":
        return {}
    found, largest = np.asarray(slope), activation(piece.kind).largest
    seen = {"derivative": float(np.mean(found, dtype=np.float64))}
    if largest is not None:
        seen["saturated"] = float(np.mean(np.abs(found) < SATURATED * largest))
    return seen


def at_the_point(kind: str, family: Family, before: Any, output: Any) -> Mapping[str, float]:
    """What the formula of a link wants to know of its input and output."""
    wanted = point_of(kind, family)
    if wanted is None or before is None or output is None or not np.size(before):
        return {}
    x, y = np.asarray(before), np.asarray(output)
    match wanted:
        case "least":
            return {wanted: float(x.min())}
        case "most":
            return {wanted: float(y.max())}
        case "deviation":
            return {wanted: float(np.std(x, dtype=np.float64))}
        case "inside":
            return {wanted: float(np.mean(x == y))} if x.shape == y.shape else {}


def output_of(prediction: np.ndarray) -> Output | None:
    """The facts of a prediction (example, …)."""
    if prediction.ndim == 0 or not prediction.size or prediction.dtype.kind not in "fiub":
        return None
    wide = prediction.astype(np.float64)
    rows = wide.reshape(len(wide), -1)
    classes = 0
    if prediction.ndim >= 2 and 1 < prediction.shape[-1] <= 10_000:
        classes = len(np.unique(np.argmax(wide.reshape(-1, prediction.shape[-1]), axis=-1)))
    return Output(
        tuple(prediction.shape), float(wide.mean()), float(wide.std()), float(wide.min()), float(wide.max()),
        float(np.mean(rows.std(axis=0))), classes, prediction.shape[-1] if prediction.ndim > 1 else 1,
    )  # fmt: skip


def spectral_norm(weight: np.ndarray) -> float:
    """The largest singular value of a matrix (of a convolution: of its kernels as rows), by power iteration; NaN of
    what is none.
    """
    if weight.ndim < 2 or not weight.size or not np.isfinite(weight).all():
        return nan
    matrix = weight.astype(np.float64).reshape(len(weight), -1)
    if min(matrix.shape) <= _SMALL:
        return float(np.linalg.norm(matrix, 2))
    x: Any = np.random.default_rng(0).normal(size=matrix.shape[1])
    size = 0.0
    for _ in range(_TURNS):
        y = matrix @ (x / max(float(np.linalg.norm(x)), 1e-300))
        x = matrix.T @ y
        size = float(np.linalg.norm(y))
    return size


_SMALL, _TURNS = 64, 12  # up to this size by decomposition; else so many products with it and its transpose
