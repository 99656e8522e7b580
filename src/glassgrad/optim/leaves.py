"""Trees side by side: parameters with their gradients and states, leaf by leaf, and where they do not fit. Floor 6."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DtypeError, ShapeError, UsageError
from glassgrad.base.learning import roles_of
from glassgrad.base.trees import Structure, Tree, flatten, unflatten
from glassgrad.optim.paths import dotted_paths
from glassgrad.tracing.tracer import Tracer

_EXTRA = 4  # so many paths are named where trees differ


def each(move: Callable[..., tuple[Any, ...]], results: int, parameters: Tree, **others: Tree) -> tuple[Tree, ...]:
    """`move` called with each parameter and what the `others` hold at its place; its `results` as that many trees.

    A gradient takes the dtype of its parameter; what is not an array at a place of `others` is passed as it is.
    """
    leaves, structure = flatten(parameters)
    paths = dotted_paths(structure)
    rows = [[checked(leaf, path) for leaf, path in zip(leaves, paths, strict=True)]]
    rows += [at_places(name, tree, structure) for name, tree in others.items()]
    if "gradients" in others:
        place = 1 + list(others).index("gradients")
        found = zip(rows[0], rows[place], paths, strict=True)
        rows[place] = [_as_gradient(p, g, path) for p, g, path in found]
    moved = [move(*row) for row in zip(*rows, strict=True)]
    return tuple([unflatten(structure, [row[i] for row in moved]) for i in range(results)])


def without_fixed(tree: Tree) -> Tree:
    """The tree with zeros for what does not learn: parameters that layers say are frozen, and their state."""
    leaves, structure = flatten(tree)
    roles = roles_of(structure)
    if all(role == "parameter" for role in roles):
        return tree
    pairs = zip(leaves, roles, strict=True)
    return unflatten(structure, [leaf if role == "parameter" else np.zeros_like(leaf) for leaf, role in pairs])


def checked(leaf: Any, path: str) -> Any:
    """A parameter as an array of real floats; an error that names it where it is none."""
    if not isinstance(leaf, Tracer | np.ndarray | np.generic):
        if not isinstance(leaf, bool | int | float | complex):
            raise UsageError(f"parameter {_named(path)} is a {type(leaf).__name__}, which an optimiser cannot move")
        leaf = np.asarray(leaf)
    if not np.issubdtype(leaf.dtype, np.floating):
        hint = "write 3.0 instead of 3, or x.astype(np.float32); what does not learn stays out of the tree"
        if np.issubdtype(leaf.dtype, np.complexfloating):
            hint = "keep the real and the imaginary part as two parameters"
        raise DtypeError(
            f"parameter {_named(path)} holds {leaf.dtype} values; an optimiser moves real floats", hint=hint
        )
    return leaf


def zeros(parameters: Tree) -> Tree:
    """A tree of zeros of the parameters' shapes and dtypes, in memory of their own."""
    return each(lambda p: (np.zeros(p.shape, p.dtype),), 1, parameters)[0]


def copies(parameters: Tree) -> Tree:
    """The parameters in memory of their own."""
    return each(lambda p: (p.copy(),), 1, parameters)[0]


def at_places(name: str, tree: Tree, structure: Structure) -> list[Any]:
    """What a tree holds at the places of the parameters' leaves."""
    flatten(tree)  # registers dataclasses
    try:
        return list(structure.flatten_up_to(tree))
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{_subject(name)} not have the structure of the parameters: {_difference(tree, dotted_paths(structure))}",
            hint="start the state with the parameters that it is for, and take the gradient in them",
        ) from error


def _subject(name: str) -> str:
    return f"the {name} do" if name.endswith("s") else f"the state's {name} does"


def _difference(tree: Tree, paths: Sequence[str]) -> str:
    found = dotted_paths(flatten(tree)[1])
    missing = [_named(path) for path in paths if path not in set(found)]
    foreign = [_named(path) for path in found if path not in set(paths)]
    said = [f"{listing(missing)} missing"] if missing else []
    said += [f"{listing(foreign)} not among the parameters"] if foreign else []
    return ", ".join(said) or "their containers are of other kinds"


def listing(names: Sequence[str]) -> str:
    """Some names, the first few in full."""
    rest = len(names) - _EXTRA
    return ", ".join(names[:_EXTRA]) + (f" and {rest} more" if rest > 0 else "")


def _as_gradient(parameter: Any, gradient: Any, path: str) -> Any:
    if not isinstance(gradient, Tracer | np.ndarray | np.generic):
        gradient = np.asarray(gradient)
    if gradient.shape != parameter.shape:
        raise ShapeError(
            f"the gradient of {_named(path)} has shape {show_shape(gradient.shape)}, "
            f"the parameter {show_shape(parameter.shape)}"
        )
    if not np.issubdtype(gradient.dtype, np.number) or np.issubdtype(gradient.dtype, np.complexfloating):
        raise DtypeError(f"the gradient of {_named(path)} holds {gradient.dtype} values; real numbers are expected")
    return gradient.astype(parameter.dtype) if gradient.dtype != parameter.dtype else gradient


def _named(path: str) -> str:
    return repr(path) if path else "(the whole tree)"


def moved_towards(start: Any, end: Any, weight: float) -> Any:
    """`start + weight · (end − start)`, from the nearer of the two ends as PyTorch's `lerp`."""
    return start + weight * (end - start) if weight < 0.5 else end - (1.0 - weight) * (end - start)
