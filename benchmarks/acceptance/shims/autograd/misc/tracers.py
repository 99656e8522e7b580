"""A function traced once."""

from collections.abc import Callable
from functools import partial
from typing import Any

import glassgrad


def const_graph(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """The function with some arguments fixed, traced at its first call."""
    return glassgrad.jit(partial(fun, *args, **kwargs))
