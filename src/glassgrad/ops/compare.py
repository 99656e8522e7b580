"""Comparisons, logic, bits and tests of a number's kind: nothing of theirs can be differentiated. Floor 2."""

from collections.abc import Callable

from glassgrad.graph.node import Node, operators
from glassgrad.graph.op import OPS
from glassgrad.ops.lifting import rule_function
from glassgrad.ops.ufuncs import ufunc_row

_TRUTH, _WHOLE = "no derivative: true or false", "no derivative: whole numbers"
_COMPARISONS = {
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
}
_JAVASCRIPT = {"==": "===", "!=": "!=="}

for _name, _sign in _COMPARISONS.items():
    operators[_name] = rule_function(
        ufunc_row(
            _name,
            f"np.{_name}",
            "x, y -> z",
            numpy=f"x {_sign} y",
            javascript=f"x {_JAVASCRIPT.get(_sign, _sign)} y",
            rule=_TRUTH,
        )
    )

for _name, _javascript in {"logical_and": "x && y", "logical_or": "x || y", "logical_xor": "!!x !== !!y"}.items():
    ufunc_row(_name, f"np.{_name}", "x, y -> z", javascript=_javascript, rule=_TRUTH)
ufunc_row("logical_not", "np.logical_not", javascript="!x", rule=_TRUTH)

for _name, _javascript in {"isnan": "Number.isNaN(x)", "isfinite": "Number.isFinite(x)"}.items():
    ufunc_row(_name, f"np.{_name}", javascript=_javascript, rule=_TRUTH)
ufunc_row("isinf", "np.isinf", javascript="Math.abs(x) === Infinity", rule=_TRUTH)
ufunc_row("signbit", "np.signbit", javascript="(x < 0 || Object.is(x, -0))", rule=_TRUTH)

_BITS = {"bitwise_and": "&", "bitwise_or": "|", "bitwise_xor": "^", "left_shift": "<<", "right_shift": ">>"}
for _name, _sign in _BITS.items():
    ufunc_row(_name, f"np.{_name}", "x, y -> z", numpy=f"x {_sign} y", javascript=f"x {_sign} y", rule=_WHOLE)
ufunc_row("invert", "np.invert", numpy="~x", javascript="~x", rule=_WHOLE)
ufunc_row("bitwise_count", "np.bitwise_count", rule=_WHOLE)
for _name in ("gcd", "lcm"):
    ufunc_row(_name, f"np.{_name}", "x, y -> z", rule=_WHOLE)


def _function(name: str) -> Callable[..., Node]:
    return rule_function(OPS[name])


equal, not_equal = operators["equal"], operators["not_equal"]
logical_and, logical_or, logical_not = map(_function, ("logical_and", "logical_or", "logical_not"))
isnan, isinf, isfinite, signbit = map(_function, ("isnan", "isinf", "isfinite", "signbit"))
