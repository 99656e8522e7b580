"""Glassgrad differentiates Python by the chain rule and shows its work."""
from glassgrad.api.derivatives import grad, value_and_grad
