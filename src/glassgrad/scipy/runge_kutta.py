"""The method of Dormand and Prince (1980) of order 5 with step control, as loops that are differentiated. Roof.

The derivative is that of the steps taken, with their sizes held: it is exact for the numbers that come out, in every
mode and order, and needs no second integration backwards, which may be unstable.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from glassgrad.api.control import scan, while_loop
from glassgrad.api.custom import stop_gradient

Slope = Callable[[Any, Any], Any]  # (y, t) -> dy/dt

_NODES = (0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0)
_STAGES = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),  # the result of order 5: its slope starts the next
)
_ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)  # order 5 less order 4
_SAFETY, _SMALLEST, _LARGEST = 0.9, 0.2, 10.0


class Tolerance(NamedTuple):
    """When a step is accepted, and how many may be tried between two times."""

    relative: Any
    absolute: Any
    most_steps: int


class _State(NamedTuple):
    """Between two times: how far (0 to 1), the values, their slope, the size of the next step, the steps tried."""

    done: Any
    y: Any
    slope: Any
    size: Any
    tried: Any


def solve(slope: Slope, y0: Any, times: Any, tolerance: Tolerance) -> Any:
    """The solution at each of the times, of which the first belongs to y0: (time, value)."""
    start = slope(y0, times[0])
    first = _first_size(y0, start, tolerance)

    def between(carry: tuple[Any, Any, Any], ends: tuple[Any, Any]) -> tuple[tuple[Any, Any, Any], Any]:
        y, k, size = carry
        end = _interval(slope, _State(0.0, y, k, size, 0), ends, tolerance)
        return (end.y, end.slope, end.size), end.y

    _, later = scan(between, (y0, start, first), (times[:-1], times[1:]))
    return np.concatenate([np.expand_dims(y0, 0), later])


def _interval(slope: Slope, start: _State, ends: tuple[Any, Any], tolerance: Tolerance) -> _State:
    """From one time to the next. Where the steps do not suffice the values become not-a-number."""
    begin, length = ends[0], ends[1] - ends[0]
    distance = stop_gradient(np.abs(length))

    def step(state: _State) -> _State:
        remaining = 1.0 - state.done
        wanted = np.where(distance > 0, state.size / np.where(distance > 0, distance, 1.0), 1.0)
        last = wanted >= remaining
        share = stop_gradient(np.where(last, remaining, wanted))
        slopes = [state.slope]
        for node, weights in zip(_NODES[1:], _STAGES[1:], strict=True):
            y = state.y + share * length * _combined(weights, slopes)
            slopes.append(slope(y, begin + (state.done + node * share) * length))
        error = _relative_size(share * distance * _combined(_ERROR, slopes), state.y, y, tolerance)
        accepted = error <= 1.0  # false for not-a-number
        growth = np.clip(_SAFETY * np.maximum(error, 1e-10) ** -0.2, _SMALLEST, _LARGEST)
        growth = np.where(np.isfinite(error), np.where(accepted, growth, np.minimum(growth, 1.0)), _SMALLEST)
        size = share * distance * growth
        kept = np.where(last & accepted, np.maximum(size, state.size), size)  # a step cut short says little
        return _State(
            np.where(accepted, np.where(last, 1.0, state.done + share), state.done),
            np.where(accepted, y, state.y),
            np.where(accepted, slopes[-1], state.slope),
            stop_gradient(np.where(distance > 0, kept, state.size)),
            state.tried + 1,
        )

    end = while_loop(lambda state: (state.done < 1.0) & (state.tried < tolerance.most_steps), step, start)
    return end._replace(y=np.where(end.done < 1.0, np.nan, end.y))


def _combined(weights: tuple[float, ...], slopes: list[Any]) -> Any:
    return sum(weight * slope for weight, slope in zip(weights, slopes, strict=True) if weight)


def _relative_size(error: Any, before: Any, after: Any, tolerance: Tolerance) -> Any:
    """The error in units of what is tolerated, in the mean square; a plain number to derivatives."""
    error, before, after = stop_gradient((error, before, after))
    scale = tolerance.absolute + tolerance.relative * np.maximum(np.abs(before), np.abs(after))
    return np.sqrt(np.mean((error / scale) ** 2))


def _first_size(y0: Any, slope: Any, tolerance: Tolerance) -> Any:
    """A first guess at the size of a step (Hairer, Nørsett and Wanner, II.4); it grows by ten at most in each."""
    values = _relative_size(y0, y0, y0, tolerance)
    change = _relative_size(slope, y0, y0, tolerance)
    usable = (values > 1e-5) & (change > 1e-5)
    return np.where(usable, 0.01 * values / np.where(usable, change, 1.0), 1e-6)
