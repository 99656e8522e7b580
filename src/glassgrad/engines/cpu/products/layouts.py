"""Which operands of a product are laid out before its tiles read them, and how; others are read in place. Floor 4."""

from glassgrad.engines.cpu.emit.types import bytes_of
from glassgrad.engines.cpu.native.caches import largest_cache
from glassgrad.engines.cpu.products.panels import Packing
from glassgrad.engines.cpu.products.product import Product, Windows
from glassgrad.engines.cpu.products.rows import RowCopy
from glassgrad.engines.cpu.products.tile import Tile
from glassgrad.engines.cpu.products.turning import Turning
from glassgrad.engines.cpu.products.windows import WindowCopy

PanelCopy = Packing | Turning | WindowCopy
BlockCopy = RowCopy | Turning | WindowCopy

DEEP = 384  # inner steps that a tile sums up at once, at most
_NEAR_BYTES = 3 << 14  # of rows of B that are read in place again and again: they stay in a first cache
_OFTEN, _OFTEN_NEAR = 4, 16  # tiles above one another for which B is laid out; near is what the second cache holds
_LARGE_BYTES = 1 << 18  # of B, from which it is not in the second cache
_FAR_APART = 1 << 11  # bytes between lines of A from which they meet in the cache
_WAYS = 8  # such lines that the first cache holds at a time
_LONG = 32  # inner steps from which rows of A are copied to lie beside one another
GATHERED = 6  # cycles in which a vector of windows is laid out
_MOVED = 3  # cycles in which a vector of what lies whole is laid out


# ------------------------------------------------------------------ panels of B
def panel_copy(product: Product, tile: Tile) -> PanelCopy | None:
    """How the panels of B are laid out that such tiles read; None where they are read in place."""
    if product.windows is not None and product.windows.operand == "b":
        return _gathering(product, product.windows, tile.lanes)
    if product.b.columns != 1:
        return Turning(product.kind, min(tile.lanes, 1 << (product.inner.bit_length() - 1)))
    if tile.columns % tile.lanes or _is_far(product, tile.rows):
        return Packing(product.kind, tile.vectors, tile.lanes, tile.columns)
    return None


def _is_far(product: Product, tile_rows: int) -> bool:
    """Is B read so often, in rows so far apart, that it is better laid out first?"""
    often = _OFTEN if _is_large(product) else _OFTEN_NEAR
    apart = product.b.rows * bytes_of(product.kind)
    return product.rows >= often * tile_rows and apart * min(product.inner, DEEP) > _NEAR_BYTES


def _is_large(product: Product) -> bool:
    """Does B come from further away than the second cache?"""
    return product.inner * product.columns * bytes_of(product.kind) > _LARGE_BYTES


def is_streamed(product: Product, copy: PanelCopy | None) -> bool:
    """Is a large B read in place, once or a few times? Then row beside row, as it lies."""
    return copy is None and product.b.columns == 1 and _is_large(product)


# ------------------------------------------------------------------ blocks of A
def block_copy(product: Product, tile_rows: int, tile_columns: int, lanes: int) -> BlockCopy | None:
    """How blocks of A are laid out that such tiles read; None where they are read in place."""
    if product.windows is not None:
        return _gathering(product, product.windows, lanes) if product.windows.operand == "a" else None
    often = product.columns >= 4 * tile_columns and product.rows > 16 and product.inner >= _LONG
    if not often or _lies_well(product, tile_rows):
        return None
    return RowCopy(product.kind) if product.a.columns == 1 else Turning(product.kind, lanes)


def _lies_well(product: Product, tile_rows: int) -> bool:
    """Do A's rows lie whole, and so that those of a tile are in the first cache together and all in the last one?"""
    apart = product.a.rows * bytes_of(product.kind)
    in_caches = tile_rows <= _WAYS and product.rows * apart <= largest_cache()
    return product.a.columns == 1 and (apart < _FAR_APART or in_caches)


# ------------------------------------------------------------------ both
def _gathering(product: Product, windows: Windows, lanes: int) -> WindowCopy:
    """How windows are laid out: whole vectors, or as many positions at once as surely lie in line."""
    lanes = min(lanes, 1 << (windows.beside.bit_length() - 1))
    return WindowCopy(product.kind, lanes, windows.apart, seams=windows.beside % lanes != 0)


def cycles_laid_out(copy: BlockCopy | PanelCopy | None, lanes: int) -> float:
    """How many multiplications take as long as laying out an element."""
    match copy:
        case None:
            return 0.0
        case WindowCopy(lanes=beside):
            return 2 * lanes * GATHERED / beside
    return 2 * _MOVED
