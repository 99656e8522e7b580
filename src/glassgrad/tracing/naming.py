"""One name for each value, from all the variables that held it. Floor 3.

The outermost variable wins, then the first. A variable that takes several values gives `h1, h2, h3` where one
statement made them all (a loop), and `x, x1, x2` where it was assigned anew.
"""

import keyword
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from glassgrad.graph.node import Node
from glassgrad.tracing.observation import Binding


@dataclass(frozen=True, slots=True)
class Names:
    """The name of each value, and what else it is called."""

    of: Mapping[Node, str]
    aliases: Mapping[Node, tuple[str, ...]]
    depth: Mapping[Node, int]  # of the call in which the name stands


def name_values(bindings: Sequence[Binding], given: Mapping[Node, str], taken: Iterable[str] = ()) -> Names:
    """A distinct identifier for each bound value; `given` names (of arguments) stay as they are."""
    chosen, others = _choose(bindings, given)
    versions: dict[str, list[Binding]] = {}
    for binding in sorted(chosen.values(), key=lambda binding: (binding.depth, not binding.direct)):
        versions.setdefault(_clean(binding.name), []).append(binding)
    used = {*given.values(), *taken}
    reserved = used | set(versions)
    result = dict(given)
    for base, group in versions.items():
        result.update(_numbered(base, group, used, reserved))
    depth = {node: binding.depth for node, binding in chosen.items()} | dict.fromkeys(given, 0)
    return Names(result, {node: tuple(names) for node, names in others.items()}, depth)


def _choose(
    bindings: Sequence[Binding], given: Mapping[Node, str]
) -> tuple[dict[Node, Binding], dict[Node, list[str]]]:
    """The binding that names each value, and all its other names."""
    chosen: dict[Node, Binding] = {}
    others: dict[Node, list[str]] = {}
    for binding in bindings:
        before = chosen.get(binding.node)
        if binding.node not in given and (before is None or _rank(binding) < _rank(before)):
            chosen[binding.node] = binding
        names = others.setdefault(binding.node, [])
        if binding.name not in names:
            names.append(binding.name)
    return chosen, others


def _rank(binding: Binding) -> tuple[bool, int]:
    return (not binding.direct, binding.depth)


def _clean(name: str) -> str:
    """An identifier: `_` alone and keywords get a letter."""
    if not name.isidentifier() or keyword.iskeyword(name) or name in ("np", "scipy"):
        return "".join(c if c.isalnum() or c == "_" else "_" for c in name).strip("_") + "_value"
    return "value" if not name.strip("_") else name


def _numbered(base: str, group: Sequence[Binding], used: set[str], reserved: set[str]) -> dict[Node, str]:
    """Names for the values of one variable, in order."""
    in_order = sorted(group, key=lambda binding: binding.node.serial)
    result: dict[Node, str] = {}
    if len(in_order) == 1 or not _from_one_statement(in_order):
        first = min(in_order, key=lambda binding: (binding.depth, binding.node.serial))
        if base not in used:
            used.add(base)
            result[first.node] = base
            in_order.remove(first)
    number = 1
    for binding in in_order:
        number, name = _next_free(base, number, used, reserved)
        used.add(name)
        result[binding.node] = name
    return result


def _from_one_statement(group: Sequence[Binding]) -> bool:
    return len({binding.statement for binding in group}) == 1


def _next_free(base: str, number: int, used: set[str], reserved: set[str]) -> tuple[int, str]:
    while True:
        name = f"{base}_{number}" if base[-1].isdigit() else f"{base}{number}"
        number += 1
        if name not in used and name not in reserved:
            return number, name
