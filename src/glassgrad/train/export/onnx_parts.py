"""Parts of arrays in ONNX: cuts, single places, new axes, and places that other arrays hold. Floor 7."""

import numpy as np

from glassgrad.base.errors import UnsupportedError
from glassgrad.graph.node import Node
from glassgrad.ops.keys import FULL, Cut, Key, Slot
from glassgrad.train.export.onnx_writer import OnnxWriter

_ENDS = {1: np.iinfo(np.int64).max, -1: np.iinfo(np.int64).min}  # beyond both ends of any axis


def part(writer: OnnxWriter, node: Node) -> str:
    """`x[key]`."""
    key: Key = node.param("key")
    x = writer.value(node.inputs[0])
    slots = [place for place, entry in enumerate(key) if type(entry) is Slot]
    if not slots:
        return _plain(writer, x, key)
    rest: Key = tuple([FULL if place in slots else entry for place, entry in enumerate(key)])
    if not all(type(entry) is Cut for entry in rest):
        raise UnsupportedError("a part that is chosen by arrays and by numbers at once cannot be written as ONNX")
    x = _plain(writer, x, rest)
    arrays = [node.inputs[1 + key[place].number] for place in slots]  # type: ignore[union-attr]  # they are slots
    if len(slots) == 1:
        return writer.emit("Gather", x, writer.value(arrays[0]), axis=slots[0])
    if slots != list(range(len(slots))):
        raise UnsupportedError("a part that is chosen by arrays for axes after the first cannot be written as ONNX")
    return _by_several(writer, x, arrays)


def _by_several(writer: OnnxWriter, x: str, arrays: list[Node]) -> str:
    shape = np.broadcast_shapes(*[array.shape for array in arrays])
    last = writer.numbers([-1])
    several = []
    for array in arrays:
        name = writer.cast(writer.value(array), np.dtype(np.int64))
        full = name if array.shape == shape else writer.emit("Expand", name, writer.shape(shape))
        several.append(writer.emit("Unsqueeze", full, last))
    return writer.emit("GatherND", x, writer.emit("Concat", *several, axis=-1))


def _plain(writer: OnnxWriter, x: str, key: Key) -> str:
    """Cuts first; then single places, from the last axis to the first; then new axes."""
    entries = [entry for entry in key if entry is not None]
    cuts = [(axis, entry) for axis, entry in enumerate(entries) if type(entry) is Cut and entry != FULL]
    if cuts:
        steps = [cut.step or 1 for _, cut in cuts]
        starts = [_start(cut, step) for (_, cut), step in zip(cuts, steps, strict=True)]
        stops = [_stop(cut, step) for (_, cut), step in zip(cuts, steps, strict=True)]
        facts = (starts, stops, [axis for axis, _ in cuts], steps)
        x = writer.emit("Slice", x, *[writer.numbers(fact) for fact in facts])
    for axis, entry in reversed(list(enumerate(entries))):
        if type(entry) is int:
            x = writer.emit("Gather", x, writer.constant(np.array(entry, np.int64), "number"), axis=axis)
    kept = [entry for entry in key if type(entry) is not int]
    new = [axis for axis, entry in enumerate(kept) if entry is None]
    return writer.emit("Unsqueeze", x, writer.numbers(new)) if new else x


def _start(cut: Cut, step: int) -> int:
    if cut.start is not None:
        return cut.start
    return 0 if step > 0 else int(_ENDS[1])


def _stop(cut: Cut, step: int) -> int:
    return int(_ENDS[1 if step > 0 else -1]) if cut.stop is None else cut.stop
