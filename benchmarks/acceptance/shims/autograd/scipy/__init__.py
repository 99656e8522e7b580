"""SciPy's names by Glassgrad's namespace, then by SciPy itself."""

from autograd.scipy import integrate, linalg, signal, special, stats

__all__ = ["integrate", "linalg", "signal", "special", "stats"]
