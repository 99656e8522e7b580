"""The first number that is none: the step is gone through again op by op, forwards and then backwards. Floor 7."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from glassgrad.api.pipeline import tracing
from glassgrad.base.trees import Tree, flatten, map_leaves
from glassgrad.doctor.measured.sample import Bad
from glassgrad.doctor.subjects.own.calls import Call
from glassgrad.doctor.subjects.own.forward import Arrays, Forward, forward_of, quiet
from glassgrad.engines import reference
from glassgrad.graph.node import Node, Workspace, apart, reachable
from glassgrad.graph.notes import Backward
from glassgrad.ops.leaves import ones
from glassgrad.tracing.trace import is_array, known_input
from glassgrad.transforms.control.settle import settle
from glassgrad.transforms.reverse import cotangents_of

What: TypeAlias = Literal["nan", "inf"]

_NAMES = {
    "scan": "a loop over time",
    "while_loop": "a loop",
    "conv": "convolution",
    "contract": "matrix product",
    "reciprocal": "1/x",
}


def origin_of(
    model: Any, loss: Any, step: int, parameters: Arrays, fixed: Arrays, states: Arrays, values: tuple[Tree, ...],
    key: Any, after: Arrays,
) -> Bad:  # fmt: skip
    """Where the first NaN or infinity of this step arose. `after` are the parameters after it."""
    given = _in_what_was_given(step, parameters | fixed | states, values)
    if given is not None:
        return given
    with quiet(), tracing(), apart() as here:
        known = {path: known_input(value) for path, value in (parameters | fixed).items()}
        batch = map_leaves(lambda leaf: known_input(leaf) if is_array(leaf) else leaf, values)
        found = forward_of(model.replace(known | states), loss, batch, known, key)
        bad = _first(reachable([found.loss]), here, found, step, "forward")
        if bad is None:
            ends = [known[path].node for path in parameters]
            bar = cotangents_of([found.loss], [ones(found.loss.aval)], ends)
            gradients = settle([bar[node] for node in ends if node in bar])
            bad = _first(reachable(gradients), here, found, step, "backward")
    if bad is not None:
        return bad
    wrong = next((path for path, value in after.items() if not np.isfinite(value).all()), "parameters")
    what: What = _what(after[wrong]) if wrong in after else "nan"
    return Bad(step, "update", wrong, "update", what, f"the update of {wrong} leaves the range of its dtype")


def _in_what_was_given(step: int, arrays: Mapping[str, Any], values: tuple[Tree, ...]) -> Bad | None:
    for place, part in enumerate(values):
        for leaf in flatten(part)[0]:
            array = np.asarray(leaf)
            if array.dtype.kind in "fc" and not np.isfinite(array).all():
                bad = int((~np.isfinite(array)).sum())
                name = "inputs" if place == 0 else "targets"
                says = f"{bad} of {array.size} entries of the {name} are {_what(array)} before the network sees them"
                return Bad(step, "input" if place == 0 else "target", name, name, _what(array), says)
    for path, value in arrays.items():
        if not np.isfinite(value).all():
            return Bad(step, "parameter", path, "parameter", _what(value), f"{path} is {_what(value)} before the step")
    return None


def _what(array: Any) -> What:
    return "nan" if np.isnan(array).any() else "inf"


def _first(nodes: Sequence[Node], here: Workspace, found: Forward, step: int, phase: str) -> Bad | None:
    """The first of these nodes whose numbers are not finite although those of its inputs are."""
    numbers = dict(zip(nodes, reference.evaluate(list(nodes), here.values), strict=True))
    for node in nodes:
        if _is_sound(numbers[node]):
            continue
        if all(_is_sound(numbers.get(x)) for x in node.inputs):
            return _told(node, numbers, here, found, step, phase)
    return None


def _is_sound(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_sound, value))
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def _told(node: Node, numbers: Mapping[Node, Any], here: Workspace, found: Forward, step: int, phase: str) -> Bad:
    origin: Any = here.notes.origins.get(node)
    ahead = node
    while isinstance(origin, Backward):
        ahead, origin = origin.of, here.notes.origins.get(origin.of)
    many = numbers[node] if node.op.multiple else [numbers[node]]
    array = next(value for value in map(np.asarray, many) if not _is_sound(value))
    wrong = ~np.isfinite(array)
    count = f"in {int(wrong.sum())} of {array.size} entries" if array.ndim else ""
    what = _what(array)
    where = found.places.of(node)
    line = "" if where is None else f", {where}"
    name = _NAMES.get(node.op.name, node.op.name)
    path, is_after = _path(ahead, found)
    said = " ".join(f"{_at(node, numbers, wrong) or f'{name} gives {what}'} {count}".split())
    phase = "loss" if is_after and phase == "forward" else phase
    back = f" on the way back through {_NAMES.get(ahead.op.name, ahead.op.name)}" if phase == "backward" else ""
    return Bad(step, phase, path, name, what, f"{said}{back}{line}")  # type: ignore[arg-type]  # one of its phases


def _at(node: Node, numbers: Mapping[Node, Any], wrong: np.ndarray) -> str | None:
    """`log of 0`, `division by 0`: what was done to which number where it went wrong."""
    name = node.op.name
    if node.op.multiple or not node.inputs:
        return None
    operands = [np.asarray(numbers[x]) for x in node.inputs if not x.op.multiple]
    if len(operands) != len(node.inputs):
        return None
    if name in ("divide", "reciprocal"):
        below = np.broadcast_to(operands[-1], wrong.shape)[wrong]
        return "division by 0" if below.size and not below.any() else None
    if len(operands) != 1 or operands[0].shape != wrong.shape:
        return None
    there = operands[0][wrong]
    return f"{name} of {float(np.ravel(there)[0]):.3g}" if there.size else None


def _path(node: Node, found: Forward) -> tuple[str, bool]:
    """The path of the innermost layer in which a node was made; ("loss", True) where it is after all of them."""
    around: list[Call] = [call for call in found.calls.all if call.began < node.serial < call.ended]
    if around:
        return around[-1].path or "model", False
    return "loss", True
