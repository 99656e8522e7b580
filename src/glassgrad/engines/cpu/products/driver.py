"""The loops around the tiles of a product, in native code that all products share. Floor 4.

A product is described by numbers (`WORDS`), which its program holds as a constant, and behind them the bounds of each
of its pieces (`BOUNDS`). A piece is some batches of some rows and columns; it is computed with the same sums in the
same order, whichever thread does it:

    for each batch, repeat and each `deep` inner steps:    what a tile sums up at once
        for each `wide` columns of the piece:              panels of B that stay in the last cache
            for each `high` rows:                          a block of A that stays in the second cache
                for each panel of columns:                 of B, in the first cache; laid out at its first use
                    for each tile's rows:  the tile
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from glassgrad.engines.cpu.emit.types import I64, register
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native.routine import PLAIN, Routine, module_text

COLUMNS = ("tile_rows", "tile", "tile_below", "pack", "b_step")  # of panels of full width, and of the last one
WORDS = (
    "inner", "repeats", "columns", "size",
    "a_row", "a_inner", "a_repeat", "a_batch", "a_entry", "a_in_place", "a_copy", "tile_a_row", "tile_a_inner",
    "b_inner", "b_column", "b_repeat", "b_batch", "b_entry", "b_in_place",
    "c_row", "c_batch",
    "deep", "wide", "high", "tile_columns", "room_bytes", "a_room", "panel_step",
    *COLUMNS, *[f"last_{name}" for name in COLUMNS],
)  # fmt: skip
BOUNDS = ("first", "last", "top", "bottom", "left", "right")  # batches, rows, columns
DRIVER = "glassgrad.product"
ARGUMENTS = ("words", "a", "b", "c", "room", "a_rows", "a_columns", "b_rows", "b_columns")


class _Words(Mapping[str, Value]):
    """The words of a product by name, each read where it is used: they are more than the processor's registers."""

    def __init__(self, w: Routine, address: str, names: tuple[str, ...] = WORDS) -> None:
        self.w, self.address, self.names = w, address, names

    def __getitem__(self, name: str) -> Value:
        return self.w.read(self.address, 8 * self.names.index(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def driver_text() -> str:
    """`void glassgrad.product(ptr arguments, i64 chunk, i64 worker)`: one piece of a product, in this worker's room.

    `ARGUMENTS` is what it is given; `a_rows` … `b_columns` are what an operand's copies are made by: how many bytes lie
    between its rows and between its columns, or the tables of these where it is the windows of an array.
    """
    w = Routine(f"void @{DRIVER}(ptr %arguments, i64 %chunk, i64 %worker) {PLAIN}", {}, {})
    for position, name in enumerate(ARGUMENTS):
        w.line(f"%{name} = load ptr, ptr {w.at('%arguments', 8 * position)}, align 8")
    words = _Words(w, "%words")
    bounds = _Words(w, w.at("%words", w.parameter("%chunk") * (8 * len(BOUNDS)) + 8 * len(WORDS)), BOUNDS)
    room = w.at("%room", w.parameter("%worker") * words["room_bytes"])
    with (
        w.count(bounds["last"], 1, bounds["first"]) as batch,
        w.count(words["repeats"]) as repeat,
        w.count(words["inner"], words["deep"]) as inner,
    ):
        a, b = (
            w.at(f"%{x}", batch * words[f"{x}_batch"] + repeat * words[f"{x}_repeat"] + inner * words[f"{x}_inner"])
            for x in "ab"
        )
        c = w.at("%c", batch * words["c_batch"])
        depth = _smaller(w, words["deep"], words["inner"] - inner)
        _blocks(w, words, bounds, _Slice(a, b, c, room, inner, depth, adding=repeat | inner))
    w.leave()
    return module_text([w])


@dataclass(frozen=True, slots=True)
class _Slice:
    """So many inner steps of a product: where A and B begin there; from the second slice on C is added to."""

    a: str
    b: str
    c: str
    room: str
    inner: Value
    depth: Value
    adding: Value


def _smaller(w: Routine, a: Value, b: Value) -> Value:
    return w.select(a < b, a, b)


def _blocks(w: Routine, words: _Words, bounds: _Words, slice: _Slice) -> None:
    """A slice's blocks of A, each copied first where its rows are better beside one another, and their panels."""
    with (
        w.count(bounds["right"], words["wide"], bounds["left"]) as left,
        w.count(bounds["bottom"], words["high"], bounds["top"]) as top,
    ):
        bottom = _smaller(w, top + words["high"], bounds["bottom"])
        a, row, step = w.variable(), w.variable(I64), w.variable(I64)
        w.write(a, 0, w.at(slice.a, top * words["a_row"]))
        w.write(row, 0, words["tile_a_row"])
        w.write(step, 0, words["tile_a_inner"])
        copy, entry = words["a_copy"], words["a_entry"]
        rows, columns = _address(w, "%a_rows") + top * entry, _address(w, "%a_columns") + slice.inner * entry
        with w.when(copy.differs(0)):
            source, pitch = w.read_pointer(a), words["tile_a_row"]
            w.call_void(_pointer(w, copy), source, rows, columns, bottom - top, slice.room, pitch, slice.depth)
            w.write(a, 0, slice.room)
        with w.when(words["a_in_place"].differs(0)):
            w.write(a, 0, _pointer(w, rows))
            w.write(row, 0, _address(w, slice.a))
            w.write(step, 0, columns)
        first = top.equals(bounds["top"])
        block = _Block(w.read_pointer(a), w.read(row), w.read(step), top, bottom, left, first=first)
        with w.count(_smaller(w, left + words["wide"], bounds["right"]), words["tile_columns"], left) as column:
            _panel(w, words, slice, block, column)


@dataclass(frozen=True, slots=True)
class _Block:
    """Some rows of A, with what a tile is told of where they lie, and the column with which its panels begin.

    With the `first` block the panels are laid out.
    """

    a: str
    row: Value
    step: Value
    top: Value
    bottom: Value
    left: Value
    first: Value


def _panel(w: Routine, words: _Words, slice: _Slice, block: _Block, column: Value) -> None:
    """A panel of B, laid out where its tiles need that, and the tiles of one block."""
    wide = words["tile_columns"]
    remaining = words["columns"] - column
    start, last = (8 * WORDS.index(name) for name in (COLUMNS[0], f"last_{COLUMNS[0]}"))
    chosen = _Words(w, w.at("%words", w.select(remaining >= wide, w.number(start), w.number(last))), COLUMNS)
    panel, step = w.variable(), w.variable(I64)
    w.write(panel, 0, w.at(slice.b, column * words["b_column"]))
    w.write(step, 0, chosen["b_step"])
    pack, entry = chosen["pack"], words["b_entry"]
    rows, columns = _address(w, "%b_rows") + slice.inner * entry, _address(w, "%b_columns") + column * entry
    with w.when(pack.differs(0)):
        place = w.at(slice.room, words["a_room"] + (column - block.left) * words["panel_step"])
        with w.when(block.first):
            source, width = w.read_pointer(panel), _smaller(w, wide, remaining)
            w.call_void(_pointer(w, pack), source, rows, columns, slice.depth, place, w.read(step), width)
        w.write(panel, 0, place)
    with w.when(words["b_in_place"].differs(0)):
        w.write(panel, 0, w.at(w.read_pointer(panel), w.read(_pointer(w, columns))))
        w.write(step, 0, rows)
    b, b_step = w.read_pointer(panel), w.read(step)
    with w.count(block.bottom, chosen["tile_rows"], block.top) as row:
        fits = block.bottom - row >= chosen["tile_rows"]
        w.call_void(
            _pointer(w, w.select(fits, chosen["tile"], chosen["tile_below"])),
            w.at(block.a, (row - block.top) * words["tile_a_row"]), block.row, block.step,
            b, b_step, slice.depth,
            w.at(slice.c, row * words["c_row"] + column * words["size"]), words["c_row"], slice.adding,
        )  # fmt: skip


def _pointer(w: Routine, address: Value) -> str:
    return w.pointer(f"inttoptr i64 {address.text} to ptr")


def _address(w: Routine, pointer: str) -> Value:
    return w.made(register(I64), f"ptrtoint ptr {pointer} to i64")
