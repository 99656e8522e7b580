"""scipy.integrate."""

from typing import Any

import scipy.integrate

from autograd.numpy.lookup import found, module


def __getattr__(name: str) -> Any:
    return found(name, module("glassgrad.scipy.integrate"), scipy.integrate)
