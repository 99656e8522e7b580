"""read: a file becomes a table, whatever its format; each thing that is wrong with it has an error. Floor 7."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, is_zipfile

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import TableError
from glassgrad.train.tabular import delimited
from glassgrad.train.tabular.cells import Decimal
from glassgrad.train.tabular.delimited import LARGE, Watch
from glassgrad.train.tabular.frames import listed, normal, polars
from glassgrad.train.tabular.sampling import chosen_rows, sampled

if TYPE_CHECKING:
    import polars as pl

TEXT, PARQUET = (".csv", ".tsv", ".tab", ".txt"), (".parquet", ".pq")
FORMATS = (*TEXT, *PARQUET, ".npz")
_OTHERS = {  # what to do with files of other kinds
    **dict.fromkeys((".xls", ".xlsx", ".ods"), "save the sheet as CSV (UTF-8) or Parquet"),
    **dict.fromkeys((".gz", ".zip", ".bz2", ".xz", ".zst"), "unpack it first"),
    **dict.fromkeys(
        (".json", ".jsonl", ".feather", ".arrow"), "polars reads it, and write_parquet makes a table of it"
    ),
    **dict.fromkeys((".npy", ".pkl", ".pickle"), "numpy.savez('table.npz', x=…, y=…) makes a file of several arrays"),
}
_FIRST = 50_000  # rows that stand for the others


def read(
    path: str | Path,
    separator: str | None = None,
    *,
    columns: Collection[str] | None = None,
    notes: list[str] | None = None,
    marks: dict[str, Decimal] | None = None,
    exact: Collection[str] = (),
    rows: int | None = None,
    watch: Watch | None = None,
) -> "pl.DataFrame":
    r"""The table in a file: .csv or .tsv (any separator, UTF-8, UTF-16 or Windows-1252), .parquet, or .npz.

    `separator` is found out where it is not given. `columns` are those to keep, by default all. Columns in which every
    value is a number are numbers; all others are words, without blanks around them, and null where there is nothing
    (an empty value, NA, NaN, null, ?). An .npz has arrays with a row for each row of the table; a matrix `x` gives the
    columns x_0, x_1, …. What a person should know about the reading is added to `notes`.

    Is 1.234 a little more than one, or a thousand? Other cells of the column say it, or other columns, or semicolons
    between the values, and a note where it is not sure. Numbers with decimal commas stay words, which `infer` reads.
    `marks` (column: "." or ",") are those of such open columns: what it holds is taken, what is found is added.

    Files of more than 8 MB are read in blocks, twice. Of more than 64 MB numbers are kept in single precision and words
    as codes, so that a file of 2 GB takes a fraction of that in memory; only the columns in `exact` keep all of their
    digits. `rows` is the most that are kept, drawn by chance, in their order. `watch` is called with the share of the
    file that has been read. Raises TableError with the file, the line and a hint.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "pets.csv"
    >>> _ = path.write_text("name;weight\nRex;12.5\nMia;")
    >>> read(path).rows()
    [('Rex', 12.5), ('Mia', None)]
    """
    path, notes = Path(path), [] if notes is None else notes
    marks = {} if marks is None else marks
    if path.is_dir():
        raise TableError(f"{path} is a folder, not a table", hint=f"a file: {', '.join(FORMATS)}")
    if not path.exists():
        near = sorted(other.name for other in path.parent.glob("*") if other.suffix.lower() in FORMATS)
        raise TableError(f"there is no file {path}", hint=f"beside it lie {listed(near)}" if near else None)
    if not path.stat().st_size:
        raise TableError(f"{path} is empty", hint="a table has a line of column names, and a line for each row")
    match path.suffix.lower():
        case suffix if suffix in TEXT:
            return delimited.read_delimited(path, separator, columns, notes, marks, exact, rows, watch)
        case suffix if suffix in PARQUET:
            return _parquet(path, columns, exact, rows, notes)
        case ".npz":
            return sampled(_chosen(path, _arrays(path), columns), rows, notes)
        case suffix:
            raise TableError(
                f"{path}: tables are read from {', '.join(FORMATS)}, not from {suffix or 'a file without an ending'}",
                hint=_OTHERS.get(suffix),
            )


def first_rows(path: str | Path, separator: str | None = None) -> tuple["pl.DataFrame", int] | None:
    """The first rows of a large file of text or Parquet, and about how many it has; None for smaller ones and others.

    Raises TableError as `read` does.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if not path.is_file() or path.stat().st_size <= LARGE:
        return None
    if suffix in TEXT:
        return delimited.first_rows(path, separator)
    if suffix not in PARQUET:
        return None
    pl = polars()
    try:
        lazy = pl.scan_parquet(path)
        return lazy.head(_FIRST).collect(), int(lazy.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError):
        return None  # reading says what is wrong with it


def _parquet(
    path: Path, columns: Collection[str] | None, exact: Collection[str], rows: int | None, notes: list[str]
) -> "pl.DataFrame":
    pl = polars()
    try:
        lazy = pl.scan_parquet(path)
        schema = lazy.collect_schema()
        names = _normal_names(path, schema.names())
        absent = [name for name in columns or () if name not in names]
        if absent:
            raise TableError(f"{path} has no column {listed(absent)}", hint=f"it has {listed(names, 20)}")
        wanted = {name: names[name] for name in names if columns is None or name in set(columns)}
        for name in _nested(path, {name: schema[own] for name, own in wanted.items()}, columns, notes):
            del wanted[name]
        is_large = path.stat().st_size > LARGE
        if is_large:
            notes.append(f"{path} has {path.stat().st_size / 1e6:,.0f} MB: its numbers are kept in single precision")
        small = {name for name, own in wanted.items() if is_large and schema[own] == pl.Float64 and name not in exact}
        asked = {name: pl.col(own).cast(pl.Float32) if name in small else pl.col(own) for name, own in wanted.items()}
        chosen = chosen_rows(int(lazy.select(pl.len()).collect().item()), rows, notes)
        frame = (lazy if chosen is None else lazy.filter(pl.lit(pl.Series(chosen)))).select(**asked).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TableError(f"{path} cannot be read: {str(error).splitlines()[0]}", hint="is it a Parquet file?") from None
    return _checked(path, frame)


def _nested(path: Path, types: dict[str, Any], asked: Collection[str] | None, notes: list[str]) -> list[str]:
    """The columns that have more than a value in a cell, which are left out, unless they are asked for or all."""
    pl = polars()
    nested = [name for name, kind in types.items() if kind.is_nested() or kind in (pl.Binary, pl.Object)]
    if nested and (asked is not None or len(nested) == len(types)):
        raise TableError(
            f"{path}: {listed(nested)} holds lists, records or bytes, and a table has one value in each cell",
            hint="unpack them into columns of their own, or leave them out (columns=)",
        )
    notes += [f"{listed(nested)} holds lists, records or bytes: left out"] if nested else []
    return nested


def _arrays(path: Path) -> "pl.DataFrame":
    pl = polars()
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise TableError(f"{path} is a single array", hint="numpy.savez(path, x=…, y=…) makes a file of several")
        with loaded as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, OSError, BadZipFile, EOFError) as error:
        if isinstance(error, TableError):
            raise
        is_pickled = "pickle" in str(error)
        what = "it holds Python objects" if is_pickled and is_zipfile(path) else "it is no .npz file, or not whole"
        hint = (
            "text is saved as an array of strings: array.astype(str)" if is_pickled else "numpy.savez makes such a file"
        )
        raise TableError(f"{path} cannot be read: {what}", hint=hint) from None
    rows = {name: array.shape[0] if array.ndim else 0 for name, array in arrays.items()}
    if not rows or len(set(rows.values())) != 1 or any(array.ndim == 0 for array in arrays.values()):
        shapes = ", ".join(f"{name} {show_shape(array.shape)}" for name, array in arrays.items())
        raise TableError(f"{path}: the arrays need a row for each row of the table, found {shapes or 'none'}")
    columns: dict[str, Any] = {}
    for name, array in arrays.items():
        cells = _cells(path, name, array)
        if cells.ndim == 1:
            columns[name] = _series(cells)
        else:
            flat = cells.reshape(len(cells), -1)
            columns |= {f"{name}_{place}": _series(flat[:, place]) for place in range(flat.shape[1])}
    names = _normal_names(path, list(columns))
    return _checked(path, pl.DataFrame({name: columns[own] for name, own in names.items()}))


def _normal_names(path: Path, names: list[str]) -> dict[str, str]:
    """The columns' names in normal form, and as the file has them."""
    found = {normal(name): name for name in names}
    if len(found) < len(names):
        twice = [name for name in names if found[normal(name)] != name]
        raise TableError(f"{path}: {listed(twice)} names more than one column", hint="each needs a name of its own")
    return found


def _cells(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    """The array in a type that tables have. Raises TableError for what is not one value in each cell."""
    match array.dtype.kind:
        case "c":
            hint = "its real and its imaginary part have: two arrays"
            raise TableError(f"{path}: {name!r} holds complex numbers, which have no place in a table", hint=hint)
        case "V":
            fields = ", ".join(array.dtype.names or ())
            raise TableError(
                f"{path}: {name!r} holds records, and a table has one value in each cell",
                hint=f"one array for each field: {fields}" if fields else None,
            )
        case "M":
            return array.astype("datetime64[us]")
        case "m":
            return array.astype("timedelta64[us]")
        case _:
            is_odd = array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8)  # half precision, and long double
            return array.astype(np.float64) if is_odd else array


def _series(cells: np.ndarray) -> Any:
    return cells.astype(str).tolist() if cells.dtype.kind in "US" else np.ascontiguousarray(cells)


def _chosen(path: Path, frame: "pl.DataFrame", columns: Collection[str] | None) -> "pl.DataFrame":
    if columns is None:
        return frame
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise TableError(f"{path} has no column {listed(absent)}", hint=f"it has {listed(frame.columns, 20)}")
    return frame.select([name for name in frame.columns if name in set(columns)])


def _checked(path: Path, frame: "pl.DataFrame") -> "pl.DataFrame":
    if not len(frame):
        raise TableError(f"{path} has columns and no rows")
    return frame
