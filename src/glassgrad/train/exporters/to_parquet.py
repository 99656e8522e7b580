"""Runs as one Parquet file with the columns of the CSV, through polars. Floor 7."""

from collections.abc import Iterable
from pathlib import Path

from glassgrad.train.exporters.as_csv import all_series
from glassgrad.train.exporters.contents import RunContents
from glassgrad.train.exporters.extras import needed


def write_parquet(runs: Iterable[RunContents], target: Path) -> None:
    """Writes the file."""
    with needed("polars", extra="train", what="Parquet"):
        import polars as pl  # optional

    shape = {"run": pl.String, "kind": pl.String, "name": pl.String}
    schema = shape | {"step": pl.Int64, "value": pl.Float64}
    tables = [pl.DataFrame(schema=schema)]
    for run in runs:
        for kind, name, (steps, values) in all_series(run):
            table = pl.DataFrame({"step": steps, "value": values})
            texts = [pl.lit(text).alias(key) for key, text in zip(shape, (run.id, kind, name), strict=True)]
            tables.append(table.select(*texts, "step", "value"))
    pl.concat(tables).write_parquet(target)
