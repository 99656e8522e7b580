"""The methods of arrays (`x.sum(axis=0)`, `x.T`, `x.reshape(2, 3)`), bound to tracers from the functions. Floor 3."""

from collections.abc import Callable
from typing import Any

import numpy as np

from glassgrad.tracing.registry import FUNCTIONS
from glassgrad.tracing.tracer import Tracer, note_origin

# Methods that are a NumPy function with the array as its first argument.
_AS_FUNCTIONS = {"sum": np.sum}


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Tracer, *args: Any, **kwargs: Any) -> Any:
        note_origin()
        return FUNCTIONS[function](self, *args, **kwargs)

    return method


for _name, _function in _AS_FUNCTIONS.items():
    setattr(Tracer, _name, _method(_function))
