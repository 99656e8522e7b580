"""The files of a job's results: network, settings, plan, scores, history, predictions, plots, report. Floor 7."""

import contextlib
import math
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad._version import __version__
from glassgrad.base.errors import StoreError
from glassgrad.base.finite_json import finite_json
from glassgrad.base.naming import counted
from glassgrad.pages.numbers import duration
from glassgrad.train.job.folder import SETTINGS, Folder
from glassgrad.train.job.importance import importance
from glassgrad.train.job.learning import Learnt, Material
from glassgrad.train.job.predicting import free, predicted
from glassgrad.train.job.settings import Settings
from glassgrad.train.recording import place_of
from glassgrad.train.report.findings import Column, Findings, Norms
from glassgrad.train.report.page import page
from glassgrad.train.report.pictures import write_pictures
from glassgrad.train.run import Run
from glassgrad.train.store import open as open_store
from glassgrad.train.tabular.options import MANNERS

_FILES = {"model": "model.safetensors", "metrics": "metrics.json", "report": "report.html"}


def write_results(folder: Folder, settings: Settings, made: Material, learnt: Learnt) -> dict[str, Any]:
    """Writes everything, moves it to its place, and gives back what metrics.json says."""
    run = learnt.network.run
    assert run is not None  # it comes from training
    path = folder.fresh_results()
    learnt.network.save(path)
    summary = _summary(made, learnt, run)
    found = findings(folder, settings, made, learnt, run)
    (path / SETTINGS).write_text(settings.toml(), encoding="utf-8")
    _write_json(path / "plan.json", made.plan.to_dict())
    _write_json(path / "metrics.json", summary)
    _write_json(path / "history.json", _history(run))
    part = "test" if len(made.split.test) else "validation"
    rows = made.split.rows[part] + 1
    truth = made.preparation.original(learnt.truth) if found.is_classification else learnt.truth
    before = {free("row", [made.plan.target.name]): rows, made.plan.target.name: truth}
    predicted(learnt.network, learnt.found, before).write_csv(path / "predictions.csv")
    write_pictures(found, path / "plots")
    (path / "report.html").write_text(page(found), encoding="utf-8")
    folder.finish()
    _note_files(folder, run)
    return summary


def _note_files(folder: Folder, run: Run) -> None:
    """Tells the store of runs where the results lie; the checkpoints are gone with the unfinished folder."""
    place = place_of(None)
    if run.id is None or place is None:
        return
    files = {kind: folder.path / name for kind, name in _FILES.items()}
    with contextlib.suppress(StoreError):  # it may be read-only by now, and the results are what counts
        open_store(place).note(run.id, files)


def findings(folder: Folder, settings: Settings, made: Material, learnt: Learnt, run: Run) -> Findings:
    """What the report shows."""
    plan, layers = made.plan, run.history.layers
    is_classification = plan.task == "classification"
    columns = [
        Column(one.name, one.kind, one.reason + (f" – {one.warning}" if one.warning else ""), one.is_used)
        for one in plan.columns
    ]
    best = run.best[0] if run.best is not None and run.monitor == "validation loss" else None
    return Findings(
        data=Path(settings.data).name,
        target=plan.target.name,
        classes=plan.classes,
        rows={
            "training": len(made.split.train),
            "validation": len(made.split.validation),
            "test": len(made.split.test),
        },
        columns=tuple(columns),
        notes=made.notes,
        scores=learnt.scores,
        epochs=run.history.epochs,
        best_epoch=best,
        ended=_ended(learnt, run, settings.options.epochs) + _chosen(learnt),
        norms=Norms(layers.paths, np.array(layers.steps, np.int64), layers.norms("gradient")),
        truth=learnt.truth,
        prediction=learnt.found.argmax(axis=1) if is_classification else learnt.found,
        probabilities=learnt.found if is_classification else None,
        importance=importance(learnt.network, made.tested, settings.options.seed),
        settings=settings.toml(),
        command=settings.command(),  # into a folder of a free name
        facts=_facts(learnt, run),
    )


def _kept_epoch(learnt: Learnt, run: Run) -> int | None:
    """The epoch after which the network is kept: the last where no validation tells which was the best."""
    if "validation" in learnt.network.learnt_from:
        return run.epoch
    return None if run.best is None else run.best[0]


def _ended(learnt: Learnt, run: Run, epochs: int) -> str:
    kept = ""
    if run.best is not None and "validation" not in learnt.network.learnt_from:
        kept = f" The network after epoch {run.best[0]} is kept: its {run.monitor} is the smallest."
    if run.status == "stopped":
        return f"Training stopped after epoch {run.epoch} of at most {epochs}: {run.reason}.{kept}"
    return f"Training went through {'all ' if epochs > 1 else ''}{counted(epochs, 'epoch')}.{kept}"


def _chosen(learnt: Learnt) -> str:
    """Between which networks the validation decided, or why it did not."""
    network = learnt.network
    if "validation" in network.learnt_from:
        return " The table is small, so it learnt from the rows of the validation too, and none ended it early."
    if not network.candidates:
        return ""
    listing = "; ".join(one.said() for one in network.candidates)
    kept = next(one for one in network.candidates if one.is_kept)
    is_best = kept.loss <= min(one.loss for one in network.candidates)
    why = (
        "that of the smallest is kept"
        if is_best
        else "the simplest is kept, for chance may be all that is between them"
    )
    return f" Several networks were trained, with these losses of the validation, and {why}: {listing}."


def _facts(learnt: Learnt, run: Run) -> dict[str, str]:
    network, size = learnt.network, counted(run.configuration["batch_size"], "row")
    found = {
        "Network": " → ".join(map(str, _sizes(learnt))) + f" ({network.model.parameter_count():,} parameters)",
        "Training": f"{counted(run.step, 'step')} of {size} in {duration(run.timings.total)}",
        "Learning rate": f"{_rate(learnt):.3g}",
        "Data": f"fingerprint {run.configuration['data']['sha256'][:16]}",
        "Written": time.strftime("%Y-%m-%d %H:%M"),
        "With": f"Glassgrad {__version__}, NumPy {np.__version__}, Python {platform.python_version()}",
    }
    if network.range_test is not None:
        found["Learning rate"] += f", by a range test: {network.range_test.reason}"
    return found


def _sizes(learnt: Learnt) -> list[int]:
    preparation = learnt.network.preparation
    return [len(preparation.feature_names), *(learnt.network.options.hidden or ()), len(preparation.plan.classes) or 1]


def _rate(learnt: Learnt) -> float:
    rate = learnt.network.options.rate
    return learnt.network.range_test.rate if learnt.network.range_test is not None else float(rate)


def _summary(made: Material, learnt: Learnt, run: Run) -> dict[str, Any]:
    """metrics.json."""
    network, *others = learnt.scores.items()
    return {
        "task": made.plan.task,
        "target": made.plan.target.name,
        "classes": list(made.plan.classes),
        "rows": {name: len(rows) for name, rows in made.split.rows.items()},
        "measured_on": "test" if len(made.split.test) else "validation" if len(made.split.validation) else None,
        "metrics": network[1],
        "baselines": dict(others),
        "epochs": run.epoch,
        "steps": run.step,
        "best_epoch": _kept_epoch(learnt, run),
        "status": run.status,
        "reason": run.reason,
        "rate": _rate(learnt),
        "parameters": learnt.network.model.parameter_count(),
        "seconds": sum(one.seconds for one in learnt.network.candidates) or run.timings.total,
        "learnt_from": list(learnt.network.learnt_from),
        "candidates": [
            {
                "manner": MANNERS[one.manner],
                "validation_loss": one.loss if math.isfinite(one.loss) else None,
                "epochs": one.epochs,
                "kept": one.is_kept,
            }
            for one in learnt.network.candidates
        ],
        "notes": list(made.notes),
    }


def _history(run: Run) -> dict[str, Any]:
    """history.json: numbers of epochs and steps, and norms of the layers."""
    steps = {
        name: {"step": list(series.steps), "value": list(series.values)} for name, series in run.history.steps.items()
    }
    layers = run.history.layers
    norms = {kind: layers.norms(kind).astype(float).tolist() for kind in ("gradient", "update", "parameter")}
    return {
        "epochs": run.history.epochs,
        "steps": steps,
        "layers": {"parameters": list(layers.paths), "step": list(layers.steps), **norms},
    }


def _write_json(path: Path, value: Any) -> None:
    path.write_text(finite_json(value, indent=1), encoding="utf-8")
