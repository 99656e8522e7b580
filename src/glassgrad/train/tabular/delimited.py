"""Text files with a separator (.csv, .tsv): the header, the separator, the values as numbers or words. Floor 7.

A file is read in blocks. One that is larger than a block is gone through twice: first to see which columns hold
numbers, then to keep them, in single precision and 32-bit whole numbers where they fit, and words as codes. So what is
in memory at any time is one block and the columns that are wanted.
"""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassgrad.base.errors import TableError
from glassgrad.train.tabular.blocks import Block, blocks, check_records, encoding_of
from glassgrad.train.tabular.cells import Decimal
from glassgrad.train.tabular.frames import MISSING, free_memory, listed, normal, polars
from glassgrad.train.tabular.marks import Seen, doubts, joined, marks_of, seen_in

if TYPE_CHECKING:
    import polars as pl

BLOCK = 2**26  # bytes
SEPARATORS = (",", ";", "\t", "|")
_WHOLE = r"^[+-]?(0|[1-9]\d{0,17})$"  # a leading zero makes a code of it: 01234 is no number
_NUMBER = r"^[+-]?((0|[1-9]\d{0,17})(\.\d*)?|\.\d+|(?i:inf(inity)?))([eE][+-]?\d+)?$"
_SHARE = 0.7  # of the free memory that a table may take


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read: its encoding, its separator, the names of its columns."""

    encoding: str
    separator: str
    names: list[str]


def read_delimited(
    path: Path,
    separator: str | None,
    columns: Collection[str] | None,
    notes: list[str],
    marks: dict[str, Decimal] | None = None,
    exact: Collection[str] = (),
    block: int = BLOCK,
) -> "pl.DataFrame":
    """The table in a text file."""
    marks = {} if marks is None else marks
    layout = _layout(path, separator, block)
    if layout.encoding == "cp1252":
        notes.append(f"{path} is not UTF-8; it was read as Windows-1252 (Latin-1)")
    wanted = _wanted(path, layout.names, columns)
    pl = polars()
    if path.stat().st_size <= block:
        whole = pl.concat(list(_frames(path, layout, wanted, block)))
        kinds = _kinds_of(whole)
        _settle_marks(whole, kinds, _seen_in(whole, kinds), layout, marks, notes)
        return _filled(path, _typed(whole, kinds))
    first, kinds, seen = None, dict[str, str](), dict[str, Seen]()
    for frame in _frames(path, layout, wanted, block):
        kinds = {name: max(kinds.get(name, ""), kind) for name, kind in _kinds_of(frame).items()}
        seen = {name: joined(seen.get(name, ""), mark) for name, mark in _seen_in(frame, kinds).items()}
        if first is None:
            _check_memory(path, frame, kinds, block)
            first = frame.head(10_000)
    if first is not None:
        _settle_marks(first, kinds, seen, layout, marks, notes)
    notes.append(f"{path} has {path.stat().st_size / 1e6:,.0f} MB: its numbers are kept in single precision")
    found = pl.concat([_compact(frame, kinds, exact) for frame in _frames(path, layout, wanted, block)])
    return _filled(path, found)


def _seen_in(frame: "pl.DataFrame", kinds: dict[str, str]) -> dict[str, Seen]:
    """What the columns tell about the mark before fractions; the first rows say whether they are numbers at all."""
    found = {}
    for name, kind in kinds.items():
        cells = frame[name]
        is_tried = kind in ("number", "words") and (seen_in(cells.head(1000)) or cells.head(1000).null_count())
        found[name] = seen_in(cells) if is_tried else ""
    return found


def _settle_marks(
    frame: "pl.DataFrame",
    kinds: dict[str, str],
    seen: dict[str, Seen],
    layout: Layout,
    marks: dict[str, Decimal],
    notes: list[str],
) -> None:
    """Decides on the columns that may be read in two ways; those with decimal commas stay words, for `infer`."""
    found, doubt = marks_of(seen, layout.separator, marks)
    examples = [name for name in found if name not in marks and frame[name].str.contains(r"[.,]").any()]
    notes.extend(doubts(frame, found, examples, doubt))
    marks |= found
    kinds |= {name: "words" for name, mark in found.items() if mark == ","}


# ------------------------------------------------------------------ the first line
def _layout(path: Path, separator: str | None, block: int) -> Layout:
    encoding = encoding_of(path)
    first = next(blocks(path, encoding, min(block, 2**16)), None)
    if first is None:
        raise TableError(f"{path} is empty", hint="a table has a line of column names, and a line for each row")
    text = first.data.decode(errors="replace").lstrip("\n")
    header = text.partition("\n")[0]
    if separator is not None and len(separator) != 1:
        raise TableError(f"the separator is one character, found {separator!r}", hint="'\\t' for a tab")
    chosen = separator or _separator(text)
    names = [normal(name.strip()) for name in next(csv.reader(io.StringIO(text), delimiter=chosen))]
    if len(names) == 1 and separator is not None:
        better = _separator(text)
        if better != separator and header.count(better):
            raise TableError(
                f"{path}, line 1: {separator!r} does not separate anything: {_shortened(header)}",
                hint=f"its separator seems to be {better!r}",
            )
    return Layout(encoding, chosen, _checked_names(path, names))


def _separator(text: str) -> str:
    """The separator that splits the first records into the most values, all of them into as many."""
    lines = [line for line in text.split("\n")[:50] if line.strip()]
    found, most = ",", 1
    for separator in SEPARATORS:
        try:
            widths = [
                len(record) for record in csv.reader(io.StringIO("\n".join(lines)), delimiter=separator) if record
            ]
        except csv.Error:
            continue
        alike = sum(width == widths[0] for width in widths) / len(widths)
        if widths[0] > most and alike > 0.5:
            found, most = separator, widths[0]
    return found


def _checked_names(path: Path, names: list[str]) -> list[str]:
    named = [name or f"column_{place}" for place, name in enumerate(names, 1)]
    double = sorted({name for name in named if named.count(name) > 1})
    if double:
        places = [place for place, name in enumerate(named, 1) if name == double[0]]
        raise TableError(
            f"{path}, line 1: {listed(double)} names more than one column ({', '.join(map(str, places))})",
            hint="each column needs a name of its own; the first line of the file should be names",
        )
    if len(named) > 1 and all(_is_number(name) for name in named) and not all(name.isdigit() for name in named):
        raise TableError(
            f"{path}, line 1: there are numbers where the names of the columns should be: {listed(named, 4)}",
            hint="write a first line with names",
        )
    return named


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"


def _wanted(path: Path, names: list[str], columns: Collection[str] | None) -> list[str]:
    if columns is None:
        return names
    absent = [name for name in columns if name not in names]
    if absent:
        raise TableError(f"{path} has no column {listed(absent)}", hint=f"it has {listed(names, 20)}")
    return [name for name in names if name in set(columns)]


# ------------------------------------------------------------------ blocks as frames
def _frames(path: Path, layout: Layout, wanted: list[str], size: int) -> Iterator["pl.DataFrame"]:
    """The blocks as frames of words, with what stands for nothing left out."""
    is_first = True
    for block in blocks(path, layout.encoding, size):
        check_records(path, block, layout.separator, layout.names)
        frame = _parsed(path, block, layout, skipped=is_first).select(wanted)
        is_first = False
        pl = polars()
        words = pl.all().str.strip_chars()
        yield frame.select(pl.when(words.is_in(MISSING)).then(None).otherwise(words).name.keep())


def _parsed(path: Path, block: Block, layout: Layout, *, skipped: bool) -> "pl.DataFrame":
    pl = polars()
    data = block.data
    if skipped:  # the header, which may be a record of several lines
        data = data.lstrip(b"\n")
        reader = csv.reader(io.StringIO(data[: 2**20].decode(errors="replace")), delimiter=layout.separator)
        next(reader)
        for _ in range(reader.line_num):
            data = data.partition(b"\n")[2]
    if len(layout.names) > 1:
        while b"\n\n" in data and b'"' not in data:  # blank lines are no rows
            data = data.replace(b"\n\n", b"\n")
        data = data.lstrip(b"\n")
    if not data:
        return pl.DataFrame(schema=dict.fromkeys(layout.names, pl.String))
    try:
        return pl.read_csv(
            io.BytesIO(data),
            has_header=False,
            new_columns=layout.names,
            separator=layout.separator,
            infer_schema=False,
        )
    except pl.exceptions.PolarsError as error:
        raise TableError(
            f"{path}, after line {block.line}: {str(error).splitlines()[0]}",
            hint="is it one table, with the same separator throughout?",
        ) from None


def _kinds_of(frame: "pl.DataFrame") -> dict[str, str]:
    """What each column holds: "" nothing, "int", "number" or "words"; the later ones can hold the earlier."""
    pl = polars()
    if not len(frame):
        return dict.fromkeys(frame.columns, "")
    is_empty = frame.select(pl.all().is_null().all()).row(0)
    whole = frame.select(pl.all().str.contains(_WHOLE).all()).row(0)
    number = frame.select(pl.all().str.contains(_NUMBER).all()).row(0)
    return {
        name: "" if empty else "int" if is_whole else "number" if is_number else "words"
        for name, empty, is_whole, is_number in zip(frame.columns, is_empty, whole, number, strict=True)
    }


def _typed(frame: "pl.DataFrame", kinds: dict[str, str]) -> "pl.DataFrame":
    pl = polars()
    types = {"int": pl.Int64, "number": pl.Float64}
    return frame.with_columns([pl.col(name).cast(types[kind]) for name, kind in kinds.items() if kind in types])


def _compact(frame: "pl.DataFrame", kinds: dict[str, str], exact: Collection[str]) -> "pl.DataFrame":
    """The columns of a large file: single precision, but for a few, words as codes."""
    pl = polars()
    found: list[Any] = []
    for name, kind in kinds.items():
        column = pl.col(name)
        match kind:
            case "int":
                found.append(column.cast(pl.Int64))
            case "number":
                numbers = column.cast(pl.Float64)
                found.append(numbers if name in exact else numbers.cast(pl.Float32))
            case _:
                found.append(column.cast(pl.Categorical))
    return frame.select(found)


def _check_memory(path: Path, frame: "pl.DataFrame", kinds: dict[str, str], block: int) -> None:
    """Raises TableError where the whole table, judged by its first block, has no room."""
    free = free_memory()
    if free is None or not len(frame):
        return
    by_row = sum({"int": 8, "number": 4}.get(kind, 8) for kind in kinds.values())
    rows = path.stat().st_size / max(block / len(frame), 1)  # the frame is a block
    if rows * by_row > _SHARE * free:
        raise TableError(
            f"{path} has about {rows:,.0f} rows, {rows * by_row / 1e9:.1f} GB of columns, and {free / 1e9:.1f} GB of "
            "memory are free",
            hint="read fewer columns (columns=), or a part of the rows",
        )


def _filled(path: Path, frame: "pl.DataFrame") -> "pl.DataFrame":
    if not len(frame):
        raise TableError(f"{path} has a header and no rows", hint="a line for each row follows the line of names")
    return frame
