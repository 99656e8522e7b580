"""The call of a product in a program, and the room that it needs. Floor 4."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from glassgrad.base.settings import current
from glassgrad.engines.cpu.emit.types import I64, bytes_of
from glassgrad.engines.cpu.native.threads import processor_count
from glassgrad.engines.cpu.products.blocking import Blocking, Columns, blocking_of
from glassgrad.engines.cpu.products.driver import ARGUMENTS, DRIVER, WORDS
from glassgrad.engines.cpu.products.panels import Packing
from glassgrad.engines.cpu.products.product import Product, Steps, product_of
from glassgrad.engines.cpu.products.rows import RowCopy
from glassgrad.engines.cpu.products.straight import Placed, straight
from glassgrad.engines.cpu.products.tile import TILE_TYPES, Tile
from glassgrad.engines.cpu.products.turning import Turning
from glassgrad.engines.cpu.products.windows import WindowCopy
from glassgrad.graph.node import Node

if TYPE_CHECKING:
    from glassgrad.engines.cpu.emit.frame import Frame
    from glassgrad.engines.cpu.emit.module import Module

Part: TypeAlias = Tile | Packing | RowCopy | Turning | WindowCopy


def room_of(node: Node) -> int:
    """The bytes that a product needs while it is computed."""
    product, _, _ = product_of(node)
    blocking = blocking_of(product, _threads())
    return blocking.room_bytes * min(_threads(), blocking.pieces)


def write_product(module: "Module", frame: "Frame", node: Node) -> None:
    """Calls the driver with the product's numbers, for each of its pieces; or the tiles of a small product."""
    product, first, second = product_of(node)
    blocking = blocking_of(product, _threads())
    tiles = straight(product, blocking)
    if tiles is not None:
        _call_tiles(module, frame, tiles, product, (frame.pointer(first), frame.pointer(second), frame.pointer(node)))
        return
    given = {
        "words": module.numbers(_words(module, product, blocking)),
        "a": frame.pointer(first),
        "b": frame.pointer(second),
        "c": frame.pointer(node),
        "room": frame.scratch(node) if node in frame.plan.scratch else "null",
    }
    size = bytes_of(product.kind)
    for letter, steps in (("a", product.a), ("b", product.b)):
        given |= {
            f"{letter}_rows": _constant_pointer(steps.rows * size),
            f"{letter}_columns": _constant_pointer(steps.columns * size),
        }
    if product.windows is not None:
        tables = {"rows": frame.pointer(node.inputs[2]), "columns": frame.pointer(node.inputs[3])}
        given |= {f"{product.windows.operand}_{along}": table for along, table in tables.items()}
    arguments = frame.function.table([given[name] for name in ARGUMENTS])
    module.symbols[DRIVER] = f"declare void @{DRIVER}(ptr, i64, i64)"
    if blocking.pieces == 1:
        frame.writer.line(f"call void @{DRIVER}(ptr {arguments}, i64 0, i64 0)")
        return
    module.symbols["fork_join"] = "declare void @fork_join(ptr, ptr, i64, i64)"
    given_out = f"ptr {arguments}, i64 {blocking.pieces}, i64 {_threads()}"
    frame.writer.line(f"call void @fork_join(ptr @{DRIVER}, {given_out})")


def _call_tiles(
    module: "Module", frame: "Frame", tiles: Sequence[Placed], product: Product, operands: tuple[str, str, str]
) -> None:
    """Calls the tiles one after another; `operands` are the addresses of A, B and C."""
    w, size = frame.writer, bytes_of(product.kind)
    a, b, c = operands
    for placed in tiles:
        module.symbols[placed.tile.name] = _declared(placed.tile)
        given = (
            f"ptr {w.element(a, placed.row * product.a.rows, size)}",
            f"i64 {product.a.rows * size}",
            f"i64 {product.a.columns * size}",
            f"ptr {w.element(b, placed.column * product.b.columns, size)}",
            f"i64 {product.b.rows * size}",
            f"i64 {product.inner}",
            f"ptr {w.element(c, placed.row * product.c.rows + placed.column, size)}",
            f"i64 {product.c.rows * size}",
            "i64 0",
        )
        w.line(f"call void @{placed.tile.name}({', '.join(given)})")


def _constant_pointer(number: int) -> str:
    return f"inttoptr (i64 {number} to ptr)"


def _threads() -> int:
    return current().threads or processor_count()


def _words(module: "Module", product: Product, blocking: Blocking) -> list[str]:
    """The numbers that describe the product to the driver, in its order, and the bounds of its pieces."""
    size = bytes_of(product.kind)
    known: dict[str, int | str] = {
        "inner": product.inner, "repeats": product.repeats, "columns": product.columns, "size": size,
        "deep": blocking.deep, "wide": blocking.wide, "high": blocking.high, "tile_columns": blocking.tile_columns,
        "room_bytes": blocking.room_bytes, "a_room": blocking.a_room, "panel_step": blocking.panel_step,
        "a_copy": _part(module, blocking.a_copy), "a_entry": 0, "b_entry": 0,
    }  # fmt: skip
    known |= _distances("a", product.a, "row", "inner", size)
    known |= _distances("b", product.b, "inner", "column", size)
    known |= _distances("c", product.c, "row", "column", size)
    copied = blocking.a_copy is not None
    known["tile_a_row"] = blocking.a_pitch if copied else known["a_row"]
    known["tile_a_inner"] = size if copied else known["a_inner"]
    if product.windows is not None:
        known[f"{product.windows.operand}_entry"] = bytes_of(I64)
    in_place = next(columns.tile.windows for columns in (blocking.panels, blocking.last) if columns is not None)
    known |= {f"{operand}_in_place": int(operand == in_place) for operand in "ab"}
    if in_place == "a":
        known["tile_a_row"] = bytes_of(I64)  # from one row of the table to the next
    for prefix, columns in (("", blocking.panels), ("last_", blocking.last)):
        known |= {f"{prefix}{name}": value for name, value in _column_words(module, product, columns, size).items()}
    bounds = [number for piece in blocking.bounds(product) for number in piece]
    return [f"i64 {number}" for number in (*[known[name] for name in WORDS], *bounds)]


def _distances(letter: str, steps: Steps, rows: str, columns: str, size: int) -> dict[str, int]:
    found = {rows: steps.rows, columns: steps.columns, "repeat": steps.repeats, "batch": steps.batches}
    return {f"{letter}_{name}": step * size for name, step in found.items()}


def _column_words(module: "Module", product: Product, columns: Columns | None, size: int) -> dict[str, int | str]:
    if columns is None:
        return {"tile_rows": 1, "tile": 0, "tile_below": 0, "pack": 0, "b_step": 0}
    tile, below = columns.tile, product.rows % columns.tile.rows
    in_panels = columns.packing is not None
    return {
        "tile_rows": tile.rows,
        "tile": _part(module, tile) if product.rows >= tile.rows else 0,
        "tile_below": _part(module, tile.with_rows(below)) if below else 0,
        "pack": _part(module, columns.packing),
        "b_step": columns.wide * size if in_panels else product.b.rows * size,
    }


def _part(module: "Module", part: Part | None) -> int | str:
    """The address of its function as a constant number; 0 for none."""
    if part is None:
        return 0
    module.symbols[part.name] = _declared(part)
    return f"ptrtoint (ptr @{part.name} to i64)"


def _declared(part: Part) -> str:
    """The head of its function; only tiles are called by their names."""
    return f"declare void @{part.name}({TILE_TYPES if isinstance(part, Tile) else ''})"
