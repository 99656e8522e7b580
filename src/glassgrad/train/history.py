"""What a run has measured: numbers for each epoch and each step, and norms for each parameter. Floor 7."""

from array import array
from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np

KINDS = ("gradient", "update", "parameter")


@dataclass(slots=True)
class Means:
    """Means of numbers over batches: each batch counts by what its numbers say, or by its rows."""

    sums: dict[str, list[float]] = field(default_factory=dict)  # by name: Σ count · number, Σ count

    def add(self, rows: int, numbers: dict[str, float], counts: dict[str, Any]) -> None:
        """Adds the numbers of a batch. One that nothing counts in adds nothing."""
        for name, value in numbers.items():
            sums = self.sums.get(name)
            if sums is None:
                sums = self.sums[name] = [0.0, 0.0]
            count = float(counts[name]) if name in counts else rows
            if count:
                sums[0] += value * count
                sums[1] += count

    def values(self) -> dict[str, float]:
        """The means; NaN where nothing counted."""
        return {name: total / count if count else nan for name, (total, count) in self.sums.items()}


@dataclass(slots=True)
class Series:
    """Values that come one after another, each with the step it belongs to."""

    steps: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, step: int, value: float) -> None:
        """Adds a value."""
        self.steps.append(step)
        self.values.append(value)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """(steps, values)."""
        return np.array(self.steps, np.int64), np.array(self.values, np.float64)


@dataclass(slots=True)
class Layers:
    """Norms of gradients, updates and parameters at some steps: one row for each, one column for each parameter."""

    paths: tuple[str, ...]
    steps: "array[int]" = field(default_factory=lambda: array("q"))
    rows: dict[str, list[np.ndarray]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def add(self, step: int, norms: dict[str, np.ndarray]) -> None:
        """Adds the norms of a step, by kind."""
        self.steps.append(step)
        with np.errstate(over="ignore"):  # what a training that diverges has beyond float32 is infinite here
            for kind in KINDS:
                self.rows[kind].append(np.array(norms[kind], np.float32))

    def norms(self, kind: str) -> np.ndarray:
        """(step, parameter) norms: "gradient", "update" or "parameter"."""
        return np.stack(self.rows[kind]) if self.steps else np.zeros((0, len(self.paths)), np.float32)

    def ratios(self) -> np.ndarray:
        """(step, parameter): the norm of the update over that of the parameter; about 1e-3 is usual."""
        parameter = self.norms("parameter")
        return self.norms("update") / np.where(parameter == 0, np.nan, parameter)


@dataclass(slots=True)
class History:
    """The measurements of a run.

    `epochs` has a dict for each epoch: loss, metrics, and the same of the validation with "validation " in front, rate,
    seconds. `steps` has a `Series` for each number that each step gives. `layers` are the norms at sampled steps.
    """

    layers: Layers
    epochs: list[dict[str, Any]] = field(default_factory=list)
    steps: dict[str, Series] = field(default_factory=dict)

    def __getitem__(self, name: str) -> np.ndarray:
        """A number of each epoch: `history["validation loss"]`; NaN where an epoch has none."""
        return np.array([epoch.get(name, np.nan) for epoch in self.epochs], np.float64)

    def names(self) -> list[str]:
        """The names of the numbers of epochs."""
        found: dict[str, None] = {}
        for epoch in self.epochs:
            found |= dict.fromkeys(epoch)
        return list(found)

    # ------------------------------------------------------------------ for checkpoints
    def arrays(self) -> dict[str, np.ndarray]:
        """The measurements of steps and layers as arrays, by name."""
        found = {}
        for name, series in self.steps.items():
            found[f"steps/{name}/step"], found[f"steps/{name}/value"] = series.arrays()
        found |= {f"layers/{kind}": self.layers.norms(kind) for kind in KINDS}
        return found | {"layers/step": np.array(self.layers.steps, np.int64)}

    def restore(self, arrays: dict[str, np.ndarray], epochs: list[dict[str, Any]]) -> None:
        """Takes over what `arrays` gave."""
        self.epochs[:] = epochs
        given = [key for key in arrays if key.startswith("steps/") and key.endswith("/step")]
        for name in [key.removeprefix("steps/").removesuffix("/step") for key in given]:  # it may have strokes too
            steps, values = arrays[f"steps/{name}/step"], arrays[f"steps/{name}/value"]
            self.steps[name] = Series(array("q", steps.tolist()), array("d", values.tolist()))
        self.layers.steps = array("q", arrays["layers/step"].tolist())
        for kind in KINDS:
            self.layers.rows[kind] = list(arrays[f"layers/{kind}"])
