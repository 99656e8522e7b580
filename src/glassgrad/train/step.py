"""The training step: forward, backward, clipping and update in one graph, so in one native call. Floor 7."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from glassgrad.api.compile import jit
from glassgrad.api.derivatives import value_and_grad
from glassgrad.base.errors import OutOfRangeError, UsageError
from glassgrad.base.trees import Tree, map_leaves
from glassgrad.nn.calls import training
from glassgrad.nn.layer import Layer
from glassgrad.nn.objective import Judged, Objective, Supervised
from glassgrad.optim.optimizer import Optimizer, apply
from glassgrad.random.keys import fold_in
from glassgrad.train.precision import LEAST, Precision, Scale, finite, grown

Array = Any


@dataclass(frozen=True, slots=True)
class TrainState:
    """Everything that a step changes: a tree of arrays, and so what a checkpoint holds."""

    parameters: dict[str, Array]  # those that learn, by path
    states: dict[str, Array]  # running statistics, by path
    optimizer: Tree
    key: Array  # what random layers draw from, folded with the step
    step: Array  # how many steps were made, int64
    scale: Scale | None  # of the loss, in mixed precision


@dataclass(frozen=True, slots=True)
class Measured:
    """What a step tells: numbers, and three norms for each parameter, in their order."""

    loss: Array
    metrics: dict[str, Array]
    counts: dict[str, Array]  # how much each of them counts beside other batches; by rows where it is not said
    norms: dict[str, Array]  # "gradient", "update" and "parameter" before the step: (parameter,) each
    is_finite: Array  # was every gradient finite?
    is_lost: Array  # is something no number, and no smaller scale of the loss could mend it?


Arrays = dict[str, Array]  # by path
Step = Callable[[TrainState, Arrays, tuple[Tree, ...], Array | None], tuple[TrainState, Measured]]
Evaluate = Callable[[Arrays, Arrays, tuple[Tree, ...], Array | None], tuple[Judged, Tree]]


@dataclass(frozen=True, slots=True)
class Program:
    """The compiled functions of a run: a step of a state beside frozen parameters, and the evaluation of parameters
    beside running statistics, with the predictions where metrics are to be made of them.
    """

    step: Step
    evaluate: Evaluate
    model: Layer = field(repr=False)


def begin(model: Layer, optimizer: Optimizer, key: Array, precision: Precision | None) -> TrainState:
    """The state before the first step. Its arrays are copies: steps write over them."""
    parameters = {path: np.array(value) for path, value in model.trainable().items()}
    if not parameters:
        raise UsageError(
            "the model has no parameter to learn",
            hint="everything is frozen: model.unfreeze()" if model.parameters() else None,
        )
    states = {path: np.array(value) for path, value in model.states().items()}
    scale = None if precision is None else precision.start()
    fresh = map_leaves(lambda leaf: np.array(leaf), (optimizer.start(parameters), np.asarray(key), scale))
    return TrainState(parameters, states, fresh[0], fresh[1], np.int64(0), fresh[2])


def frozen_of(model: Layer) -> dict[str, Array]:
    """The parameters that do not learn, by path."""
    learning = model.trainable()
    return {path: value for path, value in model.parameters().items() if path not in learning}


def why_lost(measured: Measured, state: TrainState) -> str:
    """What became no number in a step, for the reason of a run that failed."""
    if not np.isfinite(measured.loss):
        return f"the loss is {float(measured.loss)}"
    if not measured.is_finite:
        wrong = [
            path
            for path, norm in zip(state.parameters, measured.norms["gradient"], strict=True)
            if not np.isfinite(norm)
        ]
        rest = ", though its scale is the smallest" if state.scale is not None else ""
        return f"the gradient of {wrong[0] if wrong else 'a parameter'} is no finite number{rest}"
    after = state.parameters | state.states
    wrong = [path for path, value in after.items() if not np.isfinite(value).all()]
    return f"{wrong[0] if wrong else 'a parameter'} is no finite number after its update"


def program(
    model: Layer, objective: Objective | Supervised, optimizer: Optimizer, precision: Precision | None
) -> Program:
    """The step and the evaluation of a model, compiled once for each shape of batch."""

    def forward(
        state: TrainState, frozen: Arrays, values: tuple[Tree, ...], mask: Array | None
    ) -> tuple[Judged, Arrays]:
        live = model.replace(_cast(state.parameters | frozen, precision) | state.states)
        with training(fold_in(state.key, state.step)) as happened:
            judged = objective(live, _inputs_cast(values, precision), mask)
        return judged, happened.changes(live)

    def step(
        state: TrainState, frozen: Arrays, values: tuple[Tree, ...], mask: Array | None
    ) -> tuple[TrainState, Measured]:
        def loss_of(parameters: Arrays) -> tuple[Array, tuple[Judged, Arrays]]:
            judged, changes = forward(replace(state, parameters=parameters), frozen, values, mask)
            loss = judged.loss if state.scale is None else judged.loss.astype(np.float32) * state.scale.factor
            return loss, (judged, changes)

        (_, (judged, changes)), gradients = value_and_grad(loss_of, has_aux=True)(state.parameters)
        if state.scale is not None:
            gradients = {path: gradient / state.scale.factor for path, gradient in gradients.items()}
        updates, optimizer_state = optimizer.update(gradients, state.optimizer, state.parameters)
        states = state.states | {path: value.astype(state.states[path].dtype) for path, value in changes.items()}
        after = replace(state, parameters=apply(state.parameters, updates), states=states, optimizer=optimizer_state)
        is_finite, may_overflow = finite(gradients), np.False_
        if precision is not None and state.scale is not None:  # a step that overflows is not made, and the scale falls
            may_overflow = state.scale.factor > LEAST
            after = replace(_chosen(is_finite, after, state), scale=grown(precision, state.scale, is_finite))
        is_sound = finite((judged.loss, after.parameters, after.states)) & (is_finite | may_overflow)
        norms = {"gradient": _norms(gradients), "update": _norms(updates), "parameter": _norms(state.parameters)}
        measured = Measured(judged.loss, judged.metrics, judged.counts, norms, is_finite, ~is_sound)
        return replace(after, step=state.step + 1), measured

    def evaluate(
        parameters: Arrays, states: Arrays, values: tuple[Tree, ...], mask: Array | None
    ) -> tuple[Judged, Tree]:
        live = model.replace(_cast(parameters, precision) | states)
        return objective.validated(live, _inputs_cast(values, precision), mask)

    return Program(_telling(jit(step, donate="state"), forward), _telling(jit(evaluate), evaluate), model)


def _telling(compiled: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """The compiled function. Where an index is out of range, the plain one tells which layer or loss that concerns."""

    def told(*given: Any) -> Any:
        try:
            return compiled(*given)
        except OutOfRangeError as error:
            try:
                with np.errstate(all="ignore"):
                    plain(*given)
            except OutOfRangeError as found:
                raise found from error
            raise

    return told


def _chosen(is_made: Array, after: TrainState, before: TrainState) -> TrainState:
    """The state after a step, or where its gradients overflowed the one before."""
    chosen: TrainState = map_leaves(lambda new, old: np.where(is_made, new, old), after, before)
    return chosen


def _cast(arrays: Arrays, precision: Precision | None) -> Arrays:
    """The arrays as the network sees them."""
    return arrays if precision is None else precision.cast(arrays)


def _inputs_cast(values: tuple[Tree, ...], precision: Precision | None) -> tuple[Tree, ...]:
    """(inputs, *targets) with the inputs as the network sees them; targets and weights of examples stay as they are."""
    return values if precision is None else (precision.cast(values[0]), *values[1:])


def _norms(arrays: Arrays) -> Array:
    """The Euclidean norm of each array: (array,)."""
    return np.sqrt(np.stack([np.sum(np.square(np.abs(array))) for array in arrays.values()]))
