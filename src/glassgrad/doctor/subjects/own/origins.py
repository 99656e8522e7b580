"""The first number that is none: the step is gone through again op by op, forwards and then backwards. Floor 7."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glassgrad.api.pipeline import tracing
from glassgrad.base.trees import Tree, flatten, map_leaves
from glassgrad.doctor.measured.sample import Bad
from glassgrad.doctor.subjects.origins import (
    What,
    in_given,
    in_parameter,
    is_sound,
    name_of,
    origin,
    overflows,
    what_of,
    with_place,
)
from glassgrad.doctor.subjects.own.calls import Call
from glassgrad.doctor.subjects.own.forward import Arrays, Forward, forward_of, quiet
from glassgrad.engines import reference
from glassgrad.graph.node import Node, Workspace, apart, reachable
from glassgrad.graph.notes import Backward
from glassgrad.ops.leaves import ones
from glassgrad.tracing.trace import is_array, known_input
from glassgrad.transforms.control.settle import settle
from glassgrad.transforms.reverse import cotangents_of


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
    what: What = what_of(after[wrong]) if wrong in after else "nan"
    return Bad(step, "update", wrong, "update", what, f"the update of {wrong} leaves the range of its dtype")


def _in_what_was_given(step: int, arrays: Mapping[str, Any], values: tuple[Tree, ...]) -> Bad | None:
    for place, part in enumerate(values):
        for leaf in flatten(part)[0]:
            found = in_given(step, "input" if place == 0 else "target", np.asarray(leaf))
            if found is not None:
                return found
    told = (in_parameter(step, path, np.asarray(value)) for path, value in arrays.items())
    return next((bad for bad in told if bad is not None), None)


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
    return all(map(_is_sound, value)) if isinstance(value, list | tuple) else is_sound(np.asarray(value))


def _told(node: Node, numbers: Mapping[Node, Any], here: Workspace, found: Forward, step: int, phase: str) -> Bad:
    made: Any = here.notes.origins.get(node)
    ahead = node
    while isinstance(made, Backward):
        ahead, made = made.of, here.notes.origins.get(made.of)
    many = numbers[node] if node.op.multiple else [numbers[node]]
    array = next(value for value in map(np.asarray, many) if not is_sound(value))
    where = found.places.of(node)
    path, is_after = _path(ahead, found)
    phase = "loss" if is_after and phase == "forward" else phase
    back = f" on the way back through {name_of(ahead.op.name)}" if phase == "backward" else ""
    given = [np.asarray(numbers[x]) for x in node.inputs if not x.op.multiple]
    says = with_place(f"{origin(node.op.name, given, array)}{back}", where)
    too_large = overflows(node.op.name, given, array)
    return Bad(step, phase, path, name_of(node.op.name), what_of(array), says, too_large)  # type: ignore[arg-type]  # one of its phases


def _path(node: Node, found: Forward) -> tuple[str, bool]:
    """The path of the innermost layer in which a node was made; ("loss", True) where it is after all of them."""
    around: list[Call] = [call for call in found.calls.all if call.began < node.serial < call.ended]
    if around:
        return around[-1].path or "model", False
    return "loss", True
