"""Runs as one CSV file, a row for each value: run, kind (empty for a metric), name, step, value. Floor 7."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from glassgrad.base.files import whole
from glassgrad.train.exporters.contents import RunContents, Series

COLUMNS = ("run", "kind", "name", "step", "value")


def write_csv(runs: Iterable[RunContents], target: Path) -> None:
    """Writes the file. Values have the digits that give the same float64 back; NaN is nan, infinities inf and -inf."""
    with whole(target) as part, part.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(COLUMNS)
        for run in runs:
            for kind, name, (steps, values) in all_series(run):
                rows.writerows(
                    (run.id, kind, name, step, value)
                    for step, value in zip(steps.tolist(), values.tolist(), strict=True)
                )


def all_series(run: RunContents) -> Iterator[tuple[str, str, Series]]:
    """(kind, name, series) of the metrics, then of the layers."""
    for name, series in run.metrics.items():
        yield "", name, series
    for kind, paths in run.layers.items():
        for path, series in paths.items():
            yield kind, path, series
