"""NetworkRegressor: a network with one output for each number that is wanted."""

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import column_or_1d

from glassgrad.base.errors import UsageError
from glassgrad.nn.losses import huber, mae, mse
from glassgrad.nn.objective import Objective
from glassgrad.sklearn.network import Network

LOSSES = {"squared": mse, "absolute": mae, "huber": huber}


class NetworkRegressor(RegressorMixin, Network):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron that predicts numbers, trained in native code.

    As `NetworkClassifier`, with `loss` "squared", "absolute" or "huber". Targets are brought to mean 0 and deviation 1
    for the training and back in predictions, so that their unit does not matter. y is (n,) or (n, output).

    >>> x = np.linspace(-2, 2, 100)[:, None]
    >>> model = NetworkRegressor(learning_rate=0.01, random_state=0).fit(x, 1000 * x[:, 0] ** 2)
    >>> bool(model.score(x, 1000 * x[:, 0] ** 2) > 0.98)
    True
    """

    def __init__(
        self,
        hidden: Any = (100,),
        *,
        loss: str = "squared",
        activation: str = "relu",
        optimizer: Any = "adam",
        learning_rate: float = 1e-3,
        weight_decay: float = 0.0,
        dropout: float = 0.0,
        clip: float | None = None,
        batch_size: int | None = None,
        epochs: int = 200,
        tolerance: float = 1e-4,
        patience: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            hidden,
            activation=activation,
            optimizer=optimizer,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            dropout=dropout,
            clip=clip,
            batch_size=batch_size,
            epochs=epochs,
            tolerance=tolerance,
            patience=patience,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            random_state=random_state,
            verbose=verbose,
        )
        self.loss = loss

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Trains a fresh network. X (n, feature), y (n,) or (n, output), weights (n,)."""
        X, y = self._checked(X, y, reset=True, numeric=True)
        y = column_or_1d(y, warn=True) if y.shape[1:] == (1,) else y
        self._forget()
        weights = self._weights(sample_weight, X)
        self._learn_scale(y, weights)
        data = (X, self._scaled(y, X.dtype), *weights)
        held = None
        if self.early_stopping:
            parts = train_test_split(*data, test_size=self.validation_fraction, random_state=self._seed())
            data, held = tuple(parts[::2]), tuple(parts[1::2])
        self._train(self._objective(), data, data[1].shape[1], held)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One epoch more on these rows. The targets of the first call decide how all are scaled."""
        X, y = self._checked(X, y, reset=not hasattr(self, "model_"), numeric=True)
        y = column_or_1d(y, warn=True) if y.shape[1:] == (1,) else y
        weights = self._weights(sample_weight, X)
        if not hasattr(self, "model_"):
            self._learn_scale(y, weights)
        data = (X, self._scaled(y, X.dtype), *weights)
        self._train_on(self._objective(), data, data[1].shape[1])
        return self

    def _learn_scale(self, y: np.ndarray, weights: tuple[np.ndarray, ...]) -> None:
        self._is_one = y.ndim == 1
        table = np.asarray(y, np.float64).reshape(len(y), -1)
        shares = weights[0] if weights else None
        largest = np.max(np.abs(table), axis=0)
        unit = np.where(largest > 0, largest, 1.0)  # squares of 1e200 and of 1e-200 are no numbers
        self.target_mean_ = np.average(table / unit, axis=0, weights=shares) * unit
        offsets = (table - self.target_mean_) / unit
        deviation = np.sqrt(np.average(offsets**2, axis=0, weights=shares)) * unit
        self.target_scale_ = np.where(deviation > 0, deviation, 1.0)
        self.n_outputs_ = table.shape[1]

    def _scaled(self, y: np.ndarray, dtype: Any) -> np.ndarray:
        table = (np.asarray(y, np.float64).reshape(len(y), -1) - self.target_mean_) / self.target_scale_
        return table.astype(dtype)

    def _objective(self) -> Objective:
        if self.loss not in LOSSES:
            raise UsageError(f"there is no loss {self.loss!r}", hint=f"one of {', '.join(LOSSES)}")
        loss = LOSSES[self.loss]

        def by_row(model: Any, x: Any, y: Any, weights: Any = None, *, mask: Any = None) -> Any:
            return loss(model(x), y, weights=weights, mask=mask)

        return Objective(by_row)

    def predict(self, X: Any) -> np.ndarray:
        """The numbers of each row, (n,) or (n, output) as the targets were."""
        X = self._inputs(X)
        found = np.asarray(self.model_(X)) * self.target_scale_ + self.target_mean_
        found = found.astype(X.dtype, copy=False)
        return found[:, 0] if self._is_one else found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
