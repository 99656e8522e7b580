"""The extension interface."""

from autograd.core import defjvp, defvjp, primitive

__all__ = ["defjvp", "defvjp", "primitive"]
