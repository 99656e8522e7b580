"""What surrounds a call of a layer: whether it trains, and who looks on. Floor 6.

Both are of the running thread or task, and hold for the `with` block that asked for them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Protocol

from glassgrad.base.errors import UsageError
from glassgrad.base.settings import surrounded
from glassgrad.base.trees import tree_places
from glassgrad.graph.node import Workspace, workspace
from glassgrad.nn.keys import as_key
from glassgrad.nn.parts import places
from glassgrad.random.keys import fold_in


class Observer(Protocol):
    """Who looks on while layers are called."""

    def entered(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A layer is about to be called."""

    def left(self, layer: Any, result: Any) -> None:
        """The layer has given its result."""


@dataclass(eq=False)
class Pass:
    """A pass through a model in training: it hands out keys and takes note of new values of state fields."""

    _key: Any = None
    _drawn: int = 0
    _noted: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    _workspace: Workspace | None = field(default_factory=workspace)  # the trace in which the pass began

    def key(self) -> Any:
        """A key that no other draw of this pass has. In `scan` and `vmap` one draw holds for all steps and rows."""
        if self._key is None:
            raise UsageError(
                "this model draws random numbers in training, and the pass has no key",
                hint="with nn.training(key): …, where key is gg.random.key(0) or a whole number",
            )
        self._drawn += 1
        return fold_in(self._key, self._drawn - 1)

    def change(self, layer: Any, **values: Any) -> None:
        """Notes new values of a layer's state fields; the last note of a field counts.

        Raises UsageError inside of a loop, a branch, `vmap` or `grad` that began within the pass: nothing comes out.
        """
        if workspace() is not self._workspace:
            raise UsageError(
                f"the {', '.join(values)} of {layer.headline()} would change inside of a loop, a branch, vmap or grad "
                "that began within nn.training, and cannot come out of it",
                hint="write `with nn.training(key):` inside of the function that is differentiated; in loops over "
                "steps or examples take LayerNorm or GroupNorm",
            )
        self._noted.append((layer, values))

    def latest(self, layer: Any, name: str) -> Any:
        """The value of a state field: as noted last in this pass, else as the layer has it."""
        for noted, values in reversed(self._noted):
            if noted is layer and name in values:
                return values[name]
        return getattr(layer, name)

    def changes(self, model: Any) -> dict[str, Any]:
        """The new values by path: `model.replace(changes)` is the model after the pass."""
        paths: dict[int, list[str]] = {}
        for path, part in tree_places(model):
            paths.setdefault(id(part), []).append(path)
        found: dict[str, Any] = {}
        for layer, values in self._noted:
            if id(layer) not in paths:
                raise UsageError(
                    f"a {type(layer).__name__} with state was called that is no part of this model",
                    hint="pass the model that was called: inside of grad it is the function's argument",
                )
            for path in paths[id(layer)]:
                found |= {f"{path}.{name}" if path else name: value for name, value in values.items()}
        known = {place.path for place in places(model) if place.kind == "state"}
        return {path: value for path, value in found.items() if path in known}


_pass: ContextVar[Pass | None] = ContextVar("glassgrad_nn_pass", default=None)
_observers: ContextVar[tuple[Observer, ...]] = ContextVar("glassgrad_nn_observers", default=())


def current() -> Pass | None:
    """The pass in training that runs, or None where the model is evaluated."""
    return _pass.get()


@contextmanager
def training(key: Any = None) -> Iterator[Pass]:
    """In the block, layers are called as in training: dropout drops, batch norm takes the batch's own statistics.

    `key` is what random layers draw from, a key or a whole number; it may be traced. The block's value tells what
    happened: `changes(model)` has the new running statistics, by path.

    >>> from glassgrad import nn
    >>> with nn.training(key=0) as happened:
    ...     y = nn.Dropout(0.5)(np.ones(4))
    >>> y
    array([0., 2., 0., 0.])
    """
    with surrounded(found := Pass(None if key is None else as_key(key))):
        token = _pass.set(found)
        try:
            yield found
        finally:
            _pass.reset(token)


@contextmanager
def evaluating() -> Iterator[None]:
    """In the block, layers are called as in evaluation, also inside of `training`."""
    token = _pass.set(None)
    try:
        yield
    finally:
        _pass.reset(token)


@contextmanager
def observing(observer: Observer) -> Iterator[None]:
    """In the block, the observer is told of each call of a layer."""
    with surrounded(observer):
        token = _observers.set((*_observers.get(), observer))
        try:
            yield
        finally:
            _observers.reset(token)


def watched(call: Callable[..., Any]) -> Callable[..., Any]:
    """A layer's `__call__`, open to observers; what goes wrong inside says in which layer."""

    @wraps(call)
    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        observers = _observers.get()
        for observer in observers:
            observer.entered(self, args, kwargs)
        try:
            result = call(self, *args, **kwargs)
        except Exception as error:
            error.add_note(f"in {self.headline()}")
            raise
        for observer in reversed(observers):
            observer.left(self, result)
        return result

    return called
