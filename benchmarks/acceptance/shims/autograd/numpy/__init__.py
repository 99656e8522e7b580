"""NumPy's names: Glassgrad's namespace first, then NumPy itself, which dispatches to Glassgrad on traced values."""

from typing import Any

import numpy as _np  # noqa: ICN001 - `np` would be one of this module's names

from autograd.numpy import fft, linalg, random
from autograd.numpy.lookup import found, module
from autograd.numpy.special_cases import c_, int64, make_diagonal, r_

_gg = module("glassgrad.numpy")

__version__ = _np.__version__
_own = {
    "r_": r_,
    "c_": c_,
    "int64": int64,
    "make_diagonal": make_diagonal,
    "random": random,
    "linalg": linalg,
    "fft": fft,
}
_renamed = {"row_stack": "vstack"}


def __getattr__(name: str) -> Any:
    return found(_renamed.get(name, name), _gg, _np)


__all__ = sorted({*_own, *(name for name in dir(_np) if not name.startswith("_"))})  # noqa: PLE0605 - generated
