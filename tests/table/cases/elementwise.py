"""Cases for arithmetic, powers, exponentials and logarithms."""

from tests.table.case import elementwise

CASES = [
    *elementwise("add subtract multiply negative exp", complex=True),
    *elementwise("divide", [(-2.0, 2.0), (0.5, 2.0)], complex=True),
    *elementwise("log", (0.3, 3.0), complex=True),
]
