"""The tables of a run store, and how a store of an earlier version becomes one of today's. Floor 7.

Numbers lie in `chunks`: a chunk is a few thousand steps of one series as one block of bytes, so that 10,000 steps are a
handful of rows. What a listing shows is kept ready in `runs` and `summaries`, which stay small.
"""

import sqlite3
from collections.abc import Sequence

APPLICATION = 0x47475253  # "GGRS", in the header of every store: tells it from other SQLite files

_FIRST = """
CREATE TABLE runs (
    number   INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL,
    status   TEXT NOT NULL,             -- as written; a run whose process is gone is read as interrupted
    begun    REAL NOT NULL,             -- times are seconds since 1970, UTC
    seen     REAL NOT NULL,             -- when its process last wrote
    ended    REAL,
    reason   TEXT,                      -- why it stopped or failed
    process  TEXT NOT NULL              -- JSON: where it runs, to find out whether it still does
);
CREATE TABLE facts (                    -- what may be long, apart from what a listing reads
    run           INTEGER PRIMARY KEY REFERENCES runs(number) ON DELETE CASCADE,
    configuration TEXT NOT NULL,        -- JSON, like the rest
    data          TEXT NOT NULL,
    versions      TEXT NOT NULL,
    machine       TEXT NOT NULL
);
CREATE TABLE series (
    number INTEGER PRIMARY KEY,
    run    INTEGER NOT NULL REFERENCES runs(number) ON DELETE CASCADE,
    kind   TEXT NOT NULL,               -- '' for a metric, else the kind of a statistic of layers
    names  TEXT NOT NULL                -- JSON: the metric's name, or the paths of the layers, one per column
);
CREATE INDEX series_of_run ON series(run, kind);
CREATE TABLE chunks (
    number   INTEGER PRIMARY KEY,
    series   INTEGER NOT NULL REFERENCES series(number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    rows     INTEGER NOT NULL,
    first    INTEGER NOT NULL,          -- steps first, first + stride, … ; where they are uneven, `steps` has them
    stride   INTEGER NOT NULL,
    steps    BLOB,                      -- little-endian int64
    packing  TEXT NOT NULL,             -- see packing.py
    numbers  BLOB NOT NULL,
    UNIQUE (series, position)
);
CREATE TABLE summaries (
    series        INTEGER PRIMARY KEY REFERENCES series(number) ON DELETE CASCADE,
    run           INTEGER NOT NULL,
    name          TEXT NOT NULL,
    rows          INTEGER NOT NULL,
    first_step    INTEGER NOT NULL,
    last_step     INTEGER NOT NULL,
    first         REAL,                 -- NULL is NaN: SQLite has no other way to write it
    last          REAL,
    least         REAL,                 -- of the finite values; NULL where there are none
    least_step    INTEGER,
    greatest      REAL,
    greatest_step INTEGER,
    not_finite    INTEGER NOT NULL,
    sketch        BLOB NOT NULL         -- means of equal stretches, little-endian float32
);
CREATE INDEX summaries_of_run ON summaries(run, name);
CREATE TABLE artefacts (
    run    INTEGER NOT NULL REFERENCES runs(number) ON DELETE CASCADE,
    path   TEXT NOT NULL,               -- relative to the folder that .glassgrad lies in, where it is inside of it
    kind   TEXT NOT NULL,
    bytes  INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    made   REAL NOT NULL,
    PRIMARY KEY (run, path)
) WITHOUT ROWID;
"""

# Step n leads from version n to version n + 1; a new version of the tables is one more text at the end.
MIGRATIONS = (_FIRST,)


def version_of(connection: sqlite3.Connection) -> int:
    """The version that a store's tables have; 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_foreign(connection: sqlite3.Connection) -> bool:
    """Whether this is an SQLite database of something else."""
    # The tables first: another process may make them at this moment, and sets the mark with them.
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    return bool(mark != APPLICATION and (tables or mark))


def migrate(connection: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Brings the tables up to date inside of the running transaction: all of it happens, or nothing."""
    for text in migrations[version_of(connection) :]:
        for statement in _statements(text):
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {len(migrations)}")


def _statements(text: str) -> list[str]:
    """The statements one by one: `executescript` would commit what is under way."""
    found, statement = [], ""
    for line in text.splitlines(keepends=True):
        statement += line.partition("--")[0].rstrip() + "\n"
        if sqlite3.complete_statement(statement):
            found.append(statement)
            statement = ""
    return [*found, statement] if statement.strip() else found
