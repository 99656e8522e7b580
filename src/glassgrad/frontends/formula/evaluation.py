"""The number that a canonical tree has for given values: the check of what the graph computes, and constants. Floor 5.

Every node is computed once, operands first; nothing is ever run as Python. A value outside a function's domain
gives nan or inf, as NumPy does.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula.functions import CONSTANTS, complex_function, real_function
from glassgrad.frontends.formula.nodes import dotted_name, in_order

_OPERATIONS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.FloorDiv: np.floor_divide,
        ast.Mod: np.remainder,
        ast.Pow: operator.pow,
    }
)
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = MappingProxyType(
    {
        ast.Lt: operator.lt,
        ast.LtE: operator.le,
        ast.Gt: operator.gt,
        ast.GtE: operator.ge,
        ast.Eq: operator.eq,
        ast.NotEq: operator.ne,
    }
)


def evaluate(tree: ast.expr, values: Mapping[str, float]) -> float:
    """The number that `tree` has where its variables have these values.

    Example:
        >>> from glassgrad.frontends.formula import read_formula
        >>> evaluate(read_formula("x^2 + 1/2").tree, {"x": 3.0})
        9.5
    """
    return float(_run(tree, {name: np.float64(value) for name, value in values.items()}, real_function))


def evaluate_complex(tree: ast.expr, values: Mapping[str, complex]) -> complex | None:
    """The same off the real axis, for a complex step: kinks and comparisons look at the real parts.

    None where the tree has a function that is not known there.

    Example:
        >>> from glassgrad.frontends.formula import read_formula
        >>> step = evaluate_complex(read_formula("x**3").tree, {"x": 2 + 1e-30j})
        >>> step.imag / 1e-30
        12.0
    """
    try:
        return complex(_run(tree, {name: np.complex128(value) for name, value in values.items()}, _continued))
    except _NoContinuationError:
        return None


class _NoContinuationError(Exception):
    """A function of the tree is only known for real numbers."""


def _continued(name: str) -> Callable[..., Any]:
    function = complex_function(name)
    if function is None:
        raise _NoContinuationError
    return function


def _run(tree: ast.expr, values: Mapping[str, Any], function_of: Callable[[str], Callable[..., Any]]) -> Any:
    """A NumPy scalar (real, complex, or a condition's truth)."""
    is_complex = function_of is _continued
    as_number = np.complex128 if is_complex else np.float64
    results: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        for node in in_order(tree):
            match node:
                case ast.Name(id=name):
                    if name not in values:
                        raise FormulaError(f"`{name}` has no value", hint=f'give it one: at "{name}=1"')
                    result = values[name]
                case ast.Constant(value=value):
                    assert isinstance(value, int | float)
                    result = value if isinstance(value, bool) else as_number(value)
                case ast.Attribute():
                    result = as_number(CONSTANTS[dotted_name(node) or ""])
                case ast.UnaryOp(operand=operand):
                    result = -results[id(operand)]
                case ast.BinOp(left=left, op=sign, right=right):
                    result = _operate(sign, results[id(left)], results[id(right)], is_complex)
                case ast.Compare(left=left, ops=[relation], comparators=[right]):
                    result = _COMPARISONS[type(relation)](np.real(results[id(left)]), np.real(results[id(right)]))
                case ast.Call(func=function, args=arguments):
                    compute = function_of(dotted_name(function) or "")
                    result = compute(*(results[id(argument)] for argument in arguments))
                case _:
                    raise AssertionError(f"a canonical tree has no {type(node).__name__}")
            results[id(node)] = result
    return results[id(tree)]


def _operate(sign: ast.operator, left: Any, right: Any, is_complex: bool) -> Any:
    if is_complex and isinstance(sign, ast.FloorDiv):
        return np.complex128(np.floor_divide(np.real(left), np.real(right)))
    if is_complex and isinstance(sign, ast.Mod):
        return left - right * np.floor_divide(np.real(left), np.real(right))
    return _OPERATIONS[type(sign)](left, right)
