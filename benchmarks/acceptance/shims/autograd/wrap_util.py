"""Operators on functions of several arguments."""

from autograd.core import name_of as get_name
from autograd.core import unary_to_nary

__all__ = ["get_name", "unary_to_nary"]
