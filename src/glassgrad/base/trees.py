"""Trees: nested dicts, tuples, lists, named tuples and dataclasses of arrays. Floor 0, by optree.

A dataclass is a tree without registration: its fields are its children; a field declared with
`field(metadata={"static": True})` is kept as it is.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, TypeAlias

import optree

Tree: TypeAlias = Any  # a nest of containers whose leaves may be anything
Structure: TypeAlias = optree.PyTreeSpec

_NAMESPACE = "glassgrad"
_registered: set[type] = set()
_registering = Lock()


def flatten(tree: Tree) -> tuple[list[Any], Structure]:
    """The leaves from left to right, and the structure that puts them back."""
    leaves, structure = optree.tree_flatten(tree, namespace=_NAMESPACE)
    if _register_dataclasses(leaves):
        return flatten(tree)
    return leaves, structure


def flatten_to(kind: type, tree: Tree) -> tuple[list[Any], Structure]:
    """As `flatten`, but values of this kind are leaves too, and are not taken apart."""
    flatten(tree)  # registers dataclasses
    return optree.tree_flatten(tree, is_leaf=lambda part: isinstance(part, kind), namespace=_NAMESPACE)


def flatten_with_paths(tree: Tree) -> tuple[list[str], list[Any], Structure]:
    """As `flatten`, with each leaf's path as a person would write it: `layers[0].weight`."""
    leaves, structure = flatten(tree)
    return list(paths_of(structure)), leaves, structure


@lru_cache(maxsize=256)
def paths_of(structure: Structure) -> tuple[str, ...]:
    """The path of each leaf of a tree of this structure."""
    return tuple([_show_accessor(accessor) for accessor in optree.treespec_accessors(structure)])


def unflatten(structure: Structure, leaves: Iterable[Any]) -> Tree:
    """The tree of this structure with these leaves."""
    return optree.tree_unflatten(structure, leaves)


class _Leaf:
    """What stands for an array where only the structure is shown."""

    def __repr__(self) -> str:
        return "array"


def show_structure(structure: Structure) -> str:
    """A structure as a person writes it: `{'a': array, 'b': (array, array)}`."""
    return repr(unflatten(structure, [_Leaf()] * structure.num_leaves))


def map_leaves(function: Callable[..., Any], tree: Tree, *rest: Tree) -> Tree:
    """The tree with `function` applied to each leaf (and to the leaves at the same place in `rest`)."""
    leaves, structure = flatten(tree)
    others = [structure.flatten_up_to(other) for other in rest]
    return unflatten(structure, [function(*row) for row in zip(leaves, *others, strict=True)])


def leaves_up_to(structure: Structure, tree: Tree) -> list[Any]:
    """The sub-trees of `tree` at the leaves of `structure`."""
    flatten(tree)  # registers dataclasses
    return list(structure.flatten_up_to(tree))


def children_of(tree: Tree) -> list[tuple[str, Tree]] | None:
    """The parts that a tree consists of, each with the step to it (`.weight`, `[0]`); None for a leaf.

    >>> children_of({"a": (1, 2), "b": 3})
    [("['a']", (1, 2)), ("['b']", 3)]
    """
    if optree.tree_is_leaf(tree, namespace=_NAMESPACE) and not _register_dataclasses([tree]):
        return None
    children, _, entries, _ = optree.tree_flatten_one_level(tree, namespace=_NAMESPACE)
    return [(_step(tree, entry), child) for entry, child in zip(entries, children, strict=True)]


def join(path: str, step: str) -> str:
    """A path with one more step: `.weight`, `[0]`.

    >>> join("layers", "[0]")
    'layers[0]'
    """
    return f"{path}{step}" if path else step.removeprefix(".")


def tree_places(tree: Tree, path: str = "") -> Iterator[tuple[str, Tree]]:
    """Every part of a tree with its path: the tree itself, its children, theirs."""
    yield path, tree
    for step, child in children_of(tree) or ():
        yield from tree_places(child, join(path, step))


def joined(tree: Tree, children: Sequence[Tree]) -> Tree:
    """A tree of the kind of `tree` with other parts.

    >>> joined((1, 2), [3, 4])
    (3, 4)
    """
    _register_dataclasses([tree])
    _, facts, _, join = optree.tree_flatten_one_level(tree, namespace=_NAMESPACE)
    return join(facts, list(children))


def _step(tree: Tree, entry: Any) -> str:
    if dataclasses.is_dataclass(tree):
        return f".{entry}"
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):  # a named tuple
        return f".{tree._fields[entry]}"
    return f"[{entry!r}]"


def _register_dataclasses(leaves: Sequence[Any]) -> bool:
    """Registers the types of dataclass leaves not seen before; True when there was one."""
    fresh = {type(leaf) for leaf in leaves if dataclasses.is_dataclass(leaf) and not isinstance(leaf, type)}
    if not fresh:
        return False
    with _registering:  # another thread may meet the same types at this moment
        for kind in fresh - _registered:
            _register(kind)
    return True


def _register(kind: type) -> None:
    fields = dataclasses.fields(kind)
    children = tuple(f.name for f in fields if not f.metadata.get("static"))
    static = tuple(f.name for f in fields if f.metadata.get("static"))

    def split(value: Any) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[str, ...]]:
        parts = tuple(getattr(value, name) for name in children)
        return parts, tuple(getattr(value, name) for name in static), children

    def join(fixed: Any, parts: Iterable[Any]) -> Any:
        # __init__ may check or convert its arguments, and leaves need not be arrays here: set the fields directly.
        value: Any = object.__new__(kind)
        for name, part in [*zip(children, parts, strict=True), *zip(static, fixed, strict=True)]:
            object.__setattr__(value, name, part)
        return value

    entry = optree.GetAttrEntry
    optree.register_pytree_node(kind, split, join, path_entry_type=entry, namespace=_NAMESPACE)
    _registered.add(kind)


def _show_accessor(accessor: optree.PyTreeAccessor) -> str:
    return accessor.codify("").removeprefix(".") if len(accessor) else ""
