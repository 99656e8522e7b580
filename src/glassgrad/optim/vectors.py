"""A tree of arrays as one vector of float64, and functions of the tree as functions of that vector. Floor 6."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np

from glassgrad.api.compile import jit
from glassgrad.base.errors import DomainError, ShapeError, TracingError, UnsupportedError, UsageError
from glassgrad.base.learning import check_apart, roles_of
from glassgrad.base.trees import Structure, Tree, flatten, unflatten
from glassgrad.optim.leaves import at_places, checked
from glassgrad.optim.paths import dotted_paths

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each leaf of a tree that learns lies in the vector, and the tree with the others."""

    structure: Structure
    whole: Sequence[Any]  # all leaves
    learns: Sequence[bool]  # which of them lie in the vector; what follows is of these
    paths: Sequence[str]
    shapes: Sequence[tuple[int, ...]]
    dtypes: Sequence[np.dtype]

    def sizes(self) -> list[int]:
        """The number of elements of each leaf."""
        return [int(np.prod(shape, dtype=np.int64)) for shape in self.shapes]


def layout_of(tree: Tree) -> tuple[Layout, np.ndarray]:
    """The layout of a tree, and the tree as a vector."""
    check_apart(tree)
    leaves, structure = flatten(tree)
    learns = [role == "parameter" for role in roles_of(structure)]
    paths = list(compress(dotted_paths(structure), learns))
    arrays = [checked(leaf, path) for leaf, path in zip(compress(leaves, learns), paths, strict=True)]
    shapes, dtypes = [array.shape for array in arrays], [array.dtype for array in arrays]
    layout = Layout(structure, leaves, learns, paths, shapes, dtypes)
    return layout, joined([np.asarray(array, np.float64) for array in arrays])


def joined(arrays: Sequence[Any]) -> Any:
    """Arrays one after the other in one vector of float64."""
    flat = [array.reshape(-1).astype(np.float64) for array in arrays]
    return np.concatenate(flat) if flat else np.zeros(0)


def as_tree(layout: Layout, vector: Any) -> Tree:
    """The tree that a vector stands for, each leaf in its own dtype; the vector may be traced."""
    return _tree_of(layout, vector, layout.whole)


def as_gradient(layout: Layout, vector: Any) -> Tree:
    """As `as_tree`, for derivatives: 0 for what does not learn."""
    return _tree_of(layout, vector, [np.zeros_like(leaf) for leaf in layout.whole])


def _tree_of(layout: Layout, vector: Any, others: Sequence[Any]) -> Tree:
    moved, start = [], 0
    for shape, dtype, size in zip(layout.shapes, layout.dtypes, layout.sizes(), strict=True):
        moved.append(vector[start : start + size].reshape(shape).astype(dtype))
        start += size
    rest = iter(moved)
    pairs = zip(others, layout.learns, strict=True)
    return unflatten(layout.structure, [next(rest) if learns else leaf for leaf, learns in pairs])


def on_vectors(function: Function, layout: Layout) -> Function:
    """The function of a tree, and of more arguments, as one of the vector."""
    return lambda vector, *args: function(as_tree(layout, vector), *args)


@dataclass(slots=True)
class Compiled:
    """A function under `jit` for as long as that goes; where its trace needs numbers, the function as it is."""

    function: Function
    native: Function | None

    def __call__(self, *args: Any) -> Any:
        """The function's result."""
        if self.native is not None:
            try:
                return self.native(*args)
            except (TracingError, UnsupportedError):
                self.native = None
        return self.function(*args)


def compiled(function: Function) -> Compiled:
    """The function compiled where it compiles."""
    return Compiled(function, jit(function))


# ------------------------------------------------------------------ bounds
def bounds_of(bounds: Any, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest value of each element of the vector, from a pair of trees."""
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise UsageError("bounds are a pair (lower, upper), each a tree like the parameters, a number or None")
    lower = _spread("lower bounds", bounds[0], layout, -np.inf)
    upper = _spread("upper bounds", bounds[1], layout, np.inf)
    if np.any(wrong := ~(lower <= upper)):
        place = int(np.argmax(wrong))
        path = layout.paths[int(np.searchsorted(np.cumsum(layout.sizes()), place, side="right"))]
        raise DomainError(f"the lower bound {lower[place]} of {path!r} is not below the upper bound {upper[place]}")
    return lower, upper


def _spread(name: str, bound: Any, layout: Layout, default: float) -> np.ndarray:
    """One side's bounds as a vector: a number is for all, None for no bound."""
    if bound is None or np.isscalar(bound):
        values: list[Any] = [bound] * len(layout.shapes)
    else:
        values = list(compress(at_places(name, bound, layout.structure), layout.learns))
    rows = []
    for value, path, shape in zip(values, layout.paths, layout.shapes, strict=True):
        array = np.asarray(default if value is None else value, np.float64)
        try:
            rows.append(np.broadcast_to(array, shape))
        except ValueError:
            raise ShapeError(f"the {name} of {path!r} have shape {array.shape}, the parameter {shape}") from None
    return np.asarray(joined(rows))
