"""How a product is cut: the tile in registers, the blocks in the caches, the pieces for the threads. Floor 4.

All of it follows from the sizes, which are known, and from the registers of this processor. What is summed in which
order follows from the sizes alone.
"""

from dataclasses import dataclass
from math import ceil, lcm

from glassgrad.engines.cpu.emit.lanes import vector_bytes
from glassgrad.engines.cpu.emit.types import bytes_of
from glassgrad.engines.cpu.native.compiler import host_features
from glassgrad.engines.cpu.products.panels import Packing
from glassgrad.engines.cpu.products.product import Product
from glassgrad.engines.cpu.products.tile import Tile

_DEEP = 256  # inner steps that a tile sums up at once, at most
_PANEL_BYTES = 1 << 14  # of a panel of B: half a first cache
_BLOCK_BYTES = 1 << 17  # of a block of A: a part of the second cache
_ROOM_BYTES = 1 << 21  # of the panels of B that are laid out at once
_MOST_ROWS = 12  # of a tile
_FAR_APART = 1 << 11  # bytes between lines of A from which they meet in the cache
_LATENCY = 4  # cycles until the result of a multiplication and addition can be added to; two begin in each


@dataclass(frozen=True, slots=True)
class Columns:
    """What is done with panels of one width: the tiles, whether they are laid out first."""

    tile: Tile
    packing: Packing | None

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
    a_pitch: int = 0  # bytes between the lines of a block of A where it is copied; else 0
    a_room: int = 0


def registers() -> int:
    """How many vectors the processor holds."""
    features = host_features().split(",")
    return 32 if "+avx512f" in features or "+neon" in features else 16


def blocking_of(product: Product, threads: int) -> Blocking:
    """The choice for a product, to be shared by this many threads."""
    lanes = max(vector_bytes() // bytes_of(product.kind), 1)
    rows, vectors = _tile(product, lanes)
    full, rest = divmod(product.columns, vectors * lanes)
    panels = _columns(product, rows, vectors, lanes, vectors * lanes) if full else None
    last = None
    if rest:
        last_vectors = ceil(rest / lanes)
        last = _columns(product, _rows(product.rows, last_vectors, lanes), last_vectors, lanes, rest)
    return _blocks(product, panels, last, threads)


# ------------------------------------------------------------------ tiles
def _tile(product: Product, lanes: int) -> tuple[int, int]:
    """The rows and the vectors of the tile that needs the fewest cycles."""
    best: tuple[float, int, int] | None = None
    for vectors in range(1, 7):
        rows = _rows(product.rows, vectors, lanes)
        if rows and (vectors == 1 or (vectors - 1) * lanes < product.columns):
            full, rest = divmod(product.columns, vectors * lanes)
            last = ceil(rest / lanes)
            cycles = full * _cycles(product.rows, rows, vectors)
            if last:
                cycles += _cycles(product.rows, _rows(product.rows, last, lanes), last)
            cycles += 1e-3 * abs(vectors - 2)
            if best is None or cycles < best[0]:
                best = (cycles, rows, vectors)
    assert best is not None, "a tile of one vector always fits"
    return best[1:]


def _rows(rows: int, vectors: int, lanes: int) -> int:
    """The rows of a tile with this many vectors: as many as the registers hold, shared evenly."""
    del lanes
    most = min((registers() - 1 - vectors) // vectors, _MOST_ROWS)
    if most < 1:
        return 0
    return ceil(rows / ceil(rows / most)) if rows < 3 * most else most


def _cycles(rows: int, tile_rows: int, vectors: int) -> float:
    """The cycles of one inner step for all rows: multiplications, loads, or waiting for the sums."""
    full, rest = divmod(rows, tile_rows)
    return full * _tile_cycles(tile_rows, vectors) + (_tile_cycles(rest, vectors) if rest else 0)


def _tile_cycles(rows: int, vectors: int) -> float:
    return max(rows * vectors / 2, (rows + vectors) / 2, _LATENCY)


# ------------------------------------------------------------------ panels
def _columns(product: Product, rows: int, vectors: int, lanes: int, columns: int) -> Columns:
    tile = Tile(product.kind, rows, vectors, lanes, columns)
    turned = product.b.columns != 1
    packing = Packing(product.kind, vectors, lanes, columns, turned)
    return Columns(tile, packing if turned or columns % lanes or _is_far(product, rows) else None)


def _is_far(product: Product, tile_rows: int) -> bool:
    """Is B read so often, in rows so far apart, that it is better laid out first?"""
    size = bytes_of(product.kind)
    return product.rows >= 4 * tile_rows and product.b.rows * size * min(product.inner, _DEEP) > 2 * _PANEL_BYTES


# ------------------------------------------------------------------ blocks
def _blocks(product: Product, panels: Columns | None, last: Columns | None, threads: int) -> Blocking:
    size = bytes_of(product.kind)
    used = [columns for columns in (panels, last) if columns is not None]
    widest = max(columns.wide for columns in used)
    tile_columns = panels.tile.columns if panels is not None else widest
    unit = lcm(*[columns.tile.rows for columns in used])
    deep = _even(product.inner, min(_DEEP, max(_PANEL_BYTES // (widest * size), 16)))
    high = max(_BLOCK_BYTES // (deep * size) // unit, 1) * unit
    wide = max(_ROOM_BYTES // (deep * size) // tile_columns, 1) * tile_columns
    batch_parts, row_parts, column_parts = _parts(product, unit, tile_columns, threads)
    pitch = _pitch(product, deep, high) if _is_copied(product, tile_columns) else 0
    lines = high if product.a.columns == 1 else deep
    a_room = room = pitch * lines
    if any(columns.packing is not None for columns in used):
        most = min(ceil(ceil(product.columns / tile_columns) / column_parts) * tile_columns, wide)
        room += ceil((most + widest) * deep * size / 64) * 64
    parts = batch_parts, row_parts, column_parts
    return Blocking(panels, last, deep, high, wide, unit, tile_columns, *parts, room, pitch, a_room)


def _is_copied(product: Product, tile_columns: int) -> bool:
    """Is A read so often, in lines so far apart, that a block of it is better copied to lie closely?"""
    apart = max(product.a.rows, product.a.columns) * bytes_of(product.kind)
    return apart >= _FAR_APART and product.columns >= 4 * tile_columns and product.rows > 16


def _pitch(product: Product, deep: int, high: int) -> int:
    """The bytes between lines: an odd number of cache lines, so that neighbours do not meet in the cache."""
    length = (deep if product.a.columns == 1 else high) * bytes_of(product.kind)
    return (ceil(length / 64) | 1) * 64


def _even(whole: int, most: int) -> int:
    """At most so many at once, shared evenly."""
    return ceil(whole / ceil(whole / most))


_LEAST_SHARED = 1 << 18  # multiplications from which several threads are faster than one


def _parts(product: Product, row_unit: int, column_unit: int, threads: int) -> tuple[int, int, int]:
    """Into how many pieces the batches, the rows and the columns are cut."""
    if threads < 2 or product.multiplications < _LEAST_SHARED:
        return 1, 1, 1
    if product.batches >= threads:
        return threads, 1, 1
    rows, columns = ceil(product.rows / row_unit), ceil(product.columns / column_unit)
    best, found = 0.0, (1, 1)
    for row_parts in range(1, threads + 1):
        column_parts = threads // row_parts
        even = min(rows, row_parts) * min(columns, column_parts)
        waste = ceil(rows / row_parts) * ceil(columns / column_parts) * row_parts * column_parts / (rows * columns)
        score = even / waste - 0.01 * row_parts
        if row_parts <= rows and column_parts <= columns and score > best:
            best, found = score, (row_parts, column_parts)
    return 1, *found
