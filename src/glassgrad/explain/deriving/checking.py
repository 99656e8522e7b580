"""The numeric check of a derivative: a complex step where the formula goes on off the real axis, else differences."""

import ast
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from glassgrad.engines.differences import COMPLEX_STEP, DOUBTS, FIRST_STEP, ROUNDING, nearness, steadiest
from glassgrad.explain.entries import Check
from glassgrad.explain.values import number
from glassgrad.frontends.formula import evaluate, evaluate_complex

_RANGES = ((0.1, 2.0), (0.0, 1.0), (-1.0, 1.0), (1.0, 4.0), (-4.0, -1.0), (2.0, 20.0), (-20.0, 20.0), (20.0, 400.0))
_DRAWS = 40  # points tried in each range


@dataclass(frozen=True, slots=True)
class Question:
    """What is checked: the derivative of `tree`, which is the formula or its derivative before, at a point.

    `size` is the formula's own value there, to which rounding is relative. `beside` says that the point is not the
    person's own.
    """

    tree: ast.expr
    wrt: str
    point: Mapping[str, float]
    derivative: float
    order: int
    size: float
    beside: bool

    @property
    def noise(self) -> float:
        """What rounding alone may make of a derivative that is zero."""
        return ROUNDING * self.size / max(abs(self.point[self.wrt]), 1e-3) ** self.order


def check_derivative(asked: Question) -> Check:
    """The derivative beside a numeric one."""
    derivative, order = asked.derivative, asked.order
    method, found, doubt = _numeric(asked)
    scale = max(abs(found), abs(derivative), abs(doubt))
    error = abs(found - derivative)
    allowed = nearness() * scale + asked.noise + DOUBTS * doubt
    agrees = bool(error <= allowed) if np.isfinite(error) else None
    words = "agree" if agrees else "cannot be compared" if agrees is None else "DISAGREE"
    where = f" at {_shown(asked.point)}" if asked.beside else ""
    which = "" if order == 1 else f" of the derivative of order {order - 1}"
    text = f"derivative {number(derivative)}, {method}{which} {number(found)}{where}: they {words}"
    return Check(method, found, derivative, agrees, error if np.isfinite(error) else None, text)


def _numeric(asked: Question) -> tuple[str, float, float]:
    """The method, the derivative by it, and how far that may be off."""
    tree, wrt, derivative = asked.tree, asked.wrt, asked.derivative
    stepped = evaluate_complex(tree, {k: complex(v, COMPLEX_STEP if k == wrt else 0.0) for k, v in asked.point.items()})
    if stepped is not None and np.isfinite(stepped):
        value = stepped.imag / COMPLEX_STEP
        if abs(value - derivative) <= nearness() * max(abs(value), abs(derivative)) + asked.noise:
            return "complex step", value, 0.0
    x = asked.point[wrt]
    value, doubt = steadiest(lambda step: evaluate(tree, {**asked.point, wrt: x + step}), FIRST_STEP * max(abs(x), 0.1))
    return "central difference", value, doubt


def _shown(point: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {number(value)}" for name, value in point.items())


# ---------------------------------------------------------------------- points to check at
def sample_points(variables: Sequence[str], given: Mapping[str, float], text: str) -> list[dict[str, float]]:
    """Points to try where none is given; those of one formula are always the same."""
    generator = np.random.default_rng(zlib.crc32(text.encode()))
    points = []
    for _ in range(_DRAWS):
        for low, high in _RANGES:
            drawn = {name: round(float(generator.uniform(low, high)), 3) for name in variables}
            points.append(drawn | dict(given))
    return points


def nearby_points(wrt: str, point: Mapping[str, float]) -> list[dict[str, float]]:
    """Points beside one where the derivative does not exist."""
    size = max(abs(point[wrt]), 1.0)
    return [{**point, wrt: point[wrt] + size * shift} for shift in (1e-3, -1e-3, 1e-2, -1e-2, 0.1, -0.1)]
