"""Schedules: the rate of a step as a function of the number of steps made before it. Floor 6.

>>> schedule = optim.schedules.cosine(1e-3, 100, warm_up=10)
>>> optimizer = optim.adam(schedule)
>>> schedule
cosine(0.001, 100, warm_up=10)

A schedule takes whole numbers, arrays of them or traced ones, and gives float64. Any function of the kind will do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.errors import DomainError, UsageError
from glassgrad.optim.made import Made, made
from glassgrad.optim.rates import Schedule, checked_count, checked_number


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A schedule that says how it was made."""

    rate: Callable[[Any], Any]
    made: Made

    def __call__(self, count: Any) -> Any:
        """The rate of the step after `count` steps."""
        return self.rate(count)

    def __repr__(self) -> str:
        return str(self.made)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.made.again, ()


def constant(rate: float) -> Schedule:
    """The same rate always.

    >>> optim.schedules.constant(0.1)(7)
    0.1
    """
    rate = _rate(rate)
    return Named(lambda count: rate, made(constant, rate))


def step(rate: float, every: int | None = None, *, at: tuple[int, ...] = (), factor: float = 0.1) -> Schedule:
    """The rate times the factor once more `every` so many steps, or once at each of the steps `at`.

    As PyTorch's `StepLR` and `MultiStepLR`.

    >>> optim.schedules.step(1.0, every=10, factor=0.5)(np.array([0, 9, 10, 25]))
    array([1.  , 1.  , 0.5 , 0.25])
    >>> optim.schedules.step(1.0, at=(3, 5))(np.array([2, 3, 6]))
    array([1.  , 0.1 , 0.01])
    """
    rate, factor = _rate(rate), checked_number(factor, "the factor of a schedule")
    if (every is None) == (not at):
        raise UsageError("a step schedule takes either `every` or `at`", hint="step(0.1, every=30)")
    if every is not None:
        every = _steps(every, "every")
        return Named(lambda count: rate * factor ** (count // every), made(step, rate, every, factor=factor))
    places = [_steps(place, "each of at", least=0) for place in at]

    def now(count: Any) -> Any:
        return rate * factor ** sum(1.0 * (count >= place) for place in places)

    return Named(now, made(step, rate, at=tuple(places), factor=factor))


def exponential(rate: float, factor: float, *, every: int = 1, end: float = 0.0) -> Schedule:
    """The rate times factor^(steps / every), at least `end`; with `every=1` PyTorch's `ExponentialLR`.

    >>> optim.schedules.exponential(1.0, 0.5, every=10)(np.array([0, 5, 20])).round(3)
    array([1.   , 0.707, 0.25 ])
    """
    rate, factor, every = _rate(rate), checked_number(factor, "the factor of a schedule"), _steps(every, "every")
    checked_number(end, "the end of a schedule")
    recipe = made(exponential, rate, factor, every=every, end=end)
    return Named(lambda count: np.maximum(rate * factor ** (count / every), end), recipe)


def linear(start: float, end: float, steps: int) -> Schedule:
    """From `start` to `end` in so many steps, then `end`.

    >>> optim.schedules.linear(1.0, 0.0, 10)(np.array([0, 5, 10, 99]))
    array([1. , 0.5, 0. , 0. ])
    """
    start, end, steps = _rate(start), _rate(end), _steps(steps, "steps")
    recipe = made(linear, start, end, steps)
    return Named(lambda count: start + (end - start) * np.minimum(count / steps, 1.0), recipe)


def cosine(rate: float, steps: int, *, warm_up: int = 0, end: float = 0.0) -> Schedule:
    """Half a cosine from the rate down to `end` after `steps` steps in all (arXiv:1608.03983), then `end`.

    The first `warm_up` of them rise evenly: rate · (1, 2, …) / warm_up. Without warm-up the rates are those of
    PyTorch's `CosineAnnealingLR`.

    >>> optim.schedules.cosine(1.0, 10, warm_up=2)(np.array([0, 1, 2, 6, 10, 99]))
    array([0.5, 1. , 1. , 0.5, 0. , 0. ])
    """
    rate, steps, end = _rate(rate), _steps(steps, "steps"), checked_number(end, "the end of a schedule")
    warm_up = _steps(warm_up, "warm_up", least=0)
    if warm_up >= steps:
        raise DomainError(f"the {warm_up} steps of warm-up are not fewer than all {steps} steps")

    def now(count: Any) -> Any:
        part = np.clip((count - warm_up) / (steps - warm_up), 0.0, 1.0)
        falling = end + (rate - end) * 0.5 * (1.0 + np.cos(np.pi * part))
        return np.where(count < warm_up, rate * (count + 1) / warm_up, falling) if warm_up else falling

    return Named(now, made(cosine, rate, steps, warm_up=warm_up, end=end))


def one_cycle(
    rate: float, steps: int, *, rising: float = 0.3, start: float = 25.0, end: float = 1e4, straight: bool = False
) -> Schedule:
    """Up to the rate in the first part of the steps (`rising` of them), then far down (Smith, arXiv:1708.07120).

    From rate / start up to the rate, then down to rate / start / end, by half cosines, or in straight lines: PyTorch's
    `OneCycleLR` (pct_start, div_factor, final_div_factor). After the last step it stays at its end.

    >>> optim.schedules.one_cycle(1.0, 101, rising=0.5)(np.array([0, 50, 100])).round(4)
    array([0.04  , 0.9998, 0.    ])
    """
    rate, steps = _rate(rate), _steps(steps, "steps", least=2)
    rising = checked_number(rising, "the rising part", high=1.0)
    start, end = (checked_number(value, "the divisors of one_cycle", low=1e-300) for value in (start, end))
    low, lowest = rate / start, rate / start / end
    top = rising * steps - 1.0

    def between(first: float, last: float, part: Any) -> Any:
        part = np.clip(part, 0.0, 1.0)
        return first + (last - first) * (part if straight else 0.5 * (1.0 - np.cos(np.pi * part)))

    def now(count: Any) -> Any:
        down = between(rate, lowest, (count - top) / max(steps - 1.0 - top, 1e-9))
        return np.where(count <= top, between(low, rate, count / max(top, 1e-9)), down)

    return Named(now, made(one_cycle, rate, steps, rising=rising, start=start, end=end, straight=straight))


def joined(parts: Mapping[int, Schedule | float]) -> Schedule:
    """One schedule after the other, each from the step at which it begins, where it counts from 0.

    >>> schedule = optim.schedules.joined({0: optim.schedules.linear(0.0, 1.0, 5), 5: 1.0, 8: 0.1})
    >>> schedule(np.array([0, 4, 5, 7, 8]))
    array([0. , 0.8, 1. , 1. , 0.1])
    """
    begins = sorted(parts)
    if not begins or begins[0] != 0:
        raise UsageError("schedules are joined from step 0 on", hint="joined({0: linear(0.0, 0.1, 100), 100: 0.1})")

    def now(count: Any) -> Any:
        found = _at(parts[0], count)
        for begin in begins[1:]:
            found = np.where(count >= begin, _at(parts[begin], count - begin), found)
        return found

    return Named(now, made(joined, dict(parts)))


def _at(part: Schedule | float, count: Any) -> Any:
    return part(count) if callable(part) else _rate(part)


def _rate(rate: float) -> float:
    return float(checked_number(rate, "the rate of a schedule"))


def _steps(number: Any, what: str, least: int = 1) -> int:
    return checked_count(number, f"`{what}` of a schedule", least)
