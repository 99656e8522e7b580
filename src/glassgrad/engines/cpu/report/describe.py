"""A plan and its text described step by step. Floor 4."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from glassgrad.base.avals import short_dtype, show_size
from glassgrad.base.settings import current
from glassgrad.engines.cpu.emit.module import Module
from glassgrad.engines.cpu.emit.types import kind_of
from glassgrad.engines.cpu.native.target import has_halves
from glassgrad.engines.cpu.native.threads import processor_count
from glassgrad.engines.cpu.plan.data import Plan
from glassgrad.engines.cpu.plan.kernels import Call, Kernel, Role, Step
from glassgrad.engines.cpu.plan.plan import planned
from glassgrad.engines.cpu.plan.roles import storage_of
from glassgrad.engines.cpu.products.blocking import blocking_of
from glassgrad.engines.cpu.products.product import is_product, product_of
from glassgrad.engines.cpu.report import data
from glassgrad.engines.cpu.report.names import Names
from glassgrad.engines.cpu.report.nest import Around, nest_text
from glassgrad.engines.cpu.report.work import Work, kernel_work, moved, product_work
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import ARRAY, LITERAL, PROJECT

_LONGEST_TITLE = 6  # values named in a title


@dataclass(eq=False, slots=True)
class Describer:
    """Describes the steps of a program; remembers which step of the plan each description stands for."""

    module: Module
    names: Names
    found: dict[Step, data.Step] = field(default_factory=dict)
    _numbers: dict[str, Any] = field(default_factory=dict)

    def steps(self, plan: Plan) -> tuple[data.Step, ...]:
        """The steps of a plan."""
        self._name_whole(plan)
        for step in plan.steps:
            self.found[step] = self._kernel(plan, step) if isinstance(step, Kernel) else self._call(plan, step)
        return tuple([self.found[step] for step in plan.steps])

    def _name_whole(self, plan: Plan) -> None:
        """What a person named may be another shape of what is computed: `m = h.max(axis=1, keepdims=True)`."""
        known = self.names.notes.names
        for node in plan.roles:
            whole = storage_of(node)
            if whole is not node and node in known and whole not in known:
                known[whole] = known[node]

    # ------------------------------------------------------------------ loops
    def _kernel(self, plan: Plan, kernel: Kernel) -> data.Kernel:
        lanes, threads = self.module.choice(kernel, plan)
        code = nest_text(kernel, Around(plan.roles, plan.kept, self.names, lanes, threads))
        vector = lanes is not None and (lanes.of_frame is not None or bool(lanes.of_phase))
        return data.Kernel(
            self.module.names.get(kernel, "inside"),
            self._title([root.node for root in kernel.roots if root.stored]),
            _ops_of(kernel, plan),
            self._sources([root.node for root in kernel.roots]),
            code,
            _dtype_of(kernel),
            lanes.width if lanes is not None and vector else 1,
            threads,
            kernel_work(kernel, plan.roles, plan.kept),
        )

    # ------------------------------------------------------------------ calls
    def _call(self, plan: Plan, call: Call) -> data.Step:
        node = call.node
        bodies = plan.bodies.get(node, [])
        if node in plan.items:  # one function in registers: its bodies are told as loops over the items
            bodies = [planned(graph, inside=True) for graph in plan.items[node].graphs]
            return self._loop(node, bodies, f", {plan.items[node].count} items side by side in registers")
        if bodies:
            return self._loop(node, bodies)
        if is_product(node):
            return self._product(node)
        facts = (self._title(_values_of(plan, node)), self._sources([node]), node.op.name)
        if node not in self.module.host:
            return data.Routine(self._number("r"), *facts, moved(node))
        return data.Fallback(self._number("h"), *facts, reason(node), moved(node))

    def _product(self, node: Node) -> data.Product:
        product, _, _ = product_of(node)
        return data.Product(
            self._number("p"),
            self._title([node]),
            self._sources([node]),
            product.batches,
            product.rows,
            product.columns,
            product.inner * product.repeats,
            short_dtype(node.dtype),
            *_runs(node),
            product_work(node),
        )

    def _loop(self, node: Node, bodies: Sequence[Plan], beside: str = "") -> data.Loop:
        inside = [(label, self._body(node, body)) for label, body in zip(_labels(node, bodies), bodies, strict=True)]
        rounds = _rounds(node)
        works = [sum([step.work for step in steps], Work()) for _, steps in inside]
        work = max(works, key=lambda one: one.additions) if node.op.name == "cond" else sum(works, Work())
        title = self._loop_title(node) + beside
        return data.Loop(
            self._number("l"), title, self._sources([node]), node.op.name, rounds, tuple(inside),
            work.times(rounds if rounds is not None else 1),
        )  # fmt: skip

    def _body(self, node: Node, body: Plan) -> tuple[data.Step, ...]:
        outer = node.inputs[1:] if node.op.name == "cond" else node.inputs
        changing = _changing(node)
        for inner, x in zip(body.inputs[changing:], outer[changing:], strict=True):
            self.names.of.setdefault(inner, self.names.name(x))  # the same array: by the same name
        return self.steps(body)

    # ------------------------------------------------------------------ words
    def _number(self, letter: str) -> str:
        return f"{letter}{next(self._numbers.setdefault(letter, count()))}"

    def _title(self, nodes: Sequence[Node]) -> str:
        """`h f32[64,256], loss f32[]`."""
        once = list(dict.fromkeys(nodes))
        shown = [f"{self.names.name(node)} {node.aval}" for node in once[:_LONGEST_TITLE]]
        more = [f"… {len(once) - _LONGEST_TITLE} more"] if len(once) > _LONGEST_TITLE else []
        return ", ".join(shown + more)

    def _loop_title(self, node: Node) -> str:
        match node.op.name:
            case "scan":
                return f"scan of {show_size(node.param('length'))} rounds, {node.param('carries')} values carried"
            case "while_loop":
                return f"while loop, {node.param('carries')} values carried"
            case "cond":
                return f"one of {len(node.param('branches'))} branches"
        return "a body in memory of its own"

    def _sources(self, nodes: Sequence[Node]) -> tuple[str, ...]:
        return tuple(dict.fromkeys([text for node in nodes if (text := self.names.source(node))]))


def _runs(node: Node) -> tuple[str, int]:
    """What computes a product, and on how many threads."""
    threads = current().threads or processor_count()
    blocking = blocking_of(product_of(node)[0], threads)
    columns = blocking.panels or blocking.last
    threads = min(threads, blocking.pieces)
    return (f"tiles of {columns.tile.rows} × {columns.tile.columns}" if columns is not None else "nothing"), threads


def _labels(node: Node, bodies: Sequence[Plan]) -> list[str]:
    match node.op.name:
        case "while_loop":
            return ["condition", "body"]
        case "cond":
            return [f"branch {number}" for number in range(len(bodies))]
    return ["body"]


def _changing(node: Node) -> int:
    """How many inputs of a body are others in each round."""
    match node.op.name:
        case "scan":
            return int(node.param("carries") + node.param("sequences"))
        case "while_loop":
            return int(node.param("carries"))
    return 0


def _rounds(node: Node) -> int | None:
    match node.op.name:
        case "scan":
            length = int(node.param("length"))
            return length if length >= 0 else None
        case "while_loop":
            return None
    return 1


def _values_of(plan: Plan, node: Node) -> list[Node]:
    """The values that a call gives."""
    if not node.op.multiple:
        return [node]
    return [x for x in plan.places if x.op is PROJECT and x.inputs[0] is node]


def _dtype_of(kernel: Kernel) -> str:
    """The dtype of most of what a kernel computes."""
    names = [short_dtype(root.node.dtype) for root in kernel.roots]
    return max(names, key=lambda name: (name in ("f32", "f64"), names.count(name)), default="f64")


def _ops_of(kernel: Kernel, plan: Plan) -> tuple[str, ...]:
    """The names of the ops inside, in the order of their values."""
    found: set[Node] = set()
    stack = [root.node for root in kernel.roots]
    own = set(stack)
    while stack:
        node = stack.pop()
        if node in found or node.op is LITERAL:
            continue
        found.add(node)
        stack.extend([x for x in node.inputs if x in own or (x not in plan.kept and plan.roles[x] in _WRITTEN_INSIDE)])
    return tuple(dict.fromkeys([node.op.name for node in sorted(found, key=lambda node: node.serial)]))


_WRITTEN_INSIDE = (Role.ELEMENTWISE, Role.VIEW)


def reason(node: Node) -> str:
    """Why an op is computed by the reference engine."""
    inexact = [str(x.dtype) for x in (*node.inputs, node) if type(x.aval) is not tuple and kind_of(x.dtype) is None]
    if inexact:
        return f"{inexact[0]} values: native loops hold real numbers and truth values"
    half = any(type(x.aval) is not tuple and x.dtype.name == "float16" for x in (*node.inputs, node))
    if half and not has_halves():
        return "float16 values: this processor does not turn them into float32 by itself"
    return f"{node.op.name} has no native loop: NumPy or SciPy computes it"


def operations(graph: Graph, names: Names) -> tuple[data.Operation, ...]:
    """The ops of a graph, in the order in which the reference engine runs them."""
    given = set(graph.inputs)
    nodes = [node for node in graph.nodes() if node not in given and node.op not in (LITERAL, ARRAY, PROJECT)]
    return tuple(
        [
            data.Operation(
                f"n{number}",
                f"{names.name(node)} {', '.join([str(aval) for aval in node.avals])}",
                (names.source(node),) if names.source(node) else (),
                node.op.name,
                moved(node),
            )
            for number, node in enumerate(nodes)
        ]
    )


# ------------------------------------------------------------------ memory
def buffers_of(plan: Plan, names: Names) -> tuple[data.Buffer, ...]:
    """The arrays of a program in the order in which they come to life."""
    made, read = _lives(plan)
    end = len(plan.steps) + 1
    found = []
    for node, place in plan.places.items():
        match place.space:
            case "inputs":
                kind = "input" if place.number < len(plan.inputs) else "captured"
                number = place.number - (0 if kind == "input" else len(plan.inputs))
                where, first, last = f"{kind} {number}", 0, end
            case "outputs":
                where, first, last = f"result {place.number}", made.get(node, 0), end
            case _:
                first = made.get(node, 0)
                where, last = f"arena + {place.number}", max(read.get(node, first), first)
        found.append(_buffer(names.name(node), node, where, first, last))
    for node, place in plan.scratch.items():
        first = made.get(node, 0)
        nbytes = plan.arena_bytes - place.number if place.space == "arena" else 0
        following = [other.number for other in plan.places.values() if other.space == "arena"]
        nbytes = min([n - place.number for n in following if n > place.number], default=nbytes)
        found.append(data.Buffer(f"scratch of {node.op.name}", (nbytes,), "u8", nbytes, f"arena + {place.number}",
                                 first, first))  # fmt: skip
    return tuple(sorted(found, key=lambda buffer: (buffer.first, buffer.last)))


def _buffer(name: str, node: Node, where: str, first: int, last: int) -> data.Buffer:
    return data.Buffer(name, node.shape, short_dtype(node.dtype), max(node.aval.nbytes, 0), where, first, last)


def _lives(plan: Plan) -> tuple[dict[Node, int], dict[Node, int]]:
    """In which step each value is made, and in which it is read last."""
    made: dict[Node, int] = {}
    read: dict[Node, int] = {}
    for number, step in enumerate(plan.steps, 1):
        if isinstance(step, Kernel):
            made.update((root.node, number) for root in step.roots)
            nodes = [x for root in step.roots for x, _ in root.operands]
        else:
            made.update((x, number) for x in [step.node, *_values_of(plan, step.node)])
            nodes = list(step.node.inputs)
        for node in _reached(nodes, plan):
            read[node] = number
    return made, read


def _reached(nodes: Sequence[Node], plan: Plan) -> set[Node]:
    """What lies in memory and is read on the way to these."""
    found: set[Node] = set()
    seen: set[Node] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in plan.places:
            found.add(node)
        elif storage_of(node) in plan.places:
            found.add(storage_of(node))
        elif node not in plan.kept:
            stack.extend(node.inputs)
    return found
