"""The shape of a product's tiles: so many rows and vectors that the processor needs the fewest cycles. Floor 4."""

from math import ceil, lcm

from glassgrad.engines.cpu.native.target import registers
from glassgrad.engines.cpu.products.layouts import GATHERED
from glassgrad.engines.cpu.products.product import Product
from glassgrad.engines.cpu.products.tile import Tile

_MOST_ROWS = 12  # of a tile
_AS_FAST = 1.04  # times as long as the fastest a tile may take that leaves no rows behind
_NOTICED = 1.002  # times as fast as others a tile has to be that leaves columns behind
_LOOP = 3  # instructions of a tile's loop besides
_WIDTH = 3.6  # instructions in a cycle, as measured: tiles with few loads are ahead
_CALL = 24  # cycles in which a tile is called and its sums are stored
_LATENCY = 4  # cycles until the result of a multiplication and addition can be added to; two begin in each


def fastest(product: Product, lanes: int) -> tuple[float, int, int]:
    """The cycles of one inner step, the rows and the vectors of the tile that needs the fewest of them."""
    best: tuple[float, int, int] | None = None
    for vectors in range(1, 7):
        rows = rows_of_tile(product.rows, vectors)
        if rows and (vectors == 1 or (vectors - 1) * lanes < product.columns):
            full, rest = divmod(product.columns, vectors * lanes)
            last = ceil(rest / lanes)
            cycles = full * _cycles(product.rows, rows, vectors)
            if last:
                cycles += _cycles(product.rows, rows_of_tile(product.rows, last), last)
                cycles *= _NOTICED  # for them there are a tile and a copy more to compile
            if best is None or cycles < best[0]:
                best = (cycles, rows, vectors)
    assert best is not None, "a tile of one vector always fits"
    return best


def tile_in_place(product: Product, lanes: int, cycles: float) -> Tile | None:
    """The tile that reads windows where they lie, unless it is faster to lay them out at first for this many cycles.

    It is as wide as some part of the neighbours that lie side by side; its last vector begins before the one beside
    it ends.
    """
    windows = product.windows
    if windows is None or windows.operand != "b" or windows.beside < lanes or windows.apart != 1:
        return None
    best, tile = cycles + product.columns * GATHERED / lanes, None
    for columns in range(lanes, min(windows.beside, 6 * lanes) + 1):
        vectors = ceil(columns / lanes)
        rows = rows_of_tile(product.rows, vectors)
        if windows.beside % columns or not rows:
            continue
        # A step looks up where its row begins; half of the vectors lie in two lines.
        needed = product.columns / columns * _cycles(product.rows, rows, vectors, besides=_LOOP + 2 + vectors)
        if needed < best:
            best, tile = needed, Tile(product.kind, rows, vectors, lanes, columns, windows="b")
    return tile


def reads_in_place(product: Product, rows: int, vectors: int, lanes: int) -> bool:
    """Is A windows that are read where they lie in less time than it takes to lay them out first for such tiles?"""
    fewer = rows_of_tile(product.rows, vectors, in_place=True)
    if product.windows is None or product.windows.operand != "a" or not fewer:
        return False
    panels = ceil(product.columns / (vectors * lanes))
    # A step looks up where it begins, and goes on to each row by a distance that may not be in a register.
    needed = panels * _cycles(product.rows, fewer, vectors, besides=_LOOP + 2 + fewer)
    return needed < panels * _cycles(product.rows, rows, vectors) + product.rows * GATHERED / lanes


def rows_of_tile(rows: int, vectors: int, *, in_place: bool = False) -> int:
    """The rows of a tile with this many vectors: as many as the registers hold, shared evenly.

    The entries of an A that is read `in_place` are on their way into registers all at once.
    """
    most = min((registers() - 1 - vectors) // (vectors + in_place), _MOST_ROWS)
    if most < 1:
        return 0
    return ceil(rows / ceil(rows / most)) if rows < 3 * most else most


def without_rest(product: Product, rows: int, vectors: int, beside: int = 1) -> int:
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
