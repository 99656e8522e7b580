"""How a product is cut: tiles that lie in registers, panels and blocks in the caches, pieces for the threads. Floor 4.

All of it follows from the sizes, which are known, and from the registers of this processor. What is summed in which
order follows from the sizes alone.
"""

from dataclasses import dataclass
from math import ceil, lcm

from glassgrad.engines.cpu.emit.lanes import vector_bytes
from glassgrad.engines.cpu.emit.types import bytes_of
from glassgrad.engines.cpu.products.layouts import (
    DEEP,
    BlockCopy,
    PanelCopy,
    block_copy,
    cycles_laid_out,
    is_streamed,
    panel_copy,
)
from glassgrad.engines.cpu.products.pieces import cuts, is_shared, parts_of
from glassgrad.engines.cpu.products.product import Product
from glassgrad.engines.cpu.products.shapes import fastest, reads_in_place, rows_of_tile, tile_in_place, without_rest
from glassgrad.engines.cpu.products.tile import Tile

_PANEL_BYTES = 3 << 15  # of a panel of B: with a block of A it fits the second cache, from which tiles stream it
_BLOCK_BYTES = 3 << 17  # of a block of A: most of the second cache
_LINE = 64  # bytes that are fetched together
_SHORT = 16  # inner steps of a tile that reads B in place, row beside row: each row is a stream of its own
_ROOM_BYTES = 1 << 21  # of the panels of B that are laid out at once
_LEAST_BYTES = 16  # of a vector


@dataclass(frozen=True, slots=True)
class Columns:
    """What is done with panels of one width: the tiles, whether they are laid out first."""

    tile: Tile
    packing: PanelCopy | None

    @property
    def wide(self) -> int:
        """The columns of a panel as it lies, zeros included."""
        return self.tile.vectors * self.tile.lanes


@dataclass(frozen=True, slots=True)
class Blocking:
    """`panels` is for the panels of full width, `last` for what is left behind them; one of them may be missing."""

    panels: Columns | None
    last: Columns | None
    deep: int
    high: int
    wide: int
    row_unit: int
    tile_columns: int
    batch_parts: int = 1
    row_parts: int = 1
    column_parts: int = 1
    room_bytes: int = 0
    panel_step: int = 0  # bytes from the room of a column to that of the next; 0 where panels are laid out in one room
    a_pitch: int = 0  # bytes between the rows of a block of A where it is copied; else 0
    a_room: int = 0
    a_copy: BlockCopy | None = None  # how

    @property
    def pieces(self) -> int:
        """How many the threads share."""
        return self.batch_parts * self.row_parts * self.column_parts

    def bounds(self, product: Product) -> list[tuple[int, int, int, int, int, int]]:
        """Of each piece: its first batch and the one behind its last, and so its rows and its columns."""
        batches = cuts(product.batches, 1, self.batch_parts)
        rows = cuts(product.rows, self.row_unit, self.row_parts)
        columns = cuts(product.columns, self.tile_columns, self.column_parts)
        return [(*some, *high, *wide) for some in batches for high in rows for wide in columns]


def blocking_of(product: Product, threads: int) -> Blocking:
    """The choice for a product, to be shared by this many threads."""
    lanes = _lanes(product)
    cycles, rows, vectors = fastest(product, lanes)
    tile = tile_in_place(product, lanes, cycles)
    if tile is not None:
        return _blocks(product, Columns(tile, None), None, None, threads)
    wide = vectors * lanes
    full, rest = divmod(product.columns, wide)
    shared = product.rows
    if full + bool(rest) == 1 and is_shared(product, threads) and product.batches < threads:
        shared = ceil(product.rows / threads)  # only rows can be cut: into tiles that fill the pieces evenly
        rows = rows_of_tile(shared, vectors)
    in_place = reads_in_place(product, rows, vectors, lanes)
    if in_place:
        rows = rows_of_tile(shared, vectors, in_place=True)
    rows = without_rest(product, rows, vectors)
    windows = "a" if in_place else ""
    copy = None if in_place else block_copy(product, rows, wide, lanes)
    panels = _columns(product, Tile(product.kind, rows, vectors, lanes, wide, windows)) if full else None
    last = None
    if rest:
        last_vectors = ceil(rest / lanes)
        last_rows = rows_of_tile(shared, last_vectors, in_place=in_place)
        last_rows = without_rest(product, last_rows, last_vectors, rows if full else 1)
        last = _columns(product, Tile(product.kind, last_rows, last_vectors, lanes, rest, windows))
    return _blocks(product, panels, last, copy, threads)


def _lanes(product: Product) -> int:
    """As many as a register has, or half of them, or a quarter where the columns are no more.

    Of narrow vectors some processors multiply twice as many at a time.
    """
    size = bytes_of(product.kind)
    return max(min(vector_bytes() // size, max(1 << (product.columns - 1).bit_length(), _LEAST_BYTES // size)), 1)


def _columns(product: Product, tile: Tile) -> Columns:
    return Columns(tile, panel_copy(product, tile))


def _blocks(
    product: Product, panels: Columns | None, last: Columns | None, copy: BlockCopy | None, threads: int
) -> Blocking:
    size = bytes_of(product.kind)
    used = [columns for columns in (panels, last) if columns is not None]
    widest = max(columns.wide for columns in used)
    tile_columns = panels.tile.columns if panels is not None else widest
    unit = lcm(*[columns.tile.rows for columns in used])
    most = min(DEEP, max(_PANEL_BYTES // (widest * size), 16))
    deep = _even(product.inner, _SHORT if is_streamed(product, used[0].packing) else most)
    high = min(max(_BLOCK_BYTES // (deep * size) // unit, 1), ceil(product.rows / unit)) * unit
    wide = max(_ROOM_BYTES // (deep * size) // tile_columns, 1) * tile_columns
    costs = cycles_laid_out(copy, used[0].tile.lanes), cycles_laid_out(used[0].packing, used[0].tile.lanes)
    batch_parts, row_parts, column_parts = parts_of(product, (unit, tile_columns), costs, threads)
    # An odd number of lines, so that neighbours do not meet.
    pitch = (ceil(deep * size / _LINE) | 1) * _LINE if copy is not None else 0
    a_room = room = pitch * high
    panel_step = deep * size if ceil(ceil(product.rows / unit) / row_parts) * unit > high else 0
    if any(columns.packing is not None for columns in used):
        most = min(ceil(ceil(product.columns / tile_columns) / column_parts) * tile_columns, wide)
        room += ceil(((most if panel_step else 0) + widest) * deep * size / _LINE) * _LINE
    parts = batch_parts, row_parts, column_parts
    return Blocking(panels, last, deep, high, wide, unit, tile_columns, *parts, room, panel_step, pitch, a_room, copy)


def _even(whole: int, most: int) -> int:
    """At most so many at once, shared evenly; whole vectors but at the end."""
    return whole if whole <= most else min(ceil(whole / ceil(whole / most) / 16) * 16, most // 16 * 16)
