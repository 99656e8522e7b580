"""What of a model learns: what its leaves were declared to be, and what must not stand at two places. Floor 0.

A layer is known by its field `frozen`, the paths of its own leaves that do not learn; `state` is in a field's metadata.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from glassgrad.base.errors import UsageError
from glassgrad.base.trees import Structure, Tree, children_of, flatten, tree_places, unflatten

Role: TypeAlias = Literal["parameter", "frozen", "state"]


@lru_cache(maxsize=256)
def roles_of(structure: Structure) -> tuple[Role, ...]:
    """What each leaf of a tree of this structure was declared to be."""
    return tuple(_roles(unflatten(structure, range(structure.num_leaves)), "parameter", ()))


def _roles(tree: Tree, role: Role, frozen: Sequence[str]) -> Iterator[Role]:
    """`frozen` are the paths of leaves, from here, that do not learn."""
    children = children_of(tree)
    if children is None:
        yield "frozen" if role == "parameter" and "" in frozen else role
        return
    fixed = [*frozen, *(f".{name}" for name in tree.frozen)] if is_layer(tree) else frozen
    states = _state_fields(tree)
    for step, child in children:
        below = [name.removeprefix(step) for name in fixed if name == step or name.startswith((f"{step}.", f"{step}["))]
        yield from _roles(child, "state" if step in states else role, below)


def is_layer(tree: Tree) -> bool:
    """Is this a layer, which says what of it is frozen?"""
    return dataclasses.is_dataclass(tree) and isinstance(getattr(tree, "frozen", None), tuple)


def _state_fields(tree: Tree) -> set[str]:
    if not dataclasses.is_dataclass(tree):
        return set()
    return {f".{field.name}" for field in dataclasses.fields(tree) if field.metadata.get("state")}


def check_apart(tree: Tree) -> None:
    """Raises UsageError where one layer that learns stands at two places: what is learnt would be two layers."""
    seen: dict[int, str] = {}
    for path, part in tree_places(tree):
        if not is_layer(part):
            continue
        first = seen.setdefault(id(part), path)
        if first != path and "parameter" in roles_of(flatten(part)[1]):
            raise UsageError(
                f"{first!r} and {path!r} are one and the same {_called(part)}; training would make two of it, "
                "each with a gradient of its own",
                hint=f"nn.Shared(model, {{{path!r}: {first!r}}}) learns it once for both places; copy.deepcopy(layer) "
                "makes a second one that begins alike",
            )


def _called(layer: Any) -> str:
    return str(layer.headline())
