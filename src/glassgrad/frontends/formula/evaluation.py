"""The number that a canonical tree has for given values: the check of what the graph computes, and constants. Floor 5.

Every node is computed once, operands first; nothing is ever run as Python. A value outside a function's domain
gives nan or inf, as NumPy does.
"""

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula.functions import CONSTANTS, FUNCTIONS, complex_function, real_function
from glassgrad.frontends.formula.nodes import dotted_name, in_order, is_condition, operands

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


def evaluate_parts(trees: Iterable[ast.expr], values: Mapping[str, float]) -> dict[ast.expr, float | bool]:
    """The numbers (or truth) of all parts of several trees, each part once; parts that need a name without a value,
    or a function that is not in the list, are left out.

    Example:
        >>> from glassgrad.frontends.formula import read_formula
        >>> list(evaluate_parts([read_formula("2*x + y").tree], {"x": 3.0}).values())
        [2.0, 3.0, 6.0]
    """
    numbers = {name: np.float64(value) for name, value in values.items()}
    results: dict[ast.expr, Any] = {}
    with np.errstate(all="ignore"):
        for tree in trees:
            for node in in_order(tree):
                known = all(part in results for part in operands(node))
                if node not in results and known and _is_known(node, values):
                    results[node] = _result(node, results, numbers, real_function)
    return {node: bool(value) if is_condition(node) else float(value) for node, value in results.items()}


def _is_known(node: ast.expr, values: Mapping[str, float]) -> bool:
    match node:
        case ast.Name(id=name):
            return name in values
        case ast.Call(func=function):
            return (dotted_name(function) or "") in FUNCTIONS
    return True


class _NoContinuationError(Exception):
    """A function of the tree is only known for real numbers."""


def _continued(name: str) -> Callable[..., Any]:
    function = complex_function(name)
    if function is None:
        raise _NoContinuationError
    return function


def _run(tree: ast.expr, values: Mapping[str, Any], function_of: Callable[[str], Callable[..., Any]]) -> Any:
    """A NumPy scalar (real, complex, or a condition's truth)."""
    results: dict[ast.expr, Any] = {}
    with np.errstate(all="ignore"):
        for node in in_order(tree):
            results[node] = _result(node, results, values, function_of)
    return results[tree]


def _result(
    node: ast.expr,
    results: Mapping[ast.expr, Any],
    values: Mapping[str, Any],
    function_of: Callable[[str], Callable[..., Any]],
) -> Any:
    """The value of one node from those of its operands."""
    is_complex = function_of is _continued
    as_number = np.complex128 if is_complex else np.float64
    match node:
        case ast.Name(id=name):
            if name not in values:
                raise FormulaError(f"`{name}` has no value", hint=f'give it one: at "{name}=1"')
            return values[name]
        case ast.Constant(value=value):
            assert isinstance(value, int | float)
            return value if isinstance(value, bool) else as_number(value)
        case ast.Attribute():
            return as_number(CONSTANTS[dotted_name(node) or ""])
        case ast.UnaryOp(operand=operand):
            return -results[operand]
        case ast.BinOp(left=left, op=sign, right=right):
            return _operate(sign, results[left], results[right], is_complex)
        case ast.Compare(left=left, ops=[relation], comparators=[right]):
            return _COMPARISONS[type(relation)](np.real(results[left]), np.real(results[right]))
        case ast.Call(func=function, args=arguments):
            compute = function_of(dotted_name(function) or "")
            return compute(*(results[argument] for argument in arguments))
    raise AssertionError(f"a canonical tree has no {type(node).__name__}")


def _operate(sign: ast.operator, left: Any, right: Any, is_complex: bool) -> Any:
    if is_complex and isinstance(sign, ast.FloorDiv):
        return np.complex128(np.floor_divide(np.real(left), np.real(right)))
    if is_complex and isinstance(sign, ast.Mod):
        return left - right * np.floor_divide(np.real(left), np.real(right))
    return _OPERATIONS[type(sign)](left, right)
