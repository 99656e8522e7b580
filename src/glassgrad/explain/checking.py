"""The numeric check that ends every derivation: a central difference beside our derivative. Floor 6."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassgrad.api.observed import Observed
from glassgrad.api.wanted import Leaf
from glassgrad.engines.differences import DOUBTS, FIRST_STEP, ROUNDING, nearness, steadiest
from glassgrad.explain.entries import Check
from glassgrad.explain.values import number


def check_gradient(observed: Observed, gradients: Sequence[Any]) -> Check:
    """The function's value again, and its slope along one direction against the gradient's."""
    leaves = [leaf for leaf in observed.wanted_leaves if leaf.node is not None]
    directions = _directions(leaves)
    ours = float(
        sum(
            np.real(np.vdot(np.conj(gradient), direction))
            for gradient, direction in zip(gradients, directions, strict=True)
        )
    )
    call = _caller(observed, leaves, directions)
    with np.errstate(all="ignore"):
        slope, doubt = steadiest(call)
        here = call(0.0)
        noise = max(ROUNDING * _steepness(call, here), _noise(leaves, directions, here))
    scale = max(abs(slope), abs(ours), 1e-12)
    error = abs(slope - ours)
    single = len(leaves) == 1 and np.ndim(leaves[0].value) == 0
    known = np.isfinite(slope) and np.isfinite(ours)
    allowed = max(nearness(max(_spacing(leaf) for leaf in leaves)) * scale, DOUBTS * doubt, noise)
    agrees = bool(error <= allowed) if known else bool(np.isnan(slope) and np.isnan(ours)) or None
    what = "" if single else " along a random direction"
    words = "agree" if agrees else "cannot be compared" if agrees is None else "DISAGREE"
    text = f"derivative{what} {number(ours)}, central difference {number(slope)}: they {words}"
    return Check("central difference", slope, ours, agrees, error, text)


def _spacing(leaf: Leaf) -> float:
    """How far apart neighbouring numbers of the leaf's precision are, next to 1."""
    return float(np.finfo(np.asarray(leaf.value).dtype).eps)


def _noise(leaves: Sequence[Leaf], directions: Sequence[np.ndarray], here: float | None) -> float:
    """What rounding alone makes of a derivative that is zero: some last digits of the value over those of x."""
    value = abs(here) if here is not None and np.isfinite(here) else 0.0
    noises = []
    for leaf, direction in zip(leaves, directions, strict=True):
        size = float(np.max(np.abs(np.asarray(leaf.value)), initial=0.0)) or 1.0
        noises.append(10 * _spacing(leaf) * value * float(np.max(np.abs(direction), initial=0.0)) / size)
    return max(noises)


def _directions(leaves: Sequence[Leaf]) -> list[np.ndarray]:
    generator = np.random.default_rng(7)
    if len(leaves) == 1 and np.ndim(leaves[0].value) == 0 and np.asarray(leaves[0].value).dtype.kind != "c":
        return [np.ones(())]
    made = []
    for leaf in leaves:
        array = np.asarray(leaf.value)
        direction = generator.standard_normal(array.shape)
        made.append(direction + 1j * generator.standard_normal(array.shape) if array.dtype.kind == "c" else direction)
    return made


def _caller(
    observed: Observed, leaves: Sequence[Leaf], directions: Sequence[np.ndarray]
) -> Callable[[float], float | None]:
    """The function along the line through its arguments."""
    moved = {leaf.path: direction for leaf, direction in zip(leaves, directions, strict=True)}

    def call(step: float) -> float | None:
        values = [
            _moved(leaf, moved.get(leaf.path), step) for argument in observed.arguments for leaf in argument.leaves
        ]
        try:
            return float(np.real(observed.call(values)))
        except Exception:  # noqa: BLE001 - the person's function may refuse a neighbouring value; then there is nothing to compare
            return None

    return call


def _moved(leaf: Leaf, direction: np.ndarray | None, step: float) -> Any:
    if direction is None:
        return leaf.value.copy() if isinstance(leaf.value, np.ndarray) else leaf.value
    array = np.asarray(leaf.value)
    wide = np.complex128 if array.dtype.kind == "c" else np.float64
    result = array.astype(wide) + step * direction
    return result if array.ndim else result[()].item()


def _steepness(call: Callable[[float], float | None], here: float | None) -> float:
    """How steeply the function leaves the point, to either side; where its slope is zero that is its curvature."""
    ways = (call(FIRST_STEP), call(-FIRST_STEP))
    found = [abs(way - here) / FIRST_STEP for way in ways if here is not None and way is not None]
    return max((value for value in found if np.isfinite(value)), default=0.0)
