"""fit writes its run into the store: numbers, norms, how it ended; and goes on with the same entry."""

import numpy as np
import pytest

from glassgrad import nn, optim, train
from glassgrad.base.errors import StoreError
from glassgrad.train import store

X = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]


def go(tmp_path, **options):
    given = {"epochs": 3, "batch_size": 16, "validation": 0.25, "statistics_every": 2} | options
    return train.fit(
        nn.mlp([1, 4, 1], key=0), (X, 3 * X), nn.mse, optim.adam(0.01), store=tmp_path / "runs.db", **given
    )


def test_a_run_is_in_the_store(tmp_path):
    run = go(tmp_path, name="line")
    found = store.open(tmp_path / "runs.db").run("latest")
    assert (found.id, found.name, found.status) == (run.id, "line", "finished")
    assert found.configuration["batch_size"] == 16
    steps, losses = found.metrics("loss")
    assert steps.tolist() == list(range(1, 10))
    assert np.array_equal(losses, run.history.steps["loss"].values)
    _, validation = found.metrics("validation loss")
    assert np.array_equal(validation, run.history["validation loss"])
    by_path = found.layers("gradient norm")
    assert list(by_path) == list(run.history.layers.paths)
    assert all(steps.tolist() == [1, 3, 5, 7, 9] for steps, _ in by_path.values())


@pytest.mark.filterwarnings("ignore:the training failed")
def test_stopped_and_failed_runs_say_why(tmp_path):
    go(tmp_path, epochs=50, patience=1, monitor="loss", tolerance=1e9)
    train.fit(nn.Linear(1, 1, key=0), (X * np.float32(1e38), X), nn.mse, optim.sgd(1e30), store=tmp_path / "runs.db")
    failed, stopped = store.open(tmp_path / "runs.db").runs()
    assert stopped.status == "stopped"
    assert "was not better" in stopped.reason
    assert failed.status == "failed"
    assert "the loss is" in failed.reason


def test_a_run_that_goes_on_keeps_its_entry(tmp_path):
    first = go(tmp_path, checkpoint=tmp_path / "kept", epochs=2)
    second = go(tmp_path, checkpoint=tmp_path / "kept", epochs=4)
    assert first.id == second.id
    (found,) = store.open(tmp_path / "runs.db").runs()
    assert found.metrics("loss")[0].tolist() == list(range(1, 13))
    store.open(tmp_path / "runs.db").delete(found.id)
    third = go(tmp_path, checkpoint=tmp_path / "kept", epochs=5)
    assert third.id != first.id


def test_the_environment_and_false(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GLASSGRAD_STORE", str(tmp_path / "elsewhere.db"))
    train.fit(nn.Linear(1, 1, key=0), (X, X), nn.mse, epochs=1)
    assert (tmp_path / "elsewhere.db").exists()
    monkeypatch.delenv("GLASSGRAD_STORE")
    assert train.fit(nn.Linear(1, 1, key=0), (X, X), nn.mse, epochs=1, store=False).id is None
    assert not (tmp_path / ".glassgrad").exists()
    train.fit(nn.Linear(1, 1, key=0), (X, X), nn.mse, epochs=1)
    assert (tmp_path / ".glassgrad" / "runs.db").exists()


def test_everything_that_makes_the_run_is_recorded(tmp_path):
    model = nn.mlp([1, 4, 1], key=0).freeze("layers[0]")
    train.fit(
        model, (X, 3 * X), nn.huber, optim.chain(optim.clip_by_norm(0.5), optim.sgd(lambda count: 0.1 / (1 + count))),
        epochs=2, validation=0.25, metrics={"gap": nn.mae}, monitor="validation gap", patience=7, tolerance=0.5, key=3,
        precision=train.Precision("bfloat16"), store=tmp_path / "runs.db", checkpoint=tmp_path / "kept",
        callbacks=[train.OnPlateau(optim.Plateau())],
    )  # fmt: skip
    found = store.open(tmp_path / "runs.db").run("latest").configuration
    assert found["loss"].endswith("huber")
    assert found["metrics"] == {"gap": "glassgrad.nn.losses.regression.mae"}
    assert found["optimizer"].startswith("chain(clip_by_norm(0.5), sgd(")
    assert found["validation"]["rows"] == 16
    assert found["validation"]["part"] != found["data"]["part"]
    assert (found["patience"], found["tolerance"], found["monitor"]) == (7, 0.5, "validation gap")
    assert "bfloat16" in found["precision"]
    assert sorted(found["frozen"]) == ["layers[0].bias", "layers[0].weight"]
    assert found["callbacks"][0].startswith("OnPlateau(")
    assert found["key"] == [0, 3]
    assert found["checkpoint"] == str(tmp_path / "kept")
    assert "0x" not in str(found)


def test_files_that_the_run_made_are_noted(tmp_path):
    go(tmp_path, checkpoint=tmp_path / "kept")
    place = store.open(tmp_path / "runs.db")
    found = {each.kind: each.path for each in place.run("latest").artefacts}
    assert found == {
        "checkpoint": tmp_path / "kept" / "last.safetensors", "best model": tmp_path / "kept" / "best.safetensors",
    }  # fmt: skip
    (tmp_path / "report.html").write_text("well done")
    found["checkpoint"].unlink()
    place.note("latest", {"report": tmp_path / "report.html"})
    assert sorted(each.kind for each in place.run("latest").artefacts) == ["best model", "report"]
    with pytest.raises(StoreError, match="cannot be read"):
        place.note("latest", {"report": tmp_path / "none"})


class MyError(Exception):
    pass


@pytest.mark.parametrize("where", [train.Started, train.Stepped, train.EpochEnded, train.Ended])
def test_a_callback_that_fails_does_not_keep_the_others_from_the_end(tmp_path, where):
    told = []

    def broken(event):
        if isinstance(event, where):
            raise MyError(where.__name__)

    def also_broken(event):
        if isinstance(event, train.Ended):
            raise OSError("at the end too")

    with pytest.raises((MyError, OSError)) as caught:
        go(tmp_path, callbacks=[broken, also_broken, lambda event: told.append(type(event))], progress=True)
    assert told[-1] is train.Ended
    assert "MyError" in repr([caught.value, caught.value.__context__])
    if where is train.Started:
        assert store.open(tmp_path / "runs.db").runs() == []
    else:
        (found,) = store.open(tmp_path / "runs.db").runs()
        assert found.status == ("finished" if where is train.Ended else "failed")


def test_a_store_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "runs.db").write_bytes(b"this is no database" * 100)
    with pytest.warns(store.StoreWarning, match="not recorded"):
        run = go(tmp_path)
    assert run.status == "finished"
