"""The compiled functions of a set-up: a step, an evaluation, and the sampler beside them. Floor 7.

Nothing is donated: when a step gives numbers that are none, the ones before it are still there to look into.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from glassgrad.api.compile import jit
from glassgrad.api.derivatives import value_and_grad
from glassgrad.base.settings import settings
from glassgrad.base.trees import Tree, flatten
from glassgrad.doctor.subjects.own.forward import Arrays, forward_of, quiet
from glassgrad.doctor.subjects.own.sampling import Sampler
from glassgrad.nn.calls import training
from glassgrad.nn.objective import objective_of
from glassgrad.optim.optimizer import Optimizer, apply
from glassgrad.random.keys import fold_in
from glassgrad.tracing.tracer import Tracer

_WORTH_COMPILING = 64  # steps from which a native step pays for its compilation


class State(NamedTuple):
    """What a step changes."""

    parameters: Arrays
    states: Arrays
    optimizer: Tree
    count: Any


@dataclass(slots=True)
class Machine:
    """The functions of a model, a loss and an optimiser, made when they are needed and then kept."""

    model: Any
    loss: Any
    optimizer: Optimizer
    title: str
    _step: Callable[..., Any] | None = None
    _evaluate: Callable[..., Any] | None = None
    _sampler: Sampler | None = None
    _is_native: bool = field(default=False)

    def step(self, state: State, fixed: Arrays, values: tuple[Tree, ...], key: Any) -> tuple[State, float, bool]:
        """(the state after a step, the loss before it, are all numbers in both finite?)."""
        if self._step is None:
            self._step = jit(_stepping(self.model, self.loss, self.optimizer))
        with settings(engine="cpu" if self._is_native else "reference"), quiet():
            after, loss, is_sound = self._step(state, fixed, values, key)
        return after, float(loss), bool(is_sound)

    def prepare(self, steps: int) -> None:
        """Chooses how steps run, for so many of them: natively, or by NumPy where compiling would take longer."""
        self._is_native = self._is_native or steps >= _WORTH_COMPILING

    def evaluate(
        self, parameters: Arrays, states: Arrays, fixed: Arrays, values: tuple[Tree, ...]
    ) -> tuple[float, tuple[np.ndarray, ...]]:
        """(the loss in evaluation, the prediction)."""
        if self._evaluate is None:
            self._evaluate = jit(_evaluating(self.model, self.loss))
        with settings(engine="reference"), quiet():
            loss, predictions = self._evaluate(parameters, states, fixed, values)
        return float(loss), tuple(np.asarray(value) for value in predictions)

    @property
    def sampler(self) -> Sampler:
        """What takes samples."""
        if self._sampler is None:
            self._sampler = Sampler(self.model, self.loss, self.title)
        return self._sampler


def _stepping(model: Any, loss: Any, optimizer: Optimizer) -> Callable[..., Any]:
    objective = objective_of(loss, None)

    def step(state: State, fixed: Arrays, values: tuple[Tree, ...], key: Any) -> tuple[State, Any, Any]:
        def loss_of(parameters: Arrays) -> tuple[Any, Arrays]:
            live = model.replace(parameters | fixed | state.states)
            with training(fold_in(key, state.count)) as happened:
                judged = objective(live, values, None)
            return judged.loss, happened.changes(live)

        (value, changes), gradients = value_and_grad(loss_of, has_aux=True)(state.parameters)
        updates, memory = optimizer.update(gradients, state.optimizer, state.parameters)
        states = state.states | {path: new.astype(state.states[path].dtype) for path, new in changes.items()}
        after = State(apply(state.parameters, updates), states, memory, state.count + 1)
        return after, value, _finite((value, gradients, after.parameters, after.states))

    return step


def _finite(tree: Tree) -> Any:
    found: Any = np.True_
    for leaf in flatten(tree)[0]:
        found = found & np.all(np.isfinite(leaf))
    return found


def _evaluating(model: Any, loss: Any) -> Callable[..., Any]:
    def evaluate(parameters: Arrays, states: Arrays, fixed: Arrays, values: tuple[Tree, ...]) -> Any:
        found = forward_of(model.replace(parameters | fixed | states), loss, values, {}, None)
        return Tracer(found.loss), [Tracer(node) for node in found.chain.predictions]

    return evaluate
