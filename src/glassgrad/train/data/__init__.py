"""Where training takes its batches from: arrays, files larger than memory, generators."""

from glassgrad.train.data.arrays import Arrays
from glassgrad.train.data.batches import Batch, Order, Source

__all__ = ["Arrays", "Batch", "Order", "Source"]
