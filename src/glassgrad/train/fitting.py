"""fit: a model, data, a loss and an optimiser become a run. Floor 7."""

import inspect
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.base.naming import described
from glassgrad.nn.keys import as_key
from glassgrad.nn.layer import Layer
from glassgrad.nn.linear import check_sizes
from glassgrad.nn.objective import Metric, Objective, Supervised, objective_of
from glassgrad.optim.adam_family import adam
from glassgrad.optim.optimizer import Optimizer, Transformation, checked_optimizer, is_uncalled
from glassgrad.optim.rates import checked_number
from glassgrad.random.keys import split
from glassgrad.train.checkpoint import Checkpoints
from glassgrad.train.data.batches import Last, Order, Source, count_of
from glassgrad.train.data.sources import as_source, dtype_of
from glassgrad.train.history import History, Layers
from glassgrad.train.identity import configuration_of
from glassgrad.train.loop import Loop
from glassgrad.train.precision import Precision
from glassgrad.train.progress import shown
from glassgrad.train.recording import Recorder, place_of
from glassgrad.train.run import Callback, FailedTrainingWarning, Run
from glassgrad.train.selection import Selection
from glassgrad.train.step import TrainState, begin, frozen_of, program


def fit(
    model: Layer,
    data: Any,
    loss: Callable[..., Any] | Objective,
    optimizer: Optimizer | Callable[[int], Optimizer] | None = None,
    *,
    epochs: int = 10,
    batch_size: int = 32,
    validation: Any = None,
    metrics: dict[str, Metric] | None = None,
    callbacks: Sequence[Callback] = (),
    key: Any = 0,
    shuffle: bool = True,
    last: Last | None = None,
    patience: int | None = None,
    tolerance: float = 0.0,
    monitor: str | None = None,
    largest: bool = False,
    checkpoint: Path | str | None = None,
    checkpoint_seconds: float = 60.0,
    resume: bool = True,
    statistics_every: int = 20,
    precision: Precision | None = None,
    progress: bool | None = None,
    name: str | None = None,
    store: Path | str | bool | None = None,
    doctor: bool = False,
) -> Run:
    """Trains a model and gives back the run, with the best model in it.

    `data` is (inputs, *targets) of arrays with a row for each example, or a `Source`; `loss(prediction, *targets)` is
    what is minimised (or an `Objective`), by Adam with a rate of 1e-3 unless an `optimizer` is given; a function of the
    number of steps may make it: `lambda steps: optim.adam(optim.schedules.one_cycle(0.01, steps))`. Each step is one
    native call. `validation` is data like `data`, or a share between 0 and 1 of its rows, drawn by the key and held
    back. `metrics` are further functions like the loss.

    The best model is that with the smallest (`largest`: largest) value of `monitor`, by default the loss of the
    validation where there is one; after more than `patience` epochs without one better by `tolerance` the run stops.
    Without validation that loss is the mean over the epoch, of weights that were still changing; the model kept is that
    after the epoch. `last` says what becomes of a last, short batch: "keep", "drop" or "pad", the default where the
    loss and all metrics take a `mask` and the model has no running statistics, for those do not know of the mask.

    With `checkpoint`, a folder, everything is saved after each epoch and every `checkpoint_seconds`; a call with the
    same folder goes on from there (`resume`), and gives bit for bit what a run without a break gives. Norms of
    gradients and updates are kept every `statistics_every` steps. `callbacks` are functions of an event (`Started`,
    `Stepped`, `EpochEnded`, `Ended`), such as `OnPlateau`. `progress` shows a bar; by default where stderr is a
    terminal. The run is written into the `store` of runs under a `name`: `.glassgrad/runs.db` unless a path is given,
    or the environment names one in GLASSGRAD_STORE; `store=False` keeps nothing.

    With `doctor` the run is watched: `run.visit.report()` says whether it learns, and if not, where along the chain the
    gradient breaks and why. Every number of the run is the same as without. Kept are up to 13 copies of the
    parameters with their batches, one of the whole state, and the first 32 batches.

    A run that fails warns by `FailedTrainingWarning`. What breaks it, Ctrl-C or an error, has it as `error.run`.

    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> model = nn.Linear(1, 1, key=0)
    >>> run = fit(model, (x, 3 * x + 1), lambda p, y: np.mean((p - y) ** 2), gg.optim.adam(0.1), epochs=40)
    >>> run.status, bool(run.history["loss"][-1] < 1e-3)
    ('finished', True)
    """
    check_sizes("fit", epochs=epochs, batch_size=batch_size, statistics_every=statistics_every)
    checked_number(checkpoint_seconds, "checkpoint_seconds")
    if not isinstance(model, Layer):
        raise UsageError(f"fit trains a layer, found {type(model).__name__}", hint="nn.Sequential(…), …")
    if not isinstance(checkpoint, str | Path | None):
        raise UsageError(f"checkpoint is the path of a folder, found {checkpoint!r}")
    if not isinstance(precision, Precision | None):
        raise UsageError(f"precision is a train.Precision, found {precision!r}", hint='train.Precision("float16")')
    callbacks = _checked(callbacks)
    objective = objective_of(loss, metrics, has_validation=validation is not None)
    first, second, third = split(as_key(key), 3)
    source, held_back = as_source(data, validation, dtype_of(model), third)
    order = Order(batch_size, second if shuffle else None, _last(last, objective, model))
    optimizer = _made(optimizer, source, order, epochs)
    selection = Selection(monitor or ("loss" if held_back is None else "validation loss"), largest, patience, tolerance)
    _check_monitor(selection.monitor, objective)
    settings = {
        "optimizer": repr(optimizer), "epochs": epochs, "batch_size": batch_size, "key": as_key(key),
        "shuffle": shuffle, "last": order.last, "data": source.fingerprint(),
        "validation": None if held_back is None else held_back.fingerprint(), "monitor": selection.monitor,
        "largest": largest, "patience": patience, "tolerance": tolerance, "precision": precision and repr(precision),
        "statistics_every": statistics_every, "callbacks": [described(callback) for callback in callbacks],
        "checkpoint": checkpoint, "checkpoint_seconds": checkpoint_seconds,
    }  # fmt: skip
    state = begin(model, optimizer, first, precision)
    run = _begun(model, state, configuration_of(model, objective, **settings), selection.monitor)
    checkpoints = None if checkpoint is None else Checkpoints(checkpoint)
    loop = Loop(
        run=run,
        program=program(model, objective, optimizer, precision),
        objective=objective,
        frozen=frozen_of(model),
        source=source,
        order=order,
        validation=held_back,
        validation_order=Order(batch_size, last="keep" if objective.unmasked else "pad"),
        selection=selection,
        callbacks=callbacks,
        observers=_observers(name or type(model).__name__, place_of(store), checkpoints, progress),
        statistics_every=statistics_every,
        checkpoints=checkpoints,
        checkpoint_seconds=checkpoint_seconds,
    )
    if doctor:
        from glassgrad.train.watching import watching_of  # the doctor is loaded where it is asked for

        loop.watching = watching_of(run, loss, optimizer, loop.program, loop.frozen)
    loop.go(epochs, resume=resume)
    if run.status == "failed":
        warnings.warn(_why_failed(run, model), FailedTrainingWarning, stacklevel=2)
    return run


def _checked(callbacks: Any) -> list[Callback]:
    """The callbacks, if each is a function that takes an event."""
    if not isinstance(callbacks, Iterable) or isinstance(callbacks, str):
        raise UsageError(f"callbacks are a list of functions, found {described(callbacks)}", hint="callbacks=[…]")
    found = list(callbacks)
    for callback in found:
        if not callable(callback) or isinstance(callback, type):
            made = isinstance(callback, type)
            raise UsageError(
                f"a callback is a function of an event, found {'the class ' if made else ''}{described(callback)}",
                hint=f"callbacks=[{callback.__name__}(…)]" if made else None,
            )
        try:
            inspect.signature(callback).bind(None)
        except TypeError as error:
            raise UsageError(f"the callback {described(callback)} is called with an event: {error}") from None
        except ValueError:
            pass  # it has no signature to look at
    return found


def _check_monitor(name: str, objective: Objective | Supervised) -> None:
    """Raises UsageError for a number that no epoch will have; an `Objective` names its own when it is called."""
    if isinstance(objective, Objective):
        return
    known = ["loss", *objective.metrics]
    known += [f"validation {name}" for name in known] if objective.has_validation else []
    if name not in known:
        raise UsageError(f"the run has no {name!r} to monitor", hint=f"it has {', '.join(known)}")


def _begun(model: Layer, state: TrainState, configuration: dict[str, Any], monitor: str) -> Run:
    """The run before its first step."""
    history = History(Layers(tuple(state.parameters)))
    return Run(model=model, history=history, configuration=configuration, state=state, monitor=monitor)


def _observers(name: str, place: Path | None, checkpoints: Checkpoints | None, progress: bool | None) -> list[Callback]:
    """Who of ours is told of a run: the store of runs, and the line in the terminal."""
    files = {} if checkpoints is None else {"checkpoint": checkpoints.last, "best model": checkpoints.best}
    recording: list[Callback] = [] if place is None else [Recorder(name, place, files)]
    return recording if progress is False else [*recording, *shown(force=progress is True)]


def _why_failed(run: Run, given: Layer) -> str:
    """What a run that failed should tell: the reason, what its model is, and what helps."""
    kept = "the last one" if run.best is None else f"the best before, after epoch {run.best[0]}"
    helps = "a smaller learning rate, optim.clip_by_norm in front of the optimiser, or data scaled to about 1"
    if run.state.scale is not None and not run.state.scale.made:
        helps = "precision=train.Precision(scale=1) begins with the smallest scale; smaller targets or weights help too"
    elif run.epoch and run.best is None:
        helps = f"does anything count in {run.monitor}: weights above 0, labels that are not ignored, finite numbers?"
    elif run.step <= 1:
        helps = "no step went before it: are the data finite (np.isfinite), and the loss where the model starts?"
    model = "the one given, untrained" if run.model is given else kept
    return f"the training failed: {run.reason}; run.model is {model}\nhint: {helps}"


def _last(last: Last | None, objective: Objective | Supervised, model: Layer) -> Last:
    """What becomes of a short batch: it is filled up where nothing would count the filling."""
    states = list(model.states())
    if last != "pad":
        return last or ("keep" if objective.unmasked or states else "pad")
    if objective.unmasked:
        raise UsageError(
            f"last='pad' fills up a short batch, and {objective.unmasked[0]} would count the filling",
            hint="it needs a parameter mask, as the losses of nn have: True counts; or last='keep'",
        )
    if states:
        raise UsageError(
            f"last='pad' fills up a short batch, and {states[0]} of the model would learn from the filling",
            hint="last='keep' or last='drop'",
        )
    return last


def _made(optimizer: Any, source: Source, order: Order, epochs: int) -> Optimizer:
    """The optimiser, made for the number of steps where a function makes it."""
    if optimizer is None:
        return adam(1e-3)
    if isinstance(optimizer, Optimizer | Transformation | type) or not callable(optimizer) or is_uncalled(optimizer):
        return checked_optimizer(optimizer, "fit")
    if source.rows is None:
        raise UsageError(
            "the optimiser is made for a number of steps, and the data does not say how many rows it has",
            hint="train.Stream(pieces, rows=…)",
        )
    return checked_optimizer(optimizer(epochs * count_of(source.rows, order)), "fit")
