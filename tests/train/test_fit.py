"""fit: the steps it makes, its data, validation, best model, early end, and what it tells callbacks."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn, optim, train
from glassgrad.base.errors import ShapeError, UsageError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(70, 3)).astype(np.float32)
Y = np.tanh(X @ RANDOM.normal(size=(3, 2))).astype(np.float32)


def squared(prediction, target, *, mask=None):
    """The mean over rows that count, of the squared error."""
    rows = np.mean((prediction - target) ** 2, axis=-1)
    return np.mean(rows) if mask is None else np.sum(np.where(mask, rows, 0)) / np.sum(mask)


def plain_squared(prediction, target):
    return np.mean((prediction - target) ** 2)


def network(key=0):
    keys = gg.random.split(gg.random.key(key), 2)
    return nn.Sequential(nn.Linear(3, 8, key=keys[0]), np.tanh, nn.Linear(8, 2, key=keys[1]))


def by_hand(model, optimizer, batches):
    parameters = model.trainable()
    state = optimizer.start(parameters)
    for x, y in batches:
        gradients = gg.grad(lambda p, x=x, y=y: plain_squared(model.replace(p)(x), y))(parameters)
        updates, state = optimizer.update(gradients, state, parameters)
        parameters = optim.apply(parameters, updates)
    return model.replace(parameters)


@pytest.mark.parametrize("loss", [squared, plain_squared])
def test_fit_makes_the_steps_of_a_plain_loop(loss):
    optimizer = optim.chain(optim.clip_by_norm(0.1), optim.adam(1e-2))
    run = train.fit(network(), (X, Y), loss, optimizer, epochs=2, batch_size=16, shuffle=False)
    batches = [(X[i : i + 16], Y[i : i + 16]) for i in range(0, 70, 16)] * 2
    expected = by_hand(network(), optimizer, batches)
    for path, value in run.last_model.parameters().items():
        assert value.dtype == np.float32
        assert np.allclose(value, expected.parameters()[path], rtol=1e-4, atol=1e-6), path
    assert run.status == "finished"
    assert run.step == 10
    assert run.configuration["last"] == ("pad" if loss is squared else "keep")
    assert run.history["loss"].shape == (2,)
    assert list(run.history.steps["loss"].steps) == list(range(1, 11))


def test_every_row_is_seen_once_in_each_epoch_in_another_order():
    data = train.Arrays(np.arange(10.0), np.arange(10))
    seen = []
    for epoch in range(2):
        order = train.Order(4, gg.random.key(0)).of_epoch(epoch, 0)
        batches = list(data.batches(order))
        assert [batch.rows for batch in batches] == [4, 4, 2]
        rows = np.concatenate([batch.values[1] for batch in batches])
        assert sorted(rows) == list(range(10))
        seen.append(rows.tolist())
        later = list(data.batches(train.Order(4, gg.random.key(0)).of_epoch(epoch, 2)))
        assert [batch.values[1].tolist() for batch in later] == [batches[2].values[1].tolist()]
    assert seen[0] != seen[1]
    assert [b.rows for b in data.batches(train.Order(4, last="drop"))] == [4, 4]
    padded = list(data.batches(train.Order(4, last="pad")))[-1]
    assert padded.values[0].tolist() == [8, 9, 8, 8]
    assert padded.mask.tolist() == [True, True, False, False]


def test_the_best_model_is_kept_and_the_run_stops_early():
    def worse_and_worse(prediction, target):
        return -np.mean(prediction**2)

    run = train.fit(
        network(), (X, Y), plain_squared, epochs=50, patience=2, metrics={"other": worse_and_worse}, monitor="other"
    )  # fmt: skip
    assert run.status == "stopped"
    assert "other was not better for 3 epochs" in run.reason
    best, value = run.best
    assert run.epoch == best + 3
    assert value == min(run.history["other"])
    assert any((run.model.parameters()[p] != v).any() for p, v in run.last_model.parameters().items())


def test_validation_is_held_back_and_measured_without_dropout():
    keys = gg.random.split(gg.random.key(1), 2)
    model = nn.Sequential(
        nn.Linear(3, 16, key=keys[0]), nn.BatchNorm(16), nn.Dropout(0.5), nn.Linear(16, 2, key=keys[1])
    )
    run = train.fit(model, (X, Y), plain_squared, epochs=3, batch_size=10, validation=(X, Y), last="drop")
    expected = float(plain_squared(run.last_model(X), Y))
    assert np.isclose(run.history["validation loss"][-1], expected, rtol=1e-5)
    assert run.last_model.layers[1].running_mean.any()
    shared = train.fit(network(), (X, Y), squared, epochs=2, validation=0.2)
    assert shared.monitor == "validation loss"
    assert shared.step == 2 * 2
    again = train.fit(network(), (X, Y), squared, epochs=2, validation=0.2)
    assert np.array_equal(again.history["validation loss"], shared.history["validation loss"])


def test_frozen_parameters_stay():
    model = network().freeze("layers[0]")
    run = train.fit(model, (X, Y), plain_squared, epochs=2)
    assert np.array_equal(run.model.layers[0].weight, model.layers[0].weight)
    assert not np.array_equal(run.model.layers[2].weight, model.layers[2].weight)
    assert run.history.layers.paths == ("layers[2].weight", "layers[2].bias")
    with pytest.raises(UsageError, match="everything is frozen"):
        train.fit(network().freeze(), (X, Y), plain_squared)


def test_norms_of_gradients_and_updates():
    run = train.fit(network(), (X, Y), plain_squared, optim.sgd(0.5), epochs=4, statistics_every=1, shuffle=False)
    assert run.history.layers.norms("gradient").shape == (12, 4)
    gradient = gg.grad(lambda m: plain_squared(m(X[:32]), Y[:32]))(network()).parameters()
    expected = [np.linalg.norm(value) for value in gradient.values()]
    assert np.allclose(run.history.layers.norms("gradient")[0], expected, rtol=1e-4)
    assert np.allclose(run.history.layers.norms("update")[0], 0.5 * np.array(expected), rtol=1e-4)
    assert np.isnan(run.history.layers.ratios()[0, 1])  # the bias began at 0
    sampled = train.fit(network(), (X, Y), plain_squared, epochs=4, statistics_every=5)
    assert list(sampled.history.layers.steps) == [1, 6, 11]


def test_objectives_of_the_model_itself():
    def penalised(model, x, y):
        size = sum(np.sum(weight**2) for weight in model.parameters().values())
        return plain_squared(model(x), y) + 10 * size, {"size": size}

    run = train.fit(network(), (X, Y), train.Objective(penalised), epochs=5)
    assert run.history["size"][-1] < run.history["size"][0]
    with pytest.raises(UsageError, match="an Objective shows none"):
        train.fit(network(), (X, Y), train.Objective(penalised), metrics={"a": plain_squared})


def test_callbacks_are_told_and_may_stop_the_run():
    told = []

    def callback(event):
        told.append(type(event).__name__)
        if isinstance(event, train.Stepped) and event.run.step == 4:
            event.run.stop("enough")

    run = train.fit(network(), (X, Y), plain_squared, callbacks=[callback])
    assert told == ["Started", "Stepped", "Stepped", "Stepped", "EpochEnded", "Stepped", "Ended"]
    assert (run.status, run.reason, run.step) == ("stopped", "enough", 4)


@pytest.mark.filterwarnings("ignore:the training failed")
def test_a_loss_that_is_no_number_ends_the_run():
    run = train.fit(network(), (X * np.float32(1e30), Y), plain_squared, optim.sgd(1e30), epochs=3)
    assert run.status == "failed"
    assert "the loss is" in run.reason
    assert run.step < 9


def test_mixed_precision_learns_and_skips_steps_that_overflow():
    run = train.fit(network(), (X, Y), plain_squared, optim.adam(1e-2), epochs=30, precision=train.Precision())
    assert run.history["loss"][-1] < run.history["loss"][0] / 2
    assert run.model.layers[0].weight.dtype == np.float32
    huge = train.Precision(scale=2.0**24, interval=3)
    run = train.fit(network(), (X, 100 * Y), plain_squared, optim.adam(1e-2), epochs=10, precision=huge)
    assert float(run.state.scale.factor) < 2.0**24
    assert all(np.isfinite(value).all() for value in run.model.parameters().values())


def test_trees_of_inputs():
    class Two(nn.Layer):
        inner: nn.Linear

        def __call__(self, given):
            return self.inner(given["a"] + given["b"])

    run = train.fit(Two(nn.Linear(3, 2, key=0)), ({"a": X, "b": X}, Y), plain_squared, epochs=2)
    assert run.status == "finished"


def test_what_cannot_be_meant():
    with pytest.raises(ShapeError, match="different numbers of rows"):
        train.fit(network(), (X, Y[:-1]), plain_squared)
    with pytest.raises(UsageError, match="no rows"):
        train.fit(network(), (X[:0], Y[:0]), plain_squared)
    with pytest.raises(UsageError, match="epochs is 0"):
        train.fit(network(), (X, Y), plain_squared, epochs=0)
    with pytest.raises(UsageError, match=r"\(inputs, \*targets\)"):
        train.fit(network(), X, plain_squared)
    with pytest.raises(UsageError, match="needs numbers"):
        train.fit(network(), (X, np.array(["a"] * 70)), plain_squared)
    with pytest.raises(ShapeError, match="one number"):
        train.fit(network(), (X, Y), lambda p, y: (p - y) ** 2)
    with pytest.raises(UsageError, match="to monitor"):
        train.fit(network(), (X, Y), plain_squared, monitor="accuracy")
    with pytest.raises(UsageError, match="takes an optimiser"):
        train.fit(network(), (X, Y), plain_squared, "adam")
    with pytest.raises(UsageError, match="last='pad'"):
        train.fit(network(), (X, Y), plain_squared, batch_size=100, last="drop")


def test_mapped_files_are_read_batch_by_batch_in_the_dtype_of_the_model(tmp_path):
    np.save(tmp_path / "x.npy", X.astype(np.float64))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    run = train.fit(network(), (mapped, Y), plain_squared, epochs=2)
    plain = train.fit(network(), (X, Y), plain_squared, epochs=2)
    assert np.array_equal(run.history["loss"], plain.history["loss"])
    assert run.state.parameters["layers[0].weight"].dtype == np.float32


def test_a_batch_is_never_filled_up_beyond_all_rows():
    shapes = set()

    def seen(prediction, target, *, mask=None):
        shapes.add(prediction.shape)
        return squared(prediction, target, mask=mask)

    train.fit(network(), (X[:3], Y[:3]), seen, epochs=1, batch_size=32, validation=(X[:2], Y[:2]))
    assert shapes == {(3, 2), (2, 2)}


LABELS = (X[:, 0] > 0).astype(int)
PADDED = {
    "cross_entropy": (nn.cross_entropy, LABELS),
    "smoothed": (lambda p, y, *, mask=None: nn.cross_entropy(p, y, label_smoothing=0.1, mask=mask), LABELS),
    "mse": (nn.mse, Y),
    "huber": (nn.huber, Y),
    "binary": (nn.binary_cross_entropy, np.stack([LABELS, 1 - LABELS], axis=1).astype(np.float32)),
}


@pytest.mark.parametrize("name", PADDED)
def test_filling_up_the_last_batch_changes_nothing(name):
    loss, targets = PADDED[name]
    kept, filled = [
        train.fit(network(), (X, targets), loss, optim.adam(1e-2), epochs=3, batch_size=32, last=last)
        for last in ("keep", "pad")
    ]
    assert np.allclose(kept.history["loss"], filled.history["loss"], rtol=1e-5)
    for path, value in kept.last_model.parameters().items():
        assert np.allclose(value, filled.last_model.parameters()[path], rtol=1e-3, atol=1e-5), path


def test_batches_are_not_filled_up_where_batch_norm_would_count_the_filling():
    model = nn.Sequential(nn.Linear(3, 4, key=0), nn.BatchNorm(4), nn.Linear(4, 2, key=1))
    run = train.fit(model, (X, Y), nn.mse, epochs=1)
    assert run.configuration["last"] == "keep"


def test_the_order_of_the_rows_in_a_batch_does_not_matter():
    turned = np.arange(70)[::-1]
    one = train.fit(network(), (X, Y), nn.mse, optim.sgd(0.1), epochs=5, batch_size=70, shuffle=False)
    other = train.fit(network(), (X[turned], Y[turned]), nn.mse, optim.sgd(0.1), epochs=5, batch_size=70)
    assert np.allclose(one.history["loss"], other.history["loss"], rtol=1e-5)


def test_an_optimiser_is_made_for_the_number_of_steps():
    told = []

    def planned(steps):
        told.append(steps)
        return optim.sgd(optim.schedules.linear(0.1, 0.0, steps))

    run = train.fit(network(), (X, Y), nn.mse, planned, epochs=3, batch_size=32, validation=0.1)
    assert told == [run.step] == [6]
    with pytest.raises(UsageError, match="does not say how many rows"):
        train.fit(network(), train.Stream(lambda: iter([(X, Y)])), nn.mse, planned)
    with pytest.raises(UsageError, match="takes an optimiser, found <class"):
        train.fit(network(), (X, Y), nn.mse, dict)
    with pytest.raises(UsageError, match="makes no step"):
        train.fit(network(), (X, Y), nn.mse, optim.clip_by_norm(1.0))
