"""A small product as calls of its tiles, one after another, without the loops around them. Floor 4."""

from dataclasses import dataclass

from glassgrad.engines.cpu.products.blocking import Blocking
from glassgrad.engines.cpu.products.product import Product
from glassgrad.engines.cpu.products.tile import Tile

_MOST = 16  # tiles: the calls of more are longer than the loops


@dataclass(frozen=True, slots=True)
class Placed:
    """A tile, and the row and the column of C with which it begins."""

    tile: Tile
    row: int
    column: int


def straight(product: Product, blocking: Blocking) -> list[Placed] | None:
    """The tiles of a product in the order in which the loops come to them.

    None where they are many, or where there is more to do: threads, batches, sums in parts, operands to lay out first.
    """
    used = [columns for columns in (blocking.panels, blocking.last) if columns is not None]
    laid_out = blocking.a_copy is not None or any(columns.packing is not None for columns in used)
    repeated = (product.batches, product.repeats, blocking.pieces) != (1, 1, 1) or blocking.deep < product.inner
    if laid_out or repeated or product.windows is not None:
        return None
    found = []
    for column in range(0, product.columns, blocking.tile_columns):
        is_whole = product.columns - column >= blocking.tile_columns
        columns = blocking.panels if is_whole else blocking.last
        assert columns is not None, "a blocking has what its product needs"
        for row in range(0, product.rows, columns.tile.rows):
            rows = min(columns.tile.rows, product.rows - row)
            found.append(Placed(columns.tile.with_rows(rows), row, column))
    return found if len(found) <= _MOST else None
