"""Glassgrad differentiates Python by the chain rule and shows its work.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

import importlib
from typing import Any

_WHERE = {
    "glassgrad.api.derivatives": ("grad", "value_and_grad"),
    "glassgrad.api.linear": ("jvp", "vjp", "linearize"),
    "glassgrad.api.jacobians": ("jacobian", "hessian", "hvp", "elementwise_grad"),
    "glassgrad.api.mapping": ("vmap",),
    "glassgrad.api.compile": ("jit", "checkpoint"),
    "glassgrad.api.custom": ("custom_derivative", "stop_gradient"),
    "glassgrad.api.convolution": ("conv", "conv_transpose", "max_pool", "avg_pool"),
    "glassgrad.api.control": ("cond", "switch", "while_loop", "fori_loop", "scan"),
    "glassgrad.api.inspecting": ("profile",),
    "glassgrad.api.source": ("source",),
    "glassgrad.base.settings": ("settings",),
    "glassgrad.explain.derivation": ("Derivation",),
    "glassgrad.explain.deriving.derive": ("derive",),
    "glassgrad.explain.explaining": ("explain",),
    "glassgrad.explain.graphing": ("draw",),
    "glassgrad.testing.check": ("check_gradients",),
}
_SUBMODULES = ("doctor", "nn", "numpy", "optim", "random", "scipy", "sklearn", "train")
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names}

__all__ = sorted([*_MODULE_OF, *_SUBMODULES])  # noqa: PLE0605 - generated from the one table above


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"glassgrad.{name}")
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'glassgrad' has no attribute {name!r}{_meant(name)}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def _meant(name: str) -> str:
    from difflib import get_close_matches  # lazily: only a slip of the pen needs it

    close = () if name.startswith("_") else get_close_matches(name, __all__, n=1)
    return f". Did you mean {close[0]!r}?" if close else ""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
