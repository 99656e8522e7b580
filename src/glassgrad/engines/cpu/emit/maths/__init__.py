"""The maths functions as vector instructions, by the op table's names. Floor 4."""

from collections.abc import Callable
from functools import wraps

from glassgrad.engines.cpu.emit.maths import (
    division,
    error_function,
    exponential,
    gamma,
    hyperbolic,
    inverse,
    logarithm,
    power,
    roots,
    trigonometric,
)
from glassgrad.engines.cpu.emit.values import Value, Writer

Function = Callable[..., Value]  # of the writer and one value for each argument


def _as_written(function: Function) -> Function:
    """The function with contraction off: its error terms vanish when products and sums are joined."""

    @wraps(function)
    def exact(w: Writer, *arguments: Value) -> Value:
        contract, w.contract = w.contract, False
        try:
            return function(w, *arguments)
        finally:
            w.contract = contract

    return exact


_FUNCTIONS: dict[str, Function] = {
    "exp": exponential.exp,
    "exp2": exponential.exp2,
    "expm1": exponential.expm1,
    "expit": exponential.expit,
    "tanh": exponential.tanh,
    "log": logarithm.log,
    "log2": logarithm.log2,
    "log10": logarithm.log10,
    "log1p": logarithm.log1p,
    "softplus": logarithm.softplus,
    "logaddexp": logarithm.logaddexp,
    "sin": trigonometric.sin,
    "cos": trigonometric.cos,
    "tan": trigonometric.tan,
    "arcsin": inverse.arcsin,
    "arccos": inverse.arccos,
    "arctan": inverse.arctan,
    "arctan2": inverse.arctan2,
    "sinh": hyperbolic.sinh,
    "cosh": hyperbolic.cosh,
    "arcsinh": hyperbolic.arcsinh,
    "arccosh": hyperbolic.arccosh,
    "arctanh": hyperbolic.arctanh,
    "erf": error_function.erf,
    "erfc": error_function.erfc,
    "gammaln": gamma.gammaln,
    "digamma": gamma.digamma,
    "power": power.power,
    "sqrt": roots.sqrt,
    "rsqrt": roots.rsqrt,
    "cbrt": roots.cbrt,
    "hypot": roots.hypot,
    "fmod": division.fmod,
}

MATHS = {name: _as_written(function) for name, function in _FUNCTIONS.items()}

__all__ = ["MATHS"]
