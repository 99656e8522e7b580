"""How what a run logs becomes rows: series of numbers, cut into chunks, with summaries of the metrics. Floor 7.

The last chunk of a series is written again as it grows, so that a slow run does not leave thousands of small rows. What
is in memory moves on only when the transaction is through: `absorb` gives new tails, it changes none.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glassgrad.train.store.packing import (
    Floats,
    Integers,
    Steps,
    pack_numbers,
    pack_steps,
    unpack_numbers,
    unpack_steps,
)
from glassgrad.train.store.queue import Block, Key
from glassgrad.train.store.summary import Running, begin_summary

FULL = 16 << 10  # bytes (as float64) from which on a chunk is closed


@dataclass(frozen=True, slots=True)
class Tail:
    """The open end of a series."""

    series: int
    position: int
    steps: Integers
    values: Floats  # (rows, columns)
    summary: Running | None  # of a metric


def absorb(
    connection: sqlite3.Connection, run: int, tails: dict[Key, Tail], blocks: Mapping[Key, Block], *, close: bool
) -> dict[Key, Tail]:
    """Writes blocks and gives the tails that follow; `close` closes every chunk."""
    new = dict(tails)
    for key, block in blocks.items():
        tail = tails.get(key) or begin(connection, run, key)
        steps = np.concatenate([tail.steps, block.steps])
        values = np.concatenate([tail.values, block.values])
        summary = tail.summary.extended(block.steps, block.values[:, 0]) if tail.summary else None
        new[key] = _written(connection, Tail(tail.series, tail.position, steps, values, summary), close=close)
        if summary is not None:
            write_summary(connection, run, tail.series, summary)
    if close:
        for key in tails.keys() - blocks.keys():
            new[key] = _written(connection, tails[key], close=True) if len(tails[key].steps) else tails[key]
    return new


def begin(connection: sqlite3.Connection, run: int, key: Key) -> Tail:
    """A series without rows."""
    kind, names = key
    row = connection.execute(
        "INSERT INTO series (run, kind, names) VALUES (?, ?, ?)", (run, kind, json.dumps(names, ensure_ascii=False))
    )
    number = row.lastrowid
    assert number is not None
    summary = None if kind else begin_summary(names[0])
    return Tail(number, 0, np.zeros(0, np.int64), np.zeros((0, len(names))), summary)


def _written(connection: sqlite3.Connection, tail: Tail, *, close: bool) -> Tail:
    full = close or tail.values.nbytes >= FULL
    write_chunk(connection, tail, deflate=full)
    if not full:
        return tail
    return Tail(tail.series, tail.position + 1, tail.steps[:0], tail.values[:0], tail.summary)


def write_chunk(connection: sqlite3.Connection, tail: Tail, *, deflate: bool) -> None:
    """Puts the rows of a tail at its position."""
    steps = pack_steps(tail.steps)
    packing, numbers = pack_numbers(tail.values, deflate=deflate)
    connection.execute(
        "INSERT INTO chunks (series, position, rows, first, stride, steps, packing, numbers) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (series, position) DO UPDATE SET rows = excluded.rows, "
        "first = excluded.first, stride = excluded.stride, steps = excluded.steps, packing = excluded.packing, "
        "numbers = excluded.numbers",
        (tail.series, tail.position, len(tail.steps), steps.first, steps.stride, steps.blob, packing, numbers),
    )


def write_summary(connection: sqlite3.Connection, run: int, series: int, running: Running) -> None:
    """Puts the summary of a metric in place of the earlier one."""
    found = running.summary
    connection.execute(
        "INSERT OR REPLACE INTO summaries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(series, run, found.name, found.rows, found.first_step, found.last_step, found.first, found.last),
            *(found.least, found.least_step, found.greatest, found.greatest_step, found.not_finite, found.sketch),
        ),
    )


def read_series(connection: sqlite3.Connection, series: int, columns: int) -> tuple[Integers, Floats]:
    """All rows of a series: steps (rows,) and values (rows, columns)."""
    rows = connection.execute(
        "SELECT rows, first, stride, steps, packing, numbers FROM chunks WHERE series = ? ORDER BY position", (series,)
    ).fetchall()
    if not rows:
        return np.zeros(0, np.int64), np.zeros((0, columns))
    steps = [unpack_steps(Steps(first, stride, blob), count) for count, first, stride, blob, _, _ in rows]
    values = [unpack_numbers(row[4], row[5], rows=row[0], columns=columns) for row in rows]
    return np.concatenate(steps), np.concatenate(values)


def cut_after(connection: sqlite3.Connection, run: int, step: int | None) -> dict[Key, Tail]:
    """Takes away what lies after a step (None: nothing), for a run that goes on; gives the tails to go on with."""
    tails: dict[Key, Tail] = {}
    found = connection.execute("SELECT number, kind, names FROM series WHERE run = ?", (run,)).fetchall()
    for series, kind, text in found:
        names = tuple(json.loads(text))
        steps, values = read_series(connection, series, len(names))
        kept = np.full(len(steps), fill_value=True) if step is None else steps <= step
        steps, values = steps[kept], values[kept]
        if not kept.all():
            connection.execute("DELETE FROM chunks WHERE series = ?", (series,))
            connection.execute("DELETE FROM summaries WHERE series = ?", (series,))
        if not len(steps):
            connection.execute("DELETE FROM series WHERE number = ?", (series,))
            continue
        summary = None if kind else begin_summary(names[0]).extended(steps, values[:, 0])
        position = connection.execute(
            "SELECT coalesce(max(position) + 1, 0) FROM chunks WHERE series = ?", (series,)
        ).fetchone()[0]
        if not kept.all():
            write_chunk(connection, Tail(series, 0, steps, values, None), deflate=True)
            position = 1
        if summary is not None:
            write_summary(connection, run, series, summary)
        tails[kind, names] = Tail(series, position, steps[:0], values[:0], summary)
    return tails
