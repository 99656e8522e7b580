"""The call of a product in a program, and the room that it needs. Floor 4."""

from typing import TYPE_CHECKING

from glassgrad.base.settings import current
from glassgrad.engines.cpu.emit.lanes import vector_bytes
from glassgrad.engines.cpu.emit.types import bytes_of
from glassgrad.engines.cpu.native.threads import processor_count
from glassgrad.engines.cpu.products.blocking import Blocking, Columns, blocking_of, gathering
from glassgrad.engines.cpu.products.driver import ARGUMENTS, DRIVER, WORDS
from glassgrad.engines.cpu.products.panels import Packing
from glassgrad.engines.cpu.products.product import Product, Steps, product_of
from glassgrad.engines.cpu.products.windows import WindowCopy
from glassgrad.graph.node import Node

if TYPE_CHECKING:
    from glassgrad.engines.cpu.emit.frame import Frame
    from glassgrad.engines.cpu.emit.module import Module


def room_of(node: Node) -> int:
    """The bytes that a product needs while it is computed."""
    product, _, _ = product_of(node)
    blocking = blocking_of(product, _threads())
    return blocking.room_bytes * min(_threads(), blocking.pieces)


def write_product(module: "Module", frame: "Frame", node: Node) -> None:
    """Calls the driver with the product's numbers, for each of its pieces."""
    product, first, second = product_of(node)
    blocking = blocking_of(product, _threads())
    given = {
        "words": module.numbers(_words(module, product, blocking)),
        "a": frame.pointer(first),
        "b": frame.pointer(second),
        "c": frame.pointer(node),
        "rows_table": frame.pointer(node.inputs[2]) if product.windows is not None else "null",
        "columns_table": frame.pointer(node.inputs[3]) if product.windows is not None else "null",
        "room": frame.scratch(node) if node in frame.plan.scratch else "null",
    }
    arguments = frame.function.table([given[name] for name in ARGUMENTS])
    module.symbols[DRIVER] = f"declare void @{DRIVER}(ptr, i64, i64)"
    if blocking.pieces == 1:
        frame.writer.line(f"call void @{DRIVER}(ptr {arguments}, i64 0, i64 0)")
        return
    module.symbols["fork_join"] = "declare void @fork_join(ptr, ptr, i64, i64)"
    given_out = f"ptr {arguments}, i64 {blocking.pieces}, i64 {_threads()}"
    frame.writer.line(f"call void @fork_join(ptr @{DRIVER}, {given_out})")


def _threads() -> int:
    return current().threads or processor_count()


def _words(module: "Module", product: Product, blocking: Blocking) -> list[str]:
    """The numbers that describe the product to the driver, in its order."""
    size = bytes_of(product.kind)
    known: dict[str, int | str] = {
        "rows": product.rows, "columns": product.columns, "inner": product.inner, "repeats": product.repeats,
        "batches": product.batches, "size": size,
        "deep": blocking.deep, "wide": blocking.wide, "high": blocking.high, "row_unit": blocking.row_unit,
        "tile_columns": blocking.tile_columns, "room_bytes": blocking.room_bytes,
        "batch_parts": blocking.batch_parts, "row_parts": blocking.row_parts, "column_parts": blocking.column_parts,
        "panel_step": blocking.panel_step,
        "a_pitch": blocking.a_pitch, "a_room": blocking.a_room,
        "a_turn": _packer(module, blocking.a_turn), "a_turn_last": _packer(module, blocking.a_turn_last),
        "a_windows": 0, "a_entry": 0, "b_entry": 0,
        "a_turn_bytes": size * blocking.a_turn.lanes if blocking.a_turn is not None else size,
    }  # fmt: skip
    if product.windows is not None:
        known[f"{product.windows.operand}_entry"] = 8
        if product.windows.operand == "a":
            lanes = max(vector_bytes() // size, 1)
            known["a_windows"] = _address(module, gathering(product, product.windows, lanes).name)
    known |= _distances("a", product.a, "row", "inner", size)
    known |= _distances("b", product.b, "inner", "column", size)
    known |= _distances("c", product.c, "row", "column", size)
    for prefix, columns in (("", blocking.panels), ("last_", blocking.last)):
        known |= {f"{prefix}{name}": value for name, value in _column_words(module, product, columns, size).items()}
    return [f"i64 {known[name]}" for name in WORDS]


def _distances(letter: str, steps: Steps, rows: str, columns: str, size: int) -> dict[str, int]:
    found = {rows: steps.rows, columns: steps.columns, "repeat": steps.repeats, "batch": steps.batches}
    return {f"{letter}_{name}": step * size for name, step in found.items()}


def _column_words(module: "Module", product: Product, columns: Columns | None, size: int) -> dict[str, int | str]:
    if columns is None:
        return {"tile_rows": 1, "tile": 0, "tile_below": 0, "pack": 0, "packed_row": 0}
    tile, below = columns.tile, product.rows % columns.tile.rows
    return {
        "tile_rows": tile.rows,
        "tile": _address(module, tile.name) if product.rows >= tile.rows else 0,
        "tile_below": _address(module, tile.with_rows(below).name) if below else 0,
        "pack": _packer(module, columns.packing),
        "packed_row": columns.wide * size,
    }


def _packer(module: "Module", packing: Packing | WindowCopy | None) -> int | str:
    if packing is None or (isinstance(packing, Packing) and not packing.columns):
        return 0
    return _address(module, packing.name)


def _address(module: "Module", name: str) -> str:
    """The address of a function as a constant number."""
    module.symbols[name] = f"declare void @{name}()"
    return f"ptrtoint (ptr @{name} to i64)"
