"""One array added at several places of a box of zeros, as a sum of slices of that array with zeros around it. Floor 4.

The gradient of `x[:-2] + x[1:-1] + x[2:]` is `zeros[:-2] += v; zeros[1:-1] += v; zeros[2:] += v`, and with two zeros
before v and behind it `w[2:] + w[1:-1] + w[:-2]`: one loop over all of it. Cut where the places begin and end
(`joining.py`), a box of three dimensions would have dozens of parts, each with a loop of its own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import chain

from glassgrad.engines.cpu.joining import Span, box_of
from glassgrad.engines.cpu.rebuilt import Now, rebuilt
from glassgrad.graph.node import Node, reachable
from glassgrad.graph.notes import Notes
from glassgrad.ops.elementwise import add
from glassgrad.ops.index import INDEX_ADD, index, index_add
from glassgrad.ops.keys import Cut, Key
from glassgrad.ops.leaves import is_literal, literal
from glassgrad.ops.structure import reshape

_LEAST_DIMENSIONS = 3  # of the box: with fewer there are few parts
_SEVERAL = 3  # places of one array from which it is worth laying out with zeros around it

Addition = tuple[Node, Key]


def with_shifts(outputs: Sequence[Node], notes: Notes | None) -> list[Node]:
    """The outputs with sums of slices for additions of the same array at several places."""
    order = reachable(outputs)
    if not any(_is_addition(node) for node in order):
        return list(outputs)
    uses = Counter([x for node in order for x in node.inputs] + list(outputs))
    inner = {node.inputs[0] for node in order if _is_addition(node) and uses[node.inputs[0]] == 1}

    def rule(node: Node, inputs: Sequence[Node], now: Now) -> Node | None:
        additions = _additions(node, uses) if _is_addition(node) and node not in inner else []
        shifted = _shifted(node, additions)
        return _summed(node, additions, now, shifted) if shifted else None

    return rebuilt(order, outputs, rule, notes)


def _is_addition(node: Node) -> bool:
    """Is something added to a range of each axis?"""
    plain = node.op is INDEX_ADD and len(node.inputs) == 2 and node.ndim >= _LEAST_DIMENSIONS
    return plain and box_of(node.param("key"), node.shape) is not None


def _additions(node: Node, uses: Counter[Node]) -> list[Addition]:
    """What is added to zeros one after another until there is this node; nothing if it begins otherwise."""
    found: list[Addition] = []
    while _is_addition(node) and (not found or uses[node] == 1):
        found.append((node.inputs[1], node.param("key")))
        node = node.inputs[0]
    return found[::-1] if is_literal(node, 0) else []


def _shifted(node: Node, additions: Sequence[Addition]) -> dict[Node, list[Key]]:
    """What is added at several places, each of them half of the whole or more, and where."""
    places: dict[Node, list[Key]] = {}
    for v, key in additions:
        places.setdefault(v, []).append(key)
    return {v: keys for v, keys in places.items() if len(keys) >= _SEVERAL and 2 * v.aval.size >= node.aval.size}


def _summed(node: Node, additions: Sequence[Addition], now: Now, shifted: Mapping[Node, Sequence[Key]]) -> Node:
    """The same sum of what has become of the summands: first those that are shifted, then the others."""
    slices = [_slices(now(v), [_box(key, node) for key in keys], node.shape) for v, keys in shifted.items()]
    whole = reduce(add, chain.from_iterable(slices))
    for v, key in additions:
        if v not in shifted:
            whole = index_add(whole, now(v), key, unique=True)
    return whole


def _box(key: Key, node: Node) -> Sequence[Span]:
    box = box_of(key, node.shape)
    assert box is not None, "as was asked before"
    return box


def _slices(v: Node, boxes: Sequence[Sequence[Span]], shape: tuple[int, ...]) -> list[Node]:
    """For each box an array of this shape with v in the box and zeros elsewhere."""
    first = [min(start for start, _ in spans) for spans in zip(*boxes, strict=True)]
    last = [max(start for start, _ in spans) for spans in zip(*boxes, strict=True)]
    sizes = tuple([stop - start for start, stop in boxes[0]])
    wide = tuple([size + after - before for size, before, after in zip(shape, first, last, strict=True)])
    place = tuple([Cut(start, start + size, None) for start, size in zip(last, sizes, strict=True)])
    padded = index_add(literal(0, v.dtype, wide), reshape(v, sizes), place, unique=True)
    return [index(padded, tuple([_moved(*axis) for axis in zip(last, box, shape, strict=True)])) for box in boxes]


def _moved(last: int, span: Span, size: int) -> Cut:
    """The range that puts what begins at `last` to where the span begins."""
    return Cut(last - span[0], last - span[0] + size, None)
