"""Cases for Fourier transforms. Their meaning is NumPy's, and for irfft the inverse of the whole spectrum."""

from typing import Any

import numpy as np

from tests.table.case import COMPLEX, Case

_NORMS = ("backward", "ortho", "forward")


def _fft(x: Any, *, axes: Any, inverse: bool, norm: str) -> Any:
    for axis in axes:
        x = (np.fft.ifft if inverse else np.fft.fft)(x, axis=axis, norm=norm)
    return x


def _rfft(x: Any, *, axis: int, norm: str) -> Any:
    return np.take(np.fft.fft(x, axis=axis, norm=norm), np.arange(x.shape[axis] // 2 + 1), axis=axis)


def _irfft(y: Any, *, axis: int, size: int, norm: str) -> Any:
    """From the whole spectrum: the second half mirrors the first."""
    y = np.moveaxis(y, axis, -1)
    whole = np.concatenate([y, np.conj(y[..., 1 : size - y.shape[-1] + 1][..., ::-1])], axis=-1)
    whole[..., 0] = whole[..., 0].real
    if size % 2 == 0:
        whole[..., size // 2] = whole[..., size // 2].real
    return np.moveaxis(np.fft.ifft(whole, norm=norm).real, -1, axis)


CASES = [
    *[
        Case("fft", (shape,), {"axes": axes, "inverse": inverse, "norm": norm}, dtypes=COMPLEX, meaning=_fft, note=note)
        for note, shape, axes, inverse, norm in [
            ("line", (5,), (0,), False, "backward"),
            ("inverse", (2, 4), (1,), True, "backward"),
            ("ortho", (3, 2), (0,), False, "ortho"),
            ("forward", (3, 2), (0,), True, "forward"),
            ("several", (2, 3, 4), (2, 0), False, "ortho"),
            ("inverse-several", (2, 3), (0, 1), True, "backward"),
            ("one", (2, 1), (1,), False, "backward"),
            ("empty", (0, 3), (1,), False, "backward"),
        ]
    ],
    *[
        Case("rfft", (shape,), {"axis": axis, "norm": norm}, meaning=_rfft, note=f"{size}-{norm}")
        for size in (1, 2, 5, 6)
        for norm in _NORMS
        for shape, axis in [((2, size) if size % 2 else (size, 3), 1 if size % 2 else 0)]
    ],
    *[
        Case(
            "irfft",
            ((2, size // 2 + 1),),
            {"axis": 1, "size": size, "norm": norm},
            dtypes=("complex128", "complex64"),
            meaning=_irfft,
            note=f"{size}-{norm}",
        )
        for size in (1, 2, 5, 6)
        for norm in _NORMS
    ],
    Case("weigh_mirrored", ((3,),), {"factor": 2.0, "axis": 0, "size": 4}, dtypes=COMPLEX, note="even"),
    Case("weigh_mirrored", ((3, 2),), {"factor": 0.5, "axis": 0, "size": 5}, dtypes=COMPLEX, note="odd"),
]
