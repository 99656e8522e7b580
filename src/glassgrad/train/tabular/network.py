"""Network: a preparation and a trained model, from tables to predictions. Floor 7."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glassgrad import optim
from glassgrad.base.errors import CheckpointError, TableError, UsageError
from glassgrad.base.tensors import Checkpoint, read, write
from glassgrad.nn.composition import Sequential
from glassgrad.nn.layer import Layer
from glassgrad.nn.losses.classification import cross_entropy
from glassgrad.nn.losses.regression import mse
from glassgrad.nn.objective import objective_of
from glassgrad.nn.perceptron import mlp
from glassgrad.nn.rows import softmax
from glassgrad.optim.by_name import optimizer_of
from glassgrad.random.keys import key as make_key
from glassgrad.random.keys import split as split_key
from glassgrad.train.data.arrays import Arrays
from glassgrad.train.fitting import fit
from glassgrad.train.run import Callback, Run
from glassgrad.train.tabular.measuring import Metrics, metrics
from glassgrad.train.tabular.memory import free_memory
from glassgrad.train.tabular.options import MANNERS, Candidate, Manner, Options
from glassgrad.train.tabular.preparation import Preparation
from glassgrad.train.tabular.range_test import RangeTest, range_test
from glassgrad.train.tabular.sealed import read_sealed, write_sealed
from glassgrad.train.tabular.splitting import Split

if TYPE_CHECKING:
    import polars as pl

FORMAT = "glassgrad table network 1"
_ROWS = 2**14  # predicted at a time
_BYTES = 24  # for a parameter: its number, its gradient, two means of it, the best, a copy on the way
_TRIED_RATE = 1e-3  # that the optimiser of a range test is made with


@dataclass(frozen=True, slots=True)
class Network:
    """A trained network with its preparation. `run` and what follows are there after training, not after loading.

    >>> import polars as pl
    >>> x = np.linspace(-2, 2, 200)
    >>> table = pl.DataFrame({"x": x, "inside": np.where(abs(x) < 1, "yes", "no")})
    >>> split = train.tabular.split(table, train.tabular.infer(table, "inside"))
    >>> preparation = train.tabular.Preparation.fit(train.tabular.infer(table, "inside"), split.train)
    >>> network = Network.train(preparation, split)
    >>> network.predict(pl.DataFrame({"x": [-1.8, 0.1]}))
    array(['no', 'yes'], dtype='<U3')
    """

    preparation: Preparation
    model: Layer
    options: Options
    run: Run | None = None
    range_test: RangeTest | None = None
    candidates: tuple[Candidate, ...] = ()  # where there were several
    learnt_from: tuple[str, ...] = ("train",)  # the parts of the split

    # ------------------------------------------------------------------ training
    @staticmethod
    def train(
        preparation: Preparation,
        split: Split,
        options: Options | None = None,
        callbacks: Sequence[Callback] = (),
        **given: Any,
    ) -> "Network":
        """Trains a network on the training part, watches the validation part, and keeps the best.

        Where the options leave it open, a small table is learnt from with the rows of the validation, and for a larger
        one several networks are trained: the validation decides. `given` are further arguments of `fit`: checkpoint,
        progress, statistics_every; `callbacks` are told of each training.
        """
        options = Options() if options is None else options
        return trained(preparation, split, options, callbacks, given)

    # ------------------------------------------------------------------ predicting
    def scores(self, table: "pl.DataFrame") -> np.ndarray:
        """What `metrics` takes: (row, class) probabilities, or (row,) numbers in the unit of the table."""
        x = self.preparation.inputs(table)
        found = [np.asarray(self.model(x[start : start + _ROWS])) for start in range(0, len(x), _ROWS)]
        if self.preparation.plan.task == "classification":
            rows = np.concatenate([np.zeros((0, len(self.preparation.plan.classes)), np.float32), *found])
            return np.asarray(softmax(rows.astype(np.float64), -1))
        return self.preparation.original(np.concatenate([np.zeros((0, 1), np.float32), *found])[:, 0])

    def predict(self, table: "pl.DataFrame") -> np.ndarray:
        """(row,) words of classes, or numbers in the unit of the table."""
        found = self.scores(table)
        if self.preparation.plan.task == "classification":
            return self.preparation.original(found.argmax(axis=1))
        return found

    def metrics(self, table: "pl.DataFrame") -> Metrics:
        """How good the predictions for a table with a target are."""
        return metrics(self.preparation.plan, self.preparation.truth(table), self.scores(table))

    # ------------------------------------------------------------------ on the disk
    def save(self, folder: Path | str) -> None:
        """Writes model.safetensors, network.json and the preparation into the folder."""
        folder = Path(folder)
        self.preparation.save(folder / "preparation")
        arrays = {path: np.asarray(value) for path, value in (self.model.parameters() | self.model.states()).items()}
        write(folder / "model.safetensors", Checkpoint(arrays, {"format": FORMAT}))
        facts = {"format": FORMAT, "options": self.options.to_dict()}
        write_sealed(folder / "network.json", facts)

    @staticmethod
    def load(folder: Path | str) -> "Network":
        """The network that `save` wrote. Raises CheckpointError."""
        folder = Path(folder)
        path = folder / "network.json"
        facts = read_sealed(path, FORMAT)
        try:
            options = Options(**{**facts["options"], "hidden": tuple(facts["options"]["hidden"])})
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{path} cannot be read: {error}", hint="a folder that `save` wrote") from None
        preparation = Preparation.load(folder / "preparation")
        fresh = model_for(preparation, options)
        arrays = read(folder / "model.safetensors").arrays
        expected = fresh.parameters() | fresh.states()
        if {name: array.shape for name, array in arrays.items()} != {
            name: np.shape(array) for name, array in expected.items()
        }:
            raise CheckpointError(f"{folder / 'model.safetensors'} holds another network than network.json says")
        return Network(preparation, fresh.replace(arrays), options)


def model_for(preparation: Preparation, options: Options) -> Sequential:
    """A fresh network: inputs, hidden layers, and an output for each class, or one for a number."""
    outputs = len(preparation.plan.classes) or 1
    return mlp(
        [len(preparation.feature_names), *(options.hidden or ()), outputs],
        key=options.seed,
        activation=options.activation,
        dropout=options.dropout or 0.0,  # decided before the training
    )


def trained(
    preparation: Preparation, split: Split, options: Options, callbacks: Sequence[Callback], given: dict[str, Any]
) -> Network:
    """The network after its training, or the best of several."""
    if not len(split.train):
        raise TableError("there are no rows to train on")
    rows, material = len(split.train), _Material.of(preparation, split)
    if material.held is None:
        return _trained(material, options, "strong", callbacks, given)
    if len(split.test) and options.spares_no_rows(rows):
        return _of_few_rows(material, options, callbacks, given)
    manners = options.manners(rows)
    if len(manners) == 1:
        return _trained(material, options, "strong", callbacks, given)
    tried = {
        manner: _trained(material, options, manner, callbacks, _of_one(given, manner, MANNERS[manner]))
        for manner in manners
    }
    kept = _chosen(material, tried)
    return replace(tried[kept], candidates=tuple(_told(manner, tried[manner], manner == kept) for manner in tried))


def _of_few_rows(
    material: "_Material", options: Options, callbacks: Sequence[Callback], given: dict[str, Any]
) -> Network:
    """The network of a table too small to spare rows: it learns from those of the validation too, for all epochs."""
    found = _trained(material.joined(), options, "strong", callbacks, given)
    if found.run is not None and found.run.status != "failed":  # the smallest loss of the training tells nothing
        found = replace(found, model=found.run.last_model)
    return replace(found, learnt_from=("train", "validation"))


def _of_one(given: dict[str, Any], folder: str, name: str) -> dict[str, Any]:
    """What `fit` is given for one of several trainings: a folder and a name of its own."""
    found = dict(given)
    if given.get("checkpoint") is not None:
        found["checkpoint"] = Path(given["checkpoint"]) / folder
    if given.get("name") is not None:
        found["name"] = f"{given['name']}, {name}"
    return found


def _validated(network: Network) -> float:
    """The smallest loss of the validation; infinite where the training failed."""
    run = network.run
    return math.inf if run is None or run.status == "failed" or run.best is None else run.best[1]


def _chosen(material: "_Material", tried: dict[Manner, Network]) -> Manner:
    """The training of the smallest validation loss, unless the first is worse by no more than chance allows.

    L. Breiman et al., Classification and Regression Trees (1984), section 3.4.3: the rule of one standard error, here
    of the differences between the rows' losses.
    """
    first, best = next(iter(tried)), min(tried, key=lambda manner: _validated(tried[manner]))
    if best == first or not math.isfinite(_validated(tried[first])):
        return best
    gain = material.losses(tried[first].model) - material.losses(tried[best].model)
    return best if gain.mean() > gain.std() / math.sqrt(len(gain)) else first


def _told(manner: Manner, network: Network, is_kept: bool) -> Candidate:
    run = network.run
    assert run is not None  # it comes from training
    return Candidate(manner, _validated(network), run.epoch, run.timings.total, is_kept)


@dataclass(frozen=True, slots=True)
class _Material:
    """What all candidates learn from: inputs and targets, those of the validation, the loss."""

    preparation: Preparation
    data: tuple[np.ndarray, np.ndarray]
    held: tuple[np.ndarray, np.ndarray] | None

    @staticmethod
    def of(preparation: Preparation, split: Split) -> "_Material":
        is_number = preparation.plan.task == "regression"
        data = _arrays(preparation, split.train, is_number=is_number)
        held = _arrays(preparation, split.validation, is_number=is_number) if len(split.validation) else None
        return _Material(preparation, data, held)

    def joined(self) -> "_Material":
        """The rows of the validation among those to learn from."""
        assert self.held is not None  # asked before
        x, y = (np.concatenate(pair) for pair in zip(self.data, self.held, strict=True))
        return _Material(self.preparation, (x, y), None)

    def losses(self, model: Layer) -> np.ndarray:
        """(row,) the loss of each row of the validation."""
        assert self.held is not None
        x, y = self.held
        found = np.concatenate([np.asarray(model(x[start : start + _ROWS])) for start in range(0, len(x), _ROWS)])
        if self.preparation.plan.task == "regression":
            return np.asarray((found - y)[:, 0] ** 2, np.float64)
        own = np.asarray(softmax(found.astype(np.float64), -1))[np.arange(len(y)), y]
        return np.asarray(-np.log(np.maximum(own, 1e-300)))


def _trained(
    material: _Material, options: Options, manner: Manner, callbacks: Sequence[Callback], given: dict[str, Any]
) -> Network:
    """The network after one training."""
    preparation, data = material.preparation, material.data
    loss = mse if preparation.plan.task == "regression" else cross_entropy
    first, second = split_key(make_key(options.seed))
    rows, found = len(data[0]), None
    _check_size(preparation, options.decided(rows, _TRIED_RATE, manner))
    if options.rate == "auto":
        tried = replace(options.decided(rows, _TRIED_RATE, manner), weight_decay=options.weight_decay or 0.0)
        found = range_test(
            model_for(preparation, tried),
            Arrays(*data),
            objective_of(loss, None),
            _optimizer(tried),
            batch_size=tried.batch_size or rows,
            key=second,
        )
    decided = options.decided(rows, float(options.rate) if found is None else found.rate, manner)
    run = fit(
        model_for(preparation, decided),
        data,
        loss,
        _optimizer(decided),
        epochs=decided.epochs,
        batch_size=decided.batch_size or rows,
        validation=material.held,
        callbacks=callbacks,
        key=first,
        last="pad",
        patience=None if material.held is None and options.patience is None else decided.patience,
        **given,
    )
    return Network(preparation, run.model, decided, run, found)


def _check_size(preparation: Preparation, options: Options) -> None:
    """Raises UsageError where the network has no room in memory."""
    sizes = [len(preparation.feature_names), *(options.hidden or ()), len(preparation.plan.classes) or 1]
    numbers = sum((one + 1) * other for one, other in itertools.pairwise(sizes))
    needed, free = numbers * _BYTES, free_memory()
    if free is not None and needed > free:
        raise UsageError(
            f"a network of {numbers:,} parameters takes {needed / 1e9:,.1f} GB of memory in training, and "
            f"{free / 1e9:,.1f} GB are free",
            hint="smaller hidden layers",
        )


def _arrays(preparation: Preparation, table: "pl.DataFrame", *, is_number: bool) -> tuple[np.ndarray, np.ndarray]:
    targets = preparation.targets(table)
    return preparation.inputs(table), targets[:, None] if is_number else targets


def _optimizer(options: Options) -> optim.Optimizer:
    found = optimizer_of(options.optimizer, float(options.rate), weight_decay=options.weight_decay or 0.0)
    return optim.chain(optim.clip_by_norm(options.clip), found) if options.clip else found
