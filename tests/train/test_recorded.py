"""What finished and interrupted trainings have recorded, as the doctor reads it."""

import json
from math import isnan

import numpy as np
import pytest

from glassgrad import nn, optim, train
from glassgrad.base.errors import UsageError
from glassgrad.train.recorded import recorded_trace


def fitted(folder, *, rate=0.1, epochs=3, scale=1.0):
    x = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32) * scale
    model = nn.Sequential(nn.Linear(3, 8, key=0), nn.tanh, nn.Linear(8, 1, key=1))
    return train.fit(model, (x, x[:, :1]), nn.mse, optim.sgd(rate), epochs=epochs, batch_size=16, checkpoint=folder)


def test_the_checkpoints_of_fit(tmp_path):
    run = fitted(tmp_path)
    trace = recorded_trace(tmp_path)
    steps, losses = run.history.steps["loss"].arrays()
    assert len(steps) == len(trace.losses) == 12
    assert trace.losses == tuple(losses.tolist())
    assert (trace.setup.model, trace.setup.loss.name, trace.setup.optimizers[0].name) == ("Sequential", "mse", "sgd")
    assert trace.setup.optimizers[0].rate == pytest.approx(0.1)
    assert trace.setup.count == 8 * 3 + 8 + 8 + 1
    layers = run.history.layers
    assert [one.path for one in trace.samples[0].weights] == list(layers.paths)
    assert [one.gradient for one in trace.samples[0].weights] == pytest.approx(layers.norms("gradient")[0].tolist())
    assert [one.update for one in trace.samples[0].weights] == pytest.approx(layers.norms("update")[0].tolist())
    assert trace.samples[0].loss == trace.losses[trace.samples[0].step]
    assert (trace.setup.data.batch, trace.setup.data.batches) == (16, 4)
    assert trace.bad is None


def test_a_folder_of_glassgrad_train(tmp_path):
    history = {
        "epochs": [{"loss": 0.8}, {"loss": None}],
        "steps": {"loss": {"step": [1, 2, 3, 4], "value": [0.9, 0.8, 0.7, None]}},
        "layers": {
            "parameters": ["layers[0].weight", "layers[0].bias"], "step": [1, 3], "gradient": [[1.0, None], [2.0, 0.5]],
            "update": [[0.1, 0.1], [0.2, 0.2]], "parameter": [[3.0, 1.0], [3.0, 1.0]],
        },
    }  # fmt: skip
    metrics = {
        "task": "classification", "classes": ["no", "yes"], "rows": {"train": 40}, "epochs": 2, "steps": 4,
        "rate": 0.01, "seconds": 2.5, "baselines": {"majority": {"log_loss": 0.65}},
    }  # fmt: skip
    (tmp_path / "history.json").write_text(json.dumps(history))
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    trace = recorded_trace(tmp_path)
    assert trace.losses[:3] == (0.9, 0.8, 0.7)
    assert isnan(trace.losses[3])
    assert (trace.bad.step, trace.bad.phase, trace.bad.what) == (3, "loss", "nan")
    assert isnan(trace.samples[0].weights[1].gradient)
    assert [one.step for one in trace.samples] == [0, 2]
    assert trace.samples[1].weights[0].gradient == 2.0
    assert trace.setup.data.baseline == 0.65
    assert (trace.setup.data.batch, trace.setup.data.batches, trace.setup.data.task) == (20, 2, "classes")
    assert trace.seconds == 2.5


def test_an_unfinished_folder_is_read_from_its_checkpoints(tmp_path):
    fitted(tmp_path / "table-model.unfinished" / "checkpoints")
    assert len(recorded_trace(tmp_path / "table-model.unfinished").losses) == 12


@pytest.mark.parametrize("make", ["nothing", "a file", "other"])
def test_other_folders_are_refused(tmp_path, make):
    place = tmp_path / "run"
    if make == "a file":
        place.write_text("x")
    if make == "other":
        place.mkdir()
        (place / "notes.txt").write_text("x")
    with pytest.raises(UsageError):
        recorded_trace(place)
