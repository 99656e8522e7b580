"""What a finished or interrupted training has recorded, as the doctor reads it: losses of steps, norms of layers.

A folder that `glassgrad train` wrote, an unfinished one of it, or the checkpoints of `fit`. No gain of a link is
recorded, so there is no ledger; nothing can be run again either. Floor 7.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from math import inf, isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.base.errors import CheckpointError, UsageError
from glassgrad.base.tensors import Checkpoint, read
from glassgrad.doctor.measured.sample import Bad, Sample, Weights
from glassgrad.doctor.measured.setup import DataFacts, LossFacts, OptimizerFacts, Parameter, Setup
from glassgrad.doctor.measured.trace import Trace
from glassgrad.train.checkpoint import Checkpoints

_RESULTS = "history.json"
_ENDING = ".unfinished"
_LOSSES = {"binary_cross_entropy": "binary_cross_entropy_logits", "kl_divergence": "kl"}  # ours takes logits


def recorded_trace(folder: Path) -> Trace:
    """The training that a folder tells of. Raises UsageError or CheckpointError for another folder."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", hint="a folder of glassgrad train, or checkpoint= of fit")
    if (folder / _RESULTS).is_file():
        return _of_results(folder)
    for place in (folder, folder / "checkpoints", folder.with_name(folder.name + _ENDING) / "checkpoints"):
        found = _newest(place)
        if found is not None:
            return _of_checkpoint(place, found)
    raise UsageError(
        f"{folder} holds no training", hint="a folder that `glassgrad train` wrote, or what fit(checkpoint=…) was given"
    )


def _newest(place: Path) -> Checkpoint | None:
    """The last checkpoint of a folder, or of the folder below it that was written last."""
    below = sorted(place.glob("*/last.safetensors"), key=lambda path: path.stat().st_mtime)
    for folder in (place, *(path.parent for path in reversed(below))):
        if any(folder.glob("*.safetensors")):
            return Checkpoints(folder).load()[0]
    return None


# ------------------------------------------------------------------ the two kinds of folders
def _of_results(folder: Path) -> Trace:
    """history.json, metrics.json and config.toml of `glassgrad train`."""
    history, metrics = _json(folder / _RESULTS), _json(folder / "metrics.json")
    layers, loss = history.get("layers", {}), history.get("steps", {}).get("loss", {"step": [], "value": []})
    shapes = {}
    if (folder / "model.safetensors").is_file():
        shapes = {name: array.shape for name, array in read(folder / "model.safetensors").arrays.items()}
    is_classes = metrics.get("task") == "classification"
    rows = metrics.get("rows", {}).get("train", 0)
    epochs = max(1, metrics.get("epochs") or 1)
    batches = round((metrics.get("steps") or 0) / epochs)
    baseline = metrics.get("baselines", {}).get("majority", {}).get("log_loss") if is_classes else None
    name = ("cross_entropy" if len(metrics.get("classes", ())) else "custom") if is_classes else "mse"
    setup = Setup(
        "glassgrad", f"glassgrad train: {folder.name}", (), _parameters(layers.get("parameters", ()), shapes),
        LossFacts(name, name, "mean"), (OptimizerFacts("", "", float(metrics.get("rate") or nan)),),
        _data(rows // max(1, batches), batches, "classes" if is_classes else "regression", baseline),
    )  # fmt: skip
    norms = {kind: np.array(layers.get(kind, ()), float) for kind in ("gradient", "update", "parameter")}
    losses = _by_step(loss["step"], [nan if value is None else value for value in loss["value"]])
    return _trace(setup, losses, layers.get("step", ()), norms, float(metrics.get("seconds") or 0.0))


def _of_checkpoint(place: Path, found: Checkpoint) -> Trace:
    """The last state of a run of `fit`."""
    arrays, facts = found.arrays, found.facts
    configuration: dict[str, Any] = facts.get("configuration") or {}
    shapes = {
        match[1]: array.shape
        for key, array in arrays.items()
        if (match := re.match(r"state/parameters\['(.*)'\]$", key))
    }
    norms = {kind: arrays[f"history/layers/{kind}"].astype(float) for kind in ("gradient", "update", "parameter")}
    paths = facts.get("layers") or ()
    batch = int(configuration.get("batch_size") or 0)
    rows = (configuration.get("data") or {}).get("rows") or 0
    loss = str(configuration.get("loss", "")).rpartition(".")[2]
    optimizer = str(configuration.get("optimizer", ""))
    epochs = facts.get("epochs") or [{}]
    setup = Setup(
        "glassgrad", str(configuration.get("model", place.name)).partition("(")[0], (), _parameters(paths, shapes),
        LossFacts(_LOSSES.get(loss, loss) or "custom", loss or "custom", "mean"),
        (OptimizerFacts(optimizer.partition("(")[0], optimizer, float(epochs[0].get("rate", nan))),),
        _data(batch, -(-rows // batch) if batch else 0, "other", None),
    )  # fmt: skip
    steps, values = (arrays.get(f"history/steps/loss/{kind}", np.zeros(0)) for kind in ("step", "value"))
    losses = _by_step(steps.tolist(), values.tolist())
    seconds = float((facts.get("timings") or {}).get("total", 0.0))
    return _trace(setup, losses, arrays["history/layers/step"].tolist() if paths else (), norms, seconds)


# ------------------------------------------------------------------ in the doctor's words
def _trace(
    setup: Setup, losses: tuple[float, ...], steps: Sequence[int], norms: Mapping[str, np.ndarray], seconds: float
) -> Trace:
    samples = []
    for row, step in enumerate(steps):
        place = min(max(0, step - 1), len(losses) - 1) if losses else 0
        weights = tuple(
            Weights(
                one.path, one.link, math.prod(one.shape), *(float(norms[kind][row, column]) for kind in _KINDS)
            )
            for column, one in enumerate(setup.parameters)
        )  # fmt: skip
        samples.append(Sample(place, losses[place] if losses else nan, (), weights, (), None))
    note = "read from what was recorded: losses and norms of layers, but no gains of links, so there is no ledger"
    return Trace(setup, losses, tuple(samples), _bad(losses), seconds=seconds, notes=(note,))


_KINDS = ("parameter", "gradient", "update")


def _bad(losses: Sequence[float]) -> Bad | None:
    for step, loss in enumerate(losses):
        if not isfinite(loss):
            return Bad(step, "loss", "loss", "loss", "inf" if abs(loss) == inf else "nan")
    return None


def _by_step(steps: Sequence[int], values: Sequence[float]) -> tuple[float, ...]:
    """A loss for each step; NaN never stands for a step that was not recorded, such steps are left out."""
    return tuple(float(value) for _, value in sorted(zip(steps, values, strict=True)))


def _parameters(paths: Sequence[str], shapes: Mapping[str, tuple[int, ...]]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            path, path.rpartition(".")[0], tuple(shapes.get(path, ())), learns=True, is_stepped=True,
            is_bias=path.endswith("bias"),
        )
        for path in paths
    )  # fmt: skip


def _data(batch: int, batches: int, task: Any, baseline: float | None) -> DataFacts:
    return DataFacts(
        batch, batches, (), (), "", "", None, (), None, task, baseline=nan if baseline is None else float(baseline)
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}", hint="it is damaged, or no folder of a run") from None
    return found if isinstance(found, dict) else {}
