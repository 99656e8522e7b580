"""Random programs in plain NumPy: a few steps over a few small arrays, for the laws that hold for every program.

A program is drawn together with its arguments and run on plain arrays while it is drawn, so that each step fits the
shapes before it and numbers stay of moderate size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

import glassgrad as gg

Step = Callable[..., Any]
LARGE = 20.0  # a step that leaves larger numbers is tamed


@dataclass(frozen=True, slots=True)
class Program:
    """Steps over a growing list of values, the arguments first. The result is a number, or what the last steps left."""

    names: tuple[str, ...]
    steps: tuple[tuple[Step, tuple[int, ...]], ...]
    arguments: tuple[np.ndarray, ...]
    results: tuple[int, ...]

    def __call__(self, *arguments: Any) -> Any:
        """All results in a tuple."""
        values = list(arguments)
        for step, places in self.steps:
            values.append(step(*[values[place] for place in places]))
        return tuple([values[place] for place in self.results])

    def number(self, *arguments: Any) -> Any:
        """One number that depends on all results, each entry with a weight of its own."""
        total = 0.0
        for index, value in enumerate(self(*arguments)):
            weights = np.cos(1.0 + index + np.arange(max(np.size(value), 1))).reshape(np.shape(value))
            total = total + np.sum(weights * value)
        return total

    def __repr__(self) -> str:
        shapes = ", ".join(str(argument.shape) for argument in self.arguments)
        lines = [f"{name}{places}" for name, (_, places) in zip(self.names, self.steps, strict=True)]
        return f"Program([{shapes}] {'; '.join(lines)} -> {self.results})"


def _force(position: Any, strength: Any) -> Any:
    """The gradient of a potential whose strength comes from outside."""
    return gg.grad(lambda q: np.sum(np.sin(strength * q) * q))(position)


# ------------------------------------------------------------------ steps without parameters, by the number of inputs
UNARY: dict[str, Step] = {
    "sin": np.sin,
    "tanh": np.tanh,
    "arctan": np.arctan,
    "negative": np.negative,
    "square": np.square,
    "absolute": np.abs,
    "exp": lambda x: np.exp(np.tanh(x)),
    "log": lambda x: np.log(1.5 + x * x),
    "sqrt": lambda x: np.sqrt(1.0 + x * x),
    "reciprocal": lambda x: 1.0 / (2.0 + np.cos(x)),
    "cube": lambda x: x**3,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0.0),
    "clip": lambda x: np.clip(x, -0.7, 1.3),
    "where": lambda x: np.where(x > 0.123, x * x, np.sin(x)),
    "detached mean": lambda x: x - gg.stop_gradient(np.mean(x)),
    "reverse": lambda x: x[::-1] if np.ndim(x) else x,
    "transpose": np.transpose,
    "flat": np.ravel,
    "column": lambda x: np.reshape(x, (-1, 1)),
    "outer axis": lambda x: x[None],
    "squeeze": np.squeeze,
    "twice": lambda x: np.concatenate([np.ravel(x), np.ravel(x) + 1.0]),
    "tile": lambda x: np.tile(x, 2),
    "roll": lambda x: np.roll(x, 1),
    "pad": lambda x: np.pad(x, 1, mode="constant") if np.ndim(x) == 1 else x,
    "gram": lambda x: np.atleast_2d(x) @ np.atleast_2d(x).T if np.ndim(x) < 3 else x,
    "einsum": lambda x: np.einsum("...i,...i->...", np.atleast_1d(x), np.cos(np.atleast_1d(x))),
    "checkpointed": gg.checkpoint(lambda x: np.sin(x) * x),
    "compiled": gg.jit(lambda x: np.cos(x) * x),
    "force": gg.grad(lambda x: np.sum(np.cos(x) * x)),
    "mapped": lambda x: gg.vmap(lambda row: np.sin(row) * np.sum(row))(x) if np.ndim(x) else x,
    "pushed": lambda x: gg.jvp(lambda t: np.sin(t) * t, (x,), (np.cos(x),))[1],
}
BINARY: dict[str, Step] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": lambda x, y: x / (1.0 + y * y),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "hypot": lambda x, y: np.hypot(1.0 + x * x, y),
    "logaddexp": np.logaddexp,
    "choose": lambda x, y: np.where(x > 0.3 * y + 0.1234, x, np.tanh(y)),
    "outer": lambda x, y: np.outer(x, y),
    "joined": lambda x, y: np.concatenate([np.ravel(x), np.ravel(y)]),
    "matmul": lambda x, y: np.reshape(x, (-1, 1)) @ np.reshape(y, (1, -1)),
    "power": lambda x, y: (1.2 + np.cos(x)) ** np.tanh(y),
    "pulled": lambda x, y: gg.vjp(lambda t: np.sin(t) * t * np.mean(y), x)[1](np.cos(x))[0],
    "swing": lambda x, y: gg.fori_loop(0, 2, lambda i, c: c - 0.1 * _force(c, np.mean(y)), x),
    "cond": lambda x, y: gg.cond(np.sum(x) > 0.1234, lambda a, b: np.sin(a) * b, lambda a, b: a - b * b, x, y),
}


# ------------------------------------------------------------------ steps over an axis, or at places
def _over(function: Callable[..., Any], axis: int, keepdims: bool, x: Any) -> Any:
    return function(x, axis=axis, keepdims=keepdims)


def _along(function: Callable[..., Any], axis: int, x: Any) -> Any:
    return function(x, axis=axis)


def _softmax(x: Any, axis: int) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def _taken(places: Sequence[int], x: Any) -> Any:
    return x[list(places)]


def _written(place: int, x: Any) -> Any:
    out = np.zeros_like(x)
    out[...] = x * x
    out[place] = np.sin(x[place])
    out[place:] += 0.5
    return out


def _scanned(x: Any) -> Any:
    carry, ys = gg.scan(lambda c, row: (np.tanh(0.5 * c + row), c * row), 0.3 * x[0], x)
    return ys + carry


def _nested(x: Any) -> Any:
    """A loop in a loop: the inner one ends when its value says so, and reads what the outer one carries."""

    def step(carry: Any, row: Any) -> Any:
        _, inner = gg.while_loop(
            lambda s: (s[0] < 3) & (np.sum(s[1] * s[1]) > 0.5432),
            lambda s: (s[0] + 1, 0.6 * s[1] + 0.1 * carry),
            (0, row),
        )
        return 0.5 * carry + inner, np.sum(inner)

    carry, sums = gg.scan(step, np.cos(x[0]), x, checkpoint=True, reverse=True)
    return np.sum(sums) * carry


def _repeated(count: int, x: Any) -> Any:
    return gg.fori_loop(0, count, lambda i, c: np.sin(c) + 0.1 * i * c, x)


def _while(x: Any) -> Any:
    """At most eight steps, and how many they are depends on the values."""
    _, y = gg.while_loop(
        lambda s: (s[0] < 8) & (np.sum(s[1] * s[1]) > 0.4567), lambda s: (s[0] + 1, 0.7 * np.sin(s[1])), (0, x)
    )
    return y


REDUCTIONS = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod, "var": np.var}
ALONG = {"cumsum": np.cumsum, "cumprod": np.cumprod, "sort": np.sort, "flip": np.flip, "softmax": _softmax}


@st.composite
def _step(draw: st.DrawFn, values: Sequence[np.ndarray]) -> tuple[str, Step, tuple[int, ...]]:
    """One step that fits the values so far."""
    last = len(values) - 1
    place = draw(st.sampled_from([last, last, *range(last + 1)]))
    x = values[place]
    kinds = ["unary", "unary", "binary"] + (["reduction", "along", "places", "loop"] if np.ndim(x) else [])
    kind = draw(st.sampled_from(kinds))
    if kind == "binary":
        other = draw(st.integers(0, last))
        name = draw(st.sampled_from(sorted(BINARY)))
        return name, BINARY[name], (place, other)
    if kind == "unary":
        name = draw(st.sampled_from(sorted(UNARY)))
        return name, UNARY[name], (place,)
    axis = draw(st.integers(-np.ndim(x), np.ndim(x) - 1))
    if kind == "reduction":
        name, keepdims = draw(st.sampled_from(sorted(REDUCTIONS))), draw(st.booleans())
        return f"{name} {axis} {keepdims}", partial(_over, REDUCTIONS[name], axis, keepdims), (place,)
    if kind == "along":
        name = draw(st.sampled_from(sorted(ALONG)))
        return f"{name} {axis}", partial(_along, ALONG[name], axis), (place,)
    row = draw(st.integers(0, len(x) - 1))
    if kind == "places":
        return draw(
            st.sampled_from(
                [
                    (f"take {row} 0 {row}", partial(_taken, (row, 0, row)), (place,)),
                    (f"write {row}", partial(_written, row), (place,)),
                ]
            )
        )
    count = draw(st.integers(0, 3))
    return draw(
        st.sampled_from(
            [
                ("scan", _scanned, (place,)),
                ("loop in loop", _nested, (place,)),
                (f"fori_loop {count}", partial(_repeated, count), (place,)),
                ("while_loop", _while, (place,)),
            ]
        )
    )


@st.composite
def programs(draw: st.DrawFn, most: int = 15) -> Program:
    """A program of at most so many steps, with arguments for it."""
    generator = np.random.default_rng(draw(st.integers(0, 2**16)))
    shapes = draw(st.lists(st.lists(st.integers(1, 3), max_size=2).map(tuple), min_size=1, max_size=3))
    arguments = tuple(generator.normal(size=shape) for shape in shapes)
    values: list[np.ndarray] = list(arguments)
    names, steps = [], []
    for _ in range(min(most, draw(st.sampled_from([2, 4, 6, 8, 12, 15])))):
        name, step, places = draw(_step(values))
        try:
            value = step(*[values[place] for place in places])
        except ValueError:  # shapes that do not go together
            continue
        if np.size(value) > 64 or np.ndim(value) > 3:
            continue
        if np.max(np.abs(value)) > LARGE:
            name, step, value = f"tamed {name}", partial(_tamed, step), np.tanh(value)
        names.append(name)
        steps.append((step, places))
        values.append(np.asarray(value))
    last = len(values) - 1
    results = (last,) if draw(st.booleans()) else tuple(sorted({last, draw(st.integers(0, last))}))
    return Program(tuple(names), tuple(steps), arguments, results)


def _tamed(step: Step, *values: Any) -> Any:
    return np.tanh(step(*values))
