"""scipy.linalg."""

from typing import Any

import scipy.linalg

from autograd.numpy.lookup import found, module


def __getattr__(name: str) -> Any:
    return found(name, module("glassgrad.scipy.linalg"), scipy.linalg)
