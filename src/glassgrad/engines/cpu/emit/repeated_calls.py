"""Calls that come again and again in a program, each written once as a function of addresses. Floor 4.

A product or a system of equations takes tens of lines where it stands; a loop of the user that was written out would
repeat them in every round.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

from glassgrad.engines.cpu.emit.failure import PLACE
from glassgrad.engines.cpu.emit.frame import Frame, Function
from glassgrad.engines.cpu.plan.data import Plan
from glassgrad.engines.cpu.plan.kernels import Call
from glassgrad.engines.cpu.plan.memory import Place
from glassgrad.engines.cpu.plan.roles import storage_of
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LITERAL

_OFTEN = 4  # times from which a call is a function


@dataclass(frozen=True, slots=True)
class _Shown:
    """A call with numbers in place of values: equal `key`s are written alike. `values` are those that it is given."""

    key: Hashable
    values: tuple[Node, ...]


def _shown(frame: Frame, node: Node) -> _Shown:
    values: dict[Node, int] = {}
    read = [
        x.params if x.op is LITERAL else (values.setdefault(storage_of(x), len(values)), x.avals) for x in node.inputs
    ]
    made = frame.parts(node) if node.op.multiple else [node]
    written = [None if part is None else values.setdefault(part, len(values)) for part in made]
    room = node in frame.plan.scratch
    return _Shown((node.op, node.params, node.avals, tuple(read), tuple(written), room), tuple(values))


@dataclass(eq=False, slots=True)
class RepeatedCalls:
    """The functions of one plan's calls. `write` writes a call into a frame."""

    write: Callable[[Frame, Node], None]
    functions: list[str]
    declarations: dict[str, str]
    shown: dict[Node, _Shown] = field(default_factory=dict)
    names: dict[Hashable, str] = field(default_factory=dict)

    def look_through(self, frame: Frame, plan: Plan) -> None:
        """Finds the calls that come often; those with bodies have other calls inside, and are left as they are."""
        calls = [step.node for step in plan.steps if isinstance(step, Call)]
        if len(calls) < _OFTEN:
            return
        found = {node: _shown(frame, node) for node in calls if node not in plan.items and not plan.bodies.get(node)}
        count = Counter([shown.key for shown in found.values()])
        self.shown = {node: shown for node, shown in found.items() if count[shown.key] >= _OFTEN}

    def call(self, frame: Frame, node: Node) -> bool:
        """Writes the call as one of a function, if it comes often."""
        shown = self.shown.get(node)
        if shown is None:
            return False
        if shown.key not in self.names:
            self.names[shown.key] = self._function(frame.plan, node, shown.values)
        room = frame.scratch(node) if node in frame.plan.scratch else "null"
        given = [PLACE, "%context", room, *[frame.address(value) for value in shown.values]]
        frame.writer.line(f"call void @{self.names[shown.key]}({', '.join(f'ptr {x}' for x in given)})")
        return True

    def _function(self, plan: Plan, node: Node, values: Sequence[Node]) -> str:
        name, function = f"c{len(self.names)}", Function(self.declarations)
        own = replace(
            plan,
            places={value: Place("inputs", place) for place, value in enumerate(values)},
            scratch={node: Place("arena", 0)} if node in plan.scratch else {},
        )
        given = [f"%p{place}" for place in range(len(values))]
        self.write(Frame(function, own, given, [], "%room"), node)
        head = ", ".join(f"ptr {x}" for x in (PLACE, "%context", "%room", *given))
        lines = [f"define internal void @{name}({head}) #0 {{", "entry:", *function.entry, *function.writer.lines]
        self.functions.append("\n".join([*lines, "  ret void", "}"]))
        return name
