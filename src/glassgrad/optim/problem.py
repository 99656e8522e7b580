"""One minimisation under way: what SciPy asks for, evaluated once for each point. Floor 6."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from glassgrad.api.derivatives import value_and_grad
from glassgrad.api.jacobians import hessian, hvp, jacobian
from glassgrad.base.errors import UsageError
from glassgrad.base.trees import Tree
from glassgrad.optim.vectors import Compiled, Layout, as_tree, compiled, on_vectors

Function = Callable[..., Any]
Callback = Callable[[Tree, float], Any]

BY_GRADIENT = ("CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP")
BY_PRODUCTS = ("Newton-CG", "trust-ncg", "trust-krylov", "trust-constr")  # with the Hessian times a vector
BY_HESSIAN = ("dogleg", "trust-exact")
BY_VALUE = ("Nelder-Mead", "Powell", "COBYLA", "COBYQA")
METHODS = (*BY_GRADIENT, *BY_PRODUCTS, *BY_HESSIAN, *BY_VALUE)
BOUNDED = ("L-BFGS-B", "TNC", "SLSQP", "trust-constr", "Nelder-Mead", "Powell", "COBYLA", "COBYQA")
CONSTRAINED = ("SLSQP", "trust-constr", "COBYLA", "COBYQA")
_KEPT = 32  # of the last evaluations


class StoppedError(Exception):
    """The callback has seen enough."""


class Problem:
    """A function of a vector with its derivatives, and the evaluations so far."""

    def __init__(self, function: Function, layout: Layout, args: Sequence[Any], method: str) -> None:
        on_vector = on_vectors(function, layout)
        self.layout, self.args, self.method = layout, tuple(args), method
        self.has_gradient = method not in BY_VALUE
        self.value: Compiled = compiled(value_and_grad(on_vector) if self.has_gradient else on_vector)
        self.product = compiled(lambda x, v, *args: hvp(lambda y: on_vector(y, *args), x, v))
        self.hessian = compiled(hessian(on_vector))
        self.is_constrained = False
        self.evaluations = self.products = self.steps = 0
        self.best: tuple[float, np.ndarray] = np.inf, np.zeros(0)  # the smallest value so far, and where it is
        self._known: OrderedDict[bytes, tuple[float, Any]] = OrderedDict()  # the last points: SciPy asks again

    # ------------------------------------------------------------------ what SciPy asks for
    def at(self, vector: np.ndarray) -> tuple[float, Any]:
        """The value and the gradient (None for methods that use none) at a point."""
        key = np.asarray(vector, np.float64).tobytes()
        if key not in self._known:
            self.evaluations += 1
            found = self.value(np.array(vector, np.float64), *self.args)
            value, gradient = found if self.has_gradient else (found, None)
            if np.ndim(value) != 0:
                raise UsageError(f"minimize needs a function that returns one number, found shape {np.shape(value)}")
            self._known[key] = float(value), gradient
            if np.isfinite(value) and value < self.best[0]:
                self.best = float(value), np.array(vector, np.float64)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[key]

    def times(self, vector: np.ndarray, direction: np.ndarray) -> Any:
        """The Hessian at a point times a direction."""
        self.products += 1
        return self.product(np.array(vector, np.float64), np.array(direction, np.float64), *self.args)

    def curvature(self, vector: np.ndarray) -> Any:
        """The Hessian at a point."""
        self.products += 1
        return self.hessian(np.array(vector, np.float64), *self.args)

    def derivatives(self) -> dict[str, Any]:
        """What the method takes besides the value."""
        given: dict[str, Any] = {"jac": lambda x: self.at(x)[1].copy()} if self.has_gradient else {}
        if self.method in BY_PRODUCTS:
            given["hessp"] = self.times
        if self.method in BY_HESSIAN:
            given["hess"] = self.curvature
        return given

    def constraint(self, given: Any) -> Any:
        """A constraint on the tree as SciPy takes it, on the vector and with its Jacobian."""
        self.is_constrained = True
        if not isinstance(given, Mapping) or given.get("type") not in ("eq", "ineq") or not callable(given.get("fun")):
            raise UsageError(
                f"a constraint is a dict with the type 'eq' or 'ineq' and a function `fun`, found {given!r}",
                hint='{"type": "ineq", "fun": lambda tree: 1.0 - tree["a"] ** 2} keeps a² below 1',
            )

        def flat(vector: Any, *args: Any) -> Any:
            return np.reshape(given["fun"](as_tree(self.layout, vector), *args), (-1,))

        def weighted(vector: Any, weights: Any, *args: Any) -> Any:
            return np.sum(weights * flat(vector, *args))

        value, slopes, curvature = compiled(flat), compiled(jacobian(flat)), compiled(hessian(weighted))
        parts: dict[str, Function] = {
            "fun": lambda x: value(np.array(x, np.float64), *self.args),
            "jac": lambda x: slopes(np.array(x, np.float64), *self.args),
        }
        if self.method != "trust-constr":
            return {"type": given["type"], **parts}
        from scipy import optimize  # late: see below

        parts["hess"] = lambda x, v: curvature(np.array(x, np.float64), np.array(v, np.float64), *self.args)
        return optimize.NonlinearConstraint(lb=0.0, ub=0.0 if given["type"] == "eq" else np.inf, **parts)

    # ------------------------------------------------------------------ the run
    def run(
        self,
        start: np.ndarray,
        given: Mapping[str, Any],
        callback: Callback | None,
        tolerance: float | None,
        options: dict[str, Any],
    ) -> tuple[np.ndarray, Any]:
        """The last point, and SciPy's result; none where the callback stopped it."""
        from scipy import optimize  # late: it takes longer to load than all of the above

        last = start

        def after(vector: np.ndarray, *_: Any) -> None:
            nonlocal last
            self.steps += 1
            last = np.array(vector, np.float64)
            if callback is not None and callback(as_tree(self.layout, last.copy()), self.at(last)[0]) is True:
                raise StoppedError

        try:
            found = optimize.minimize(
                lambda x: self.at(x)[0],
                start,
                method=self.method,
                callback=after,
                tol=tolerance,
                options=options,
                **given,
            )
        except StoppedError:
            return last, None
        return np.atleast_1d(found.x), found
