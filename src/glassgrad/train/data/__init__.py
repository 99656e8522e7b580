"""Where training takes its batches from: arrays, files larger than memory, generators."""

from glassgrad.train.data.arrays import Arrays
from glassgrad.train.data.batches import Batch, Order, Source
from glassgrad.train.data.prefetch import Prefetched
from glassgrad.train.data.streams import Parquet, Stream

__all__ = ["Arrays", "Batch", "Order", "Parquet", "Prefetched", "Source", "Stream"]
