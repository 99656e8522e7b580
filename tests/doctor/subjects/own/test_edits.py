"""What each edit does to a copy of a set-up of our own, and how it is quoted as code."""

import numpy as np
import pytest

from glassgrad import nn, optim
from glassgrad.doctor.subjects import edits, own
from glassgrad.doctor.subjects.own.code import code_of
from glassgrad.doctor.subjects.subject import Cannot

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(128, 6)).astype(np.float32)
LABELS = (X[:, 0] > 0).astype(np.int64)
NUMBERS = (1000 + 50 * X[:, :1]).astype(np.float32)


def model(end=2):
    return nn.Sequential(
        nn.Linear(6, 8, key=0), nn.sigmoid, nn.Dropout(0.5), nn.Linear(8, 8, key=1), np.tanh, nn.Linear(8, end, key=2)
    )


def subject(layers=None, loss=nn.cross_entropy, data=None, optimizer=None):
    return own.subject(layers or model(), loss, data or (X, LABELS), optimizer or optim.adam(0.01, weight_decay=0.1))


def kinds(one):
    return [part.kind for part in one.setup().parts]


# ------------------------------------------------------------------ the model
def test_other_activations_between_the_layers():
    assert kinds(subject().edited(edits.Activation("relu"))) == [
        "linear",
        "relu",
        "dropout",
        "linear",
        "relu",
        "linear",
    ]


def test_activations_where_there_are_none():
    plain = nn.Sequential(nn.Linear(6, 8, key=0), nn.Linear(8, 2, key=1))
    assert kinds(subject(plain).edited(edits.Activation("gelu"))) == ["linear", "gelu", "linear"]


def test_the_activation_at_the_end_stays():
    ended = nn.Sequential(nn.Linear(6, 8, key=0), np.tanh, nn.Linear(8, 1, key=1), nn.sigmoid)
    target = LABELS[:, None].astype(np.float32)
    assert kinds(subject(ended, nn.mse, (X, target)).edited(edits.Activation("relu")))[-1] == "sigmoid"


def test_weights_drawn_afresh_for_the_activation_that_follows():
    bad = nn.Sequential(nn.Linear(6, 400, key=0), nn.relu, nn.Linear(400, 2, key=1))
    bad = bad.replace(
        {"layers[0].weight": np.zeros((6, 400), np.float32), "layers[0].bias": np.full(400, -8, np.float32)}
    )
    found = {one.path: one for one in subject(bad).edited(edits.Initialise()).setup().parameters}
    assert found["layers[0].weight"].std == pytest.approx(np.sqrt(2 / 6), rel=0.1)  # He's
    assert found["layers[0].bias"].mean == 0


def test_normalisation_after_hidden_layers():
    found = kinds(subject().edited(edits.Normalise()))
    assert found == ["linear", "layernorm", "sigmoid", "dropout", "linear", "layernorm", "tanh", "linear"]


def test_batch_norm_after_convolutions():
    layers = nn.Sequential(nn.Conv2d(1, 4, 3, key=0), nn.relu, nn.Flatten(), nn.Linear(16, 2, key=1))
    images = RANDOM.normal(size=(64, 1, 4, 4)).astype(np.float32)
    found = kinds(subject(layers, data=(images, LABELS[:64])).edited(edits.Normalise()))
    assert found[:3] == ["conv", "batchnorm", "relu"]


def test_a_shortcut_around_layers_of_one_size():
    found = subject().edited(edits.Residual())
    assert any(isinstance(layer, nn.Residual) for layer in found.model.layers)
    assert np.isfinite(found.run(3).losses).all()


def test_the_end_of_the_model():
    ended = subject(nn.Sequential(*model().layers, nn.softmax))
    assert kinds(ended.edited(edits.LastActivation(None)))[-1] == "linear"
    assert kinds(subject().edited(edits.LastActivation("log_softmax")))[-1] == "log_softmax"
    with pytest.raises(Cannot, match="no activation at its end"):
        subject().edited(edits.LastActivation(None))


def test_all_that_stands_at_the_end_is_replaced():
    ended = subject(nn.Sequential(*model().layers, nn.relu, np.log))
    assert kinds(ended.edited(edits.LastActivation(None)))[-1] == "linear"
    assert kinds(ended.edited(edits.LastActivation("log_softmax")))[-2:] == ["linear", "log_softmax"]


def test_forget_gates_open():
    layers = nn.Sequential(nn.LSTM(3, 4, key=0, forget_bias=-2.0), nn.last, nn.Linear(4, 2, key=1))
    sequences = RANDOM.normal(size=(64, 5, 3)).astype(np.float32)
    found = subject(layers, data=(sequences, LABELS[:64])).edited(edits.GateBias())
    assert found.model.parameters()["layers[0].forward[0].bias"].tolist() == [0] * 4 + [1] * 4 + [0] * 8


def test_weight_decay_and_dropout_off():
    found = subject().edited(edits.NoDecay())
    assert "dropout" not in kinds(found)
    assert found.setup().optimizers[0].decay == 0


def test_everything_learns():
    held = optim.by_path({"layers[0]*": optim.still(), "*": optim.adam(0.01)})
    found = subject(model().freeze("layers[3]"), optimizer=held)
    assert set(found.setup().events) == {"frozen", "not_in_optimizer"}
    assert all(one.learns and one.is_stepped for one in found.edited(edits.StepAll()).setup().parameters)


# ------------------------------------------------------------------ loss and data
def test_another_loss_with_targets_as_it_wants_them():
    ended = nn.Sequential(nn.Linear(6, 8, key=0), nn.relu, nn.Linear(8, 1, key=1))
    found = subject(ended, lambda p, y: np.mean((p[:, 0] - y) ** 2))
    crossed = found.edited(edits.NewLoss("binary_cross_entropy_logits"))
    assert crossed.setup().loss.name == "binary_cross_entropy_logits"
    wide = found.edited(edits.NewLoss("cross_entropy", 2))
    assert wide.setup().loss.name == "cross_entropy"
    assert wide.setup().parts[-1].outputs == 2
    assert wide.run(40).score_after > 0.5


def test_the_mean_instead_of_the_sum():
    summed = subject(nn.Linear(6, 1, key=0), lambda p, y: np.sum((p - y) ** 2), (X, X[:, :1]))
    assert summed.setup().loss.reduction == "sum"
    assert summed.edited(edits.MeanLoss()).setup().loss.reduction == "mean"


def test_shapes_that_match():
    broadcast = subject(nn.Linear(6, 1, key=0), lambda p, y: np.mean((p - y) ** 2), (X, X[:, 0]))
    assert broadcast.setup().events == ("broadcasting",)
    found = broadcast.edited(edits.MatchShapes())
    assert found.run(1).losses[0] == pytest.approx(float(np.mean((broadcast.model(X[:32])[:, 0] - X[:32, 0]) ** 2)))


def test_inputs_standardised_and_holes_filled():
    raw = 40 * X + 100
    raw[5, 1] = np.nan
    columns = subject(data=(raw, LABELS)).edited(edits.ScaleInputs()).setup().data
    assert columns.nan_inputs == 0
    assert all(abs(one.mean) < 1e-5 and one.std == pytest.approx(1, abs=0.01) for one in columns.features)


def test_targets_standardised():
    found = subject(nn.Linear(6, 1, key=0), nn.mse, (X, NUMBERS)).edited(edits.ScaleTargets()).setup().data
    assert found.targets.std == pytest.approx(1, rel=1e-3)
    assert found.baseline == pytest.approx(1, rel=1e-2)
    with pytest.raises(Cannot, match="labels"):
        subject().edited(edits.ScaleTargets())


def test_examples_without_numbers_left_out():
    holed = X.copy()
    holed[[1, 50], 2] = np.nan
    assert subject(data=(holed, LABELS)).edited(edits.DropRows()).setup().data.nan_inputs == 0


def test_larger_batches_and_more_steps():
    found = subject().edited(edits.BatchSize(2), edits.Longer(3))
    assert (found.setup().data.batch, found.setup().data.batches) == (64, 2)
    assert len(found.run(2).losses) == 6


# ------------------------------------------------------------------ the optimiser
def test_another_rate_through_the_compiled_step_of_before():
    plain = subject(optimizer=optim.chain(optim.clip_by_norm(9.0), optim.sgd(0.5)))
    slower = plain.edited(edits.Rate(0.1))
    (fast,), (slow,) = plain.run(1, samples=(0,)).samples, slower.run(1, samples=(0,)).samples
    assert slower.setup().optimizers[0].rate == pytest.approx(0.05)
    for one, other in zip(fast.weights, slow.weights, strict=True):
        assert other.update == pytest.approx(0.1 * one.update, rel=1e-3, abs=1e-9)


def test_clipping_warm_up_and_another_optimiser():
    clipped = subject(optimizer=optim.sgd(1.0)).edited(edits.Clip(1e-3)).run(1, samples=(0,)).samples[0]
    assert np.sqrt(sum(one.update**2 for one in clipped.weights)) == pytest.approx(1e-3, rel=1e-2)
    (first,) = subject(optimizer=optim.sgd(1.0)).edited(edits.Warmup(10)).run(1, samples=(0,)).samples
    assert first.weights[0].update == pytest.approx(0.1 * first.weights[0].gradient, rel=1e-3)
    assert subject().edited(edits.NewOptimizer("momentum", 0.1)).setup().optimizers[0].momentum == 0.9


# ------------------------------------------------------------------ all of them
ALL = [
    edits.ScaleInputs(), edits.ScaleTargets(), edits.Rate(0.1), edits.NewOptimizer("adam", 0.01),
    edits.Activation("relu"), edits.Initialise(), edits.Normalise(), edits.Residual(), edits.Clip(1.0),
    edits.Warmup(10), edits.LastActivation("softmax"), edits.LastActivation(None), edits.NewLoss("mse"),
    edits.MeanLoss(), edits.MatchShapes(), edits.ClearGradients(), edits.StepAll(), edits.TrainMode(),
    edits.NoDecay(), edits.GateBias(), edits.DropRows(), edits.Longer(2.0), edits.BatchSize(2),
]  # fmt: skip


@pytest.mark.parametrize("edit", ALL, ids=lambda edit: type(edit).__name__)
def test_an_edit_says_its_code_and_leaves_the_set_up_as_it_was(edit):
    found = subject()
    before = {path: value.copy() for path, value in found.model.parameters().items()}
    assert code_of(edit, found.setup()).strip()
    try:
        found.edited(edit)
    except Cannot as reason:
        assert str(reason)  # noqa: PT017 - both are answers
    for path, value in found.model.parameters().items():
        np.testing.assert_array_equal(value, before[path])
    assert found.batches.values[0][0][0].tolist() == X[0].tolist()


def test_the_rate_in_code_stands_in_its_place():
    chained = subject(optimizer=optim.chain(optim.clip_by_norm(1.0), optim.sgd(0.5, momentum=0.9)))
    assert chained.code(edits.Rate(0.1)) == (
        "- optim.chain(optim.clip_by_norm(1.0), optim.sgd(0.5, momentum=0.9))\n"
        "+ optim.chain(optim.clip_by_norm(1.0), optim.sgd(0.05, momentum=0.9))"
    )
