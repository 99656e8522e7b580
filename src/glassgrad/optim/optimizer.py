"""What an optimiser is: a pair of pure functions on trees; how they chain, and how a step is made. Floor 6."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, is_dataclass
from functools import partial
from inspect import get_annotations
from typing import Any, TypeAlias, overload

from glassgrad.base.errors import UsageError
from glassgrad.base.learning import check_apart
from glassgrad.base.trees import Tree
from glassgrad.optim.leaves import each, without_fixed
from glassgrad.optim.made import Made, made

State: TypeAlias = Any  # a tree of arrays
Start: TypeAlias = Callable[[Tree], State]
Update: TypeAlias = Callable[[Tree, State, Tree], tuple[Tree, State]]


@dataclass(frozen=True, slots=True, eq=False)
class Optimizer:
    """Turns gradients into updates, which are added to the parameters.

    `start(parameters) -> state` and `update(gradients, state, parameters) -> (updates, state)` are pure, may be traced,
    and take any tree of float arrays. In a tree with layers, what is frozen and what is state (running means) stays as
    it is. `made` says how it was made; pickled, it is made so again.

    >>> optimizer = optim.sgd(0.1)
    >>> parameters = {"w": np.array([1.0, 2.0])}
    >>> state = optimizer.start(parameters)
    >>> updates, state = optimizer.update({"w": np.array([10.0, 0.0])}, state, parameters)
    >>> optim.apply(parameters, updates)
    {'w': array([0., 2.])}
    """

    start: Start
    update: Update
    made: Made | str

    def __post_init__(self) -> None:
        _leave_alone(self)

    def __repr__(self) -> str:
        return str(self.made)

    def __reduce__(self) -> tuple[Any, ...]:
        return remade(self)


@dataclass(frozen=True, slots=True, eq=False)
class Transformation:
    """Changes gradients before an optimiser sees them (clipping, weight decay): goes in front of it in a `chain`."""

    start: Start
    update: Update
    made: Made | str

    def __post_init__(self) -> None:
        _leave_alone(self)

    def __repr__(self) -> str:
        return str(self.made)

    def __reduce__(self) -> tuple[Any, ...]:
        return remade(self)


def _leave_alone(part: Optimizer | Transformation) -> None:
    """Makes a part see no gradient of what does not learn and give no update of it; a foreign state is an error."""
    start, update = part.start, part.update
    kind = get_annotations(update).get("state")  # its own class, where it is not that of any part

    def started(parameters: Tree) -> State:
        check_apart(parameters)
        return start(parameters)

    def updated(gradients: Tree, state: State, parameters: Tree) -> tuple[Tree, State]:
        if isinstance(kind, type) and is_dataclass(kind) and not isinstance(state, kind):
            raise UsageError(
                f"the state of {part} is what its `start` gave, found a {type(state).__name__}",
                hint="state = optimizer.start(parameters), then update(gradients, state, parameters)",
            )
        updates, after = update(without_fixed(gradients), state, parameters)
        return without_fixed(updates), after

    object.__setattr__(part, "start", started)
    object.__setattr__(part, "update", updated)


def remade(part: Optimizer | Transformation) -> tuple[Any, ...]:
    """What pickle makes the part from again: its functions have no names of their own."""
    if isinstance(part.made, Made):
        return part.made.again, ()
    return type(part), (part.start, part.update, part.made)


def apply(parameters: Tree, updates: Tree) -> Tree:
    """The parameters with the updates added, in the parameters' dtypes.

    >>> optim.apply({"w": np.ones(2)}, {"w": np.array([0.5, -0.5])})
    {'w': array([1.5, 0.5])}
    """
    return each(lambda p, u: (p + u,), 1, parameters, updates=updates)[0]


@overload
def chain(*parts: Transformation) -> Transformation: ...  # type: ignore[overload-overlap]  # without an optimiser
@overload
def chain(*parts: Transformation | Optimizer) -> Optimizer: ...
def chain(*parts: Transformation | Optimizer) -> Transformation | Optimizer:
    """Transformations of the gradient one after the other, and the optimiser last. The state is a tuple of theirs.

    >>> optim.chain(optim.clip_by_norm(1.0), optim.sgd(0.1))
    chain(clip_by_norm(1.0), sgd(0.1))
    """
    for part in parts:
        if not isinstance(part, Transformation | Optimizer):
            raise UsageError(f"chain takes transformations and an optimiser, found {part!r}")
    for part in parts[:-1]:
        if isinstance(part, Optimizer):
            raise UsageError(
                f"{part} is followed by {parts[-1]} in a chain: an optimiser makes the step, so it stands last",
                hint=f"chain({parts[-1]}, {part})",
            )

    def start(parameters: Tree) -> State:
        return tuple([part.start(parameters) for part in parts])

    def update(gradients: Tree, state: State, parameters: Tree) -> tuple[Tree, State]:
        _check_count(state, parts)
        states = []
        for part, before in zip(parts, state, strict=True):
            gradients, after = part.update(gradients, before, parameters)
            states.append(after)
        return gradients, tuple(states)

    kind = Optimizer if parts and isinstance(parts[-1], Optimizer) else Transformation
    return kind(start, update, made(chain, *parts))


def _check_count(state: State, parts: Sequence[object]) -> None:
    if not isinstance(state, tuple) or len(state) != len(parts):
        raise UsageError(
            f"the state of a chain of {len(parts)} is a tuple of {len(parts)} states", hint="chain(…).start(parameters)"
        )


def is_uncalled(optimizer: object) -> bool:
    """Is this a function of ours that would make an optimiser if it were called?"""
    module = getattr(_function_of(optimizer), "__module__", None) or ""
    return callable(optimizer) and not isinstance(optimizer, type) and module.startswith("glassgrad.optim.")


def _function_of(optimizer: Any) -> Any:
    return optimizer.func if isinstance(optimizer, partial) else optimizer


def checked_optimizer(optimizer: object, what: str) -> Optimizer:
    """The optimiser as given; an error where it is none."""
    if isinstance(optimizer, Optimizer):
        return optimizer
    if is_uncalled(optimizer):
        name = _function_of(optimizer).__name__
        raise UsageError(f"{what} takes an optimiser, found the function {name} that makes one", hint=f"{name}(1e-3)")
    hint = "optim.adam(1e-3)"
    if isinstance(optimizer, Transformation):
        hint = f"{optimizer} changes gradients but makes no step: optim.chain({optimizer}, optim.adam(1e-3))"
    raise UsageError(f"{what} takes an optimiser, found {optimizer!r}", hint=hint)
