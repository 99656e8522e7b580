"""What NumPy's functions mean on traced values, one file a family. Floor 3. Importing this package binds them all."""

from glassgrad.ops import compare as _compare  # noqa: F401 - binds the comparison operators
from glassgrad.tracing.dispatch import contraction, linalg, methods, reductions

__all__ = ["contraction", "linalg", "methods", "reductions"]
