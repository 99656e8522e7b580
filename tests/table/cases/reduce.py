"""Cases for reductions."""

from tests.table.case import Case, booleans

CASES = [
    Case("any", ((2, 3),), {"axes": (1,)}, sample=booleans, dtypes=("float64",)),
    Case("all", ((2, 3),), {"axes": (0,)}, sample=booleans, dtypes=("float64",)),
    Case("all", ((2, 0),), {"axes": (1,)}, sample=booleans, dtypes=("float64",)),
]
