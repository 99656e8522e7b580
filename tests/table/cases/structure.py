"""Cases for the rows on which the others build: cast, real, broadcast, reshape, transpose, sum; and the barrier."""

import numpy as np

from tests.table.case import COMPLEX, Case

CASES = [
    Case("cast", ((2, 3),), {"dtype": np.dtype(np.complex128)}, dtypes=("float64",)),
    Case("cast", ((2, 3),), {"dtype": np.dtype(np.float64)}, dtypes=("float64",), note="same"),
    Case("real", ((2, 3),), dtypes=("complex128", "complex64")),
    Case("broadcast", ((3, 1),), {"shape": (2, 3, 4)}, dtypes=COMPLEX),
    Case("broadcast", ((),), {"shape": (0, 2)}, dtypes=COMPLEX),
    Case("reshape", ((2, 6),), {"shape": (3, 1, 4)}, dtypes=COMPLEX),
    Case("transpose", ((2, 3, 4),), {"axes": (2, 0, 1)}, dtypes=COMPLEX),
    Case("transpose", ((2, 3),), {"axes": (1, 0)}, dtypes=COMPLEX),
    Case("sum", ((2, 3, 4),), {"axes": (0, 2)}, dtypes=COMPLEX),
    Case("sum", ((2, 3),), {"axes": (0, 1)}, dtypes=COMPLEX),
    Case("stop_gradient", ((2, 3),), dtypes=COMPLEX, order=0),
    Case("sum", ((2, 0),), {"axes": (1,)}, dtypes=COMPLEX),
]
