"""`numpy.fft` for traced values; plain arrays go straight to NumPy."""

from typing import Any

import numpy as np

from glassgrad.numpy.mirror import mirrored


def fftfreq(n: int, /, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of a discrete Fourier transform.

    >>> fftfreq(4)
    array([ 0.  ,  0.25, -0.5 , -0.25])
    """
    found = np.fft.fftfreq(n, d)
    return found if dtype is None else found.astype(dtype)


def rfftfreq(n: int, /, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of a discrete Fourier transform of real numbers.

    >>> rfftfreq(4)
    array([0.  , 0.25, 0.5 ])
    """
    found = np.fft.rfftfreq(n, d)
    return found if dtype is None else found.astype(dtype)


def __getattr__(name: str) -> Any:
    found = globals()[name] = mirrored(np.fft, name, __name__)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *np.fft.__all__})
