"""The parts of a model by path: which are parameters, replacing, freezing, grouping. Floor 6.

A path is what a person would write behind the model's name: `layers[0].weight`, `heads['left'].bias`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.learning import Role, check_apart, is_layer, roles_of
from glassgrad.base.paths import matcher
from glassgrad.base.trees import Structure, Tree, children_of, flatten, join, joined, paths_of, tree_places, unflatten
from glassgrad.tracing.tracer import Tracer

Kind: TypeAlias = Role | Literal["other"]


@dataclass(frozen=True, slots=True)
class Place:
    """A leaf of a model: where it is, what it holds, and what training does with it."""

    path: str
    value: Any
    kind: Kind


def places(model: Tree) -> list[Place]:
    """The leaves of a model in the order of its tree."""
    leaves, structure = flatten(model)
    found = zip(paths_of(structure), leaves, roles_of(structure), strict=True)
    return [Place(path, leaf, role if _is_real(leaf) else "other") for path, leaf, role in found]


def _is_real(value: Any) -> bool:
    """Numbers with a derivative: arrays and tracers of real or complex dtype, and Python's own floats."""
    if isinstance(value, np.ndarray | np.generic | Tracer):
        return bool(np.issubdtype(value.dtype, np.inexact))
    return isinstance(value, float | complex)


# ------------------------------------------------------------------ changed copies
def replace(model: Tree, changes: dict[str, Tree]) -> Tree:
    """The tree with other parts at these paths."""
    leaves, structure = flatten(model)
    numbers = _leaf_numbers(structure)
    if changes.keys() <= numbers.keys():  # nothing but leaves, as after each epoch of a training: the quick way
        for path, value in changes.items():
            leaves[numbers[path]] = value
        return unflatten(structure, leaves)
    used: set[str] = set()
    found = _replace(model, "", changes, used)
    if missing := sorted(changes.keys() - used):
        known = [path for path, _ in tree_places(model) if path]
        raise UsageError(f"the model has no part {missing[0]!r}", hint=_meant(missing[0], known))
    return found


@lru_cache(maxsize=64)
def _leaf_numbers(structure: Structure) -> dict[str, int]:
    """Which leaf lies at each path."""
    return {path: number for number, path in enumerate(paths_of(structure)) if path}


def _replace(tree: Tree, path: str, changes: dict[str, Tree], used: set[str]) -> Tree:
    if path in changes and path:
        used.add(path)
        return changes[path]
    if path and not any(changed.startswith((f"{path}.", f"{path}[")) for changed in changes):
        return tree
    children = children_of(tree)
    if children is None:
        return tree
    return joined(tree, [_replace(child, join(path, step), changes, used) for step, child in children])


def _meant(path: str, known: Sequence[str]) -> str:
    close = get_close_matches(path, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"its parts are {', '.join(known[:8])} …"


# ------------------------------------------------------------------ patterns
def freeze(model: Tree, patterns: Sequence[str], *, frozen: bool) -> Tree:
    """The model in which what fits one of the patterns is frozen, or learns again."""
    check_apart(model)
    paths = [place.path for place in places(model) if place.kind in ("parameter", "frozen")]
    chosen: set[str] = set()
    for pattern in patterns:
        fits = matcher(pattern)
        found = {path for path in paths if fits(path)}
        if not found:
            raise UsageError(f"no parameter fits {pattern!r}", hint=_meant(pattern, paths))
        chosen |= found
    return _freeze(model, "", chosen, frozen=frozen)


def _freeze(tree: Tree, path: str, chosen: set[str], *, frozen: bool) -> Tree:
    children = children_of(tree)
    if children is None:
        return tree
    new = joined(tree, [_freeze(child, join(path, step), chosen, frozen=frozen) for step, child in children])
    if is_layer(tree):
        own = {below for step, child in children for below in _own_leaves(child, step)}
        hit = {name for name in own if join(path, f".{name}") in chosen}
        kept = (set(tree.frozen) | hit) if frozen else (set(tree.frozen) - hit)
        object.__setattr__(new, "frozen", tuple(sorted(kept)))  # `new` was made here and nobody has it yet
    return new


def _own_leaves(tree: Tree, step: str) -> Iterator[str]:
    """The paths of leaves below a field that belong to no deeper layer, without the first dot."""
    if is_layer(tree):
        return
    children = children_of(tree)
    if children is None:
        yield step.removeprefix(".")
        return
    for inner, child in children:
        yield from _own_leaves(child, step + inner)


def groups(parameters: dict[str, Any], patterns: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The parameters by the first pattern that each fits."""
    found: dict[str, dict[str, Any]] = {name: {} for name in patterns}
    fits = {name: matcher(pattern) for name, pattern in patterns.items()}
    for path, value in parameters.items():
        for name, fit in fits.items():
            if fit(path):
                found[name][path] = value
                break
        else:
            raise UsageError(f"{path!r} belongs to no group", hint='add a last group for the rest: {"rest": "*"}')
    return found
