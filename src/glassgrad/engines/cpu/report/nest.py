"""A kernel printed as the loop nest that it is, in readable C with the person's names and lines. Floor 4.

It follows the writer of the native text (`emit/kernels.py`): a value is written where it is read; what does not depend
on the inner loops stands before them; what several read, and what a person named, has a line of its own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from glassgrad.engines.cpu.emit.lanes import TILE, Lanes
from glassgrad.engines.cpu.plan.index import Axis, Index, variable
from glassgrad.engines.cpu.plan.kernels import Change, Kernel, Phase, Role, Root
from glassgrad.engines.cpu.plan.views import source_index
from glassgrad.engines.cpu.report.expressions import ATOM, Indices, Text, c_type, number_text, operation_text
from glassgrad.engines.cpu.report.names import Names
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LITERAL

_LONGEST = 72  # characters of an expression that is not given a name
_LETTERS = "ijklmnpqrs"


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of the program in which the kernel stands, and how the kernel is run."""

    roles: Mapping[Node, Role]
    kept: Collection[Node]
    names: Names
    lanes: Lanes | None
    threads: int


@dataclass(eq=False, slots=True)
class _Scope:
    """The inside of one loop: its lines, the values known there, the person's line that was named last."""

    lines: list[str] = field(default_factory=list)
    known: dict[tuple[Node, Index], Text] = field(default_factory=dict)
    source: str = ""


def nest_text(kernel: Kernel, around: Around) -> str:
    """The loop nest."""
    return "\n".join(_Nest(kernel, around).write())


class _Nest:
    def __init__(self, kernel: Kernel, around: Around) -> None:
        self.kernel, self.around = kernel, around
        self.roots = {root.node: root for root in kernel.roots if root.target is None}
        self.scopes = [_Scope()]
        self.level: dict[Axis, int] = {}
        self.indices = Indices()
        self.uses = _uses(kernel, around)
        self.lets = 0

    def write(self) -> list[str]:
        """The lines."""
        for root in self.kernel.roots:
            if root.late:
                self._begin(root)
            elif root.buffered and not root.stored:
                inner = [axis.extent for axis in root.axes if axis not in self.kernel.frame and axis.extent != 1]
                if inner:
                    sizes = "".join([f"[{size}]" for size in inner])
                    self._line(f"{c_type(root.node.dtype)} {self._name(root.node)}{sizes};")
        self._loops(self.kernel.frame, self._phases, outermost=True)
        return self.scopes[0].lines

    # ------------------------------------------------------------------ loops
    def _loops(self, axes: Sequence[Axis], body: Callable[[], None], *, outermost: bool = False) -> None:
        if not axes:
            body()
            return
        self._loop(axes[0], lambda: self._loops(axes[1:], body), outermost=outermost)

    def _loop(
        self, axis: Axis, body: Callable[[], None], phase: Phase | None = None, *, outermost: bool = False
    ) -> None:
        depth = len(self.scopes) - 1
        name = self.indices.names[axis] = _LETTERS[depth] if depth < len(_LETTERS) else f"i{depth}"
        self.level[axis] = depth + 1
        self.scopes.append(_Scope(source=self.scopes[-1].source))
        body()
        inside = self.scopes.pop()
        del self.level[axis]
        outer = self.scopes[-1]
        outer.source = inside.source
        facts = self._facts(axis, phase, outermost=outermost)
        lanes = self.around.lanes
        backwards = axis in phase.backwards if phase is not None else lanes is not None and axis is lanes.descending
        head = (
            f"for (int {name} = {axis.extent - 1}; {name} >= 0; {name}--)"
            if backwards
            else f"for (int {name} = 0; {name} < {axis.extent}; {name}++)"
        )
        note = f"    // {', '.join(facts)}" if facts else ""
        outer.lines.append(f"{head} {{{note}")
        outer.lines.extend(["    " + line for line in inside.lines])
        outer.lines.append("}")

    def _facts(self, axis: Axis, phase: Phase | None, *, outermost: bool) -> list[str]:
        lanes, facts = self.around.lanes, []
        if outermost and self.around.threads > 1:
            facts.append(f"{self.around.threads} threads" + (", from the end" if self.kernel.from_end else ""))
        if lanes is not None:
            mine = lanes.of_frame is axis or (phase is not None and lanes.of_phase.get(phase) is axis)
            if mine:
                facts.append(f"{min(lanes.width, axis.extent)} lanes")
            elif axis is lanes.tiled:
                facts.append(f"{TILE} at a time, innermost")
            elif axis in lanes.unrolled:
                facts.append("written out")
        return facts

    def _phases(self) -> None:
        for phase in self.kernel.phases:
            self._phase(phase, 0)

    def _phase(self, phase: Phase, depth: int) -> None:
        if depth == len(phase.axes):
            for root in phase.roots:
                self._root(root)
            return
        axis = phase.axes[depth]
        if axis.extent == 0:
            return
        for root in phase.roots:
            if self._begins(root, phase, axis):
                self._begin(root, in_memory=phase.adds_in_memory(root))
        self._loop(axis, lambda: self._phase(phase, depth + 1), phase)

    def _begins(self, root: Root, phase: Phase, axis: Axis) -> bool:
        """Is this the outermost loop that the root is reduced over, or along which it runs?"""
        if root.late:
            return False
        if root.role is Role.RUNNING:
            return axis is root.axes[root.node.param("axis")]
        inner = [one for one in phase.axes if one in root.reduced]  # a row in memory is filled before all of them
        return bool(inner) and inner[0] is axis

    # ------------------------------------------------------------------ roots
    def _begin(self, root: Root, *, in_memory: bool = False) -> None:
        """What a sum (…) begins with."""
        node, kind = root.node, c_type(root.node.dtype)
        if root.role is Role.RUNNING:
            if node.op.name != "recurrence":
                self._line(f"{kind} {self._running(root)} = {1 if node.op.name == 'cumprod' else 0};")
            return
        if in_memory or (root.late and any(axis.extent != 1 for axis in root.axes)):
            at = tuple([variable(axis) for axis in root.axes if axis in self.level])
            self._line(f"fill({self.indices.element(self._name(node), at)}, {_identity(node)});")
            return
        declared = "" if root.stored else f"{kind} "
        if node.op.name in ("argmax", "argmin"):
            self._line(f"{c_type(node.inputs[0].dtype)} best = {_identity(node)};")
        self._line(f"{declared}{self._place(root)} = {_identity(node)};")

    def _root(self, root: Root) -> None:
        values = [self.value(x, index) for x, index in root.operands]
        self._comment(root.node)
        place = self._place(root)
        match root.role:
            case Role.RUNNING:
                self._run(root, values)
            case Role.REDUCE | Role.PRODUCT if root.late or any(axis.extent != 1 for axis in root.reduced):
                self._add(root, place, values)
            case Role.PRODUCT:
                self._set(root, Text(f"{values[0].within(10)} * {values[1].within(10)}", 10))
            case Role.ELEMENTWISE:
                self._set(root, operation_text(root.node, values))
            case _:
                self._set(root, values[0])

    def _set(self, root: Root, value: Text) -> None:
        if root.target is not None or root.stored or (root.buffered and self._inner(root)):
            sign = "+=" if root.change is Change.ADD else "="
            self._line(f"{self._place(root)} {sign} {value.text};")
            return
        name = self._name(root.node)
        self._line(f"{c_type(root.node.dtype)} {name} = {value.text};")

    def _add(self, root: Root, place: str, values: Sequence[Text]) -> None:
        name = root.node.op.name
        value = values[0] if root.role is Role.REDUCE else Text(f"{values[0].within(10)} * {values[1].within(10)}", 10)
        match name:
            case "max" | "min":
                self._line(f"{place} = {name}({place}, {value.text});")
            case "argmax" | "argmin":
                sign = ">" if name == "argmax" else "<"
                at = self.indices.text(variable(root.reduced[0])).text
                self._line(f"if ({value.within(8)} {sign} best) best = {value.text}, {place} = {at};")
            case "prod":
                self._line(f"{place} *= {value.text};")
            case "any":
                self._line(f"{place} |= {value.text};")
            case "all":
                self._line(f"{place} &= {value.text};")
            case _:
                self._line(f"{place} += {value.text};")

    def _run(self, root: Root, values: Sequence[Text]) -> None:
        name, place = self._running(root), self._place(root)
        match root.node.op.name:
            case "cumsum":
                self._line(f"{name} += {values[0].text};")
            case "cumprod":
                self._line(f"{name} *= {values[0].text};")
            case _:
                axis = root.axes[root.node.param("axis")]
                first = axis.extent - 1 if root.node.param("backwards") else 0
                at = self.indices.names.get(axis, "0")
                step = f"{values[0].within(10)} * {name} + {values[1].within(9)}"
                self._line(f"{name} = {at} == {first} ? {values[1].within(1)} : {step};")
        if place != name:
            self._line(f"{place} = {name};")

    def _running(self, root: Root) -> str:
        return f"{self._name(root.node)}_now" if root.stored or root.buffered else self._name(root.node)

    def _inner(self, root: Root) -> list[Axis]:
        return [axis for axis in root.axes if axis not in self.kernel.frame and axis.extent != 1]

    def _place(self, root: Root) -> str:
        """Where the root's value goes at this point."""
        own = tuple([variable(axis) for axis in root.axes])
        if root.target is not None:
            return self._element(root.node, root.target)
        return self._element(root.node, own)

    # ------------------------------------------------------------------ values
    def value(self, node: Node, index: Index) -> Text:
        """An element of a value, as an expression or by the name that it was given."""
        level = self._level_of(index)
        found = self.scopes[level].known.get((node, index))
        if found is not None:
            return found
        if node.op is LITERAL:
            return number_text(node)
        role = self.around.roles[node]
        if node in self.around.kept or role is Role.GIVEN:
            return Text(self._element(node, index))
        if role is Role.VIEW:
            return self.value(node.inputs[0], source_index(node, index))
        made = operation_text(node, [self.value(x, index) for x in node.inputs])
        if self._has_line(node, index, level, made):
            self._comment(node, level)
            name = self._let(node)
            self.scopes[level].lines.append(f"{c_type(node.dtype)} {name} = {made.text};")
            made = Text(name)
        self.scopes[level].known[node, index] = made
        return made

    def _has_line(self, node: Node, index: Index, level: int, made: Text) -> bool:
        if made.binding == ATOM and made.text.replace("_", "").isalnum():
            return False
        hoisted = level < len(self.scopes) - 1
        return hoisted or self.uses[node, index] > 1 or self.around.names.is_named(node) or len(made.text) > _LONGEST

    def _let(self, node: Node) -> str:
        if self.around.names.is_named(node):
            return self._name(node)
        self.lets += 1
        return f"v{self.lets}"

    def _element(self, node: Node, index: Index) -> str:
        root = self.roots.get(node)
        self.indices.array.update(self._looked_up(index))
        if root is not None and not root.stored:
            index = tuple([part for part, axis in zip(index, root.axes, strict=True) if axis in self._inner(root)])
            index = index if root.buffered else ()
        return self.indices.element(self._name(node), index)

    def _looked_up(self, index: Index) -> dict[Node, str]:
        found: dict[Node, str] = {}
        stack = list(index)
        while stack:
            for symbol, _ in stack.pop().terms:
                node = getattr(symbol, "node", None)
                if node is not None:
                    found[node] = self._name(node)
                    stack.extend(symbol.at)  # type: ignore[union-attr]  # what has a node is looked up
                elif not isinstance(symbol, Axis):
                    stack.append(symbol.of)  # type: ignore[union-attr]  # a quotient
        return found

    def _level_of(self, index: Index) -> int:
        return max([self.level.get(axis, 0) for part in index for axis in part.axes()], default=0)

    def _name(self, node: Node) -> str:
        return self.around.names.name(node)

    # ------------------------------------------------------------------ lines
    def _line(self, text: str) -> None:
        self.scopes[-1].lines.append(text)

    def _comment(self, node: Node, level: int = -1) -> None:
        """The person's line, where it is another than the one named last."""
        scope, source = self.scopes[level], self.around.names.source(node)
        if source and source != scope.source:
            scope.lines.append(f"// {source}")
            scope.source = source


def _identity(node: Node) -> str:
    match node.op.name:
        case "prod":
            return "1"
        case "any":
            return "false"
        case "all":
            return "true"
        case "max" | "argmax":
            return "-INFINITY" if node.inputs[0].dtype.kind == "f" else "MIN"
        case "min" | "argmin":
            return "INFINITY" if node.inputs[0].dtype.kind == "f" else "MAX"
    return "0"


def _uses(kernel: Kernel, around: Around) -> dict[tuple[Node, Index], int]:
    """How often each value is read at each index."""
    found: dict[tuple[Node, Index], int] = {}
    stack = [pair for root in kernel.roots for pair in root.operands]
    while stack:
        node, index = pair = stack.pop()
        found[pair] = found.get(pair, 0) + 1
        if found[pair] > 1 or node.op is LITERAL or node in around.kept:
            continue
        match around.roles[node]:
            case Role.VIEW:
                stack.append((node.inputs[0], source_index(node, index)))
            case Role.ELEMENTWISE:
                stack.extend([(x, index) for x in node.inputs])
    return found
