"""Runs sent to MLflow through its own client. Floor 7.

A run of ours becomes one of MLflow's in the experiment "glassgrad": the configuration as parameters, metrics with their
steps, statistics of layers as metrics `kind/path`, the artefacts' hashes as tags. The files stay where they are.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.base.errors import StoreError
from glassgrad.train.exporters.as_csv import all_series
from glassgrad.train.exporters.contents import RunContents
from glassgrad.train.exporters.extras import needed

EXPERIMENT = "glassgrad"
_BATCH = 1000  # values in one request, and below 100 parameters: MLflow's limits
_PARAMETERS = 100
_STATUS = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED", "interrupted": "KILLED"}


def send_to_mlflow(runs: Iterable[RunContents], target: str) -> None:
    """Sends runs to a tracking URI; a path stands for an SQLite file of MLflow's. A run that fails on the way
    is deleted there.
    """
    with needed("mlflow", extra="mlflow", what="MLflow"):
        from mlflow.exceptions import MlflowException  # optional
        from mlflow.tracking import MlflowClient
    uri = target if "://" in target or target == "databricks" else f"sqlite:///{Path(target).absolute()}"
    try:
        client = MlflowClient(tracking_uri=uri)
        known = client.get_experiment_by_name(EXPERIMENT)
        experiment = known.experiment_id if known else client.create_experiment(EXPERIMENT)
        for run in runs:
            _send(client, experiment, run)
    except (MlflowException, ImportError, OSError) as error:
        said = str(error).splitlines()[0][:300]
        hint = "pip install mlflow: the small package knows servers only" if uri.startswith("sqlite:") else None
        raise StoreError(f"MLflow at {target} does not take the run: {said}", hint=hint) from None


def _send(client: Any, experiment: str, run: RunContents) -> None:
    from mlflow.entities import Metric, Param

    ended = run.ended or run.begun
    tags = {"glassgrad.id": run.id} | ({"glassgrad.reason": run.reason} if run.reason else {})
    tags |= {f"glassgrad.artefact.{_name(item.path.name)}": f"sha256 {item.sha256}" for item in run.artefacts}
    made = client.create_run(experiment, start_time=round(1000 * run.begun), run_name=run.name, tags=tags)
    number = made.info.run_id
    try:
        parameters = [Param(_name(key), str(value)[:6000]) for key, value in _leaves("", run.facts.configuration)]
        for some in _parts(parameters, _PARAMETERS):
            client.log_batch(number, params=some)
        for kind, name, (steps, values) in all_series(run):
            key = _name(f"{kind}/{name}" if kind else name)
            times = np.linspace(1000 * run.begun, 1000 * ended, len(steps)).astype(np.int64)
            rows = zip(steps.tolist(), values.tolist(), times.tolist(), strict=True)
            metrics = [Metric(key, value, moment, step) for step, value, moment in rows]
            for some in _parts(metrics, _BATCH):
                client.log_batch(number, metrics=some)
    except BaseException:
        client.delete_run(number)
        raise
    if run.status in _STATUS:
        client.set_terminated(number, _STATUS[run.status], end_time=round(1000 * ended))


def _name(text: str) -> str:
    """MLflow takes letters, digits, _ - . space : / in names, up to 250."""
    return re.sub(r"[^\w\-. :/]", "_", text.replace("[", ".").replace("]", ""))[:250]


def _leaves(place: str, tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from _leaves(f"{place}.{key}" if place else str(key), item)
    else:
        yield place or "configuration", tree


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
