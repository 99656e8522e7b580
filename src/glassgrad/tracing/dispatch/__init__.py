"""What NumPy's functions mean on traced values, one file a family. Floor 3. Importing this package binds them all."""

from glassgrad.ops import compare as _compare  # noqa: F401 - binds the comparison operators
from glassgrad.tracing import operators as _operators  # noqa: F401 - binds the operators
from glassgrad.tracing.dispatch import (
    along,
    calculus,
    contraction,
    convolution,
    creation,
    elementwise,
    fourier,
    indexing,
    joining,
    linalg,
    methods,
    padding,
    reductions,
    searching,
    selection,
    shape,
    sorting,
    special,
    statistics,
    ufuncs,
)

__all__ = [
    "along",
    "calculus",
    "contraction",
    "convolution",
    "creation",
    "elementwise",
    "fourier",
    "indexing",
    "joining",
    "linalg",
    "methods",
    "padding",
    "reductions",
    "searching",
    "selection",
    "shape",
    "sorting",
    "special",
    "statistics",
    "ufuncs",
]
