"""The pieces of a product for the threads. Floor 4."""

from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from glassgrad.engines.cpu.products.product import Product

_LEAST_SHARED = 1 << 19  # multiplications from which several threads are faster than one
_LEAST_PIECE = 1 << 21  # multiplications in a piece, if that leaves each thread one
_MOST_PIECES = 8  # for each thread
_AS_GOOD = 1.02  # times as long as with the best pieces it may take with more of them

_Numbers = NDArray[np.float64]


def is_shared(product: Product, threads: int) -> bool:
    """Is it so large that threads share it?"""
    return threads > 1 and product.multiplications >= _LEAST_SHARED


def parts_of(
    product: Product, units: tuple[int, int], costs: tuple[float, float], threads: int
) -> tuple[int, int, int]:
    """Into how many pieces the batches, the rows and the columns are cut: so that the slowest thread takes little time.

    More pieces than threads where they cost little, so that a thread that is slow leaves more to the others. Each piece
    lays out its own rows of A and columns of B; `costs` is what an element of each takes.
    """
    if not is_shared(product, threads):
        return 1, 1, 1
    most = max(min(product.multiplications // (threads * _LEAST_PIECE), _MOST_PIECES), 1)
    if product.batches >= threads:
        return min(threads * most, product.batches), 1, 1
    whole_rows, whole_columns = ceil(product.rows / units[0]), ceil(product.columns / units[1])
    numbers = range(threads, threads * most + 1, threads)
    wanted = np.repeat(numbers, [min(pieces, whole_rows) for pieces in numbers])  # for many threads they are thousands
    row_parts = np.concatenate([np.arange(1, min(pieces, whole_rows) + 1) for pieces in numbers])
    column_parts = np.minimum(wanted // row_parts, whole_columns)
    largest = _time(-(-whole_rows // row_parts) * units[0], -(-whole_columns // column_parts) * units[1], costs)
    average = _time(product.rows / row_parts, product.columns / column_parts, costs)
    count = row_parts * column_parts
    time = np.maximum(largest, -(-count // threads) * average)
    good = time <= time.min() * _AS_GOOD
    best = np.where(good & (count == count[good].max()), time, np.inf).argmin()
    return 1, int(row_parts[best]), int(column_parts[best])


def _time(rows: _Numbers, columns: _Numbers, costs: tuple[float, float]) -> _Numbers:
    """What pieces take, in multiplications for each inner step."""
    return rows * columns + rows * costs[0] + columns * costs[1]


def cuts(size: int, unit: int, parts: int) -> list[tuple[int, int]]:
    """Where each part begins and ends, in whole units but for the last."""
    ends = [min(ceil(size / unit) * part // parts * unit, size) for part in range(parts + 1)]
    return list(pairwise(ends))
