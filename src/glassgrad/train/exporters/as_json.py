"""Runs as one JSON file: {"runs": […]}. NaN and infinities are the texts "NaN", "Infinity", "-Infinity". Floor 7."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from glassgrad.base.files import whole
from glassgrad.train.exporters.contents import RunContents, Series, heading


def write_json(runs: Iterable[RunContents], target: Path) -> None:
    """Writes the file, one run at a time."""
    with whole(target) as part, part.open("w", encoding="utf-8") as stream:
        stream.write('{"runs": [')
        for index, run in enumerate(runs):
            stream.write(",\n" if index else "\n")
            stream.write(json.dumps(_tree(run), ensure_ascii=False, allow_nan=False))
        stream.write("\n]}\n")


def _tree(run: RunContents) -> dict[str, Any]:
    return {
        **heading(run),
        **asdict(run.facts),
        "metrics": {name: _series(series) for name, series in run.metrics.items()},
        "layers": {
            kind: {path: _series(series) for path, series in paths.items()} for kind, paths in run.layers.items()
        },
        "artefacts": [asdict(artefact) | {"path": str(artefact.path)} for artefact in run.artefacts],
    }


def _series(series: Series) -> dict[str, list[Any]]:
    steps, values = series
    return {"steps": steps.tolist(), "values": [_number(value) for value in values.tolist()]}


def _number(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
