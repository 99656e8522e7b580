"""The pieces of a product for the threads. Floor 4."""

from itertools import pairwise
from math import ceil, prod

from glassgrad.engines.cpu.products.product import Product

_LEAST_SHARED = 1 << 19  # multiplications from which several threads are faster than one
_LEAST_PIECE = 1 << 21  # multiplications in a piece, if that leaves each thread one
_MOST_PIECES = 8  # for each thread
_AS_GOOD = 1.02  # times as long as with the best pieces it may take with more of them


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
    found: dict[tuple[int, int], float] = {}
    for pieces in range(threads, threads * most + 1, threads):
        for row_parts in range(1, min(pieces, whole_rows) + 1):
            column_parts = min(pieces // row_parts, whole_columns)
            rows, columns = ceil(whole_rows / row_parts) * units[0], ceil(whole_columns / column_parts) * units[1]
            largest = _time(rows, columns, costs)
            average = _time(product.rows / row_parts, product.columns / column_parts, costs)
            rounds = ceil(row_parts * column_parts / threads)
            found[row_parts, column_parts] = max(largest, rounds * average)
    least = min(found.values())
    good = [parts for parts, time in found.items() if time <= least * _AS_GOOD]
    return 1, *max(good, key=lambda parts: (prod(parts), -found[parts]))


def _time(rows: float, columns: float, costs: tuple[float, float]) -> float:
    """What a piece takes, in multiplications for each inner step."""
    return rows * columns + rows * costs[0] + columns * costs[1]


def cuts(size: int, unit: int, parts: int) -> list[tuple[int, int]]:
    """Where each part begins and ends, in whole units but for the last."""
    ends = [min(ceil(size / unit) * part // parts * unit, size) for part in range(parts + 1)]
    return list(pairwise(ends))
