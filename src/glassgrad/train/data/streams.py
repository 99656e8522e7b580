"""Data that comes in pieces: from a generator, or from the row groups of Parquet files. Floor 7.

Pieces have any number of rows. They are gathered in a pool, the pool is shuffled, and batches are cut of it; what is
left over goes on top of the next pool. So memory holds one pool, and nearby rows are mixed.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.base.naming import described
from glassgrad.base.trees import Structure, Tree, flatten, unflatten
from glassgrad.train.data.batches import Batch, Order, check_order, generator_of, padded

_POOL = 16_384  # rows


class Stream:
    """Data of a function that gives an iterator of pieces, (inputs, *targets) with some rows each, anew for each epoch.

    `pool` rows are shuffled at a time. `rows` says how many there are in all, if that is known.

    >>> def pieces():
    ...     for start in range(0, 6, 3):
    ...         yield np.arange(start, start + 3.0), np.arange(start, start + 3)
    >>> [batch.values[1] for batch in Stream(pieces).batches(Order(size=4))]
    [array([0, 1, 2, 3]), array([4, 5])]
    """

    def __init__(
        self,
        pieces: Callable[[], Iterable[tuple[Tree, ...]]],
        *,
        rows: int | None = None,
        pool: int = _POOL,
        dtype: Any = None,
    ) -> None:
        if not callable(pieces):
            raise UsageError(
                f"Stream takes a function that gives an iterator, found {type(pieces).__name__}",
                hint="an iterator can be gone through once: lambda: iter(…) gives a new one for each epoch",
            )
        self._pieces, self._rows, self._pool = pieces, rows, pool
        self._dtype = None if dtype is None else np.dtype(dtype)

    @property
    def rows(self) -> int | None:
        """How many rows there are, if that is known."""
        return self._rows

    def batches(self, order: Order) -> Iterator[Batch]:
        """The batches of one epoch."""
        check_order(order, self._rows)
        return cut(self._pieces(), order, self._pool, self._dtype)

    def fingerprint(self) -> dict[str, Any]:
        """The name of the function; what it gives is not looked at."""
        return {"rows": self._rows, "stream": described(self._pieces)}


class Parquet:
    """Columns of Parquet files, row group by row group: (inputs, target), or (inputs,) without a target.

    `inputs` names the columns that make the input (row, column), all but the target unless given; `target` the column
    of the target. The groups come in another order in each epoch, and `pool` rows are shuffled at a time. Needs the
    extra `train` (polars).
    """

    def __init__(
        self,
        paths: Path | str | Sequence[Path | str],
        *,
        target: str | None = None,
        inputs: Sequence[str] | None = None,
        pool: int = _POOL,
        dtype: Any = np.float32,
        piece: int = 8_192,
    ) -> None:
        import polars as pl  # with the first file, not with the package

        given = [paths] if isinstance(paths, Path | str) else list(paths)
        self._paths = [Path(path) for path in given]
        for path in self._paths:
            if not path.is_file():
                raise UsageError(f"there is no file {path}")
        if not self._paths:
            raise UsageError("there are no files", hint='Path("folder").glob("*.parquet") found none?')
        schemas = {path: _schema_of(path) for path in self._paths}
        known = list(schemas[self._paths[0]])
        self._inputs = [name for name in known if name != target] if inputs is None else list(inputs)
        for path, schema in schemas.items():
            _check_columns(path, schema, self._inputs if target is None else [*self._inputs, target])
        self._target, self._pool, self._piece, self._dtype = target, pool, piece, np.dtype(dtype)
        counts = [pl.scan_parquet(path).select(pl.len()).collect().item() for path in self._paths]
        self._counts = [int(count) for count in counts]

    @property
    def rows(self) -> int:
        """How many rows there are in all files."""
        return sum(self._counts)

    def batches(self, order: Order) -> Iterator[Batch]:
        """The batches of one epoch."""
        check_order(order, self.rows)
        counted = zip(self._paths, self._counts, strict=True)
        places = [(path, start) for path, count in counted for start in range(0, count, self._piece)]
        if order.key is not None:
            generator_of(order, 1).shuffle(places)
        return cut((self._read(*place) for place in places), order, self._pool, self._dtype)

    def _read(self, path: Path, start: int) -> tuple[Tree, ...]:
        import polars as pl  # with the first file, not with the package

        columns = self._inputs if self._target is None else [*self._inputs, self._target]
        table = pl.scan_parquet(path).select(columns).slice(start, self._piece).collect()
        inputs = table.select(self._inputs).to_numpy().astype(self._dtype)
        return (inputs,) if self._target is None else (inputs, table[self._target].to_numpy())

    def fingerprint(self) -> dict[str, Any]:
        """Rows, columns, and a hash of the names, sizes and times of the files."""
        found = hashlib.blake2b(digest_size=16)
        for path in self._paths:
            facts = path.stat()
            found.update(f"{path.name} {facts.st_size} {facts.st_mtime_ns}".encode())
        return {"rows": self.rows, "columns": [*self._inputs, self._target], "hash": found.hexdigest()}


def _schema_of(path: Path) -> dict[str, Any]:
    import polars as pl  # with the first file, not with the package

    try:
        return dict(pl.scan_parquet(path).collect_schema())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UsageError(f"{path} cannot be read as Parquet: {error}") from None


def _check_columns(path: Path, schema: dict[str, Any], columns: Sequence[str]) -> None:
    """Raises UsageError where a file lacks a column, or has words in it."""
    import polars as pl  # with the first file, not with the package

    for name in columns:
        if name not in schema:
            raise UsageError(f"{path} has no column {name!r}", hint=f"it has {', '.join(schema)}")
        if not (schema[name].is_numeric() or schema[name] == pl.Boolean):
            raise UsageError(
                f"the column {name!r} of {path} holds {schema[name]}, and training needs numbers",
                hint="train.tabular prepares tables with words and dates",
            )


# ------------------------------------------------------------------ pieces into batches
def cut(pieces: Iterable[tuple[Tree, ...]], order: Order, pool: int, dtype: np.dtype | None) -> Iterator[Batch]:
    """Batches of pieces, shuffled a pool at a time; those that were seen before are left out."""
    for index, batch in enumerate(_cut(pieces, order, max(pool, order.size), dtype)):
        if index >= order.skip:
            yield batch


def _cut(pieces: Iterable[Any], order: Order, pool: int, dtype: np.dtype | None) -> Iterator[Batch]:
    held: list[list[np.ndarray]] = []
    structure: Structure | None = None
    shapes: list[tuple[int, ...]] | None = None  # of a row, in the first piece
    generator = None if order.key is None else generator_of(order, 2)
    rows, has_rows = 0, False
    for piece in pieces:
        if not isinstance(piece, tuple):
            raise UsageError(
                f"a piece of the stream is (inputs, *targets), found {type(piece).__name__}",
                hint="(piece,) for inputs without targets",
            )
        leaves, found = flatten(piece)
        if structure is not None and found != structure:
            raise ShapeError(f"a piece of the stream is {found}, and the first was {structure}")
        structure = found
        held.append([_in(np.asarray(leaf), dtype) for leaf in leaves])
        rows += _rows_of(held[-1])
        here = [leaf.shape[1:] for leaf in held[-1]]
        shapes = shapes or here
        if here != shapes:
            raise ShapeError(
                f"rows of a piece of the stream have the shapes {', '.join(map(show_shape, here))}, and those of the "
                f"first {', '.join(map(show_shape, shapes))}"
            )
        has_rows |= rows > 0
        if rows >= pool:
            held, rows = yield from _poured(held, structure, order, generator, is_end=False)
    if structure is None or not has_rows:
        raise UsageError(
            "the stream has no rows",
            hint="a function that gives the same iterator again is used up after one epoch: it makes a new one",
        )
    yield from _poured(held, structure, order, generator, is_end=True)


def _poured(
    held: list[list[np.ndarray]],
    structure: Structure,
    order: Order,
    generator: np.random.Generator | None,
    *,
    is_end: bool,
) -> Generator[Batch, None, tuple[list[list[np.ndarray]], int]]:
    """The whole batches of a pool, and at the end the short one; returns what is left over."""
    arrays = [np.concatenate(column) for column in zip(*held, strict=True)]
    rows = len(arrays[0])
    if generator is not None:
        places = generator.permutation(rows)
        arrays = [array[places] for array in arrays]
    whole = rows // order.size * order.size
    for start in range(0, whole, order.size):
        leaves = [array[start : start + order.size] for array in arrays]
        if order.last == "pad":
            leaves, mask = padded(leaves, order.size, order.size)
            yield Batch(unflatten(structure, leaves), mask, order.size)
        else:
            yield Batch(unflatten(structure, leaves), None, order.size)
    rest = [array[whole:] for array in arrays]
    left = rows - whole
    if is_end and left and order.last != "drop":
        if order.last == "pad":
            leaves, mask = padded(rest, left, order.size)
            yield Batch(unflatten(structure, leaves), mask, left)
        else:
            yield Batch(unflatten(structure, rest), None, left)
    return [rest], left


def _in(leaf: np.ndarray, dtype: np.dtype | None) -> np.ndarray:
    return leaf.astype(dtype, copy=False) if dtype is not None and leaf.dtype.kind == "f" else leaf


def _rows_of(leaves: list[np.ndarray]) -> int:
    counts = {leaf.shape[0] if leaf.ndim else -1 for leaf in leaves}
    if len(counts) != 1 or -1 in counts:
        raise ShapeError(f"the arrays of a piece have different numbers of rows: {[leaf.shape for leaf in leaves]}")
    return counts.pop()
