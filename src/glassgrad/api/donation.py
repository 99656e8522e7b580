"""Arguments that a call gives up, so that results may lie in their memory. Floor 5."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.trees import flatten

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
    spans: list[tuple[int, int, bool]] = []
    for position, leaf in enumerate((*leaves, *others)):
        if not isinstance(leaf, np.ndarray) or not leaf.nbytes:
            continue
        if position in donated and not leaf.flags.writeable:
            raise UsageError("an argument in donate is a read-only array", hint=_HINT)
        spans.append((*np.lib.array_utils.byte_bounds(leaf), position in donated))
    end, is_donated = 0, False  # of what reaches furthest so far
    for start, stop, given_up in sorted(spans):
        if start < end and (given_up or is_donated):
            raise UsageError("an argument in donate shares memory with another array of the call", hint=_HINT)
        if stop > end:
            end, is_donated = stop, given_up
