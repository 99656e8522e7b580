"""Cases for comparisons, logic and bits: rows that have no derivative."""

import numpy as np

from tests.table.case import Case, booleans, elementwise, integers

_SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5])

CASES = [
    *elementwise("less less_equal greater greater_equal equal not_equal"),
    *elementwise("less equal", integers(0, 3), dtypes=("float64",), note="whole"),
    *elementwise("logical_and logical_or logical_xor logical_not", booleans, dtypes=("float64",)),
    *[Case(name, ((6,),), sample=_SPECIAL) for name in ("isnan", "isinf", "isfinite", "signbit")],
    *elementwise(
        "bitwise_and bitwise_or bitwise_xor invert bitwise_count gcd lcm", integers(0, 9), dtypes=("float64",)
    ),
    *elementwise("left_shift right_shift", integers(0, 5), dtypes=("float64",)),
]
