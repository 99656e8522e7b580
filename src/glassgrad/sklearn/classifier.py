"""NetworkClassifier: a network with one output for each class, or for each label."""

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d

from glassgrad.base.errors import UsageError
from glassgrad.nn.activations import sigmoid, softmax
from glassgrad.nn.losses import binary_cross_entropy, cross_entropy
from glassgrad.nn.objective import Objective
from glassgrad.sklearn.network import Network


def _by_class(model: Any, x: Any, y: Any, weights: Any = None, *, mask: Any = None) -> Any:
    return cross_entropy(model(x), y, weights=weights, mask=mask)


def _by_label(model: Any, x: Any, y: Any, weights: Any = None, *, mask: Any = None) -> Any:
    return binary_cross_entropy(model(x), y, weights=weights, mask=mask)


class NetworkClassifier(ClassifierMixin, Network):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron that tells classes apart, trained by cross entropy in native code.

    `hidden` are the sizes of its hidden layers, `activation` bends between them. Training takes at most `epochs` passes
    over the rows in shuffled batches (of 200 unless `batch_size` is given) with an `optimizer`, its `learning_rate`
    and `weight_decay`, gradients cut to the norm `clip`. It ends when the loss, or with `early_stopping` that of a
    held-back `validation_fraction`, was not better by `tolerance` for `patience` epochs. Inputs are used as they are:
    scale them first, for example by `StandardScaler`. Labels may be numbers or words; a matrix of 0 and 1 means
    several labels.

    Fitted: `classes_`, `model_` (a `glassgrad.nn.Sequential`), `history_`, `loss_`, `loss_curve_`, `n_iter_`.

    >>> x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> model = NetworkClassifier((16,), learning_rate=0.05, random_state=0).fit(x, ["same", "not", "not", "same"])
    >>> model.predict(x).tolist()
    ['same', 'not', 'not', 'same']
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Trains a fresh network. X (n, feature), y (n,) or (n, label), weights (n,)."""
        X, y = self._checked(X, y, reset=True, numeric=False)
        self._forget()
        weights = self._weights(sample_weight, X)
        self._learn_classes(y, None)
        data = (X, self._encoded(y), *weights)
        held = None
        if self.early_stopping:
            kind = None if self._is_multilabel or np.bincount(data[1]).min() < 2 else data[1]
            seed = self._seed()
            parts = train_test_split(*data, test_size=self.validation_fraction, random_state=seed, stratify=kind)
            data, held = tuple(parts[::2]), tuple(parts[1::2])
        self._train(self._objective(), data, self._outputs(), held)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """One epoch more on these rows. The first call has to be told all `classes`, unless y has them all."""
        X, y = self._checked(X, y, reset=not hasattr(self, "model_"), numeric=False)
        if not hasattr(self, "model_"):
            self._learn_classes(y, classes)
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise UsageError(f"partial_fit was told {list(classes)} after {list(self.classes_)}")
        data = (X, self._encoded(y), *self._weights(sample_weight, X))
        self._train_on(self._objective(), data, self._outputs())
        return self

    # ------------------------------------------------------------------ labels
    def _learn_classes(self, y: np.ndarray, classes: Any) -> None:
        check_classification_targets(y)
        kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise ValueError(
                "y has several columns with more than two classes each; fit one classifier for each column"
            )
        self._is_multilabel = kind == "multilabel-indicator"
        if self._is_multilabel:
            self._labels = LabelBinarizer().fit(y)
            self.classes_ = np.arange(y.shape[1])
        else:
            y = column_or_1d(y, warn=True)
            self.classes_ = unique_labels(y) if classes is None else unique_labels(classes)
            if len(self.classes_) < 2:
                raise ValueError(f"y has one class only, {self.classes_[0]!r}: a classifier needs two or more")
        self.n_outputs_ = self._outputs()

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        """(n,) numbers of classes, or (n, label) zeros and ones."""
        if self._is_multilabel:
            return np.asarray(y, np.float64)
        y = column_or_1d(y, warn=False)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"y has the class {unknown[0]!r}, which is not among the classes {list(self.classes_)}")
        return np.searchsorted(self.classes_, y)

    def _outputs(self) -> int:
        return len(self.classes_)

    def _objective(self) -> Objective:
        return Objective(_by_label if self._is_multilabel else _by_class)

    # ------------------------------------------------------------------ what comes out
    def decision_function(self, X: Any) -> np.ndarray:
        """The scores before the softmax: (n, class); for two classes the difference, (n,)."""
        X = self._inputs(X)
        scores: np.ndarray = self.model_(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 and not self._is_multilabel else scores

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, (n, class); of each label where there are several."""
        X = self._inputs(X)
        scores = self.model_(X)
        return np.asarray(sigmoid(scores) if self._is_multilabel else softmax(scores))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            found: np.ndarray = np.log(self.predict_proba(X))
        return found

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row, (n,); or which labels it has, (n, label)."""
        found = self.predict_proba(X)
        if self._is_multilabel:
            return (found > 0.5).astype(int)
        return np.asarray(self.classes_[np.argmax(found, axis=1)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
