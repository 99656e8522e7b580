"""The estimators: scikit-learn's own checks, and what people do with them."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from glassgrad import optim
from glassgrad.base.errors import UsageError
from glassgrad.sklearn import NetworkClassifier, NetworkRegressor


@pytest.mark.parametrize("kind", [NetworkClassifier, NetworkRegressor])
def test_scikit_learns_own_checks(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks cause warnings on purpose
        results = check_estimator(kind(), on_fail=None, on_skip=None)
    failed = {result["check_name"]: result["exception"] for result in results if result["status"] == "failed"}
    assert not failed
    assert len(results) > 50


def test_a_pipeline_with_words_as_labels():
    x, numbers = load_iris(return_X_y=True)
    y = np.array(["setosa", "versicolor", "virginica"])[numbers]
    model = make_pipeline(StandardScaler(), NetworkClassifier((16,), learning_rate=0.01, random_state=0))
    scores = cross_val_score(model, x, y, cv=3)
    assert scores.mean() > 0.93
    model.fit(x, y)
    assert model.predict_proba(x).shape == (150, 3)
    assert np.allclose(model.predict_proba(x).sum(1), 1)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict(x), model.predict(x))
    assert np.allclose(np.exp(again.predict_log_proba(x)), model.predict_proba(x))


def test_grid_search_and_clone():
    x, y = load_breast_cancer(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    model = NetworkClassifier(learning_rate=0.01, epochs=20, random_state=0)
    search = GridSearchCV(model, {"hidden": [(8,), (16, 8)], "clip": [None, 1.0]}, cv=2)
    search.fit(x[:200], y[:200])
    assert search.best_score_ > 0.9
    assert clone(search.best_estimator_).get_params() == search.best_estimator_.get_params()


def test_the_same_seed_gives_the_same_network():
    x, y = load_iris(return_X_y=True)
    first, second, third = (NetworkClassifier(epochs=5, random_state=seed).fit(x, y) for seed in (1, 1, 2))
    assert np.array_equal(first.predict_proba(x), second.predict_proba(x))
    assert not np.array_equal(first.predict_proba(x), third.predict_proba(x))
    assert first.n_iter_ == len(first.loss_curve_) == 5
    assert first.loss_ == first.loss_curve_[-1]


def test_the_unit_of_a_target_does_not_matter():
    x, y = load_diabetes(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    model = NetworkRegressor(epochs=50, random_state=0)
    one, other = model.fit(x, y).predict(x), clone(model).fit(x, 1e6 * y + 1e9).predict(x)
    assert model.score(x, y) > 0.4
    assert np.allclose((other - 1e9) / 1e6, one, rtol=1e-4)
    constant = NetworkRegressor(epochs=100, random_state=0).fit(x, np.full(len(x), 7.0))
    assert abs(constant.predict(x) - 7).mean() < 0.5


def test_several_targets_and_several_labels():
    x, y = load_diabetes(return_X_y=True)
    both = np.stack([y, -3 * y], 1)
    model = NetworkRegressor(epochs=100, random_state=0).fit(StandardScaler().fit_transform(x), both)
    assert model.predict(StandardScaler().fit_transform(x)).shape == both.shape
    x, labels = make_multilabel_classification(n_samples=200, n_classes=3, n_labels=1, random_state=0)
    model = NetworkClassifier(random_state=0).fit(StandardScaler().fit_transform(x), labels)
    found = model.predict(StandardScaler().fit_transform(x))
    assert found.shape == labels.shape
    assert (found == labels).mean() > 0.85


def test_weights_of_samples_count():
    x = np.array([[0.0], [0.0], [1.0], [1.0]])
    y = np.array([0, 1, 0, 1])
    model = NetworkClassifier(learning_rate=0.05, random_state=0)
    found = model.fit(x, y, sample_weight=[3.0, 1.0, 1.0, 3.0]).predict_proba(x)[:, 1]
    assert np.allclose(found, [0.25, 0.25, 0.75, 0.75], atol=0.06)


def test_partial_fit_goes_on():
    x, y = load_iris(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    model = NetworkClassifier(learning_rate=0.01, random_state=0)
    for epoch in range(30):
        model.partial_fit(x, y, classes=[0, 1, 2]) if epoch == 0 else model.partial_fit(x, y)
        if epoch == 15:
            model = pickle.loads(pickle.dumps(model))
    assert model.score(x, y) > 0.9
    assert model.n_iter_ == 30
    with pytest.raises(UsageError, match="after"):
        model.partial_fit(x, y, classes=[0, 1])
    with pytest.raises(ValueError, match="not among the classes"):
        model.partial_fit(x, y + 7)
    regressor = NetworkRegressor(learning_rate=0.01, random_state=0)
    for _ in range(40):
        regressor.partial_fit(x[:, :3], x[:, 3])
    assert regressor.score(x[:, :3], x[:, 3]) > 0.8


def test_early_stopping_keeps_the_best():
    x, y = load_breast_cancer(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    model = NetworkClassifier(learning_rate=0.03, early_stopping=True, patience=3, random_state=0).fit(x, y)
    assert model.n_iter_ < 200
    assert min(model.history_["validation loss"]) < model.history_["validation loss"][-1]
    assert model.score(x, y) > 0.95


def test_optimisers_by_name_and_as_they_are():
    x, y = load_iris(return_X_y=True)
    for optimizer in ("sgd", "nesterov", "adamw", "lion", optim.rmsprop(0.01)):
        assert NetworkClassifier(optimizer=optimizer, epochs=3, weight_decay=0.01).fit(x, y).n_iter_ == 3
    with pytest.raises(UsageError, match="no optimizer 'adan'"):
        NetworkClassifier(optimizer="adan").fit(x, y)
    with pytest.raises(UsageError, match="no loss"):
        NetworkRegressor(loss="cubic").fit(x, y)


def test_bad_input():
    x, y = load_iris(return_X_y=True)
    with pytest.raises(NotFittedError):
        NetworkClassifier().predict(x)
    with pytest.raises(ValueError, match="one class only"):
        NetworkClassifier().fit(x, np.zeros(150))
    with pytest.raises(ValueError, match="NaN"):
        NetworkClassifier().fit(np.full((150, 2), np.nan), y)
    with pytest.raises(ValueError, match="features"):
        NetworkClassifier(epochs=1).fit(x, y).predict(x[:, :2])


def test_a_training_that_diverges_warns_and_predicts_numbers():
    x, y = load_diabetes(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="the training of NetworkRegressor failed"):
        model = NetworkRegressor(learning_rate=1e12, optimizer="sgd", random_state=0).fit(100 * x, y)
    assert np.isfinite(model.predict(x)).all()
    assert len(model.loss_curve_) == model.n_iter_
    classes = (y > 100).astype(int)
    with pytest.warns(ConvergenceWarning, match="the training of NetworkClassifier failed"):
        classifier = NetworkClassifier(learning_rate=1e30, optimizer="sgd", random_state=0).fit(1e8 * x, classes)
    assert np.isfinite(classifier.predict_proba(x)).all()


def test_rows_that_break_a_partial_fit_are_left_out():
    x, y = load_diabetes(return_X_y=True)
    model = NetworkRegressor(optimizer="sgd", learning_rate=0.01, random_state=0).partial_fit(x, y)
    before = model.predict(x)
    with pytest.warns(ConvergenceWarning, match="left as it was before these rows"):
        model.partial_fit(1e30 * x, y)
    assert np.array_equal(model.predict(x), before)
    assert model.partial_fit(x, y).n_iter_ == 2
    assert np.isfinite(model.predict(x)).all()


def test_a_training_that_ends_far_from_where_it_began_warns():
    x, y = load_diabetes(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="the loss is .*, and that of the untrained network was"):
        NetworkRegressor(learning_rate=1e6, epochs=20, random_state=0).fit(x, y)


@pytest.mark.parametrize("unit", [1e300, 1e-300])
def test_units_of_any_size(unit):
    x, y = load_diabetes(return_X_y=True)
    x, model = StandardScaler().fit_transform(x), NetworkRegressor(epochs=20, random_state=0)
    assert np.allclose(model.fit(x, unit * y).predict(x) / unit, model.fit(x, y).predict(x), rtol=1e-6)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"hidden": (3.7,)}, "hidden is .*: it is the sizes of the hidden layers"),
        ({"hidden": "64"}, "hidden is '64'"),
        ({"hidden": None}, "hidden is None"),
        ({"batch_size": "auto"}, "batch_size is 'auto', not a whole number"),
        ({"clip": 0}, "clip is 0, so that nothing would be learnt"),
    ],
)
def test_parameters_that_cannot_be_meant(given, said):
    with pytest.raises(UsageError, match=said):
        NetworkRegressor(epochs=1, **given).fit(np.eye(4), np.arange(4.0))
