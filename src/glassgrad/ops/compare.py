"""Comparisons: true or false, so there is nothing to differentiate. Floor 2."""

from glassgrad.graph.node import operators
from glassgrad.ops.elementwise import ufunc_row
from glassgrad.ops.lifting import rule_function

_SIGNS = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!="}

for _name, _sign in _SIGNS.items():
    operators[_name] = rule_function(
        ufunc_row(_name, f"np.{_name}", "x, y -> z", numpy=f"x {_sign} y", javascript=f"x {_sign} y",
                  rule="no derivative: true or false"))
