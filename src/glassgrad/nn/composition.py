"""Layers of layers: one after another, around a shortcut, and functions as layers. Floor 6."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.nn.layer import Array, Layer, static


class Function(Layer):
    """A function without parameters as a layer: `Function(np.tanh)`. `Sequential` makes them by itself.

    >>> Function(np.tanh)(0.0)
    np.float64(0.0)
    """

    function: Callable[..., Any] = static()

    def __call__(self, *args: Array, **kwargs: Any) -> Array:
        return self.function(*args, **kwargs)

    def headline(self) -> str:
        """The function's name."""
        return getattr(self.function, "__name__", repr(self.function))


def as_layer(part: Any) -> Layer:
    """The layer itself, or a function as a layer."""
    if isinstance(part, Layer):
        return part
    if isinstance(part, type) or not callable(part):
        raise UsageError(f"a layer or a function is needed, found {part!r}", hint=_meant(part))
    return Function(part)


def _meant(part: Any) -> str | None:
    """What could be given instead of this."""
    match part:
        case type():
            return f"{part.__name__}(…) makes the layer"
        case list() | tuple():
            return "the layers one after the other: nn.Sequential(*layers)"
        case str():
            return "the function itself: nn.activation_of(name) finds it"
    return None


class Identity(Layer):
    """What goes in comes out.

    >>> Identity()(3.0)
    3.0
    """

    def __call__(self, x: Array) -> Array:
        return x


class Sequential(Layer):
    """Layers one after another; functions may stand among them.

    Training takes each place for a layer of its own: `Shared` is for one that stands at several places.

    >>> model = Sequential(Function(np.abs), np.sqrt)
    >>> model(np.array([-4.0, 9.0]))
    array([2., 3.])
    >>> len(model), model[1]
    (2, Function(function=sqrt))
    """

    layers: tuple[Layer, ...]

    def __init__(self, *layers: Any) -> None:
        self.layers = tuple([as_layer(layer) for layer in layers])

    def __call__(self, x: Array) -> Array:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __getitem__(self, index: int | slice) -> Any:
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]


class Residual(Layer):
    """y = shortcut(x) + inner(x); the shortcut is x itself unless given. He et al., arXiv:1512.03385.

    >>> Residual(np.tanh)(np.array([0.0, 1.0])).round(4)
    array([0.    , 1.7616])
    """

    inner: Layer
    shortcut: Layer | None

    def __init__(self, inner: Any, *, shortcut: Any = None) -> None:
        self.inner = as_layer(inner)
        self.shortcut = None if shortcut is None else as_layer(shortcut)

    def __call__(self, x: Array) -> Array:
        change = self.inner(x)
        kept = x if self.shortcut is None else self.shortcut(x)
        if np.shape(kept) != np.shape(change):
            raise ShapeError(
                f"Residual cannot add {show_shape(np.shape(kept))} and {show_shape(np.shape(change))}",
                hint="shortcut= a layer that brings x to that shape: nn.Linear, or nn.Conv2d with a window of 1",
            )
        return kept + change


class Flatten(Layer):
    """One axis of all from `start` on: (batch, 3, 4) to (batch, 12).

    >>> Flatten()(np.ones((5, 3, 4))).shape
    (5, 12)
    """

    start: int = static(1)

    def __call__(self, x: Array) -> Array:
        shape = np.shape(x)
        if not 0 <= self.start < max(len(shape), 1) or len(shape) <= self.start:
            raise ShapeError(f"Flatten from axis {self.start} of {show_shape(shape)}, which has {len(shape)} axes")
        return x.reshape(*shape[: self.start], int(np.prod(shape[self.start :])))


def each_of(name: str, values: Any, count: int) -> Sequence[Any]:
    """One value for each of `count` layers."""
    found = values if isinstance(values, Sequence) and not isinstance(values, str) else [values] * count
    if len(found) != count:
        raise UsageError(f"{name} has {len(found)} values for {count} layers")
    return found
