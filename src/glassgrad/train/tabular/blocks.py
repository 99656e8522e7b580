"""A text file in blocks of whole records, in UTF-8 whatever it was; what is wrong with a record, by line. Floor 7."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from glassgrad.base.errors import TableError
from glassgrad.train.tabular.frames import counted

_MARKS = (  # Unicode, 23.8: byte order marks
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ASCII = 128
_FOREIGN = {
    b"PK\x03\x04": ("a zip archive or an Excel workbook", "save the sheet as CSV (UTF-8)"),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "save the sheet as CSV (UTF-8)"),
    b"\x1f\x8b": ("compressed by gzip", "gunzip it first"),
    b"PAR1": ("a Parquet file", "call it .parquet"),
    b"\x93NUMPY": ("a NumPy array", "save it with numpy.savez, as .npz, with the target beside it"),
    b"SQLite": ("an SQLite database", "export the table as CSV"),
    b"%PDF": ("a PDF", "a table is text with a line for each row"),
}


@dataclass(frozen=True, slots=True)
class Block:
    """Whole records of a file in UTF-8, and the number of the line that they begin at."""

    data: bytes
    line: int


def encoding_of(path: Path) -> str:
    """The encoding that the first bytes name; a file without a mark is UTF-8 until a byte says otherwise."""
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip():
        raise TableError(f"{path} is empty", hint="a table has a line of column names, and a line for each row")
    for magic, (what, hint) in _FOREIGN.items():
        if head.startswith(magic):
            raise TableError(f"{path} is {what}, no text", hint=hint)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        raise TableError(f"{path} is no text: it has zero bytes", hint="save it as CSV in UTF-8")
    return "utf-8" if _is_utf8(path) else "cp1252"


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while piece := file.read(2**24):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def blocks(path: Path, encoding: str, size: int) -> Iterator[Block]:
    """The file in blocks of about `size` bytes, each of whole records with line breaks of one kind."""
    rest, line = b"", 1
    for piece in _pieces(path, encoding, size):
        whole = rest + piece
        kept = whole[:-1] if whole.endswith(b"\r") else whole  # perhaps the first half of \r\n
        if b"\r" in kept:
            kept = kept.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        end = _last_end(kept)
        if end:
            yield Block(kept[:end], line)
            line += kept.count(b"\n", 0, end)
        rest = kept[end:] + (b"\r" if whole.endswith(b"\r") else b"")
    rest = rest.removesuffix(b"\r")
    if rest.count(b'"') % 2:
        raise TableError(
            f"{path}, line {line}: a quotation mark is opened and never closed",
            hint='a mark inside of a quoted value is written twice: "5"" pipe"',
        )
    if rest:
        yield Block(rest + b"\n", line)


def _last_end(data: bytes) -> int:
    """Where the last whole record ends: after a line break outside of quotes."""
    if data.count(b'"') % 2 == 0:
        return data.rfind(b"\n") + 1
    inside = np.bitwise_xor.accumulate(np.frombuffer(data, np.uint8) == ord('"'))
    ends = np.flatnonzero((np.frombuffer(data, np.uint8) == ord("\n")) & ~inside)
    return int(ends[-1]) + 1 if len(ends) else 0


def _pieces(path: Path, encoding: str, size: int) -> Iterator[bytes]:
    """The file in pieces of UTF-8, without its mark."""
    if encoding in ("utf-16", "utf-32"):
        with path.open(encoding=encoding, newline="") as text:
            try:
                while letters := text.read(size // 2):
                    yield letters.encode()
            except UnicodeError as error:
                raise TableError(f"{path} is not all in {encoding.upper()}: {error}", hint="save it in UTF-8") from None
        return
    with path.open("rb") as file:
        file.seek(len(codecs.BOM_UTF8) if encoding == "utf-8-sig" else 0)
        while piece := file.read(size):
            yield western(piece) if encoding == "cp1252" else piece


def western(data: bytes) -> bytes:
    """Windows-1252 as UTF-8; the five bytes that it lacks are taken as Latin-1 has them."""
    try:
        return data.decode("cp1252").encode()
    except UnicodeDecodeError:
        return data.decode("latin-1").encode()


def _are_alike(is_end: np.ndarray, width: int) -> bool:
    """Has each record so many values? `is_end` tells breaks from separators; a blank line makes it doubtful."""
    rows = len(is_end) // width
    return len(is_end) == rows * width and bool(is_end[width - 1 :: width].all()) and np.count_nonzero(is_end) == rows


def _are_plain(letters: np.ndarray, borders: np.ndarray) -> bool:
    """Is no letter beside a border a blank? One that is not in ASCII may be."""
    beside = np.concatenate([letters[np.maximum(borders - 1, 0)], letters[np.minimum(borders + 1, len(letters) - 1)]])
    return not np.any(((beside <= ord(" ")) & (beside != ord("\n"))) | (beside >= _ASCII))


def check_records(path: Path, block: Block, separator: str, names: list[str]) -> bool:
    """Are all values plain: no quotes, and no blanks around them?

    Raises TableError at the first record that has more or fewer values than there are columns.
    """
    letters = np.frombuffer(block.data, np.uint8)  # (byte,)
    breaks, marks = letters == ord("\n"), letters == ord(separator)
    if b'"' in block.data:
        outside = ~np.bitwise_xor.accumulate(letters == ord('"'))
        ends, marks = breaks & outside, marks & outside
    else:
        ends = breaks
    borders = np.flatnonzero(ends | marks)
    is_plain = ends is breaks and _are_plain(letters, borders)
    if _are_alike(ends[borders], len(names)):
        return is_plain
    places = np.flatnonzero(ends)
    sums = np.concatenate([[0], np.cumsum(np.bincount(np.searchsorted(places, np.flatnonzero(marks)),
                                                      minlength=len(places)))])  # fmt: skip
    counts = np.diff(sums)[: len(places)] + 1
    is_blank = np.diff(places, prepend=-1) == 1
    wrong = np.flatnonzero((counts != len(names)) & ~is_blank)
    if not len(wrong):
        return is_plain
    first = int(wrong[0])
    start = int(places[first - 1]) + 1 if first else 0
    line = block.line + int(np.count_nonzero(breaks[:start]))
    text = block.data[start : int(places[first])].decode(errors="replace")
    shown = text if len(text) <= 60 else f"{text[:57]}…"
    more = f"; so are {counted(len(wrong) - 1, 'other line')}" if len(wrong) > 1 else ""
    raise TableError(
        f"{path}, line {line}: {counted(int(counts[first]), 'value')} where the header has "
        f"{counted(len(names), 'name')}{more}: {shown}",
        hint=f"a value that contains {separator!r} stands in double quotes; separator= gives another separator",
    )
