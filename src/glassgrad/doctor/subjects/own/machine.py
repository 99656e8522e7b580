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
from glassgrad.doctor.measured.setup import LossFacts
from glassgrad.doctor.subjects.own.forward import Arrays, forward_of, quiet
from glassgrad.doctor.subjects.own.sampling import Sampler
from glassgrad.nn.calls import training
from glassgrad.nn.objective import objective_of
from glassgrad.optim.optimizer import Optimizer, apply
from glassgrad.random.keys import fold_in
from glassgrad.tracing.tracer import Tracer

# Steps (of a recurrent network: steps times steps in time) from which native code pays for its compilation.
_WORTH_COMPILING, _OF_LOOPS = 100, 1500


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
    facts: LossFacts
    _step: Callable[..., Any] | None = None
    _evaluate: Callable[..., Any] | None = None
    _sampler: Sampler | None = None
    _is_native: bool = False
    _planned: int = 0
    _shapes: list[tuple[int, ...]] = field(default_factory=list)

    def step(self, state: State, fixed: Arrays, values: tuple[Tree, ...], key: Any) -> tuple[State, float, bool]:
        """(the state after a step, the loss before it, are all numbers in both finite?)."""
        if self._step is None:
            self._step = jit(_stepping(self.model, self.loss, self.optimizer))
        shapes = [np.shape(leaf) for leaf in flatten(values)[0]]
        self._shapes = self._shapes or shapes
        is_usual = shapes == self._shapes  # a last, shorter batch is not worth a compilation of its own
        with settings(engine="cpu" if self._is_native and is_usual else "reference"), quiet():
            after, loss, is_sound = self._step(state, fixed, values, key)
        return after, float(loss), bool(is_sound)

    def prepare(self, steps: int, samples: int, times: int) -> None:
        """Chooses how steps run, for so many of them: natively, or by NumPy where compiling would take longer.

        `times` are the steps in time of a recurrent network; 0 for any other.
        """
        self._planned += steps
        if self._planned >= _WORTH_COMPILING or self._planned * times >= _OF_LOOPS:
            self._is_native = True
        if samples * times >= _OF_LOOPS // 3:
            self.sampler.engine = "cpu"

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
            self._sampler = Sampler(self.model, self.loss, self.facts)
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
        return Tracer(found.loss), [Tracer(node) for node in found.predictions()]

    return evaluate
