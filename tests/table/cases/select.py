"""Cases for the rows that choose."""

from tests.table.case import COMPLEX, Case, booleans

CASES = [
    Case("where", ((2, 3),) * 3, sample=[booleans, (-2.0, 2.0), (-2.0, 2.0)], dtypes=COMPLEX),
]
