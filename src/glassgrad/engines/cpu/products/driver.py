"""The loops around the tiles of a product, in native code that all products share. Floor 4.

A product is described by numbers (`WORDS`), which its program holds as a constant. Cut into pieces by rows, columns and
batches, it is computed piece by piece, each with the same sums in the same order, whichever thread does it:

    for each repeat and each `deep` inner steps:       what a tile sums up at once
        for each `wide` columns of the piece:          panels of B that stay in the last cache
            for each `high` rows:                      a block of A that stays in the second cache
                for each panel of columns:             of B, in the first cache; laid out at its first use
                    for each tile's rows:  the tile
"""

from collections.abc import Mapping
from dataclasses import dataclass

from glassgrad.engines.cpu.emit.types import I64
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native.routine import Routine, module_text

WORDS = (
    "rows", "columns", "inner", "repeats", "size",
    "a_row", "a_inner", "a_repeat", "a_batch",
    "b_inner", "b_column", "b_repeat", "b_batch",
    "c_row", "c_batch",
    "deep", "wide", "high", "row_unit", "tile_columns",
    "tile_rows", "tile", "tile_below", "pack", "packed_row", "panel_step",
    "a_pitch", "a_room", "a_turn", "a_turn_last", "a_turn_bytes",
    "a_windows", "a_entry", "b_entry",
    "last_tile_rows", "last_tile", "last_tile_below", "last_pack", "last_packed_row",
    "batches", "batch_parts", "row_parts", "column_parts", "room_bytes",
)  # fmt: skip
DRIVER = "glassgrad.product"
ARGUMENTS = ("words", "a", "b", "c", "room", "rows_table", "columns_table")
_PIECE = "glassgrad.product.piece"
_BOUNDS = ("top", "bottom", "left", "right")


def driver_text() -> str:
    """`void glassgrad.product(ptr arguments, i64 chunk, i64 worker)`: one piece of a product, in this worker's room.

    `ARGUMENTS` is what it is given.
    """
    intrinsics: dict[str, str] = {}
    declared: dict[str, str] = {}
    return module_text([_chunk(intrinsics, declared), _piece(intrinsics, declared)])


def _word(w: Routine, name: str) -> Value:
    return w.read("%words", 8 * WORDS.index(name))


# ------------------------------------------------------------------ which piece
def _chunk(intrinsics: dict[str, str], declared: dict[str, str]) -> Routine:
    w = Routine(f"void @{DRIVER}(ptr %arguments, i64 %chunk, i64 %worker)", intrinsics, declared)
    for position, name in enumerate(ARGUMENTS):
        w.line(f"%{name} = load ptr, ptr {w.at('%arguments', 8 * position)}, align 8")
    chunk = w.parameter("%chunk")
    column_parts, row_parts = _word(w, "column_parts"), _word(w, "row_parts")
    rest = chunk / column_parts
    column_part = chunk - rest * column_parts
    batch_part = rest / row_parts
    row_part = rest - batch_part * row_parts
    top, bottom = _range(w, row_part, row_parts, _word(w, "rows"), _word(w, "row_unit"))
    left, right = _range(w, column_part, column_parts, _word(w, "columns"), _word(w, "tile_columns"))
    first, last = _range(w, batch_part, _word(w, "batch_parts"), _word(w, "batches"), w.number(1))
    room = w.at("%room", w.parameter("%worker") * _word(w, "room_bytes"))
    with w.count(last - first) as number:
        batch = first + number
        a, b, c = (w.at(f"%{x}", batch * _word(w, f"{x}_batch")) for x in "abc")
        w.call_void(_PIECE, "%words", a, b, c, room, "%rows_table", "%columns_table", top, bottom, left, right)
    w.leave()
    return w


def _range(w: Routine, part: Value, parts: Value, size: Value, unit: Value) -> tuple[Value, Value]:
    """Where a part begins and ends, in whole units but for the last."""
    units = (size + unit - 1) / unit
    end = (part + 1) * units / parts * unit
    return part * units / parts * unit, _smaller(w, end, size)


def _smaller(w: Routine, a: Value, b: Value) -> Value:
    return w.select(a < b, a, b)


# ------------------------------------------------------------------ one piece
def _piece(intrinsics: dict[str, str], declared: dict[str, str]) -> Routine:
    bounds = ", ".join(f"i64 %{name}" for name in _BOUNDS)
    w = Routine(
        f"internal void @{_PIECE}(ptr %words, ptr %a, ptr %b, ptr %c, ptr %room, "
        f"ptr %rows_table, ptr %columns_table, {bounds})",
        intrinsics,
        declared,
    )
    words = {name: _word(w, name) for name in WORDS}
    top, bottom, left, right = (w.parameter(f"%{name}") for name in _BOUNDS)
    with w.count(words["repeats"]) as repeat, w.count(words["inner"], words["deep"]) as inner:
        depth = _smaller(w, words["deep"], words["inner"] - inner)
        adding = w.select((repeat | inner).equals(0), 0, inner.like(1))
        a = w.at("%a", repeat * words["a_repeat"] + inner * words["a_inner"])
        b = w.at("%b", repeat * words["b_repeat"] + inner * words["b_inner"])
        with w.count(right - left, words["wide"]) as across, w.count(bottom - top, words["high"]) as down:
            begin = top + down
            end = _smaller(w, begin + words["high"], bottom)
            rows = _rows(w, words, w.at(a, begin * words["a_row"]), _Span(begin, end - begin, inner, depth))
            columns_end = _smaller(w, left + across + words["wide"], right)
            _block(
                w, words, _Block(inner, depth, adding, *rows, b, left + across, columns_end, begin, end, down.equals(0))
            )
    w.leave()
    return w


@dataclass(frozen=True, slots=True)
class _Span:
    """A block of A: from which row on how many, from which inner step on how many."""

    row: Value
    high: Value
    inner: Value
    depth: Value


def _rows(w: Routine, words: Mapping[str, Value], a: str, span: _Span) -> tuple[str, Value, Value]:
    """Where a block of A begins, and how far apart its rows and its inner steps are.

    It is copied row by row where these lie too far apart, turned where its columns lie whole, gathered where it is
    the windows of an array.
    """
    high, depth = span.high, span.depth
    address, row, inner = w.variable(), w.variable(I64), w.variable(I64)
    w.write(address, 0, a)
    w.write(row, 0, words["a_row"])
    w.write(inner, 0, words["a_inner"])
    pitch, size = words["a_pitch"], words["size"]
    with w.when(pitch.differs(0)):
        with w.when(words["a_windows"].differs(0)):
            gather = _pointer(w, words["a_windows"])
            rows, columns = _tables(w, span.row * words["a_entry"], span.inner * words["a_entry"])
            w.call_void(gather, a, rows, columns, high, "%room", pitch, depth)
        with w.when((words["a_turn"] | words["a_windows"]).equals(0)), w.count(high) as line:
            w.call_void("memcpy", w.at("%room", line * pitch), w.at(a, line * words["a_row"]), depth * size)
        with w.when(words["a_turn"].differs(0)), w.count(depth * size, words["a_turn_bytes"]) as along:
            whole = depth * size - along >= words["a_turn_bytes"]
            turn = _pointer(w, w.select(whole, words["a_turn"], words["a_turn_last"]))
            lines = w.at(a, along / size * words["a_inner"])
            w.call_void(turn, lines, size, words["a_inner"], high, w.at("%room", along), pitch, depth)
        w.write(address, 0, "%room")
        w.write(row, 0, pitch)
        w.write(inner, 0, size)
    return w.read_pointer(address), w.read(row), w.read(inner)


@dataclass(frozen=True, slots=True)
class _Block:
    """What the panels and tiles of one block of A need to know."""

    inner: Value
    depth: Value
    adding: Value
    a: str
    a_row: Value
    a_inner: Value
    b: str
    left: Value
    right: Value
    top: Value
    bottom: Value
    first: Value


def _block(w: Routine, words: Mapping[str, Value], block: _Block) -> None:
    with w.count(block.right - block.left, words["tile_columns"]) as across:
        column = block.left + across
        whole = words["columns"] - column >= words["tile_columns"]
        chosen = {
            name: w.select(whole, words[name], words[f"last_{name}"])
            for name in ("tile_rows", "tile", "tile_below", "pack", "packed_row")
        }
        panel, step = w.variable(), w.variable(I64)
        w.write(panel, 0, w.at(block.b, column * words["b_column"]))
        w.write(step, 0, words["b_inner"])
        with w.when(chosen["pack"].differs(0)):
            room = w.at("%room", across * words["panel_step"] + words["a_room"])
            with w.when(block.first):
                _lay_out(w, words, block, chosen, column, w.read_pointer(panel), room)
            w.write(panel, 0, room)
            w.write(step, 0, chosen["packed_row"])
        with w.when(words["b_entry"].differs(0) & chosen["pack"].equals(0)):
            rows, columns = _tables(w, block.inner * words["b_entry"], column * words["b_entry"])
            w.write(panel, 0, w.at(block.b, w.read(_pointer(w, columns))))
            w.write(step, 0, rows)
        _tiles(w, words, block, chosen, column, w.read_pointer(panel), w.read(step))


def _lay_out(
    w: Routine, words: Mapping[str, Value], block: _Block, chosen: Mapping[str, Value], column: Value, source: str,
    room: str,
) -> None:  # fmt: skip
    """A panel of B into its room: of a matrix, or of the windows of an array."""
    rows, columns = _tables(w, block.inner * words["b_entry"], column * words["b_entry"])
    gathered = words["b_entry"].differs(0)
    w.call_void(
        _pointer(w, chosen["pack"]), source,
        w.select(gathered, rows, words["b_inner"]), w.select(gathered, columns, words["b_column"]), block.depth,
        room, chosen["packed_row"], _smaller(w, words["tile_columns"], words["columns"] - column),
    )  # fmt: skip


def _tables(w: Routine, row: Value, column: Value) -> tuple[Value, Value]:
    """The addresses of the tables' entries so many bytes on."""
    first, second = (w.made(row.type, f"ptrtoint ptr %{name}_table to i64") for name in ("rows", "columns"))
    return first + row, second + column


def _tiles(
    w: Routine, words: Mapping[str, Value], block: _Block, chosen: Mapping[str, Value], column: Value, panel: str,
    step: Value,
) -> None:  # fmt: skip
    high = block.bottom - block.top
    with w.count(high, chosen["tile_rows"]) as down:
        row = block.top + down
        function = _pointer(w, w.select(high - down >= chosen["tile_rows"], chosen["tile"], chosen["tile_below"]))
        w.call_void(
            function,
            w.at(block.a, down * block.a_row), block.a_row, block.a_inner,
            panel, step, block.depth,
            w.at("%c", row * words["c_row"] + column * words["size"]), words["c_row"], block.adding,
        )  # fmt: skip


def _pointer(w: Routine, address: Value) -> str:
    return w.pointer(f"inttoptr i64 {address.text} to ptr")
