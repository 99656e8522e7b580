"""What is taken out of a concatenation or a stack is taken from the part that has it. Floor 4."""

from collections.abc import Sequence

from glassgrad.graph.node import Node, make
from glassgrad.ops.keys import FULL, Cut, Entry, Key, chosen


def index(node: Node, inputs: Sequence[Node]) -> Node:
    """`concatenate(parts)[key]` as `part[key]` where one part has all of it, and the same for a stack."""
    x, key = inputs[0], node.param("key")
    while x.op.name in ("concatenate", "stack") and len(inputs) == 1 and Ellipsis not in key:
        found = _in_stack(x, key) if x.op.name == "stack" else _in_concatenation(x, key)
        if found is None:
            break
        x, key = found
    if x is inputs[0]:
        return node if tuple(inputs) == node.inputs else make(node.op, tuple(inputs), node.params)
    return x if all(entry == FULL for entry in key) else make(node.op, (x,), (("key", key),))


def _place_in_key(key: Key, axis: int) -> int | None:
    """Where in the key the axis has its entry."""
    for place, entry in enumerate(key):
        if entry is None:
            continue
        if axis == 0:
            return place
        axis -= 1
    return None


def _in_stack(x: Node, key: Key) -> tuple[Node, Key] | None:
    place = _place_in_key(key, x.param("axis"))
    if place is None:
        return None
    entry, size = key[place], len(x.inputs)
    taken = _taken(entry, size)
    if len(taken) != 1:
        return None
    beside: tuple[Entry, ...] = () if isinstance(entry, int) else (None,)
    return x.inputs[taken[0]], (*key[:place], *beside, *key[place + 1 :])


def _in_concatenation(x: Node, key: Key) -> tuple[Node, Key] | None:
    axis = x.param("axis")
    place = _place_in_key(key, axis)
    if place is None:
        return None
    entry, start = key[place], 0
    taken = _taken(entry, x.shape[axis])
    for part in x.inputs:
        stop = start + part.shape[axis]
        if taken and start <= min(taken) and max(taken) < stop:
            return part, (*key[:place], _moved(entry, taken, start), *key[place + 1 :])
        start = stop
    return None


def _moved(entry: Entry, taken: range, start: int) -> Entry:
    first, step = taken[0] - start, taken.step
    if isinstance(entry, int):
        return first
    stop = taken[-1] - start + (1 if step > 0 else -1)
    return Cut(first, stop if stop >= 0 else None, step)


def _taken(entry: Entry, size: int) -> range:
    """The places along the axis that an entry takes; none where it is not a number or a cut."""
    if isinstance(entry, int):
        return range(entry % size, entry % size + 1)
    return chosen(entry, size) if isinstance(entry, Cut) else range(0)
