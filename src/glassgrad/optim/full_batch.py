"""Minimising a function of a tree by SciPy's full-batch methods, with gradients and Hessians of ours. Floor 6."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from numbers import Real
from typing import Any

import numpy as np

from glassgrad.base.errors import DomainError, UsageError
from glassgrad.base.trees import Tree
from glassgrad.optim.problem import BOUNDED, CONSTRAINED, METHODS, Callback, Function, Problem
from glassgrad.optim.rates import checked_count
from glassgrad.optim.vectors import as_gradient, as_tree, bounds_of, layout_of


@dataclass(frozen=True, slots=True)
class Minimum:
    """What `minimize` found: the tree, the value there, and how it came about."""

    tree: Tree
    value: float
    gradient: Tree  # at the tree; None for methods that use none
    converged: bool
    message: str
    method: str
    steps: int
    evaluations: int
    products: int  # evaluations of the Hessian, or of it times a vector
    compiled: bool
    scipy: Any = field(repr=False)  # SciPy's own result; None where the callback stopped it


def minimize(
    function: Function,
    tree: Tree,
    *,
    method: str = "L-BFGS-B",
    args: Sequence[Any] = (),
    bounds: Any = None,
    constraints: Sequence[Mapping[str, Any]] = (),
    callback: Callback | None = None,
    tolerance: float | None = None,
    steps: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> Minimum:
    """The tree at which a function is smallest, from a start, by a method of `scipy.optimize.minimize`.

    `function(tree, *args)` returns one number. It is compiled with its gradient by `jit` where it compiles (no Python
    `if` on its values), else run as it is. Newton's methods (`Newton-CG`, `trust-ncg`, `trust-krylov`, `trust-constr`)
    get the Hessian times a vector, `dogleg` and `trust-exact` the Hessian.

    `bounds` is a pair (lower, upper): trees like the parameters whose leaves are numbers, arrays or None; or one number
    for all. `constraints` are dicts {"type": "eq" or "ineq", "fun": g} for g(tree, *args) = 0 or ≥ 0, differentiated
    like the function. `callback(tree, value)` is called after each step and stops by returning True. `tolerance`,
    `steps` (at most so many) and `options` are SciPy's tol, maxiter and options.

    What layers say is frozen or state stays as it is. The leaves keep their dtypes, also in the function; float32
    limits how far a minimum is found. Where the method ends at no finite value, the smallest one on its way is given,
    and `converged` is False.

    >>> data = np.array([1.0, 2.0, 4.0])
    >>> def loss(p):
    ...     return np.mean((p["slope"] * np.arange(3.0) + p["start"] - data) ** 2)
    >>> found = optim.minimize(loss, {"slope": 0.0, "start": 0.0})
    >>> found.converged, found.tree["slope"].round(4), found.tree["start"].round(4)
    (True, np.float64(1.5), np.float64(0.8333))
    >>> bounds = (None, {"slope": 1.0, "start": None})
    >>> optim.minimize(loss, {"slope": 0.0, "start": 0.0}, bounds=bounds).tree["slope"].round(4)
    np.float64(1.0)
    """
    chosen = _method(method)
    if not callable(function):
        raise UsageError(f"minimize takes a function and a start, found {type(function).__name__}")
    layout, start = layout_of(tree)
    problem = Problem(function, layout, args, chosen)
    limits = None
    if bounds is not None:
        _check_takes(chosen, BOUNDED, "bounds")
        limits = bounds_of(bounds, layout)
        start = np.clip(start, *limits)
    _check_start(problem, start, tree)
    if not start.size:
        return _minimum(problem, start, None, "there are no parameters", converged=True)
    given = problem.derivatives() | ({} if limits is None else {"bounds": np.stack(limits, axis=1)})
    if constraints:
        _check_takes(chosen, CONSTRAINED, "constraints")
        given["constraints"] = [problem.constraint(constraint) for constraint in constraints]
    settings = _settings(problem, steps, options or {}, is_loose=tolerance is None)
    vector, found = problem.run(start, given, callback, tolerance, settings)
    if found is None:
        return _minimum(problem, vector, None, "the callback stopped it", converged=False)
    return _minimum(problem, vector, found, str(found.message), converged=bool(found.success))


def _check_start(problem: Problem, start: np.ndarray, tree: Tree) -> None:
    """Raises DomainError where the function is no finite number at the start."""
    try:
        value = problem.at(start)[0]
    except TypeError as error:
        if isinstance(tree, list | tuple) and all(isinstance(part, Real) for part in tree):
            error.add_note(f"The start is a {type(tree).__name__}, a tree of numbers; np.array(start) is one array.")
        raise
    if not np.isfinite(value):
        raise DomainError(f"the function is {value} at the start", hint="start where it is finite")


def _settings(problem: Problem, steps: int | None, options: Mapping[str, Any], *, is_loose: bool) -> dict[str, Any]:
    """SciPy's options of the method."""
    settings = dict(options)
    if steps is not None:
        settings["maxfun" if problem.method == "TNC" else "maxiter"] = checked_count(steps, "the limit of minimize")
    is_narrow = all(dtype.itemsize < 8 for dtype in problem.layout.dtypes)
    if is_loose and is_narrow and problem.method in ("L-BFGS-B", "SLSQP"):
        settings.setdefault("ftol", 1e-6)  # float32 tells no smaller differences
    return settings


def _minimum(problem: Problem, vector: np.ndarray, found: Any, message: str, *, converged: bool) -> Minimum:
    value, gradient = problem.at(vector)
    if not np.isfinite(value):
        message, converged = f"the function is {value} where {problem.method} ended", False
        if not problem.is_constrained:  # a smaller value may lie outside of what is allowed
            message += "; this is the smallest value on its way there"
            value, vector = problem.best
            gradient = problem.at(vector)[1]
    return Minimum(
        tree=as_tree(problem.layout, vector),
        value=value,
        gradient=None if gradient is None else as_gradient(problem.layout, gradient),
        converged=converged,
        message=message,
        method=problem.method,
        steps=int(getattr(found, "nit", problem.steps)),
        evaluations=problem.evaluations,
        products=problem.products,
        compiled=problem.value.native is not None,
        scipy=found,
    )


def _method(method: Any) -> str:
    """The method as SciPy spells it."""
    by_name = {name.lower(): name for name in METHODS}
    if not isinstance(method, str) or method.lower() not in by_name:
        close = get_close_matches(str(method), METHODS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"the methods are {', '.join(METHODS)}"
        raise UsageError(f"minimize knows no method {method!r}", hint=hint)
    return by_name[method.lower()]


def _check_takes(method: str, methods: Sequence[str], what: str) -> None:
    if method not in methods:
        raise UsageError(f"the method {method} takes no {what}", hint=f"these do: {', '.join(methods)}")
