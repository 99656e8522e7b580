"""Losses of epochs and of validation data do not depend on how the rows fall into batches."""

import functools

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn, optim, train
from glassgrad.base.errors import UsageError
from glassgrad.nn.losses.reduction import counting

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(20, 4)).astype(np.float32)
LABELS = np.sort(RANDOM.integers(0, 3, 20))
IGNORED = np.where(np.arange(20) < 7, -100, LABELS)
WEIGHTS = np.where(np.arange(20) < 8, 0.0, np.arange(20.0)).astype(np.float32)
MODEL = nn.Linear(4, 3, key=0)
BY_CLASS = np.array([10.0, 1.0, 0.1])


def weighed(prediction, target, weights, *, mask=None):
    return nn.cross_entropy(prediction, target, weights=weights, mask=mask)


def with_penalty(model, x, y):
    return nn.cross_entropy(model(x), y, class_weights=BY_CLASS) + 0.5 * np.sum(model.weight**2)


def numbered(model, x, y):
    value = nn.cross_entropy(model(x), y, ignore_index=-100)
    return value, {"again": value, "rows": np.mean(x)}


CASES = {
    "rows": (nn.cross_entropy, (X, LABELS)),
    "ignored labels": (functools.partial(nn.cross_entropy, ignore_index=-100), (X, IGNORED)),
    "weights of classes": (functools.partial(nn.cross_entropy, class_weights=BY_CLASS), (X, LABELS)),
    "both": (lambda p, y: nn.cross_entropy(p, y, class_weights=BY_CLASS, ignore_index=0), (X, LABELS)),
    "weights of examples": (weighed, (X, LABELS, WEIGHTS)),
    "an objective": (train.Objective(with_penalty), (X, LABELS)),
    "an objective with numbers": (train.Objective(numbered), (X, IGNORED)),
    "a loss of one's own": (lambda p, y: np.mean((p[:, 0] - y) ** 2), (X, LABELS)),
    "a compiled loss": (gg.jit(lambda p, y: nn.cross_entropy(p, y)), (X, LABELS)),
}


@pytest.mark.parametrize("last", [None, "keep"])
@pytest.mark.parametrize("name", CASES)
def test_batches_of_any_size_give_the_same_means(name, last):
    loss, data = CASES[name]
    found = []
    for size in (3, 4, 7, 20):
        run = train.fit(MODEL, data, loss, optim.sgd(0.0), epochs=1, batch_size=size, validation=data, last=last)
        found.append([run.history[name][0] for name in ("loss", "validation loss", *["again"] * ("numb" in name))])
    assert np.allclose(found, found[-1], rtol=1e-5), found
    if not isinstance(loss, train.Objective):
        assert np.isclose(found[0][1], loss(MODEL(X), *data[1:]), rtol=1e-5)


def test_metrics_count_by_themselves():
    run = train.fit(
        MODEL, (X, IGNORED), functools.partial(nn.cross_entropy, ignore_index=-100), optim.sgd(0.0), epochs=1,
        batch_size=4, metrics={"labelled": functools.partial(nn.cross_entropy, ignore_index=-100),
                               "rows": lambda p, y: np.mean(y == -100)},
    )  # fmt: skip
    assert np.isclose(run.history["labelled"][0], run.history["loss"][0])
    assert np.isclose(run.history["rows"][0], 7 / 20)


@pytest.mark.filterwarnings("ignore:validation loss is nan", "ignore:the training failed")
def test_a_validation_in_which_nothing_counts_has_no_mean():
    nothing = (X, np.full(20, -100))
    loss = functools.partial(nn.cross_entropy, ignore_index=-100)
    run = train.fit(MODEL, (X, LABELS), loss, optim.sgd(0.1), epochs=1, validation=nothing)
    assert np.isnan(run.history["validation loss"][0])
    assert run.status == "failed"


def area(scores, labels):
    """The share of pairs of the two kinds that the scores put in order: ROC-AUC."""
    ahead = scores[:, None, 0] > scores[None, :, 0]
    pairs = (labels[:, None] > labels[None, :]).astype(scores.dtype)
    return np.sum(ahead * pairs) / np.sum(pairs)


def rmse(prediction, target):
    return np.sqrt(np.mean((prediction[:, 0] - target) ** 2))


def determined(prediction, target):
    return 1 - np.sum((prediction[:, 0] - target) ** 2) / np.sum((target - np.mean(target)) ** 2)


@pytest.mark.parametrize("size", [3, 7, 20])
@pytest.mark.parametrize("kind", ["arrays", "stream", "half"])
def test_metrics_of_the_validation_are_those_of_all_predictions(size, kind):
    shuffled = RANDOM.permutation(20)
    x, y = X[shuffled], LABELS[shuffled].astype(np.float32)
    held = train.Stream(lambda: iter([(x[:9], y[:9]), (x[9:], y[9:])])) if kind == "stream" else (x, y)
    metrics = {"area": area, "rmse": rmse, "R²": determined}
    precision = train.Precision(scale=1.0) if kind == "half" else None
    run = train.fit(
        MODEL, (x, y), lambda p, y, mask=None: nn.mse(p[:, 0], y, mask=mask), optim.sgd(0.0), epochs=1,
        batch_size=size, validation=held, metrics=metrics, precision=precision,
    )  # fmt: skip
    found = {name: run.history[f"validation {name}"][0] for name in metrics}
    wanted = {name: metric(MODEL(x), y) for name, metric in metrics.items()}
    assert found == pytest.approx(wanted, rel=2e-3 if kind == "half" else 1e-5)


def test_metrics_of_predictions_without_rows_are_means_of_batches():
    class Total(nn.Layer):
        inner: nn.Linear

        def __call__(self, x):
            return np.sum(self.inner(x))

    def off(prediction, target):
        return prediction - np.sum(target)

    run = train.fit(
        Total(MODEL), (X, LABELS), lambda p, y: (p - np.sum(y)) ** 2, optim.sgd(0.0), epochs=1, batch_size=10,
        validation=(X, LABELS), metrics={"off": off},
    )  # fmt: skip
    halves = [np.sum(MODEL(X[part])) - np.sum(LABELS[part]) for part in (slice(10), slice(10, 20))]
    assert run.history["validation off"][0] == pytest.approx(np.mean(halves), rel=1e-5)


def test_means_inside_of_loops_are_not_noted():
    def looped(x):
        with counting() as counted:
            total = gg.scan(lambda sum_, row: (sum_ + nn.mse(row, 0 * row), None), np.float64(0.0), x)[0]
        assert counted.of_total(total) is None
        return total

    assert gg.jit(looped)(np.ones((3, 2))) == 3.0


def test_each_function_says_itself_whether_it_takes_the_mask():
    x, y = np.ones((5, 1), np.float32), np.array([[9.0], [0], [0], [9], [0]], np.float32)
    model = nn.Linear(1, 1, key=0, bias=False).replace("weight", np.zeros((1, 1), np.float32))

    def go(loss, **given):
        return train.fit(model, (x, y), loss, optim.sgd(1e-9), epochs=1, batch_size=3, shuffle=False, **given)

    def gap(prediction, target):
        return np.mean(prediction - target)

    kept = go(nn.mse, metrics={"gap": gap})
    assert kept.configuration["last"] == "keep"
    assert np.allclose([kept.history["loss"][0], kept.history["gap"][0]], [162 / 5, -18 / 5])
    with pytest.raises(UsageError, match="the metric 'gap' would count the filling"):
        go(nn.mse, metrics={"gap": gap}, last="pad")
    with pytest.raises(UsageError, match="the loss would count the filling"):
        go(lambda p, t: np.mean((p - t) ** 2), last="pad")
    with pytest.raises(UsageError, match="the objective would count the filling"):
        go(train.Objective(lambda m, a, b: nn.mse(m(a), b)), last="pad")
    assert go(nn.mse, last="pad").history["loss"][0] == pytest.approx(162 / 5)
    normed = nn.Sequential(nn.BatchNorm(1), nn.Linear(1, 1, key=0))
    with pytest.raises(UsageError, match=r"running_mean of the model would learn from the filling"):
        train.fit(normed, (x, y), nn.mse, batch_size=3, last="pad")


def test_names_of_numbers_that_are_taken():
    for name in ("loss", "epoch", "step", "seconds", "rate", "validation loss"):
        with pytest.raises(UsageError, match="is taken"):
            train.fit(MODEL, (X, LABELS), nn.cross_entropy, metrics={name: nn.cross_entropy})
        with pytest.raises(UsageError, match="is taken"):
            train.fit(
                MODEL, (X, LABELS), train.Objective(lambda m, x, y, n=name: (nn.cross_entropy(m(x), y), {n: 1.0}))
            )


def test_more_parts_than_the_loss_takes():
    with pytest.raises(
        UsageError, match=r"mse is called with 3 parts(?s:.*)mse\(prediction, target, weights=weights\)"
    ):
        train.fit(MODEL, (X, MODEL(X), WEIGHTS), nn.mse)

    def one(prediction):
        return np.mean(prediction)

    with pytest.raises(UsageError, match=r"one is called with 2 parts(?s:.*)all but the inputs go to the loss"):
        train.fit(MODEL, (X, LABELS), one)
    with pytest.raises(UsageError, match="is called with 3 parts"):
        train.fit(MODEL, (X, LABELS), train.Objective(lambda model, x: np.mean(model(x))))
