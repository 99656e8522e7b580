"""The text of a native program: its kernels, and the function that calls them in order. Floor 4."""

from glassgrad.engines.cpu.calls.control import write_call, write_cond, write_scan, write_while
from glassgrad.engines.cpu.calls.products import write_product
from glassgrad.engines.cpu.emit.clock import Clock
from glassgrad.engines.cpu.emit.functions import Declarations
from glassgrad.engines.cpu.emit.kernels import Surroundings, kernel_text
from glassgrad.engines.cpu.emit.lanes import Lanes, lanes_of
from glassgrad.engines.cpu.emit.sharing import ranges_of, shared_text
from glassgrad.engines.cpu.emit.values import Writer
from glassgrad.engines.cpu.plan.kernels import Kernel, Step
from glassgrad.engines.cpu.plan.memory import Place
from glassgrad.engines.cpu.plan.plan import Plan
from glassgrad.engines.cpu.plan.roles import storage_of
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LITERAL, PROJECT

_ALLOCATION = {
    "malloc": "declare ptr @malloc(i64)",
    "realloc": "declare ptr @realloc(ptr, i64)",
    "free": "declare void @free(ptr)",
}
_ATTRIBUTES = "attributes #0 = { nounwind }\n!0 = !{}"


class Module:
    """Collects functions, declarations and constants. `host` lists the ops that the host computes.

    With a clock, each step of the program and of its bodies is timed.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock
        self.functions: list[str] = []
        self.intrinsics = Declarations()
        self.constants: dict[str, str] = {}
        self.symbols: dict[str, str] = {}
        self.host: list[Node] = []
        self.kernels: list[tuple[str, Kernel]] = []
        self.choices: dict[Kernel, tuple[Lanes, int]] = {}  # its lanes, and among how many threads it is shared
        self.names: dict[Step, str] = {}
        self.bodies = 0
        self.rooms: list[str] = []
        self.keepers: list[str] = []

    def text(self) -> str:
        """All of it."""
        return "\n\n".join(
            [
                "\n".join(
                    [*self.constants.values(), *self.symbols.values(), *(self.clock.texts() if self.clock else ())]
                ),
                "\n".join(self.intrinsics.texts()),
                *self.functions,
                _ATTRIBUTES,
            ]
        )

    def program(self, name: str, plan: Plan, *, inside: bool = False) -> None:
        """The function of a plan: `void name(ptr inputs, ptr outputs, ptr arena, ptr context)`."""
        around = Surroundings(plan.roles, plan.kept, plan.places, self.intrinsics)
        writer = Writer(self.intrinsics)
        outer, self.rooms = self.rooms, []
        outer_keepers, self.keepers = self.keepers, []
        for step in plan.steps:
            start = self.clock.begin(writer) if self.clock is not None else ""
            if isinstance(step, Kernel):
                kernel = f"k{len(self.kernels)}"
                self.kernels.append((kernel, step))
                self._kernel(kernel, step, around)
                writer.line(f"call void @{kernel}(ptr %inputs, ptr %outputs, ptr %arena)")
            else:
                self._call(writer, plan, step.node)
            if self.clock is not None:
                self.clock.end(writer, step, start)
        self._give_back(writer)
        linkage = "internal " if inside else ""
        head = f"define {linkage}void @{name}(ptr %inputs, ptr %outputs, ptr %arena, ptr %context) #0 {{"
        self.functions.append("\n".join([head, "entry:", *self.rooms, *writer.lines, "  ret void", "}"]))
        self.rooms, self.keepers = outer, outer_keepers

    def _kernel(self, name: str, kernel: Kernel, around: Surroundings) -> None:
        lanes = lanes_of(kernel, around.roles, around.kept)
        ranges = ranges_of(kernel, lanes)
        self.names[kernel], self.choices[kernel] = name, (lanes, ranges)
        if ranges == 1:
            self.functions.append(kernel_text(name, kernel, lanes, around))
            return
        self.symbols["fork_join"] = "declare void @fork_join(ptr, ptr, i64)"
        self.functions.extend(shared_text(name, kernel, lanes, around, ranges))

    def _call(self, writer: Writer, plan: Plan, node: Node) -> None:
        bodies = [self._body(body) for body in plan.bodies.get(node, ())]
        match node.op.name:
            case "contract" if node.dtype.char in "fd":
                write_product(self, writer, plan, node)
            case "call" if bodies:
                write_call(self, writer, plan, node, bodies[0])
            case "scan" if bodies:
                write_scan(self, writer, plan, node, bodies)
            case "while_loop" if bodies:
                write_while(self, writer, plan, node, bodies)
            case "cond" if bodies:
                write_cond(self, writer, plan, node, bodies)
            case _:
                self._host_call(writer, plan, node)

    def _body(self, plan: Plan) -> tuple[str, Plan]:
        """The function of a loop's body or a branch."""
        name = f"body{self.bodies}"
        self.bodies += 1
        self.program(name, plan, inside=True)
        return f"@{name}", plan

    # ------------------------------------------------------------------ pieces of the program's function
    def pointer(self, writer: Writer, plan: Plan, node: Node) -> str:
        """The address of a value that lies in memory."""
        return self.place_pointer(writer, plan.places[storage_of(node)])

    def place_pointer(self, writer: Writer, place: Place) -> str:
        """The address of a place."""
        if place.space == "arena":
            return writer.address("%arena", str(place.number))
        slot = writer.address(f"%{place.space}", str(8 * place.number))
        name = writer.fresh()
        writer.line(f"{name} = load ptr, ptr {slot}, align 8")
        return name

    def constant(self, type: str, value: str) -> str:
        """The address of a number that never changes."""
        name = f"@c.{type}.{value.replace('-', 'm').replace('.', 'p')}"
        self.constants.setdefault(name, f"{name} = private unnamed_addr constant {type} {value}")
        return name

    def table(self, writer: Writer, pointers: list[str]) -> str:
        """The address of a list of addresses."""
        name = self.room(writer, len(pointers))
        for position, pointer in enumerate(pointers):
            writer.line(f"store ptr {pointer}, ptr {writer.address(name, str(8 * position))}, align 8")
        return name

    def room(self, writer: Writer, count: int) -> str:
        """Room for a list of addresses."""
        name = writer.fresh()
        self.rooms.append(f"  {name} = alloca ptr, i64 {max(count, 1)}, align 8")
        return name

    def owned(self, writer: Writer, slot: str) -> None:
        """The elements behind this slot are given back when the program's function ends."""
        for name, text in _ALLOCATION.items():
            self.intrinsics[name] = text
        keeper = self.room(writer, 1)
        self.rooms.append(f"  store ptr null, ptr {keeper}, align 8")
        writer.line(f"store ptr {slot}, ptr {keeper}, align 8")
        self.keepers.append(keeper)

    def _give_back(self, writer: Writer) -> None:
        for keeper in self.keepers:
            slot, elements, there = writer.fresh(), writer.fresh(), writer.fresh()
            yes, onward = writer.new_label(), writer.new_label()
            writer.line(f"{slot} = load ptr, ptr {keeper}, align 8")
            writer.line(f"{there} = icmp ne ptr {slot}, null")
            writer.line(f"br i1 {there}, label %{yes}, label %{onward}")
            writer.label(yes)
            writer.line(f"{elements} = load ptr, ptr {slot}, align 8")
            writer.line(f"call void @free(ptr {elements})")
            writer.jump(onward)
            writer.label(onward)

    def results(self, writer: Writer, plan: Plan, node: Node) -> list[str | None]:
        """The addresses of an op's several outputs; None for one that nobody reads."""
        found = {x.param("index"): x for x in plan.places if x.op is PROJECT and x.inputs[0] is node}
        return [
            self.place_pointer(writer, plan.places[found[k]]) if k in found else None for k in range(len(node.avals))
        ]

    def _host_call(self, writer: Writer, plan: Plan, node: Node) -> None:
        """The op's reference kernel, called on the memory of its operands and results."""
        number = len(self.host)
        self.host.append(node)
        operands = self.table(
            writer, ["null" if x.op is LITERAL else self.pointer(writer, plan, x) for x in node.inputs]
        )
        if node.op.multiple:
            targets = [pointer or "null" for pointer in self.results(writer, plan, node)]
        else:
            targets = [self.place_pointer(writer, plan.places[node])]
        results = self.table(writer, targets)
        function = writer.fresh()
        writer.line(f"{function} = load ptr, ptr %context, align 8")
        writer.line(f"{writer.fresh()} = call i64 {function}(i64 {number}, ptr {operands}, ptr {results})")
