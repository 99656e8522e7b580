"""The rate of an optimiser in its state: a number that may be set, or what a schedule says, and a scale. Floor 6."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from glassgrad.base.errors import DomainError, UsageError
from glassgrad.base.trees import flatten_to, paths_of, unflatten
from glassgrad.tracing.tracer import Tracer

Schedule: TypeAlias = Callable[[Any], Any]  # from the number of steps made to the rate of the next one
RateLike: TypeAlias = float | Schedule


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate of the next step is `value` times `scale`; both are float64 numbers."""

    value: Any
    scale: Any
    scheduled: bool = field(default=False, metadata={"static": True})

    def now(self) -> Any:
        """The rate of the next step."""
        return self.value * self.scale


def as_number(value: Any) -> Any:
    """A number as float64, which may be traced."""
    return value.astype(np.float64) if isinstance(value, Tracer) else np.float64(value)


def check_rate(rate: RateLike, what: str) -> None:
    """An error where this cannot be a rate."""
    if not callable(rate):
        checked_number(rate, f"the rate of {what}")


def checked_number(value: Any, what: str, *, low: float = 0.0, high: float = np.inf, open_end: bool = False) -> Any:
    """A number between `low` and `high` (without `high` where the end is open); traced ones are taken as they are."""
    if isinstance(value, Tracer):
        return value
    if np.ndim(value) or np.asarray(value).dtype.kind not in "iuf":
        raise UsageError(f"{what} is a number, found {value!r}")
    number = float(value)
    if not (low <= number <= high) or (number == high if open_end else np.isinf(number) and np.isinf(high)):
        said = f"≥ {low:g}" if np.isinf(high) else f"from {low:g} to {'below ' if open_end else ''}{high:g}"
        raise DomainError(f"{what} is a finite number {said}, found {value!r}")
    return number


def checked_count(number: Any, what: str, least: int = 1) -> int:
    """A whole number of steps."""
    if isinstance(number, bool) or not isinstance(number, int | np.integer):
        raise UsageError(f"{what} is a whole number of steps, found {number!r}")
    if number < least:
        raise DomainError(f"{what} is a number of steps from {least}, found {number}")
    return int(number)


def started(rate: RateLike) -> Rate:
    """The rate before the first step."""
    value = rate(np.int64(0)) if callable(rate) else rate
    return Rate(as_number(value), np.float64(1.0), callable(rate))


def followed(state: Rate, rate: RateLike, count: Any) -> Rate:
    """The rate after `count` steps: what the schedule says, or the number as it stands in the state."""
    return replace(state, value=as_number(rate(count))) if callable(rate) else state


# ------------------------------------------------------------------ reading and setting rates in a state
def rates(state: Any) -> dict[str, Any]:
    """The rates of the next step, by their place in the state; one without groups has the name `rate`.

    >>> optimizer = optim.adam(1e-3)
    >>> optim.rates(optimizer.start({"w": np.ones(2)}))
    {'rate': np.float64(0.001)}
    """
    parts, structure = flatten_to(Rate, state)
    return {path: part.now() for path, part in zip(paths_of(structure), parts, strict=True) if isinstance(part, Rate)}


def with_rate(state: Any, rate: Any) -> Any:
    """The state with another rate, for all of its groups; nothing is compiled again. It may be traced.

    >>> optimizer = optim.adam(1e-3)
    >>> state = optim.with_rate(optimizer.start({"w": np.ones(2)}), 5e-4)
    >>> optim.rates(state)
    {'rate': np.float64(0.0005)}
    """
    value = as_number(checked_number(rate, "the rate"))

    def changed(part: Rate) -> Rate:
        if part.scheduled:
            raise UsageError(
                "with_rate sets a rate that a schedule gives anew at each step",
                hint="scale_rate(state, 0.5) makes all of the schedule smaller",
            )
        return replace(part, value=value, scale=np.float64(1.0))

    return changed_rates(state, changed)


def scale_rate(state: Any, factor: Any) -> Any:
    """The state with its rates, also those of schedules, multiplied by a factor.

    >>> optimizer = optim.adam(1e-3)
    >>> optim.rates(optim.scale_rate(optimizer.start({"w": np.ones(2)}), 0.5))
    {'rate': np.float64(0.0005)}
    """
    number = as_number(checked_number(factor, "the factor of a rate"))
    return changed_rates(state, lambda part: replace(part, scale=part.scale * number))


def changed_rates(state: Any, change: Callable[[Rate], Rate]) -> Any:
    """The state with each of its rates changed."""
    parts, structure = flatten_to(Rate, state)
    if not any(isinstance(part, Rate) for part in parts):
        raise UsageError("there is no rate in this state", hint="it is the state of an optimiser: optimizer.start(…)")
    return unflatten(structure, [change(part) if isinstance(part, Rate) else part for part in parts])
