"""Where a loss spreads the prediction out beside a target of another shape, as autograd's graph has it. Floor 7."""

from collections.abc import Iterator
from typing import Any

from glassgrad.doctor.subjects.wiring import Step

_MOST = 400  # nodes of the graph that are looked at
_ENTRY_BY_ENTRY = frozenset(
    {"Add", "Sub", "Rsub", "Mul", "Div", "Pow", "Maximum", "Minimum", "Where", "Xlogy", "Atan2"}
)


def spreads(loss: Any, prediction: Any) -> Iterator[Step]:
    """(a shape, the shape that is made of it) of operations entry by entry with one operand that learns.

    `loss` and `prediction` are nodes of autograd's graph; what lies behind the prediction is not looked at. A loss of
    PyTorch's own expands the prediction itself.
    """
    waiting: list[Any] = [loss]
    seen: set[Any] = set()
    while waiting and len(seen) < _MOST:
        node = waiting.pop()
        if node is None or node in seen or node is prediction:
            continue
        seen.add(node)
        learning = [(after, number) for after, number in node.next_functions if after is not None]
        waiting += [after for after, _ in learning]
        name = node.name().partition("Backward")[0]
        is_beside = name in _ENTRY_BY_ENTRY and len(node.next_functions) > 1
        if len(learning) == 1 and (is_beside or name == "Expand"):
            after, number = learning[0]
            given, made = _shape(after, number), _shape(node, 0)
            if given is not None and made is not None and given != made:
                yield given, made


def _shape(node: Any, number: int) -> tuple[int, ...] | None:
    """The shape of an output of a node; None where PyTorch does not tell."""
    outputs = getattr(node, "_input_metadata", ())
    return tuple(outputs[number].shape) if number < len(outputs) else None
