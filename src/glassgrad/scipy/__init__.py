"""SciPy's functions for traced values: `glassgrad.scipy.linalg.expm(x)`. Roof: the names mirror SciPy's.

Plain arrays go straight to SciPy. Submodules load when they are first used.

>>> grad(scipy.special.logsumexp)(np.array([0.0, 0.0]))
array([0.5, 0.5])
"""

import importlib
from types import ModuleType

_SUBMODULES = ("fft", "integrate", "linalg", "misc", "signal", "special", "stats")

__all__ = list(_SUBMODULES)


def __getattr__(name: str) -> ModuleType:
    if name not in _SUBMODULES:
        raise AttributeError(f"module 'glassgrad.scipy' has no attribute {name!r}")
    return importlib.import_module(f"glassgrad.scipy.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES})
