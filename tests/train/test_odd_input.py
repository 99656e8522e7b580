"""What people give fit by mistake is told at once, in the words of what they gave; what can be meant works."""

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from glassgrad import nn, optim, train
from glassgrad.base.errors import ShapeError, TracingError, UsageError

X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
Y = X[:, :1]
MODEL = nn.Linear(3, 1, key=0)


def go(data=(X, Y), loss=nn.mse, optimizer=None, **given):
    return train.fit(MODEL, data, loss, optimizer or optim.sgd(0.1), **{"epochs": 2, "store": False} | given)


def twice(pieces):
    return train.Stream(lambda: iter(pieces))


USED = iter([(X, Y)])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"data": (X.tolist(), Y)}, r"data\[0\] is a list of numbers(?s:.*)np.asarray\(data\[0\]\)"),
        ({"data": [X, Y]}, r"found list(?s:.*)a tuple"),
        ({"data": {"x": X, "y": Y}}, r"found dict(?s:.*)inputs may be a dict"),
        ({"data": zip(X, Y, strict=True)}, r"found zip(?s:.*)train.Stream"),
        ({"validation": 0}, "validation is 0: it is a share"),
        ({"validation": 1.0}, r"validation is 1.0: it is a share"),
        ({"validation": (X[:0], Y[:0])}, "the validation has no rows"),
        ({"validation": (X,)}, "validation has 1 part, and data has 2"),
        ({"validation": (X, Y[:3])}, r"validation\[0\]: 20, validation\[1\]: 3"),
        ({"loss": lambda p, y: (nn.mse(p, y), 1.0)}, r"the loss of a batch is one number, found tuple(?s:.*)Objective"),
        ({"loss": lambda p, y: None}, r"found NoneType(?s:.*)does the function return it"),
        ({"callbacks": print}, "callbacks are a list of functions, found print"),
        ({"callbacks": [3]}, "a callback is a function of an event, found 3"),
        ({"callbacks": [train.OnPlateau]}, r"found the class (?s:.*)callbacks=\[OnPlateau\(…\)\]"),
        ({"callbacks": [lambda: None]}, "is called with an event: too many positional arguments"),
        ({"metrics": [nn.mae]}, "metrics are functions by name"),
        ({"metrics": {"mae": 3}}, "metrics are functions by name"),
        ({"metrics": {3: nn.mae}}, "a further number has the name 3"),
        ({"monitor": "val_loss", "validation": 0.2}, r"no 'val_loss' to monitor(?s:.*)it has loss, validation loss"),
        ({"monitor": "validation loss"}, "no 'validation loss' to monitor"),
        ({"checkpoint": 3}, "checkpoint is the path of a folder, found 3"),
        ({"precision": "float16"}, r"found 'float16'(?s:.*)train.Precision\(\"float16\"\)"),
        ({"data": twice([X])}, r"a piece of the stream is \(inputs, \*targets\), found ndarray"),
        ({"data": twice([(X, Y), (X[:, :2], Y)])}, r"shapes \(2,\), \(1,\), and those of the first \(3,\), \(1,\)"),
        ({"data": train.Stream(lambda: USED)}, r"the stream has no rows(?s:.*)used up after one epoch"),
    ],
)
def test_mistakes_are_told(given, said):
    with pytest.raises((UsageError, ShapeError), match=said):
        go(**given)


@pytest.mark.parametrize("share", [0.2, np.float32(0.2)])
def test_a_share_is_any_number_between_0_and_1(share):
    assert "validation loss" in go(validation=share).history.epochs[0]


def test_an_error_of_the_validation_says_that_it_was_there():
    with pytest.raises(ShapeError, match="Linear takes 3 numbers") as caught:
        go(validation=(X[:, :2], Y))
    assert "This was the validation after an epoch." in caught.value.__notes__


def test_metrics_of_scikit_learn_are_taken_of_the_validation():
    metrics = {
        "R²": lambda prediction, target: r2_score(target, prediction),
        "area": lambda prediction, target: roc_auc_score(target[:, 0] > 0, prediction[:, 0]),
        "distance": nn.mae,
    }
    run = go(metrics=metrics, validation=(X, Y), batch_size=6, monitor="validation area", largest=True)
    found = run.last_model(X)
    record = run.history.epochs[-1]
    assert record["validation R²"] == pytest.approx(r2_score(Y, found))
    assert record["validation area"] == pytest.approx(roc_auc_score(Y[:, 0] > 0, found[:, 0]))
    assert {"distance", "validation distance"} <= record.keys()
    assert {"R²", "area"}.isdisjoint(record.keys() | run.history.steps.keys())
    with pytest.raises(TracingError):  # of the training alone there is no such number
        go(metrics=metrics)


def test_a_loss_that_no_parameter_moves_is_warned_of():
    labels = (X[:, 0] > 0).astype(np.float32)
    with pytest.warns(RuntimeWarning, match="the gradient of every parameter is 0 in the first step") as caught:
        go((X, labels), lambda scores, y: np.mean((scores[:, 0] > 0) != y))
    assert caught[0].filename == __file__


@pytest.mark.filterwarnings("ignore:loss is nan")
def test_a_training_in_which_nothing_counts_says_so():
    def weighed(prediction, target, weights, *, mask=None):
        return nn.mse(prediction, target, weights=weights, mask=mask)

    with pytest.warns(train.FailedTrainingWarning, match=r"(?s)hint: does anything count in loss: weights above 0"):
        go((X, Y, np.zeros(20, np.float32)), weighed)
