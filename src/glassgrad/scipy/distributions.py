"""Probability distributions on traced values: the formulas, and how location and scale enter. Roof, for `stats`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.errors import UnsupportedError, UsageError
from glassgrad.tracing.tracer import any_traced

Formula = Callable[..., Any]
LOG_ROOT_TWO_PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A distribution with its parameters held: `norm(2.0, 0.5).logpdf(x)`."""

    distribution: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.distribution, name)
        return lambda *args, **kwargs: method(*args, *self.args, **self.kwargs, **kwargs)


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution of one number: SciPy's own on plain arrays, formulas on traced ones.

    The formulas are those of location 0 and scale 1; they take the number and the shape parameters. `inside` says
    where the density is not 0; `quantile` and the tails are None where SciPy has no differentiable one.
    """

    plain: Any
    shapes: tuple[str, ...]
    log_density: Formula
    cumulative: Formula
    survival: Formula | None = None
    log_cumulative: Formula | None = None
    log_survival: Formula | None = None
    quantile: Formula | None = None
    entropy_of: Formula | None = None  # these three take the shape parameters alone
    mean_of: Formula | None = None
    variance_of: Formula | None = None
    inside: Formula | None = None
    discrete: bool = False

    def __call__(self, *args: Any, **kwargs: Any) -> Frozen:
        """The distribution with these parameters held."""
        return Frozen(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in _SUMMARIES:
            return self._summary(name)
        formula = _METHODS.get(name)
        original = getattr(self.plain, name)
        if formula is None:
            if not callable(original) or name.startswith("_"):
                return original
            formula = _refusal(f"{self.plain.name}.{name}")

        def method(x: Any, *args: Any, **kwargs: Any) -> Any:
            if not any_traced([x, *args, *kwargs.values()]):
                return original(x, *args, **kwargs)
            return formula(self, x, *self.parameters(name, args, kwargs))

        return method

    def _summary(self, name: str) -> Any:
        def summary(*args: Any, **kwargs: Any) -> Any:
            if not any_traced([*args, *kwargs.values()]):
                return getattr(self.plain, name)(*args, **kwargs)
            return _SUMMARIES[name](self, *self.parameters(name, args, kwargs))

        return summary

    def parameters(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], Any, Any]:
        """The shape parameters, the location and the scale of a call."""
        names = (*self.shapes, "loc") if self.discrete else (*self.shapes, "loc", "scale")
        given = dict(zip(names, args, strict=False)) | kwargs
        missing = [shape for shape in self.shapes if shape not in given]
        if len(args) > len(names) or set(given) - set(names) or missing:
            raise UsageError(f"{self.plain.name}.{name} takes {', '.join(names)} besides its first argument")
        shapes = tuple([given[shape] for shape in self.shapes])
        return shapes, given.get("loc", 0.0), given.get("scale", 1.0)


def _refusal(name: str) -> Formula:
    def refuse(*args: Any) -> Any:
        del args
        raise UnsupportedError(
            f"scipy.stats.{name} is not known on traced values",
            hint="write it with functions that are: glassgrad.scipy.special has most",
        )

    return refuse


# ------------------------------------------------------------------ the methods
def _standard(distribution: Distribution, x: Any, loc: Any, scale: Any) -> Any:
    return x - loc if distribution.discrete else (x - loc) / scale


def _log_density(distribution: Distribution, x: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    z = _standard(distribution, x, loc, scale)
    log_scale = 0.0 if distribution.discrete else np.log(scale)
    if distribution.inside is None:
        return distribution.log_density(z, *shapes) - log_scale
    inside = distribution.inside(z, *shapes)
    return np.where(inside, distribution.log_density(np.where(inside, z, 0.5), *shapes) - log_scale, -np.inf)


def _density(distribution: Distribution, x: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    return np.exp(_log_density(distribution, x, shapes, loc, scale))


def _cumulative(distribution: Distribution, x: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    return distribution.cumulative(_standard(distribution, x, loc, scale), *shapes)


def _survival(distribution: Distribution, x: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    if distribution.survival is None:
        return 1 - _cumulative(distribution, x, shapes, loc, scale)
    return distribution.survival(_standard(distribution, x, loc, scale), *shapes)


def _log_cumulative(distribution: Distribution, x: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    if distribution.log_cumulative is None:
        return np.log(_cumulative(distribution, x, shapes, loc, scale))
    return distribution.log_cumulative(_standard(distribution, x, loc, scale), *shapes)


def _log_survival(distribution: Distribution, x: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    if distribution.log_survival is None:
        return np.log(_survival(distribution, x, shapes, loc, scale))
    return distribution.log_survival(_standard(distribution, x, loc, scale), *shapes)


def _quantile(distribution: Distribution, q: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    if distribution.quantile is None:
        return _refusal(f"{distribution.plain.name}.ppf")()
    return loc + scale * distribution.quantile(q, *shapes)


def _known(distribution: Distribution, formula: Formula | None, name: str) -> Formula:
    return _refusal(f"{distribution.plain.name}.{name}") if formula is None else formula


def _entropy(distribution: Distribution, shapes: Any, loc: Any, scale: Any) -> Any:
    return _known(distribution, distribution.entropy_of, "entropy")(*shapes) + np.log(scale)


def _mean(distribution: Distribution, shapes: Any, loc: Any, scale: Any) -> Any:
    return loc + scale * _known(distribution, distribution.mean_of, "mean")(*shapes)


def _variance(distribution: Distribution, shapes: Any, loc: Any, scale: Any) -> Any:
    return scale**2 * _known(distribution, distribution.variance_of, "var")(*shapes)


_SUMMARIES: dict[str, Formula] = {
    "entropy": _entropy,
    "mean": _mean,
    "var": _variance,
    "std": lambda *how: np.sqrt(_variance(*how)),
}
_METHODS: dict[str, Formula] = {
    "pdf": _density,
    "pmf": _density,
    "logpdf": _log_density,
    "logpmf": _log_density,
    "cdf": _cumulative,
    "sf": _survival,
    "logcdf": _log_cumulative,
    "logsf": _log_survival,
    "ppf": _quantile,
    "isf": lambda distribution, q, *how: _quantile(distribution, 1 - q, *how),
}
