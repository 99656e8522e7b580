"""The training step: forward, backward, clipping and update in one graph, so in one native call. Floor 7."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassgrad.api.compile import jit
from glassgrad.api.derivatives import value_and_grad
from glassgrad.base.errors import UsageError
from glassgrad.base.trees import Tree, map_leaves
from glassgrad.nn.calls import training
from glassgrad.nn.layer import Layer
from glassgrad.optim.optimizer import Optimizer, apply
from glassgrad.random.keys import fold_in
from glassgrad.train.objective import Objective, Supervised
from glassgrad.train.precision import Precision, Scale, finite, grown

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
    norms: dict[str, Array]  # "gradient", "update" and "parameter" before the step: (parameter,) each
    is_finite: Array  # was every gradient finite?


Step = Callable[[TrainState, dict[str, Array], tuple[Tree, ...], Array | None], tuple[TrainState, Measured]]


@dataclass(frozen=True, slots=True)
class Program:
    """The compiled functions of a run; each takes the frozen parameters beside the state."""

    step: Step
    evaluate: Callable[[dict[str, Array], tuple[Tree, ...], Array | None], tuple[Array, dict[str, Array]]]
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


def program(
    model: Layer, objective: Objective | Supervised, optimizer: Optimizer, precision: Precision | None
) -> Program:
    """The step and the evaluation of a model, compiled once for each shape of batch."""

    def step(
        state: TrainState, frozen: dict[str, Array], values: tuple[Tree, ...], mask: Array | None
    ) -> tuple[TrainState, Measured]:
        def loss_of(parameters: dict[str, Array]) -> tuple[Array, Any]:
            live = model.replace(_computed(parameters | frozen, precision) | state.states)
            with training(fold_in(state.key, state.step)) as happened:
                loss, metrics = objective(live, _computed(values, precision), mask)
            scaled = loss if state.scale is None else loss.astype(np.float32) * state.scale.factor
            return scaled, (loss, metrics, happened.changes(live))

        (_, (loss, metrics, changes)), gradients = value_and_grad(loss_of, has_aux=True)(state.parameters)
        scale = state.scale
        if scale is not None:
            gradients = {path: gradient / scale.factor for path, gradient in gradients.items()}
        is_finite = finite(gradients)
        updates, optimizer_state = optimizer.update(gradients, state.optimizer, state.parameters)
        parameters, states = apply(state.parameters, updates), state.states | changes
        if precision is not None and scale is not None:  # a step with an overflow is not made
            old = (state.parameters, state.optimizer, state.states)
            parameters, optimizer_state, states = map_leaves(
                lambda new, kept: np.where(is_finite, new, kept), (parameters, optimizer_state, states), old
            )
            scale = grown(precision, scale, is_finite)
        norms = {"gradient": _norms(gradients), "update": _norms(updates), "parameter": _norms(state.parameters)}
        measured = Measured(loss, metrics, norms, is_finite)
        return TrainState(parameters, states, optimizer_state, state.key, state.step + 1, scale), measured

    def evaluate(
        arrays: dict[str, Array], values: tuple[Tree, ...], mask: Array | None
    ) -> tuple[Array, dict[str, Array]]:
        return objective(model.replace(_computed(arrays, precision)), _computed(values, precision), mask)

    return Program(jit(step, donate="state"), jit(evaluate), model)


def _computed(tree: Tree, precision: Precision | None) -> Tree:
    """The arrays in the dtype that is computed in."""
    if precision is None:
        return tree
    return map_leaves(lambda leaf: leaf.astype(precision.dtype) if np.result_type(leaf).kind == "f" else leaf, tree)


def _norms(arrays: dict[str, Array]) -> Array:
    """The Euclidean norm of each array: (array,)."""
    return np.sqrt(np.stack([np.sum(np.square(np.abs(array))) for array in arrays.values()]))
