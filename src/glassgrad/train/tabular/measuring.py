"""How good predictions are, in the numbers that people compare; and what simple models reach. Floor 7."""

import warnings
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, TableError
from glassgrad.train.tabular.parts import rows_to_fit
from glassgrad.train.tabular.plan import Plan
from glassgrad.train.tabular.preparation import Preparation
from glassgrad.train.tabular.splitting import Split

Metrics = dict[str, float | None]
NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "roc_auc": "ROC-AUC",
    "log_loss": "log-loss",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
}
LARGER_IS_BETTER = ("accuracy", "balanced_accuracy", "roc_auc", "r2")
_BASELINE_ROWS = 100_000  # that linear models are fitted to at most


def metrics(plan: Plan, y_true: np.ndarray, prediction: np.ndarray) -> Metrics:
    """The metrics of a prediction; None where a number does not exist (an area under a curve of one class).

    Classification: `y_true` (n,) numbers of classes, `prediction` (n, class) probabilities; accuracy, the mean of the
    classes' accuracies, the area under the ROC curve (one class against the rest, averaged, where there are more than
    two), log-loss. Regression: both (n,) in the unit of the table; RMSE, MAE, R². Source: scikit-learn's metrics.

    >>> import polars as pl
    >>> plan = gg.train.tabular.infer(pl.DataFrame({"x": np.arange(20.0) ** 2, "y": ["no", "yes"] * 10}), "y")
    >>> metrics(plan, np.array([0, 1, 1]), np.array([[0.5, 0.5], [0.25, 0.75], [0.75, 0.25]]))["accuracy"]
    0.6666666666666666
    """
    truth, found = np.asarray(y_true), np.asarray(prediction, np.float64)
    wanted = (len(truth), len(plan.classes)) if plan.task == "classification" else (len(truth),)
    if found.shape != wanted:
        raise ShapeError(
            f"the prediction is {show_shape(found.shape)} where {show_shape(wanted)} is needed",
            hint="Network.scores(table) gives what metrics takes",
        )
    if not len(truth):
        raise TableError("there are no rows to measure on", hint="a larger share for the test")
    return _of_classes(truth, found) if plan.task == "classification" else _of_numbers(truth, found)


def _of_classes(truth: np.ndarray, probabilities: np.ndarray) -> Metrics:
    chosen = probabilities.argmax(axis=1)
    present = np.unique(truth)
    right = chosen == truth
    own = np.clip(probabilities[np.arange(len(truth)), truth], np.finfo(np.float64).eps, 1.0)
    return {
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(np.mean([right[truth == label].mean() for label in present])),
        "roc_auc": _area(truth, probabilities),
        "log_loss": float(-np.log(own).mean()),
    }


def _area(truth: np.ndarray, probabilities: np.ndarray) -> float | None:
    from sklearn.metrics import roc_auc_score  # with the first measurement

    labels = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    areas = [
        float(roc_auc_score(truth == label, probabilities[:, label]))
        for label in labels
        if 0 < np.count_nonzero(truth == label) < len(truth)
    ]
    return float(np.mean(areas)) if areas else None


def _of_numbers(truth: np.ndarray, found: np.ndarray) -> Metrics:
    errors = found - truth
    spread = float(np.sum((truth - truth.mean()) ** 2))
    return {
        "rmse": float(np.sqrt(np.mean(errors**2))),
        "mae": float(np.mean(np.abs(errors))),
        "r2": 1.0 - float(np.sum(errors**2)) / spread if spread > 0 else None,
    }


def baselines(plan: Plan, split: Split, preparation: Preparation) -> dict[str, Metrics]:
    """The metrics on the test part of the simplest models: the majority or the mean, and a linear one."""
    test = split.test if len(split.test) else split.validation
    train = rows_to_fit(split.train, _BASELINE_ROWS)
    x, y = preparation.inputs(train), preparation.targets(train)
    asked, truth = preparation.inputs(test), preparation.truth(test)
    if plan.task == "classification":
        shares = np.bincount(y, minlength=len(plan.classes)) / len(y)
        return {
            "majority": metrics(plan, truth, np.tile(shares, (len(truth), 1))),
            "logistic regression": metrics(plan, truth, _logistic(x, y, asked, len(plan.classes))),
        }
    from sklearn.linear_model import Ridge  # with the first baseline

    linear = Ridge(alpha=1e-3 * len(x)).fit(x.astype(np.float64), y).predict(asked.astype(np.float64))
    return {
        "mean": metrics(plan, truth, np.full(len(truth), preparation.mean)),
        "linear regression": metrics(plan, truth, preparation.original(linear)),
    }


def _logistic(x: np.ndarray, y: np.ndarray, asked: np.ndarray, classes: int) -> np.ndarray:
    """(row, class) probabilities; a class without a row in the training has none."""
    from sklearn.linear_model import LogisticRegression

    found = np.zeros((len(asked), classes))
    present = np.unique(y)
    if len(present) == 1:
        found[:, present[0]] = 1.0
        return found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged in 1,000 steps matters little here
        model: Any = LogisticRegression(max_iter=1000).fit(x.astype(np.float64), y)
    found[:, present] = model.predict_proba(asked.astype(np.float64))
    return found
