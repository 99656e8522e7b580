"""What the library calls boxes are Glassgrad's tracers."""

from autograd.core import getval, isbox, primitive

__all__ = ["getval", "isbox", "primitive"]
