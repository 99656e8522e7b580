"""Floor 6: derivations in words, formulas, pages and pictures. The package is also the function `glassgrad.explain`.

Importing any module of this package binds the name `glassgrad.explain` to the package, so it answers calls itself.
"""

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """The package, which explains a function when it is called."""

    def __call__(self, function: Any, *args: Any, wrt: Any = None, **kwargs: Any) -> Any:
        """See `glassgrad.explain.explaining.explain`."""
        from glassgrad.explain.explaining import explain  # late: the printers are only needed here

        return explain(function, *args, wrt=wrt, **kwargs)


sys.modules[__name__].__class__ = _Callable
