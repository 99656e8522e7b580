"""What the classifier and the regressor share: their parameters, how they train, and going on with `partial_fit`."""

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from glassgrad import optim
from glassgrad.base.errors import UsageError
from glassgrad.base.trees import map_leaves
from glassgrad.nn.linear import check_sizes
from glassgrad.nn.objective import Objective
from glassgrad.nn.perceptron import mlp
from glassgrad.optim.by_name import optimizer_of
from glassgrad.optim.optimizer import Optimizer
from glassgrad.random.keys import key
from glassgrad.train.data.arrays import Arrays
from glassgrad.train.data.batches import Order
from glassgrad.train.data.sources import dtype_of
from glassgrad.train.fitting import fit
from glassgrad.train.run import FailedTrainingWarning, Run
from glassgrad.train.step import TrainState, begin, program, why_lost

_LARGEST_BATCH = 200
_LOOKED_AT = 1000  # rows: does a trained network give numbers for them, and better ones?
_FAR_WORSE = 10.0  # times the loss of the untrained network: the training has diverged


class Network(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The parameters of both estimators, and their training."""

    def __init__(
        self,
        hidden: Sequence[int] = (100,),
        *,
        activation: str = "relu",
        optimizer: str | Optimizer = "adam",
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
        self.hidden = hidden
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.clip = clip
        self.batch_size = batch_size
        self.epochs = epochs
        self.tolerance = tolerance
        self.patience = patience
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    # ------------------------------------------------------------------ what goes in
    def _checked(self, X: Any, y: Any, *, reset: bool, numeric: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(
            self, X, y, dtype=(np.float64, np.float32), multi_output=True, y_numeric=numeric, reset=reset
        )
        return X, y

    def _inputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "model_")
        found: np.ndarray = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        return found.astype(dtype_of(self.model_), copy=False)

    def _weights(self, sample_weight: Any, X: np.ndarray) -> tuple[np.ndarray, ...]:
        """The weights as a further column of the data, or nothing; rows of weight 0 have no say at all."""
        if sample_weight is None:
            return ()
        return (_check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True),)

    # ------------------------------------------------------------------ training
    def _made(self) -> Optimizer:
        """The optimiser, with clipping before it."""
        found = self.optimizer
        if isinstance(found, str):
            given = {"weight_decay": self.weight_decay} if self.weight_decay else {}
            found = optimizer_of(found, self.learning_rate, **given)
        if self.clip is not None and not np.any(self.clip):
            raise UsageError(f"clip is {self.clip!r}, so that nothing would be learnt", hint="None clips nothing")
        return found if self.clip is None else optim.chain(optim.clip_by_norm(self.clip), found)

    def _network(self, inputs: int, outputs: int, dtype: Any, seed: int) -> Any:
        hidden = np.atleast_1d(np.asarray(self.hidden))
        if hidden.ndim != 1 or (hidden.size and hidden.dtype.kind not in "iu"):
            raise UsageError(
                f"hidden is {self.hidden!r}: it is the sizes of the hidden layers", hint="hidden=(64, 32); () for none"
            )
        sizes = [inputs, *hidden.tolist(), outputs]
        return mlp(sizes, key=seed, activation=self.activation, dropout=self.dropout, dtype=dtype)

    def _size(self, rows: int) -> int:
        if self.batch_size is None:
            return min(_LARGEST_BATCH, rows)
        check_sizes(type(self).__name__, batch_size=self.batch_size)
        return min(self.batch_size, rows)

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _train(self, objective: Objective, data: tuple[Any, ...], outputs: int, held: tuple[Any, ...] | None) -> Run:
        """Fits a fresh network and keeps what it has learnt."""
        seed = self._seed()
        model = self._network(data[0].shape[1], outputs, data[0].dtype, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FailedTrainingWarning)  # said below, in scikit-learn's kind
            run = fit(
                model,
                data,
                objective,
                self._made(),
                epochs=self.epochs,
                batch_size=self._size(len(data[0])),
                validation=held,
                key=seed,
                last="pad",
                patience=self.patience,
                tolerance=self.tolerance,
                progress=None if self.verbose else False,
                store=False,
            )
        self.history_, self.n_iter_ = run.history, run.epoch
        self.loss_curve_ = run.history["loss"].tolist()
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.nan
        self._keep(run, model, objective, tuple(part[:_LOOKED_AT] for part in data))
        self._program: Any = None
        return run

    def _keep(self, run: Run, given: Any, objective: Objective, rows: tuple[np.ndarray, ...]) -> None:
        """Keeps what was learnt. Where that gives no numbers for some rows, it warns, and keeps what does."""
        has_failed = run.status == "failed"
        learnt = run.model if self.early_stopping or has_failed else run.last_model
        is_sound = _is_sound(learnt, rows[0])
        self.model_ = learnt if is_sound else given
        self._state: TrainState | None = run.state
        before, after = (_loss(objective, model, rows) for model in (given, self.model_))
        if has_failed or not is_sound:  # that state is not gone on from
            self._state = begin(self.model_, self._made(), run.state.key, None)
            kept = "the last one" if run.best is None else f"that after epoch {run.best[0]}"
            why = run.reason if has_failed else "the network's numbers are not finite"
            self._warn(f"{why}; the network kept is {'the untrained one' if self.model_ is given else kept}", level=4)
        elif after > _FAR_WORSE * before:
            self._warn(f"the loss is {after:.3g}, and that of the untrained network was {before:.3g}", level=4)

    def _train_on(self, objective: Objective, data: tuple[Any, ...], outputs: int) -> None:
        """One epoch more on these rows, from where the network is."""
        if not hasattr(self, "model_"):
            seed = self._seed()
            self.model_ = self._network(data[0].shape[1], outputs, data[0].dtype, seed)
            self._state, self._program = begin(self.model_, self._made(), key(seed), None), None
            self.n_iter_, self.loss_curve_ = 0, []
        if self._program is None:
            self._program = program(self.model_, objective, self._made(), None)
        dtype = dtype_of(self.model_)
        source = Arrays(*[part.astype(dtype, copy=False) if part.dtype.kind == "f" else part for part in data])
        state, total = self._state, 0.0
        assert state is not None
        order = Order(self._size(source.rows), key=state.key, last="pad", epoch=self.n_iter_)
        before = map_leaves(np.array, state)  # a step writes over what it is given
        for batch in source.batches(order):
            state, measured = self._program.step(state, {}, batch.values, batch.mask)
            total += float(measured.loss) * batch.rows
            if measured.is_lost:
                self._state = before
                self._warn(f"{why_lost(measured, state)}; the network is left as it was before these rows", level=3)
                return
        self._state, self.n_iter_, self.loss_ = state, self.n_iter_ + 1, total / source.rows
        self.loss_curve_.append(self.loss_)
        self.model_ = self.model_.replace({path: np.array(value) for path, value in state.parameters.items()})

    def _warn(self, text: str, *, level: int) -> None:
        """Says that the training failed, as scikit-learn's own estimators do, at the line so many calls above."""
        warnings.warn(
            f"the training of {type(self).__name__} failed: {text}. Scale the inputs, or give a smaller learning_rate "
            "or clip=1.0.",
            ConvergenceWarning,
            stacklevel=level + 1,
        )

    def __getstate__(self) -> dict[str, Any]:
        found: dict[str, Any] = super().__getstate__()
        return found | {"_program": None} if "_program" in found else found  # compiled code is made again

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def _forget(self) -> Self:
        """Makes `fit` begin anew."""
        for name in ("model_", "_state", "_program"):
            self.__dict__.pop(name, None)
        return self


def _is_sound(model: Any, x: np.ndarray) -> bool:
    """Does a network give finite numbers for these rows?"""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(model(x)).all())


def _loss(objective: Objective, model: Any, rows: tuple[np.ndarray, ...]) -> float:
    """The loss of a network for these rows."""
    with np.errstate(all="ignore"):
        return float(objective(model, rows, None).loss)
