"""How a product is cut: the tile in registers, the blocks in the caches, the pieces for the threads. Floor 4.

All of it follows from the sizes, which are known, and from the registers of this processor. What is summed in which
order follows from the sizes alone.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, lcm, prod

from glassgrad.engines.cpu.emit.lanes import vector_bytes
from glassgrad.engines.cpu.emit.types import bytes_of
from glassgrad.engines.cpu.native.caches import largest_cache
from glassgrad.engines.cpu.native.target import registers
from glassgrad.engines.cpu.products.panels import Packing
from glassgrad.engines.cpu.products.product import Product, Windows
from glassgrad.engines.cpu.products.rows import RowCopy
from glassgrad.engines.cpu.products.tile import Tile
from glassgrad.engines.cpu.products.turning import Turning
from glassgrad.engines.cpu.products.windows import WindowCopy

_DEEP = 384  # inner steps that a tile sums up at once, at most
_PANEL_BYTES = 3 << 15  # of a panel of B: with a block of A it fits the second cache, from which tiles stream it
_BLOCK_BYTES = 3 << 17  # of a block of A: most of the second cache
_NEAR_BYTES = 3 << 14  # of rows of B that are read in place again and again: they stay in a first cache
_LARGE_BYTES = 1 << 18  # of B, from which it is not in the second cache
_LINE = 64  # bytes that are fetched together
_SHORT = 16  # inner steps of a tile that reads B in place, row beside row: each row is a stream of its own
_ROOM_BYTES = 1 << 21  # of the panels of B that are laid out at once
_MOST_ROWS = 12  # of a tile
_AS_FAST = 1.04  # times as long as the fastest a tile may take that leaves no rows behind
_NOTICED = 1.002  # times as fast as others a tile has to be that leaves columns behind
_FAR_APART = 1 << 11  # bytes between lines of A from which they meet in the cache
_WAYS = 8  # such lines that the first cache holds at a time
_LONG = 32  # inner steps from which rows of A are copied to lie beside one another
_LOOP = 3  # instructions of a tile's loop besides
_WIDTH = 3.6  # instructions in a cycle, as measured: tiles with few loads are ahead
_CALL = 24  # cycles in which a tile is called and its sums are stored
_GATHERED = 6  # cycles in which a vector of windows is laid out
_MOVED = 3  # cycles in which a vector of what lies whole is laid out
_LATENCY = 4  # cycles until the result of a multiplication and addition can be added to; two begin in each


@dataclass(frozen=True, slots=True)
class Columns:
    """What is done with panels of one width: the tiles, whether they are laid out first."""

    tile: Tile
    packing: Packing | Turning | WindowCopy | None

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
    a_copy: RowCopy | Turning | WindowCopy | None = None  # how

    @property
    def pieces(self) -> int:
        """How many the threads share."""
        return self.batch_parts * self.row_parts * self.column_parts

    def bounds(self, product: Product) -> list[tuple[int, int, int, int, int, int]]:
        """Of each piece: its first batch and the one behind its last, and so its rows and its columns."""
        batches = _cuts(product.batches, 1, self.batch_parts)
        rows = _cuts(product.rows, self.row_unit, self.row_parts)
        columns = _cuts(product.columns, self.tile_columns, self.column_parts)
        return [(*some, *high, *wide) for some in batches for high in rows for wide in columns]


def _cuts(size: int, unit: int, parts: int) -> list[tuple[int, int]]:
    """Where each part begins and ends, in whole units but for the last."""
    ends = [min(ceil(size / unit) * part // parts * unit, size) for part in range(parts + 1)]
    return list(pairwise(ends))


def blocking_of(product: Product, threads: int) -> Blocking:
    """The choice for a product, to be shared by this many threads."""
    lanes = max(vector_bytes() // bytes_of(product.kind), 1)
    cycles, rows, vectors = _tile(product, lanes)
    tile = _tile_in_place(product, lanes, cycles)
    if tile is not None:
        return _blocks(product, Columns(tile, None), None, threads, copied=False)
    wide = vectors * lanes
    full, rest = divmod(product.columns, wide)
    shared = product.rows
    if full + bool(rest) == 1 and _is_shared(product, threads) and product.batches < threads:
        shared = ceil(product.rows / threads)  # only rows can be cut: into tiles that fill the pieces evenly
        rows = _rows(shared, vectors)
    in_place = _reads_in_place(product, rows, vectors, lanes)
    if in_place:
        rows = _rows(shared, vectors, in_place=True)
    rows = _without_rest(product, rows, vectors)
    windows = "a" if in_place else ""
    copied = not in_place and _is_copied(product, rows, wide)
    panels = _columns(product, (rows, vectors, lanes, wide), windows) if full else None
    last = None
    if rest:
        last_vectors = ceil(rest / lanes)
        last_rows = _rows(shared, last_vectors, in_place=in_place)
        last_rows = _without_rest(product, last_rows, last_vectors, rows if full else 1)
        last = _columns(product, (last_rows, last_vectors, lanes, rest), windows)
    return _blocks(product, panels, last, threads, copied=copied)


# ------------------------------------------------------------------ tiles
def _tile(product: Product, lanes: int) -> tuple[float, int, int]:
    """The cycles of one inner step, the rows and the vectors of the tile that needs the fewest of them."""
    best: tuple[float, int, int] | None = None
    for vectors in range(1, 7):
        rows = _rows(product.rows, vectors)
        if rows and (vectors == 1 or (vectors - 1) * lanes < product.columns):
            full, rest = divmod(product.columns, vectors * lanes)
            last = ceil(rest / lanes)
            cycles = full * _cycles(product.rows, rows, vectors)
            if last:
                cycles += _cycles(product.rows, _rows(product.rows, last), last)
                cycles *= _NOTICED  # for them there are a tile and a copy more to compile
            if best is None or cycles < best[0]:
                best = (cycles, rows, vectors)
    assert best is not None, "a tile of one vector always fits"
    return best


def _tile_in_place(product: Product, lanes: int, cycles: float) -> Tile | None:
    """The tile that reads windows where they lie, unless it is faster to lay them out at first for this many cycles.

    It is as wide as some part of the neighbours that lie side by side; its last vector begins before the one beside
    it ends.
    """
    windows = product.windows
    if windows is None or windows.operand != "b" or windows.beside < lanes or windows.apart != 1:
        return None
    best, tile = cycles + product.columns * _GATHERED / lanes, None
    for columns in range(lanes, min(windows.beside, 6 * lanes) + 1):
        vectors = ceil(columns / lanes)
        rows = _rows(product.rows, vectors)
        if windows.beside % columns or not rows:
            continue
        # A step looks up where its row begins; half of the vectors lie in two lines.
        needed = product.columns / columns * _cycles(product.rows, rows, vectors, besides=_LOOP + 2 + vectors)
        if needed < best:
            best, tile = needed, Tile(product.kind, rows, vectors, lanes, columns, windows="b")
    return tile


def _reads_in_place(product: Product, rows: int, vectors: int, lanes: int) -> bool:
    """Is A windows that are read where they lie in less time than it takes to lay them out first for such tiles?"""
    fewer = _rows(product.rows, vectors, in_place=True)
    if product.windows is None or product.windows.operand != "a" or not fewer:
        return False
    panels = ceil(product.columns / (vectors * lanes))
    # A step looks up where it begins, and goes on to each row by a distance that may not be in a register.
    needed = panels * _cycles(product.rows, fewer, vectors, besides=_LOOP + 2 + fewer)
    return needed < panels * _cycles(product.rows, rows, vectors) + product.rows * _GATHERED / lanes


def _rows(rows: int, vectors: int, *, in_place: bool = False) -> int:
    """The rows of a tile with this many vectors: as many as the registers hold, shared evenly.

    The entries of an A that is read `in_place` are on their way into registers all at once.
    """
    most = min((registers() - 1 - vectors) // (vectors + in_place), _MOST_ROWS)
    if most < 1:
        return 0
    return ceil(rows / ceil(rows / most)) if rows < 3 * most else most


def _without_rest(product: Product, rows: int, vectors: int, beside: int = 1) -> int:
    """Fewer rows for a tile where they leave none behind and are as fast: there is a tile less to compile.

    Those of the tile `beside` it and these have to be cut at the same places.
    """
    most = _with_calls(product, rows, vectors) * _AS_FAST
    for fewer in range(rows, rows // 2, -1):
        alike = lcm(fewer, beside) <= lcm(rows, beside)
        if product.rows % fewer == 0 and alike and _with_calls(product, fewer, vectors) <= most:
            return fewer
    return rows


def _with_calls(product: Product, tile_rows: int, vectors: int) -> float:
    """The cycles of one inner step for all rows, with its share of what each tile does once."""
    return _cycles(product.rows, tile_rows, vectors) + ceil(product.rows / tile_rows) * _CALL / product.inner


def _cycles(rows: int, tile_rows: int, vectors: int, besides: int = _LOOP) -> float:
    """The cycles of one inner step for all rows: multiplications, loads, or waiting for the sums."""
    full, rest = divmod(rows, tile_rows)
    return full * _tile_cycles(tile_rows, vectors, besides) + (_tile_cycles(rest, vectors, besides) if rest else 0)


def _tile_cycles(rows: int, vectors: int, besides: int) -> float:
    multiplications = rows * vectors
    return max(multiplications / 2, (multiplications + rows + vectors + besides) / _WIDTH, _LATENCY)


# ------------------------------------------------------------------ panels
def _columns(product: Product, sizes: tuple[int, int, int, int], windows: str) -> Columns:
    rows, vectors, lanes, columns = sizes
    packing: Packing | Turning | WindowCopy | None = None
    if product.windows is not None and product.windows.operand == "b":
        packing = gathering(product, product.windows, lanes)
    elif product.b.columns != 1:
        packing = Turning(product.kind, min(lanes, 1 << (product.inner.bit_length() - 1)))
    elif columns % lanes or _is_far(product, rows):
        packing = Packing(product.kind, vectors, lanes, columns)
    return Columns(Tile(product.kind, rows, vectors, lanes, columns, windows), packing)


def gathering(product: Product, windows: Windows, lanes: int) -> WindowCopy:
    """How windows are laid out: whole vectors, or as many positions at once as surely lie in line."""
    lanes = min(lanes, 1 << (windows.beside.bit_length() - 1))
    return WindowCopy(product.kind, lanes, windows.apart, seams=windows.beside % lanes != 0)


def _is_far(product: Product, tile_rows: int) -> bool:
    """Is B read so often, in rows so far apart, that it is better laid out first?"""
    size = bytes_of(product.kind)
    return product.rows >= 4 * tile_rows and product.b.rows * size * min(product.inner, _DEEP) > _NEAR_BYTES


# ------------------------------------------------------------------ blocks
def _blocks(product: Product, panels: Columns | None, last: Columns | None, threads: int, *, copied: bool) -> Blocking:
    size = bytes_of(product.kind)
    used = [columns for columns in (panels, last) if columns is not None]
    widest = max(columns.wide for columns in used)
    tile_columns = panels.tile.columns if panels is not None else widest
    unit = lcm(*[columns.tile.rows for columns in used])
    most = min(_DEEP, max(_PANEL_BYTES // (widest * size), 16))
    deep = _even(product.inner, _SHORT if _is_streamed(product, used[0]) else most)
    high = min(max(_BLOCK_BYTES // (deep * size) // unit, 1), ceil(product.rows / unit)) * unit
    wide = max(_ROOM_BYTES // (deep * size) // tile_columns, 1) * tile_columns
    copy = _row_copy(product, used[0].tile.lanes) if copied else None
    costs = _laid_out(copy, used[0].tile.lanes), _laid_out(used[0].packing, used[0].tile.lanes)
    batch_parts, row_parts, column_parts = _parts(product, (unit, tile_columns), costs, threads)
    pitch = (ceil(deep * size / 64) | 1) * 64 if copied else 0  # an odd number of lines: neighbours do not meet
    a_room = room = pitch * high
    panel_step = deep * size if ceil(ceil(product.rows / unit) / row_parts) * unit > high else 0
    if any(columns.packing is not None for columns in used):
        most = min(ceil(ceil(product.columns / tile_columns) / column_parts) * tile_columns, wide)
        room += ceil(((most if panel_step else 0) + widest) * deep * size / _LINE) * _LINE
    parts = batch_parts, row_parts, column_parts
    return Blocking(panels, last, deep, high, wide, unit, tile_columns, *parts, room, panel_step, pitch, a_room, copy)


def _row_copy(product: Product, lanes: int) -> RowCopy | Turning | WindowCopy:
    if product.windows is not None:
        return gathering(product, product.windows, lanes)
    return RowCopy(product.kind) if product.a.columns == 1 else Turning(product.kind, lanes)


def _is_large(product: Product) -> bool:
    """Does B come from further away than the second cache?"""
    return product.inner * product.columns * bytes_of(product.kind) > _LARGE_BYTES


def _is_streamed(product: Product, columns: Columns) -> bool:
    """Is a large B read in place, once or a few times? Then row beside row, as it lies."""
    return columns.packing is None and product.b.columns == 1 and _is_large(product)


def _is_copied(product: Product, tile_rows: int, tile_columns: int) -> bool:
    """Is A read so often that a block of it is better laid out row by row first, unless it lies well as it is?"""
    if product.windows is not None:
        return product.windows.operand == "a"
    often = product.columns >= 4 * tile_columns and product.rows > 16 and product.inner >= _LONG
    return often and not _lies_well(product, tile_rows)


def _lies_well(product: Product, tile_rows: int) -> bool:
    """Do A's rows lie whole, and so that those of a tile are in the first cache together and all in the last one?"""
    apart = product.a.rows * bytes_of(product.kind)
    in_caches = tile_rows <= _WAYS and product.rows * apart <= largest_cache()
    return product.a.columns == 1 and (apart < _FAR_APART or in_caches)


def _even(whole: int, most: int) -> int:
    """At most so many at once, shared evenly; whole vectors but at the end."""
    return whole if whole <= most else min(ceil(whole / ceil(whole / most) / 16) * 16, most // 16 * 16)


_LEAST_SHARED = 1 << 19  # multiplications from which several threads are faster than one
_LEAST_PIECE = 1 << 21  # multiplications in a piece, if that leaves each thread one
_MOST_PIECES = 8  # for each thread
_AS_GOOD = 1.02  # times as long as with the best pieces it may take with more of them


def _is_shared(product: Product, threads: int) -> bool:
    return threads > 1 and product.multiplications >= _LEAST_SHARED


def _laid_out(copy: RowCopy | Packing | Turning | WindowCopy | None, lanes: int) -> float:
    """How many multiplications take as long as laying out an element."""
    match copy:
        case None:
            return 0.0
        case WindowCopy(lanes=beside):
            return 2 * lanes * _GATHERED / beside
    return 2 * _MOVED


def _parts(product: Product, units: tuple[int, int], costs: tuple[float, float], threads: int) -> tuple[int, int, int]:
    """Into how many pieces the batches, the rows and the columns are cut: so that the slowest thread takes little time.

    More pieces than threads where they cost little, so that a thread that is slow leaves more to the others. Each piece
    lays out its own rows of A and columns of B; `costs` is what an element of each takes.
    """
    if not _is_shared(product, threads):
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
            rounds = ceil(row_parts * column_parts / threads)
            found[row_parts, column_parts] = rounds * (rows * columns + rows * costs[0] + columns * costs[1])
    least = min(found.values())
    good = [parts for parts, time in found.items() if time <= least * _AS_GOOD]
    return 1, *max(good, key=lambda parts: (prod(parts), -found[parts]))
