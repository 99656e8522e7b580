"""Cases for linear algebra, with leading axes and complex matrices."""

import numpy as np

from tests.table.case import COMPLEX, Case, complex_normal, normal


def conditioned(generator, shape):
    """Square matrices far from singular."""
    return generator.uniform(-1, 1, shape) + 3 * np.eye(shape[-1])


def positive(generator, shape):
    """Symmetric matrices with positive, well separated eigenvalues."""
    q = np.linalg.qr(generator.normal(size=shape))[0]
    return (q * np.arange(1.0, shape[-1] + 1)) @ np.swapaxes(q, -1, -2)


def separated(generator, shape):
    """Matrices with well separated singular values."""
    u, _, vh = np.linalg.svd(generator.normal(size=shape), full_matrices=False)
    return (u * np.arange(1.0, min(shape[-2:]) + 1)) @ vh


_DOUBLE = ("float64",)

CASES = [
    *[
        Case(name, (shape,), sample=conditioned, dtypes=COMPLEX, analytic=True, tolerance=1e-6, note=f"{len(shape)}d")
        for name in ("inv", "det")
        for shape in ((3, 3), (2, 2, 2))
    ],
    Case("cofactor", ((3, 3),), sample=conditioned, dtypes=COMPLEX, tolerance=1e-5),
    Case("det", ((1, 1),), sample=conditioned, note="one"),
    *[
        Case("slogdet", (shape,), sample=conditioned, tolerance=1e-6, note=f"{len(shape)}d")
        for shape in ((3, 3), (2, 2, 2))
    ],
    *[
        Case("solve", shapes, sample=[conditioned, normal], tolerance=1e-6, note=f"{len(shapes[0])}d")
        for shapes in (((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 1)))
    ],
    *[
        Case(
            "solve_triangular",
            ((3, 3), (3, 2)),
            {"lower": lower, "unit": unit},
            sample=[conditioned, normal],
            tolerance=1e-6,
            note=f"lower{lower}-unit{unit}",
        )
        for lower in (True, False)
        for unit in (True, False)
    ],
    *[
        Case("pinv", (shape,), {"rcond": 1e-15}, sample=separated, dtypes=_DOUBLE, tolerance=1e-6)
        for shape in ((4, 3), (3, 4), (2, 3, 2))
    ],
    *[Case("cholesky", (shape,), sample=positive, tolerance=1e-6, dtypes=_DOUBLE) for shape in ((3, 3), (2, 2, 2))],
    *[
        Case(
            "eigh",
            (shape,),
            {"lower": lower},
            sample=positive,
            dtypes=_DOUBLE,
            tolerance=1e-6,
            note=f"{len(shape)}{lower}",
        )
        for shape in ((3, 3), (2, 2, 2))
        for lower in (True, False)
    ],
    Case("eig", ((3, 3),), sample=positive, dtypes=_DOUBLE, tolerance=1e-6),
    *[
        Case("svd", (shape,), sample=separated, dtypes=_DOUBLE, tolerance=1e-6)
        for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2))
    ],
    Case("svd_full", ((3, 2),), sample=separated, dtypes=_DOUBLE),
    *[
        Case("qr", (shape,), sample=separated, dtypes=_DOUBLE, tolerance=1e-6)
        for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2))
    ],
    *[
        Case("expm", (shape,), dtypes=("float64", "complex128"), analytic=True, tolerance=1e-6, note=f"{len(shape)}d")
        for shape in ((3, 3), (2, 2, 2))
    ],
    Case("expm_derivative", ((2, 2), (2, 2)), dtypes=_DOUBLE, tolerance=1e-6),
    Case("expm_derivative", ((2, 2), (2, 2), (2, 2)), dtypes=_DOUBLE, tolerance=1e-6, order=1, note="second"),
    *[Case("sqrtm", (shape,), sample=positive, dtypes=_DOUBLE, tolerance=1e-6) for shape in ((3, 3), (2, 2, 2))],
    Case("sylvester", ((2, 2), (3, 3), (2, 3)), sample=[conditioned] * 2 + [normal], dtypes=_DOUBLE, tolerance=1e-6),
    *[
        Case(
            name,
            ((2, 3, 4),),
            {"offset": offset},
            sample=complex_normal if name == "none" else None,
            dtypes=COMPLEX,
            analytic=True,
            note=f"k{offset}",
        )
        for name in ("tril", "triu")
        for offset in (-1, 0, 2)
    ],
    *[
        Case("diagonal", ((3, 4, 2),), {"first": first, "second": second, "offset": offset}, note=f"{first}{offset}")
        for first, second in ((0, 1), (2, 0))
        for offset in (-1, 0, 1)
    ],
    *[
        Case("put_diagonal", ((2, 3),), {"first": 1, "second": 2, "offset": offset, "sizes": (4, 4)}, note=f"k{offset}")
        for offset in (-1, 1)
    ],
]
