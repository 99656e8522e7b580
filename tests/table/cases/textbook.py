"""Cases for the functions that textbooks differentiate by name."""

from tests.table.case import elementwise

CASES = [
    *elementwise("sec csc cot sech csch coth acot acoth", complex=True),
    *elementwise("asec acsc asech acsch"),
    *elementwise("asec acsc", (-3.0, -1.2), note="left"),
    *elementwise("acsch acot", (-2.0, -0.4), note="left"),
]
