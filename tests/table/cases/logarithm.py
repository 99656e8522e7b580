"""Cases for the logarithm of matrices."""

import numpy as np
import scipy.linalg

from tests.table.case import Case, normal
from tests.table.cases.linalg import positive

_DOUBLE = ("float64", "complex128")


def _of_each(a):
    return np.reshape([scipy.linalg.logm(one) for one in a.reshape(-1, *a.shape[-2:])], a.shape)


CASES = [
    *[
        Case("logm", (shape,), sample=positive, dtypes=_DOUBLE, meaning=_of_each, tolerance=1e-6, note=f"{len(shape)}d")
        for shape in ((3, 3), (2, 2, 2))
    ],
    Case("logm_derivative", ((2, 2), (2, 2)), sample=[positive, normal], dtypes=("float64",), tolerance=1e-6),
    Case(
        "logm_derivative",
        ((2, 2),) * 3,
        sample=[positive, normal, normal],
        dtypes=("float64",),
        tolerance=1e-5,
        order=1,
        note="second",
    ),
    Case("logm_derivative", ((2, 2, 2),) * 2, sample=[positive, normal], dtypes=("float64",), order=1, note="stack"),
]
