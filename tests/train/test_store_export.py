"""Runs leave the store in other formats, whole or not at all."""

import csv
import json
import math
import sys

import numpy as np
import pytest

from glassgrad.base.errors import StoreError, UnknownRunError, UsageError
from glassgrad.train import store as run_store

LOSSES = [2.5, math.nan, math.inf, -math.inf, 0.1]


@pytest.fixture
def store(tmp_path):
    store = run_store.open(tmp_path / "runs.db")
    for name in ("first", "second / run"):
        with store.begin(name, {"optimizer": {"kind": "adam", "rate": 0.1}, "sizes": [64, 32]}) as writer:
            for step, loss in enumerate(LOSSES):
                writer.log(5 * step, {"loss": loss})
                writer.log_layers(5 * step, "gradient norm", {"layers[0].weight": loss})
            writer.artefact(store.path, "model")
    return store


def same(found, expected=LOSSES):
    return np.array_equal(np.asarray(found, float), expected, equal_nan=True)


def test_json_has_everything(store, tmp_path):
    store.export(["first", "latest"], "json", tmp_path / "new" / "runs.json")
    found = json.loads((tmp_path / "new" / "runs.json").read_text(encoding="utf-8"))["runs"]
    assert [run["name"] for run in found] == ["first", "second / run"]
    first = found[0]
    assert first["status"] == "finished"
    assert first["configuration"]["optimizer"] == {"kind": "adam", "rate": 0.1}
    assert first["metrics"]["loss"]["steps"] == [0, 5, 10, 15, 20]
    assert first["metrics"]["loss"]["values"][1:4] == ["NaN", "Infinity", "-Infinity"]
    assert same([float(value) for value in first["layers"]["gradient norm"]["layers[0].weight"]["values"]])
    assert first["artefacts"][0]["sha256"]
    assert first["versions"]["numpy"] == np.__version__


def test_csv_has_a_row_for_each_value(store, tmp_path):
    store.export("first", "csv", tmp_path / "runs.csv")
    with (tmp_path / "runs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["run"] for row in rows} == {store.run("first").id}
    metrics = [row for row in rows if row["kind"] == ""]
    assert [int(row["step"]) for row in metrics] == [0, 5, 10, 15, 20]
    assert same([float(row["value"]) for row in metrics])
    assert {row["name"] for row in rows if row["kind"]} == {"layers[0].weight"}


def test_parquet_has_the_rows_of_the_csv(store, tmp_path):
    polars = pytest.importorskip("polars")
    store.export(["first", "latest"], "parquet", tmp_path / "runs.parquet")
    table = polars.read_parquet(tmp_path / "runs.parquet")
    assert table.columns == ["run", "kind", "name", "step", "value"]
    assert len(table) == 20
    assert same(table["value"].to_numpy()[:5])
    assert table["step"].dtype == polars.Int64


@pytest.mark.filterwarnings("ignore")  # of the package
def test_tensorboard_reads_its_event_files(store, tmp_path):
    pytest.importorskip("tensorboardX")
    store.export(["first", "latest"], "tensorboard", tmp_path / "board")
    folders = sorted(path.name for path in (tmp_path / "board").iterdir())
    assert folders == [f"first-{store.run('first').id}", f"second_run-{store.run('latest').id}"]
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = reader.EventAccumulator(str(tmp_path / "board" / folders[0]))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "gradient_norm/layers.0.weight"}
    loss = events.Scalars("loss")
    assert [event.step for event in loss] == [0, 5, 10, 15, 20]
    assert same([event.value for event in loss], np.float32(LOSSES))
    with pytest.raises(StoreError, match="board exists already"):
        store.export("first", "tensorboard", tmp_path / "board")


@pytest.mark.filterwarnings("ignore")  # of the package
def test_mlflow_takes_a_run(store, tmp_path):
    tracking = pytest.importorskip("mlflow.tracking")
    pytest.importorskip("sqlalchemy")
    store.export(["first"], "mlflow", str(tmp_path / "mlflow.db"))
    client = tracking.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("glassgrad")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == "first"
    assert run.info.status == "FINISHED"
    assert run.data.params == {"optimizer.kind": "adam", "optimizer.rate": "0.1", "sizes": "[64, 32]"}
    assert run.data.tags["glassgrad.id"] == store.run("first").id
    history = client.get_metric_history(run.info.run_id, "loss")
    assert {metric.step for metric in history} == {0, 5, 10, 15, 20}
    assert client.get_metric_history(run.info.run_id, "gradient norm/layers.0.weight")


@pytest.mark.parametrize(
    ("form", "package", "extra"),
    [("parquet", "polars", "train"), ("tensorboard", "tensorboardX", "tensorboard"), ("mlflow", "mlflow", "mlflow")],
)
def test_a_missing_package_is_named_with_its_extra(store, tmp_path, monkeypatch, form, package, extra):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=f"needs {package}") as raised:
        store.export("first", form, tmp_path / "target")
    assert raised.value.hint == f"pip install 'glassgrad[{extra}]'"
    assert not (tmp_path / "target").exists()


def test_a_failed_export_leaves_the_old_file_and_nothing_else(store, tmp_path, monkeypatch):
    target = tmp_path / "runs.json"
    target.write_text("old")
    for failure in (RuntimeError("no"), OSError(28, "No space left on device")):

        def fail(*_, failure=failure):
            raise failure

        monkeypatch.setattr(run_store.RunRecord, "contents", fail)
        with pytest.raises((RuntimeError, StoreError), match=r"no|runs\.json cannot be written: No space"):
            store.export("first", "json", target)
        assert target.read_text() == "old"
        assert sorted(path.name for path in tmp_path.iterdir() if "-" not in path.name) == ["runs.db", "runs.json"]
    with pytest.raises(UsageError, match="there is no export to 'xml'"):
        store.export("first", "xml", target)
    with pytest.raises(UnknownRunError):
        store.export("third", "json", target)
    with pytest.raises(StoreError, match="is a folder"):
        store.export("first", "csv", tmp_path)
