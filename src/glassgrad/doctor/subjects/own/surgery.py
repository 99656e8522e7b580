"""Cutting into a model: layers put in the places of others, in a copy. Floor 7."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from glassgrad.base.trees import children_of, join, joined, tree_places
from glassgrad.nn.composition import Sequential
from glassgrad.nn.layer import Layer


def spliced(model: Any, changes: Mapping[str, Sequence[Any]]) -> Any:
    """The model with some layers, or none, in place of the ones at these paths.

    In a `Sequential` they stand one after another; elsewhere several become a `Sequential` of their own.
    """
    if "model" in changes or "" in changes:
        return _one(changes.get("model", changes.get("", ())))
    return _spliced(model, "", changes)


def _spliced(tree: Any, path: str, changes: Mapping[str, Sequence[Any]]) -> Any:
    if not any(place.startswith(path) for place in changes):
        return tree
    if isinstance(tree, Sequential):
        layers: list[Any] = []
        for place, layer in enumerate(tree.layers):
            inner = join(path, f".layers[{place}]")
            layers += changes[inner] if inner in changes else [_spliced(layer, inner, changes)]
        return Sequential(*layers)
    children = children_of(tree)
    if children is None:
        return tree
    parts = []
    for step, child in children:
        inner = join(path, step)
        parts.append(_one(changes[inner]) if inner in changes else _spliced(child, inner, changes))
    return joined(tree, parts)


def _one(layers: Sequence[Any]) -> Any:
    return layers[0] if len(layers) == 1 and isinstance(layers[0], Layer) else Sequential(*layers)


def swapped(model: Any, is_meant: Callable[[Any], bool], make: Callable[[Any], Any]) -> Any:
    """The model with each layer that is meant replaced by what is made of it."""
    changes = {path: make(part) for path, part in tree_places(model) if path and is_meant(part)}
    if is_meant(model):
        return make(model)
    return model.replace(changes) if changes else model


def layers_of(model: Any) -> Iterator[tuple[str, Any]]:
    """All layers of a model with their paths, outer ones first."""
    for path, part in tree_places(model):
        if isinstance(part, Layer):
            yield path, part
