"""Reading one form of one row: the expression applied to a node, with what it asks for. Floor 3."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from glassgrad.base.avals import is_inexact
from glassgrad.base.errors import NotDifferentiableError, UnsupportedError
from glassgrad.graph.node import Node
from glassgrad.graph.op import Bilinear, Form, Linear, Op, Partial, Pullback, Tangent, Undefined, Zero

# What an op that carries graphs does in each direction; `control.py` and `calls.py` fill these in.
PushSubgraph: TypeAlias = Callable[[Node, Sequence[Node | None]], list[Node | None]]
PullSubgraph: TypeAlias = Callable[[Node, Sequence[Node | None], Sequence[bool]], list[Node | None]]
push_subgraph: dict[Op, PushSubgraph] = {}
pull_subgraph: dict[Op, PullSubgraph] = {}


def express(form: Partial | Linear | Bilinear | Tangent | Pullback, node: Node, position: int, **given: Any) -> Any:
    """The form's expression with the names it asks for filled in."""
    op, inputs = node.op, node.inputs
    names = op.wants[op.slot_name(position)]
    open_ended = bool(names) and names[0] == "**"
    asked: dict[str, Any] = {}
    for name in names[1:] if open_ended else names:
        place = op.places.get(name)
        if place is not None:
            asked[name] = inputs[place] if place >= 0 else node
        elif name in given:
            asked[name] = given[name]
        else:
            asked[name] = position if name == "position" else op.named(node, name)
    if open_ended:
        asked.update((name, value) for name, value in node.params if name not in asked)
    return form.expression(**asked)


def form_of(node: Node, position: int) -> Form | None:
    """The form for this input; None where the derivative is zero; an error where there is none."""
    form = node.op.form(position)
    match form:
        case Zero():
            return None
        case Undefined(why):
            name = node.op.slot_name(position)
            raise NotDifferentiableError(f"{node.op.name} is not differentiable with respect to {name}", hint=why)
        case None:
            if not carries_derivative(node):
                return None
            name = node.op.slot_name(position)
            raise UnsupportedError(f"{node.op.name} has no derivative with respect to {name}")
        case _:
            return form


def carries_derivative(node: Node) -> bool:
    """Is any output of this node of a dtype that can carry a derivative?"""
    return any(is_inexact(aval.dtype) for aval in node.avals)
