"""Parameters by path: `encoder.*`, `layers[0]`, masks. Floor 6.

A path is written as a person reaches the part: `layers[0].weight`; a dict's text keys read like names
(`encoder.weight` for `{"encoder": {"weight": …}}`), so a pattern fits models, nested dicts and dicts by path alike.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import optree

from glassgrad.base.errors import UsageError
from glassgrad.base.paths import matcher
from glassgrad.base.trees import Structure, Tree, flatten, paths_of

# Which parameters: patterns, a function of (path, parameter), a tree of truth values, or None for all.
Mask: TypeAlias = str | Sequence[str] | Callable[[str, Any], bool] | Tree | None


def dotted_paths(structure: Structure) -> list[str]:
    """The path of each leaf of a tree of this structure."""
    return [_dotted(accessor) for accessor in optree.treespec_accessors(structure)]


def _dotted(accessor: optree.PyTreeAccessor) -> str:
    text = ""
    for step in accessor:
        name = getattr(step, "field", step.entry) if isinstance(step, optree.NamedTupleEntry) else step.entry
        text += (f".{name}" if text else name) if isinstance(name, str) else f"[{name!r}]"
    return text


def fitting(pattern: str, structure: Structure) -> list[bool]:
    """Which leaves fit a pattern, in either spelling of a dict's keys; an error where none does."""
    fits = matcher(pattern)
    pairs = list(zip(dotted_paths(structure), paths_of(structure), strict=True))
    found = [fits(dotted) or fits(spelled) for dotted, spelled in pairs]
    if found and not any(found):
        some = ", ".join(dotted or "(the whole tree)" for dotted, _ in pairs[:6])
        raise UsageError(f"no parameter fits the pattern {pattern!r}", hint=f"the parameters are {some}")
    return found


def chosen(mask: Mask, parameters: Tree) -> list[bool]:
    """Which leaves a mask stands for, in order."""
    leaves, structure = flatten(parameters)
    if mask is None:
        return [True] * len(leaves)
    if callable(mask):
        return [bool(mask(path, leaf)) for path, leaf in zip(dotted_paths(structure), leaves, strict=True)]
    if isinstance(mask, str):
        return fitting(mask, structure)
    if isinstance(mask, list | tuple) and mask and all(isinstance(pattern, str) for pattern in mask):
        rows = [fitting(pattern, structure) for pattern in mask]
        return [any(row) for row in zip(*rows, strict=True)]
    return _from_tree(mask, structure)


def _from_tree(mask: Tree, structure: Structure) -> list[bool]:
    flags, found = flatten(mask)
    if found != structure or not all(isinstance(flag, bool | np.bool_) for flag in flags):
        raise UsageError(
            "a mask is a tree of True and False with the structure of the parameters, patterns, or a function",
            hint="mask='*.weight', or mask=lambda path, parameter: parameter.ndim > 1",
        )
    return [bool(flag) for flag in flags]
