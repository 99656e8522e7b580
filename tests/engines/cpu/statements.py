"""Random functions of plain NumPy statements, as text: each line is run as it is drawn, and fits those before it.

The programs of `tests.laws.programs` chain whole steps over small arrays. These read what lines before them computed at
other places: rows, diagonals, triangles, places of the largest, parts that are written, in several shapes and dtypes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import glassgrad as gg

# {x}, {y}: values; {v}: the one written into; {a}: an axis of x; {i}: places along its first axis; {k}: one of them
OF_NUMBERS = (
    "np.sin({x}) * {y}", "np.tanh({x}) - {y}", "np.hypot({x}, 1.0) + {y}", "np.maximum({x}, {y})",
    "{x} / (1.0 + {y} * {y})", "np.where({x} > {y}, {x}, np.cos({y}))", "np.exp(-np.abs({x}))",
    "np.clip({x}, -0.5, {y})", "({x} > 0.1) * {y}", "np.floor(4 * {x}) * {y}", "np.arctan2({x}, 2.0 + np.cos({y}))",
    "np.ravel(np.sin({x}))", "{x}[None] * 2", "{x}.T - 1.0",
    "np.reshape(np.ravel(np.sqrt(1 + {x} * {x})), np.shape({x})) * {x}", "np.sum({x} * {y})",
    "np.isfinite({x}) * {y}",
)  # fmt: skip
OF_AXES = (
    "np.sum({x} * {x}, axis={a})", "np.mean({x}, axis={a}, keepdims=True)", "np.max({x}, axis={a})",
    "np.std({x}, axis={a})", "{x} - np.max({x}, axis={a}, keepdims=True)", "np.cumsum({x}, axis={a})",
    "np.sort({x}, axis={a})", "np.flip({x}, {a}) * {x}", "np.roll({x}, 1, axis={a}) - {x}",
    "np.concatenate([{x}, np.cos({x})], axis={a})", "np.diff({x}, axis={a}) ** 2",
    "np.take_along_axis(np.cos({x}), np.argsort({x}, axis={a}), axis={a})", "np.repeat({x}, 2, axis={a})",
    "np.take_along_axis({x}, np.argmax({x}, axis={a}, keepdims=True), axis={a})", "np.take({x}, {i}, axis=0)",
    "np.sin({x})[{i}]", "{x}[np.argmax({x}, axis=0)]", "{x}[::-1] + 1.0", "{x}[-1] * {x}",
    "np.sum({x}[{i}], axis=0)", "np.pad({x}, 1, mode='edge')", "np.maximum.accumulate({x}, axis={a})",
    "np.einsum('i...,i...->...', {x}, {x})",
    "gg.scan(lambda c, row: (np.tanh(0.5 * c + row), c * row), {x}[0], {x})[1]",
    "gg.vmap(lambda row: np.sum(row) * row)({x})", "np.prod(np.tanh({x}), axis={a})",
    "np.any({x} > 0.2, axis={a}) * 1.5", "np.argmin({x}, axis={a}) * 0.5",
)  # fmt: skip
OF_MATRICES = (
    "np.tril({x}, -1)", "np.triu(np.exp({x}))", "np.diagonal(np.sin({x}))", "np.trace({x}) * {x}",
    "{x} @ np.tanh({x}).T", "({x} @ {x}.T)[{i}]", "np.tanh({x} @ {x}.T)[..., {i}]", "np.diag({x}[0])",
    "{x}.T @ {x}", "np.outer({x}[0], {x}[-1])", "np.nanstd(np.diagflat({x}), axis=0)",
    "np.var(np.tril({x}), axis=0)", "np.linalg.norm({x}, axis=1, keepdims=True) * {x}",
)  # fmt: skip
WRITES = ("{v}[{k}] = 2.5", "{v}[{k}] += {v}[0]", "{v}[{k}:] *= 0.5", "{v}[::2] -= 1.0", "np.add.at({v}, {i}, 0.5)")
SIZES = (1, 2, 3, 4, 5, 8, 9, 16, 17)
MOST, LARGEST = 4000, 1e3  # elements, and their size


@dataclass(slots=True)
class Drawn:
    """A program in the making."""

    generator: np.random.Generator
    values: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def one_of(self, things: Any) -> Any:
        """One of several things."""
        return things[self.generator.integers(len(things))]

    def line(self) -> None:
        """Draws a line and keeps it, if it can be run and leaves numbers of moderate size."""
        names = list(self.values)
        x = self.one_of(names[-3:] + names)
        ndim = np.ndim(self.values[x])
        kinds = [OF_NUMBERS, *[OF_AXES] * 2 * bool(ndim), *[OF_MATRICES] * 2 * (ndim == 2)]
        length = len(self.values[x]) if ndim else 1
        places = self.generator.integers(-length, length, self.one_of((1, 2, 3, 5))).tolist()
        facts = {"x": x, "y": self.one_of(names), "a": self.generator.integers(-ndim, ndim) if ndim else 0, "i": places}
        name = f"v{len(self.lines)}"
        lines = [f"{name} = {self.one_of(self.one_of(kinds)).format(**facts)}"]
        if ndim and self.generator.random() < 0.2:
            change = self.one_of(WRITES).format(v=name, k=self.generator.integers(length), i=places)
            lines = [f"{name} = {x} * 1.0", change]
        trial = dict(self.values)
        try:
            with np.errstate(all="ignore"):
                exec("\n".join(lines), {"np": np, "gg": gg}, trial)
        except (ValueError, IndexError, TypeError):
            return
        found = np.asarray(trial[name])
        if 0 < found.size <= MOST and found.ndim <= 3 and np.all(np.abs(found) < LARGEST):
            self.values[name] = trial[name]
            self.lines += lines


def drawn(seed: int) -> tuple[str, Callable[..., Any], list[np.ndarray]]:
    """A program's text, its function and arguments for it. The result is what its last line left, and another value."""
    program = Drawn(np.random.default_rng(seed))
    generator = program.generator
    sizes = generator.choice(SIZES, 2)
    dtype = program.one_of((np.float64, np.float64, np.float32))
    shapes = [tuple(generator.choice(sizes, generator.integers(1, 3))) for _ in range(2)]
    arguments = [generator.normal(size=shape).astype(dtype) for shape in shapes]
    program.values.update(zip(("x", "y"), arguments, strict=True))
    count = program.one_of((1, 3, 6, 10))
    for _ in range(4 * count):
        if len(program.lines) < count:
            program.line()
    results = [list(program.values)[-1], program.one_of(list(program.values))]
    body = "".join(f"    {line}\n" for line in program.lines)
    text = f"def f(x, y):\n{body}    return {', '.join(results)}\n"
    space: dict[str, Any] = {"np": np, "gg": gg}
    exec(text, space)
    return text, space["f"], arguments
