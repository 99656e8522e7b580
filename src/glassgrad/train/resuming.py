"""What a checkpoint of a run holds, and going on from one. Floor 7."""

import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import CheckpointError
from glassgrad.base.trees import flatten_with_paths, unflatten
from glassgrad.train.checkpoint import Checkpoint, Checkpoints, read, write
from glassgrad.train.run import Run, Timings

if TYPE_CHECKING:
    from glassgrad.train.loop import Loop

_SAME = ("model", "optimizer", "batch_size", "shuffle", "last", "data")  # what a run may not change on its way


def save(loop: "Loop", checkpoints: Checkpoints) -> None:
    """Writes all that the run needs to go on as if it had not been interrupted."""
    run = loop.run
    paths, leaves, _ = flatten_with_paths(run.state)
    arrays = {f"state/{path}": np.asarray(leaf) for path, leaf in zip(paths, leaves, strict=True)}
    arrays |= {f"history/{name}": array for name, array in run.history.arrays().items()}
    facts = {
        "configuration": run.configuration,
        "epoch": run.epoch,
        "step": run.step,
        "seen": loop.seen,
        "waiting": loop.waiting,
        "rows": loop.sums.rows,
        "totals": loop.sums.totals,
        "best": run.best,
        "stopped": run.reason if run.status == "stopped" else None,
        "epochs": run.history.epochs,
        "timings": asdict(run.timings),
        "id": run.id,
    }
    checkpoints.save(Checkpoint(arrays, facts))


def save_best(loop: "Loop", checkpoints: Checkpoints) -> None:
    """Writes the best model."""
    model = loop.run.model
    arrays = {path: np.asarray(value) for path, value in (model.parameters() | model.states()).items()}
    write(checkpoints.best, Checkpoint(arrays, {"epoch": loop.run.epoch, "best": loop.run.best}))


def restore(loop: "Loop", checkpoints: Checkpoints) -> None:
    """Sets the run to where its last checkpoint was, if there is one."""
    found, problems = checkpoints.load()
    for problem in problems:
        warnings.warn(f"{problem}; going on from the checkpoint before it", RuntimeWarning, stacklevel=4)
    if found is None:
        return
    run, facts = loop.run, found.facts
    _check_same(run, facts["configuration"], checkpoints)
    paths, leaves, structure = flatten_with_paths(run.state)
    state = [_fitting(found, f"state/{path}", leaf, checkpoints) for path, leaf in zip(paths, leaves, strict=True)]
    run.state = unflatten(structure, state)
    history = {name.removeprefix("history/"): a for name, a in found.arrays.items() if name.startswith("history/")}
    run.history.restore(history, facts["epochs"])
    run.id = facts["id"]
    run.epoch, run.step = facts["epoch"], facts["step"]
    run.best = None if facts["best"] is None else (facts["best"][0], facts["best"][1])
    run.timings = Timings(**facts["timings"])
    loop.seen, loop.waiting = facts["seen"], facts["waiting"]
    loop.sums.rows, loop.sums.totals = facts["rows"], dict(facts["totals"])
    if run.best is not None:
        run.model = run.model.replace(read(checkpoints.best).arrays)
    if facts["stopped"] is not None:
        run.stop(facts["stopped"])


def _check_same(run: Run, before: dict[str, Any], checkpoints: Checkpoints) -> None:
    for name in _SAME:
        if before.get(name) != run.configuration[name]:
            raise CheckpointError(
                f"the checkpoint in {checkpoints.folder} is of a run with another {name.replace('_', ' ')}: "
                f"{_short(before.get(name))} then, {_short(run.configuration[name])} now",
                hint="resume=False begins anew and writes over it; or give another folder",
            )


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}…"


def _fitting(found: Checkpoint, name: str, leaf: Any, checkpoints: Checkpoints) -> np.ndarray:
    array, expected = found.arrays.get(name), np.asarray(leaf)
    if array is None or array.shape != expected.shape or array.dtype != expected.dtype:
        held = "nothing" if array is None else f"{array.dtype}{show_shape(array.shape)}"
        needed = f"{expected.dtype}{show_shape(expected.shape)}"
        raise CheckpointError(
            f"{checkpoints.last}: {name} holds {held}, and the model needs {needed}",
            hint="the checkpoint belongs to another model or optimiser; resume=False begins anew",
        )
    return array.copy()
