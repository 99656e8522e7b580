"""From what a person writes between brackets to a key and index arrays, by NumPy's rules. Floor 3.

A mask becomes the indices where it is true: its number must be known while tracing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import index as whole
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ConcretizationError, OutOfRangeError, ShapeError
from glassgrad.graph.node import Node
from glassgrad.ops.keys import FULL, Cut, Entry, Key, Slot, check_index
from glassgrad.ops.leaves import LITERAL, capture, literal_value
from glassgrad.tracing.tracer import Tracer, any_traced, to_node

_WHAT_FITS = (
    "only integers, slices (`:`), ellipsis (`...`), np.newaxis (`None`) and integer or boolean arrays are valid indices"
)


_AS_THEY_ARE = (slice, int, bool)


@dataclass(slots=True)
class Brackets:
    """A key being read: entries and index arrays so far, and the array's shape as the key sees it (a truth value among
    the entries puts in an axis of size 1).
    """

    shape: tuple[int, ...]
    entries: list[Entry] = field(default_factory=list)
    indices: list[Node] = field(default_factory=list)
    axis: int = 0
    is_view: bool = True  # would NumPy give a view?

    @property
    def key(self) -> Key:
        """The key read so far."""
        return tuple(self.entries)

    def put(self, entry: Entry) -> None:
        """An entry for the next axis."""
        self.entries.append(entry)
        self.axis += 1

    def put_array(self, node: Node) -> None:
        """An index array for the next axis."""
        self.indices.append(node)
        self.put(Slot(len(self.indices) - 1))


def read_brackets(shape: tuple[int, ...], key: Any) -> Brackets:
    """The key for an array of this shape."""
    if type(key) is slice and shape:
        found = Brackets(shape)
        found.put(_cut(key))
        return found
    parts = [_plain(part) for part in (key if isinstance(key, tuple) else (key,))]
    reached = sum([_axes_of(part) for part in parts])
    if reached > len(shape):
        raise OutOfRangeError(f"too many indices: {reached} for an array of shape {show_shape(shape)}")
    if sum([part is Ellipsis for part in parts]) > 1:
        raise OutOfRangeError("an index can only have a single ellipsis (`...`)")
    found = Brackets(shape)
    for place, part in enumerate(parts):
        if part is Ellipsis:
            for _ in range(len(shape) - reached):
                found.put(FULL)
            if len(shape) == reached and 0 < place < len(parts) - 1:
                found.entries.append(Ellipsis)
        else:
            _put(found, part)
    if not found.indices:
        found.entries = [entry for entry in found.entries if entry is not Ellipsis]
    return found


def _plain(part: Any) -> Any:
    """A number, a slice, None, `...`, a truth value, a NumPy array or a tracer."""
    if part is None or part is Ellipsis or type(part) in _AS_THEY_ARE:
        return part
    if isinstance(part, list | tuple) and any_traced(part):
        part = Tracer(to_node(part))
    if isinstance(part, Tracer):
        return _plain_tracer(part)
    if isinstance(part, np.ndarray | np.generic | list | tuple):
        array = np.asarray(part)
        array = array.astype(np.intp) if array.size == 0 and not isinstance(part, np.ndarray) else array
        if array.dtype.kind not in "iub":
            raise OutOfRangeError(f"{_WHAT_FITS}, found an array of {array.dtype}", hint="x[i.astype(int)]")
        return array.item() if array.ndim == 0 else array
    if hasattr(part, "__index__"):
        return whole(part)
    raise OutOfRangeError(f"{_WHAT_FITS}, found {type(part).__name__} {part!r}")


def _plain_tracer(part: Tracer) -> Any:
    kind = part.dtype.kind
    if kind == "b":
        return mask_value(part)
    if kind not in "iu":
        raise OutOfRangeError(f"{_WHAT_FITS}, found a traced value of {part.dtype}", hint="x[i.astype(int)]")
    node = part.node
    return int(literal_value(node)) if node.op is LITERAL and not node.shape else part


def mask_value(mask: Tracer) -> Any:
    """The numbers of a traced mask."""
    try:
        value = np.asarray(mask.value)
    except ConcretizationError:
        raise ConcretizationError(
            f"x[mask] has a shape that depends on the mask, a traced value of shape {show_shape(mask.shape)} that "
            "stands for many here (under jit or vmap, or in the body of a loop or branch)",
            hint="np.where(mask, x, 0.0) keeps the shape; x[mask] = number is possible",
        ) from None
    return value if value.ndim else bool(value)


def _axes_of(part: Any) -> int:
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1


def _put(found: Brackets, part: Any) -> None:
    match part:
        case None:
            found.entries.append(None)
        case bool():
            found.shape = (*found.shape[: found.axis], 1, *found.shape[found.axis :])
            found.put_array(capture(np.zeros(int(part), np.intp)))
            found.is_view = False
        case int():
            check_index(part, found.axis, found.shape)
            found.put(part)
        case slice():
            found.put(_cut(part))
        case np.ndarray() if part.dtype.kind == "b":
            _put_mask(found, part)
        case np.ndarray():
            _check_indices(part, found.axis, found.shape)
            found.put_array(capture(part))
            found.is_view = False
        case Tracer():
            found.put_array(part.node)
            found.is_view = found.is_view and not part.shape


def _cut(part: slice) -> Cut:
    start, stop, step = part.start, part.stop, part.step
    if type(start) is not int or type(stop) is not int or step is not None:
        start, stop, step = [None if end is None else whole(end) for end in (start, stop, step)]
    if step == 0:
        raise ShapeError("a slice's step cannot be zero")
    return Cut(start, stop, None if step == 1 else step)


def _put_mask(found: Brackets, mask: np.ndarray) -> None:
    masked = found.shape[found.axis : found.axis + mask.ndim]
    if mask.shape != masked:
        raise OutOfRangeError(
            f"a mask of shape {show_shape(mask.shape)} does not match the axes it masks, of shape {show_shape(masked)}"
        )
    for places in mask.nonzero():
        found.put_array(capture(places))
    found.is_view = False


def _check_indices(indices: np.ndarray, axis: int, shape: Sequence[int]) -> None:
    size = shape[axis]
    if indices.size and size >= 0:
        lowest, highest = int(indices.min()), int(indices.max())
        if lowest < -size or highest >= size:
            check_index(highest if highest >= size else lowest, axis, tuple(shape))
