"""How a function enters the matrix-calculus set: its category and a recipe for each argument."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Recipe = Callable[[np.random.Generator], Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One function of the set and how its arguments are made."""

    category: str
    function: Callable[..., Any]
    recipes: dict[str, Recipe]

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__

    def arguments(self) -> dict[str, Any]:
        """The arguments, the same on every machine and in every run."""
        return {
            name: recipe(np.random.default_rng(zlib.crc32(f"{self.name}:{name}".encode())))
            for name, recipe in self.recipes.items()
        }


CASES: list[Case] = []


def add(category: str, function: Callable[..., Any], **recipes: Any) -> None:
    """Enters a function; a recipe that is no function is the argument itself."""
    made = {name: recipe if callable(recipe) else (lambda rng, value=recipe: value) for name, recipe in recipes.items()}
    CASES.append(Case(category, function, made))


# ------------------------------------------------------------------ recipes
def normal(*shape: int, scale: float = 1.0, shift: float = 0.0) -> Recipe:
    """Normal numbers."""
    return lambda rng: shift + scale * rng.normal(size=shape)


def uniform(*shape: int, low: float = 0.5, high: float = 2.0) -> Recipe:
    """Numbers in a range."""
    return lambda rng: rng.uniform(low, high, size=shape)


def spd(size: int, *stack: int) -> Recipe:
    """Symmetric positive definite matrices."""

    def make(rng: np.random.Generator) -> np.ndarray:
        factor = rng.normal(size=(*stack, size, size))
        return factor @ np.swapaxes(factor, -1, -2) + size * np.eye(size)

    return make


def regular(size: int) -> Recipe:
    """A matrix far from singular."""
    return lambda rng: rng.normal(size=(size, size)) + 3 * np.eye(size)


def labels(count: int, classes: int) -> Recipe:
    """Class labels."""
    return lambda rng: rng.integers(0, classes, size=count)


def one_hot(count: int, classes: int) -> Recipe:
    """Rows of an identity matrix."""
    return lambda rng: np.eye(classes)[rng.integers(0, classes, size=count)]


def mask(*shape: int) -> Recipe:
    """True and False."""
    return lambda rng: rng.random(shape) < 0.6


def number(value: float) -> Recipe:
    """A Python number."""
    return lambda rng: value


def tree(make: Callable[[np.random.Generator], Any]) -> Recipe:
    """A nest of lists, tuples and dicts."""
    return make
