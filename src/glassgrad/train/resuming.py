"""What a checkpoint of a run holds, and going on from one. Floor 7."""

import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import CheckpointError
from glassgrad.base.tensors import Checkpoint
from glassgrad.base.trees import flatten_with_paths, unflatten
from glassgrad.train.callbacks import Remembering
from glassgrad.train.checkpoint import Checkpoints
from glassgrad.train.history import Means
from glassgrad.train.identity import check_same
from glassgrad.train.run import Timings

if TYPE_CHECKING:
    from glassgrad.train.loop import Loop


def save(loop: "Loop", checkpoints: Checkpoints) -> None:
    """Writes all that the run needs to go on as if it had not been interrupted."""
    run, remembering = loop.run, _remembering(loop)
    paths, leaves, _ = flatten_with_paths(run.state)
    arrays = {f"state/{path}": np.asarray(leaf) for path, leaf in zip(paths, leaves, strict=True)}
    arrays |= {f"history/{name}": array for name, array in run.history.arrays().items()}
    for place, callback in enumerate(remembering):
        arrays |= {f"callback {place}/{name}": np.asarray(value) for name, value in callback.state().items()}
    facts = {
        "configuration": run.configuration,
        "epoch": run.epoch,
        "step": run.step,
        "seen": loop.seen,
        "waiting": loop.selection.waiting,
        "sums": loop.means.sums,
        "best": run.best,
        "stopped": run.reason if run.status == "stopped" and run.reason != loop.selection.why_enough else None,
        "epochs": run.history.epochs,
        "layers": list(run.history.layers.paths),
        "timings": asdict(run.timings),
        "callbacks": [type(callback).__qualname__ for callback in remembering],
        "id": run.id,
    }
    checkpoints.save(Checkpoint(arrays, facts))


def save_best(loop: "Loop", checkpoints: Checkpoints) -> None:
    """Writes the best model."""
    model = loop.run.model
    arrays = {path: np.asarray(value) for path, value in (model.parameters() | model.states()).items()}
    checkpoints.save_best(Checkpoint(arrays, {"epoch": loop.run.epoch, "best": loop.run.best}))


def restore(loop: "Loop", checkpoints: Checkpoints) -> None:
    """Sets the run to where its last checkpoint was, if there is one."""
    found, problems = checkpoints.load()
    for problem in problems:
        warnings.warn(f"{problem}; going on from the checkpoint before it", RuntimeWarning, stacklevel=4)
    if found is None:
        return
    run, facts = loop.run, found.facts
    check_same(run.configuration, facts["configuration"], checkpoints.folder)
    paths, leaves, structure = flatten_with_paths(run.state)
    state = [_fitting(found, f"state/{path}", leaf, checkpoints) for path, leaf in zip(paths, leaves, strict=True)]
    run.state = unflatten(structure, state)
    run.history.restore(_below("history/", found), facts["epochs"])
    run.id = facts["id"]
    run.epoch, run.step = facts["epoch"], facts["step"]
    run.timings = Timings(**facts["timings"])
    loop.seen, loop.means = facts["seen"], Means(facts["sums"])
    _restore_best(loop, facts, checkpoints)
    _restore_callbacks(loop, found, checkpoints)
    if reason := facts["stopped"] or loop.selection.why_enough:
        run.stop(reason)


def _restore_best(loop: "Loop", facts: dict[str, Any], checkpoints: Checkpoints) -> None:
    """The best model so far. Without its file the run goes on, and the best is looked for from here on."""
    loop.selection.waiting = facts["waiting"]
    if facts["best"] is None:
        return
    try:
        best = checkpoints.load_best()
    except CheckpointError as error:
        warnings.warn(f"{error.message}; the best model so far is lost", RuntimeWarning, stacklevel=5)
        return
    loop.run.best = loop.selection.best = (facts["best"][0], facts["best"][1])
    loop.run.model = loop.run.model.replace(best.arrays)


def _restore_callbacks(loop: "Loop", found: Checkpoint, checkpoints: Checkpoints) -> None:
    remembering, names = _remembering(loop), found.facts["callbacks"]
    if [type(callback).__qualname__ for callback in remembering] != names:
        raise CheckpointError(
            f"the checkpoint in {checkpoints.folder} is of a run whose callbacks with a memory were "
            f"{', '.join(names) or 'none'}",
            hint="give the same ones in the same order; resume=False begins anew and writes over it",
        )
    for place, callback in enumerate(remembering):
        callback.restore(_below(f"callback {place}/", found))


def _remembering(loop: "Loop") -> list[Remembering]:
    return [callback for callback in loop.callbacks if isinstance(callback, Remembering)]


def _below(place: str, found: Checkpoint) -> dict[str, np.ndarray]:
    """The arrays whose names begin so, by the rest of their names."""
    return {name.removeprefix(place): array for name, array in found.arrays.items() if name.startswith(place)}


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
