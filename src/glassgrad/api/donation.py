"""Arguments that a call gives up, so that results may lie in their memory. Floor 5."""

from collections.abc import Collection, Sequence
from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.base.trees import flatten
from glassgrad.engines.given_up import is_read_only, shares_memory

_HINT = "leave it out of donate, or pass a copy"


def donated_leaves(
    args: Sequence[Any], kwargs: dict[str, Any], fixed: Collection[Any], donated: Collection[Any]
) -> frozenset[int]:
    """The numbers of the leaves of the arguments that are given up."""
    if not donated:
        return frozenset()
    found: list[int] = []
    count = 0
    dynamic = [(index, arg) for index, arg in enumerate(args) if index not in fixed]
    for key, arg in [*dynamic, *[(name, kwargs[name]) for name in sorted(kwargs) if name not in fixed]]:
        leaves, _ = flatten(arg)
        if key in donated:
            found.extend(range(count, count + len(leaves)))
        count += len(leaves)
    return frozenset(found)


def check_donated(leaves: Sequence[Any], donated: Collection[int], others: Sequence[Any]) -> None:
    """Refuses arrays that may not be written into, and those whose memory other arrays of the call have too."""
    if is_read_only(leaves, donated):
        raise UsageError("an argument in donate is a read-only array", hint=_HINT)
    if shares_memory((*leaves, *others), donated):
        raise UsageError("an argument in donate shares memory with another array of the call", hint=_HINT)
