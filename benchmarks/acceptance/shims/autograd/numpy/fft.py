"""Fourier transforms."""

from typing import Any

import numpy as np

from autograd.numpy.lookup import found, module


def __getattr__(name: str) -> Any:
    return found(name, getattr(module("glassgrad.numpy"), "fft", None), np.fft)
