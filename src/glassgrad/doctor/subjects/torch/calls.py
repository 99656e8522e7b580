"""A call of a layer or function as it was recorded, and the gradients that went through it. Floor 7."""

from dataclasses import dataclass, field
from typing import Any, Literal

from glassgrad.doctor.subjects.torch.meter import Meter, norm_of
from glassgrad.doctor.subjects.torch.modes import past_modes
from glassgrad.doctor.subjects.torch.operations import Operation
from glassgrad.doctor.subjects.torch.units import UnitNumbers

_FURTHEST = 400  # nodes of autograd's graph between a call's output and its input; beyond, the input's own sum is taken


@dataclass(slots=True)
class Call:
    """One call. Numbers are places in the meter; gradients arrive while the backward pass runs."""

    path: str
    operation: Operation
    place: str | None
    phase: Literal["forward", "loss"]
    key: tuple[Any, ...]
    module: Any = None
    point: dict[str, int] = field(default_factory=dict)  # what its formula wants to know of its input and output
    units: UnitNumbers | None = None
    parameters: tuple[int, ...] = ()  # ids of the parameters that a function was given
    shape: tuple[int, ...] = ()  # of its output
    is_reached: bool = True  # does its output ask for a gradient?
    entering: list[int] = field(default_factory=list)
    leaving: list[int] = field(default_factory=list)
    time: list[int] = field(default_factory=list)
    knows_leaving: bool = False
    nodes: tuple[Any, ...] = ()  # of autograd's graph, that gave its outputs
    follows: bool = False  # is it called on what came of its call before, as along time?

    def listen(self, inputs: list["Edge"], outputs: list[Any], meter: Meter, before: "Call | None" = None) -> None:
        """Hooks the gradients that enter by the outputs and leave by the inputs; `before` is the call before of it."""
        learning = [output for output in outputs if output.requires_grad]
        self.nodes = tuple(output.grad_fn for output in learning if output.grad_fn is not None)
        self.follows = before is not None and _come_of(inputs, before.nodes)
        self.is_reached = bool(learning)
        for output in learning:
            meter.hook(output, _keeper(meter, self.entering))
        wanted = [edge for edge in inputs if edge.is_learning]
        self.knows_leaving = bool(wanted)
        if not wanted:
            return
        found = None if self.operation.family == "recurrence" else _edges_between(list(self.nodes), wanted)
        if found is None:
            for edge in wanted:
                meter.hook(edge.tensor, _keeper(meter, self.leaving))
            return
        for node, places in found:
            node.register_hook(past_modes(_contributions(meter, self.leaving, places)))

    def listen_in_time(self, sequence: Any, axis: int, meter: Meter) -> None:
        """Hooks the gradient by each step of a recurrent layer's input."""

        def keep(gradient: Any) -> None:
            steps = gradient.detach().movedim(axis, 0).flatten(1).float().norm(dim=1)
            self.time.extend(meter.add(step) for step in steps.flip(0))

        meter.hook(sequence, keep)


@dataclass(frozen=True, slots=True)
class Edge:
    """Where an input comes from in autograd's graph, noted before the call: a call in place would change it."""

    tensor: Any
    node: Any
    number: int

    @classmethod
    def of(cls, tensor: Any) -> "Edge":
        """The edge of a tensor as it is now."""
        return cls(tensor, tensor.grad_fn, tensor.output_nr)

    @property
    def is_learning(self) -> bool:
        """Does a gradient flow out here?"""
        return self.node is not None or bool(self.tensor.requires_grad)

    def is_entered_by(self, node: Any, number: int) -> bool:
        """Does an edge to this output of this node end here?"""
        if self.node is not None:
            return node is self.node and number == self.number
        return getattr(node, "variable", None) is self.tensor


def _keeper(meter: Meter, places: list[int]) -> Any:
    def keep(gradient: Any) -> None:
        places.append(meter.add(norm_of(gradient)))

    return keep


def _contributions(meter: Meter, kept: list[int], places: list[int]) -> Any:
    def keep(by_inputs: Any, by_outputs: Any) -> None:
        known = [by_inputs[place] for place in places if place < len(by_inputs)]
        kept.extend(meter.add(norm_of(part)) for part in known if part is not None)

    return keep


def _come_of(edges: list[Edge], nodes: tuple[Any, ...]) -> bool:
    """Does one of the edges lead back to one of the nodes? Only what autograd has numbered after them is looked at."""
    oldest = min((_number(node) for node in nodes), default=0)
    waiting = [edge.node for edge in edges if edge.node is not None] if nodes else []
    seen: set[Any] = set()
    while waiting and len(seen) <= _FURTHEST:
        node = waiting.pop()
        if any(node is one for one in nodes):
            return True
        if node not in seen and _number(node) >= oldest:
            seen.add(node)
            waiting += [following for following, _ in node.next_functions if following is not None]
    return False


def _number(node: Any) -> int:
    number: int = node._sequence_nr()  # noqa: SLF001 - the order in which the forward pass made the nodes
    return number


def _edges_between(starts: list[Any], ends: list[Edge]) -> list[tuple[Any, list[int]]] | None:
    """The nodes of the call whose edges lead out to its inputs; None where the way is too long to follow.

    What leaves by these edges is the call's own share of the gradient: an input may have other readers (a residual
    link), whose shares its own sum would mix in.
    """
    found: list[tuple[Any, list[int]]] = []
    seen, waiting = set(), list(starts)
    outside = {id(end.node) for end in ends if end.node is not None}
    if any(id(start) in outside for start in starts):
        return []  # the input came out as it was
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if len(seen) > _FURTHEST:
            return None
        places = []
        for place, (following, number) in enumerate(node.next_functions):
            if following is None:
                continue
            if any(end.is_entered_by(following, number) for end in ends):
                places.append(place)
            elif id(following) not in outside:
                waiting.append(following)
        if places:
            found.append((node, places))
    return found
