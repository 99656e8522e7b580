"""What the output of a link looks like over a batch: spread, dead and saturated units, and the prediction. Floor 7."""

from math import nan
from typing import Any

import numpy as np

from glassgrad.doctor.measured.sample import Output, Units
from glassgrad.doctor.subjects.own.chain import Piece
from glassgrad.doctor.subjects.own.kinds import LARGEST_SLOPE, STRAIGHT

_FLAT = 0.01  # of the largest slope: below it an entry is saturated
_DEAD_AT_ZERO = frozenset({"relu", "relu6", "function", "hard_silu"})


def units_of(piece: Piece, output: np.ndarray, slope: Any) -> Units:
    """The facts of an output (batch, …, unit), of a convolution (batch, channel, …)."""
    rows = by_unit(output, piece.kind)
    count = rows.shape[1]
    if not rows.size:
        return Units(piece.path, piece.operation, piece.family, count, nan, nan, nan, nan)
    zero = rows == 0
    spread = rows.max(axis=0) - rows.min(axis=0)
    mean_slope, saturated = _slope(piece, output, slope)
    return Units(
        piece.path,
        piece.operation,
        piece.family,
        count,
        float(np.mean(rows, dtype=np.float64)),
        float(np.std(rows, dtype=np.float64)),
        float(rows.min()),
        float(rows.max()),
        float(np.mean(zero.all(axis=0))) if piece.kind in _DEAD_AT_ZERO else 0.0,
        float(np.mean(zero)),
        saturated,
        float(np.mean(spread == 0)) if len(rows) > 1 else 0.0,
        mean_slope,
    )


def by_unit(output: np.ndarray, kind: str) -> np.ndarray:
    """The output as (example, unit): the unit is the last axis, in images the channel (the second)."""
    if output.ndim < 2:
        return output.reshape(-1, 1)
    axis = 1 if output.ndim >= 4 or "conv" in kind or "pool" in kind else output.ndim - 1
    return np.moveaxis(output, axis, -1).reshape(-1, output.shape[axis])


def _slope(piece: Piece, output: np.ndarray, slope: Any) -> tuple[float, float]:
    """(the mean derivative at the operating points, the share of entries where next to nothing is left of it)."""
    if piece.kind == "softmax":
        slope = output * (1 - output)
    elif slope is None or piece.family != "activation":
        return nan, 0.0
    found = np.asarray(slope)
    size = np.abs(found)
    largest = LARGEST_SLOPE.get(piece.kind, 1.0)
    saturated = 0.0 if piece.kind in STRAIGHT else float(np.mean(size < _FLAT * largest))  # of those, `zeros` tells
    return float(np.mean(found, dtype=np.float64)), saturated


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
        float(np.mean(rows.std(axis=0))), classes,
    )  # fmt: skip


def spectral_norm(weight: np.ndarray) -> float:
    """The largest singular value of a matrix, by power iteration; NaN of what is none."""
    if weight.ndim != 2 or not weight.size or not np.isfinite(weight).all():
        return nan
    matrix = weight.astype(np.float64)
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
