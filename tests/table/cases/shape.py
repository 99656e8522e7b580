"""Cases for joining, padding and rolling."""

from tests.table.case import COMPLEX, Case

CASES = [
    Case("concatenate", ((2, 3), (1, 3)), {"axis": 0}, dtypes=COMPLEX),
    Case("concatenate", ((2, 3), (2, 0), (2, 2)), {"axis": 1}, dtypes=COMPLEX),
    Case("stack", ((), (), ()), {"axis": 0}, dtypes=COMPLEX),
    Case("stack", ((2, 3), (2, 3)), {"axis": 0}, dtypes=COMPLEX),
    Case("stack", ((2, 3), (2, 3)), {"axis": 2}, dtypes=COMPLEX, note="last"),
    Case("pad", ((2, 3),), {"widths": ((1, 0), (2, 3))}, dtypes=COMPLEX),
    Case("pad", ((3,),), {"widths": ((0, 2),)}, dtypes=COMPLEX),
    Case("roll", ((4,),), {"axis": 0, "shift": -1}, dtypes=COMPLEX),
    Case("roll", ((2, 3),), {"axis": 1, "shift": 2}, dtypes=COMPLEX),
]
