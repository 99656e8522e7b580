"""Local rewrites: `table` holds them by op; the other modules declare them, each for its kind of op."""

from glassgrad.transforms.rewrites import arithmetic, choices, products, structure
from glassgrad.transforms.rewrites.table import NUMBERS, REWRITES, TELLING, fold_scalars

__all__ = ["NUMBERS", "REWRITES", "TELLING", "arithmetic", "choices", "fold_scalars", "products", "structure"]
