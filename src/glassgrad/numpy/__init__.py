"""NumPy's namespace for traced values, to the array API standard (2024.12). Roof: the names mirror NumPy's.

    import glassgrad.numpy as np

Plain arrays go straight to NumPy. Beyond what NumPy passes on by itself, functions take lists that hold traced values
(`np.array([x, y])`, `np.mean([x, y])`), and what is created inside a trace may be written into with traced values:

>>> import glassgrad as gg, glassgrad.numpy as np
>>> def squares(x):
...     out = np.zeros(3)
...     for i in range(3):
...         out[i] = x**i
...     return out.sum()
>>> gg.grad(squares)(2.0)
np.float64(5.0)

Names are looked up when they are first used.
"""

import importlib
from typing import Any

import numpy as np

from glassgrad.numpy import creation, joining, standard
from glassgrad.numpy.mirror import mirrored

_SUBMODULES = ("fft", "linalg", "random")
_OWN: dict[str, Any] = {
    name: getattr(module, name) for module in (creation, joining, standard) for name in module.__all__
}


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        found = importlib.import_module(f"glassgrad.numpy.{name}")
    elif name in _OWN:
        found = _OWN[name]
    else:
        found = mirrored(np, name, __name__)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *np.__all__, *_OWN, *_SUBMODULES})
