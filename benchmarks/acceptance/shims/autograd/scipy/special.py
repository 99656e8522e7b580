"""scipy.special."""

from typing import Any

import scipy.special

from autograd.numpy.lookup import found, module


def __getattr__(name: str) -> Any:
    return found(name, module("glassgrad.scipy.special"), scipy.special)
