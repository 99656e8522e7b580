"""Text files with a separator (.csv, .tsv): the header, the separator, the values as numbers or words. Floor 7.

A file is read in blocks. One that is larger than a block is gone through twice: first to see which columns hold
numbers, then to keep them; those of a large one in single precision and small whole numbers, and words as codes. So
what is in memory at any time is one block and the columns that are wanted.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from glassgrad.base.errors import TableError
from glassgrad.train.tabular.blocks import Block, blocks, check_records, encoding_of
from glassgrad.train.tabular.cells import Decimal
from glassgrad.train.tabular.frames import MISSING, listed, normal, polars
from glassgrad.train.tabular.marks import Seen, doubts, joined, marks_of, seen_in
from glassgrad.train.tabular.sampling import chosen_rows, sampled

if TYPE_CHECKING:
    import polars as pl

BLOCK, LARGE = 2**23, 2**26  # bytes: of a piece that is looked at, of a file whose columns are made small
SEPARATORS = (",", ";", "\t", "|")
_WHOLE = r"^[+-]?(0|[1-9]\d{0,17})$"  # a leading zero makes a code of it: 01234 is no number
_NUMBER = r"^[+-]?((0|[1-9]\d{0,17})(\.\d*)?|\.\d+|(?i:inf(inity)?))([eE][+-]?\d+)?$"
_MOST_HEADING = 10  # lines above a table
_HEAD = 10_000  # rows that stand for the others
Watch: TypeAlias = Callable[[float], None]


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
    rows: int | None = None,
    watch: Watch | None = None,
    *,
    block: int = BLOCK,
    large: int = LARGE,
) -> "pl.DataFrame":
    """The table in a text file; the share of it that has been read goes to `watch`."""
    marks = {} if marks is None else marks
    watch = watch or (lambda share: None)
    layout = _layout(path, separator, block)
    if layout.encoding == "cp1252":
        notes.append(f"{path} is not UTF-8; it was read as Windows-1252 (Latin-1)")
    wanted = _wanted(path, layout.names, columns)
    pl = polars()
    if path.stat().st_size <= block:
        whole = pl.concat(list(_frames(path, layout, wanted, block, watch, (0.0, 1.0))))
        kinds = _kinds_of(whole, {})
        _settle_marks(whole, kinds, _seen_in(whole, kinds, {}), layout, marks, notes)
        return _filled(path, sampled(_typed(whole, kinds), rows, notes))
    survey = _surveyed(path, layout, wanted, block, watch)
    _settle_marks(survey.head, survey.kinds, survey.seen, layout, marks, notes)
    chosen = chosen_rows(survey.rows, rows, notes)
    shape = _typed
    if path.stat().st_size > large:
        notes.append(f"{path} has {path.stat().st_size / 1e6:,.0f} MB: its numbers are kept in single precision")
        shape = partial(_compact, exact=exact, codes=_of_few_levels(survey))
    parts, start = [], 0
    for frame in _frames(path, layout, wanted, block, watch, (0.5, 1.0)):
        parts.append(shape(frame if chosen is None else frame.filter(pl.Series(chosen[start : start + len(frame)])),
                           survey.kinds))  # fmt: skip
        start += len(frame)
    found = pl.concat(parts)
    if path.stat().st_size > large:
        found = found.select(one.shrink_dtype() if one.dtype.is_integer() else one for one in found)
    return _filled(path, found)


def first_rows(path: Path, separator: str | None) -> tuple["pl.DataFrame", int]:
    """The first rows, as they would be kept of a large file, and about how many rows there are."""
    layout = _layout(path, separator, BLOCK)
    block = next(blocks(path, layout.encoding, BLOCK))
    words = next(_frames(path, layout, layout.names, BLOCK, lambda share: None, (0.0, 1.0)))
    survey = Survey(words, _kinds_of(words, {}), {})
    found = _compact(words, survey.kinds, exact=(), codes=_of_few_levels(survey))
    return found, round(path.stat().st_size * len(words) / len(block.data))


@dataclass(slots=True)
class Survey:
    """What the first look at all of a file's blocks has found."""

    head: "pl.DataFrame"  # the first rows, as words
    kinds: dict[str, str]
    seen: dict[str, Seen]
    rows: int = 0


def _surveyed(path: Path, layout: Layout, wanted: list[str], block: int, watch: Watch) -> Survey:
    survey = None
    for frame in _frames(path, layout, wanted, block, watch, (0.0, 0.5)):
        if survey is None:
            survey = Survey(frame.head(_HEAD), {}, {})
        survey.kinds = _kinds_of(frame, survey.kinds)
        survey.seen = _seen_in(frame, survey.kinds, survey.seen)
        survey.rows += len(frame)
    return survey or Survey(polars().DataFrame(schema=dict.fromkeys(wanted, polars().String)), {}, {})


def _of_few_levels(survey: Survey) -> set[str]:
    """The columns of words whose cells are often alike: codes take less room for these."""
    most = 0.5 * len(survey.head)
    return {name for name, kind in survey.kinds.items() if kind == "words" and survey.head[name].n_unique() <= most}


def _seen_in(frame: "pl.DataFrame", kinds: dict[str, str], before: dict[str, Seen]) -> dict[str, Seen]:
    """What the columns tell about the mark before fractions, with what earlier rows have told.

    Of plain numbers a part says it all; words are looked at where the first of them are numbers with marks.
    """
    found = dict(before)
    for name, kind in kinds.items():
        is_settled = kind == "number" and before.get(name) == "."
        if kind not in ("number", "words") or is_settled:
            continue
        cells = frame[name].drop_nulls()
        mark = seen_in(cells.head(1000))
        if mark != "." if kind == "number" else mark:
            mark = seen_in(cells)
        found[name] = joined(before.get(name, ""), mark)
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
    if len(names) == 1 and separator is None:
        _check_heading(path, text)
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


def _check_heading(path: Path, text: str) -> None:
    """Raises TableError where a table begins below the first line, which is something else."""
    lines = [line for line in text.split("\n") if line.strip()]
    for skipped in range(1, min(len(lines) - 1, _MOST_HEADING)):
        below = "\n".join(lines[skipped:])
        width = len(next(csv.reader(io.StringIO(below), delimiter=_separator(below))))
        if width > 1:
            first = _shortened(lines[0])
            raise TableError(
                f"{path}, line 1: {first!r} is no line of names; a table of {width} columns begins below it",
                hint="delete what stands above the names of the columns",
            )


def _checked_names(path: Path, names: list[str]) -> list[str]:
    named = [name or f"column_{place}" for place, name in enumerate(names, 1)]
    double = sorted(name for name, count in Counter(named).items() if count > 1)
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
def _frames(
    path: Path, layout: Layout, wanted: list[str], size: int, watch: Watch, shares: tuple[float, float]
) -> Iterator["pl.DataFrame"]:
    """The blocks as frames of words, with what stands for nothing left out; tells how far it is."""
    is_first, seen, total = True, 0, max(path.stat().st_size, 1)
    for block in blocks(path, layout.encoding, size):
        seen += len(block.data)
        watch(shares[0] + (shares[1] - shares[0]) * min(seen / total, 1.0))
        is_plain = check_records(path, block, layout.separator, layout.names)
        frame = _parsed(path, block, layout, skipped=is_first).select(wanted)
        is_first = False
        if not is_plain:
            pl = polars()
            words = pl.all().str.strip_chars()
            frame = frame.select(pl.when(words.is_in(MISSING)).then(None).otherwise(words).name.keep())
        yield frame


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
            null_values=list(MISSING),
        )
    except pl.exceptions.PolarsError as error:
        raise TableError(
            f"{path}, after line {block.line}: {str(error).splitlines()[0]}",
            hint="is it one table, with the same separator throughout?",
        ) from None


def _kinds_of(frame: "pl.DataFrame", before: dict[str, str]) -> dict[str, str]:
    """What each column holds, with the rows before: "" nothing, "int", "number" or "words".

    The later ones can hold the earlier ones.
    """
    pl = polars()
    if not len(frame):
        return before or dict.fromkeys(frame.columns, "")
    found = {name: before.get(name, "") for name in frame.columns}
    for kind, form in (("int", _WHOLE), ("number", _NUMBER)):
        asked = [name for name in found if found[name] in ("", kind)]
        fits = frame.select(pl.col(asked).str.contains(form).all()).row(0) if asked else ()
        filled = frame.select(pl.col(asked).is_not_null().any()).row(0) if asked else ()
        for name, is_so, is_filled in zip(asked, fits, filled, strict=True):
            if is_filled:
                found[name] = kind if is_so else "words" if kind == "number" else "number"
    return found


def _typed(frame: "pl.DataFrame", kinds: dict[str, str]) -> "pl.DataFrame":
    pl = polars()
    types = {"int": pl.Int64, "number": pl.Float64}
    return frame.with_columns([pl.col(name).cast(types[kind]) for name, kind in kinds.items() if kind in types])


def _compact(
    frame: "pl.DataFrame", kinds: dict[str, str], exact: Collection[str], codes: Collection[str]
) -> "pl.DataFrame":
    """The columns of a large file: single precision, but for a few; words that come again as codes."""
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
                found.append(column.cast(pl.Categorical) if name in codes else column)
    return frame.select(found)


def _filled(path: Path, frame: "pl.DataFrame") -> "pl.DataFrame":
    if not len(frame):
        raise TableError(f"{path} has a header and no rows", hint="a line for each row follows the line of names")
    return frame
