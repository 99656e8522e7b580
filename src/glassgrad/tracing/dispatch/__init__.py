"""What NumPy's functions mean on traced values, one file a family. Floor 3. Importing this package binds them all."""

from glassgrad.tracing.dispatch import contraction, methods, reductions

__all__ = ["contraction", "methods", "reductions"]
