"""Cases for the contraction of two arrays."""

import numpy as np

from tests.table.case import COMPLEX, Case


def _einsum(a: np.ndarray, b: np.ndarray, *, spec: str) -> np.ndarray:
    return np.einsum(spec, a, b)


CASES = [
    Case("contract", shapes, {"spec": spec}, dtypes=COMPLEX, meaning=_einsum, note=spec.replace(",", "."))
    for spec, shapes in {
        "ij,jk->ik": ((2, 3), (3, 4)),
        "ij,jk->ki": ((2, 3), (3, 4)),
        "ij,j->i": ((2, 3), (3,)),
        "i,i->": ((3,), (3,)),
        "i,j->ij": ((2,), (3,)),
        "bij,bjk->bik": ((2, 3, 4), (2, 4, 2)),
        "bij,jk->bik": ((2, 3, 1), (1, 2)),
        "ijk,lkj->il": ((2, 3, 4), (2, 4, 3)),
        "i,i->i": ((3,), (3,)),
        "ij,jk->ij k".replace(" ", ""): ((2, 3), (3, 2)),
        ",i->i": ((), (3,)),
        "ij,jk->ik ".strip(): ((0, 3), (3, 2)),
    }.items()
]
