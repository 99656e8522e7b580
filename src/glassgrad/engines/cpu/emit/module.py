"""The text of a native program: its kernels, and the function that calls them in order. Floor 4."""

from collections.abc import Sequence

from glassgrad.engines.cpu import linear, sorting
from glassgrad.engines.cpu.calls.branches import write_call, write_cond
from glassgrad.engines.cpu.calls.items import write_items
from glassgrad.engines.cpu.calls.linear import write_linear
from glassgrad.engines.cpu.calls.loops import write_scan, write_while
from glassgrad.engines.cpu.calls.sorting import write_sorting
from glassgrad.engines.cpu.emit.access import STREAMED
from glassgrad.engines.cpu.emit.clock import Clock
from glassgrad.engines.cpu.emit.failure import ENTRY, FAILURE, HOST, ODDS, PLACE, UNREFUSED, fail_where
from glassgrad.engines.cpu.emit.frame import Frame, Function, Table
from glassgrad.engines.cpu.emit.functions import Declarations
from glassgrad.engines.cpu.emit.kernels import Surroundings, kernel_text
from glassgrad.engines.cpu.emit.lanes import Lanes, lanes_of
from glassgrad.engines.cpu.emit.late import KernelText
from glassgrad.engines.cpu.emit.likeness import NUMBERS, Number
from glassgrad.engines.cpu.emit.portions import Portions
from glassgrad.engines.cpu.emit.repeated import Repeated
from glassgrad.engines.cpu.emit.repeated_calls import RepeatedCalls
from glassgrad.engines.cpu.emit.sharing import in_frames, shared_text, sharing_of
from glassgrad.engines.cpu.emit.types import I64
from glassgrad.engines.cpu.native.routine import PLAIN
from glassgrad.engines.cpu.plan.data import Plan
from glassgrad.engines.cpu.plan.kernels import Kernel
from glassgrad.engines.cpu.products.call import write_product
from glassgrad.engines.cpu.products.product import is_product
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LITERAL

_ATTRIBUTES = f"""attributes #0 = {{ nounwind }}
attributes #1 = {{ nounwind alwaysinline }}
attributes #2 = {{ nounwind {PLAIN} }}"""
_NOTES = f"!0 = !{{}}\n{ODDS}\n{STREAMED} = !{{i32 1}}"


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
        self.refusals: list[tuple[str, str]] = []  # the op that does not take a matrix, and why
        self.may_fail = False  # otherwise than by an op of the host, or by a refusal
        self.failing = False  # in whatever way: a loop asks it of its body, to leave then
        self.kernels: list[tuple[str, Kernel]] = []
        self.choices: dict[Kernel, tuple[Lanes, int]] = {}  # its lanes, and among how many threads it is shared
        self.names: dict[Kernel, str] = {}
        self.repeated = Repeated()

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
                _NOTES,
            ]
        )

    def program(self, name: str, plan: Plan) -> None:
        """The function of a plan: `i64 name(ptr inputs, ptr outputs, ptr arena, ptr context)`, 0 if all is well."""
        function = Function(self.intrinsics)
        inputs = _table(function, "%inputs", len(plan.inputs) + len(plan.captured))
        self.steps(Frame(function, plan, inputs, _table(function, "%outputs", len(plan.outputs)), "%arena"))
        self._tell(function)
        answer = function.writer.load(PLACE, I64)
        attributes = "#2" if _only_calls(plan) else "#0"
        head = f"define i64 @{name}(ptr %inputs, ptr %outputs, ptr %arena, ptr %context) {attributes} {{"
        lines = [head, "entry:", *ENTRY, *function.entry, *function.writer.lines, f"  ret i64 {answer.text}", "}"]
        self.functions.append("\n".join(lines))

    def _tell(self, function: Function) -> None:
        """At the end of a program: calls the host if something failed of which it does not know yet."""
        w = function.writer
        if not self.may_fail:
            return
        number = len(self.refusals)
        self.refusals.append(UNREFUSED)
        told, onward = w.new_label(), w.new_label()
        w.branch(w.load(PLACE, I64).differs(0), told, onward)
        w.label(told)
        w.line(f"call void {function.get('%context')}(i64 {-1 - number}, ptr {PLACE}, ptr null)")
        w.jump(onward)
        w.label(onward)

    def steps(self, frame: Frame, *, inside: bool = False) -> None:
        """The steps of a plan, one after another; `inside` of a loop or a branch."""
        plan, function = frame.plan, frame.function
        around = Surroundings(plan.roles, plan.kept, plan.homes, self.intrinsics)
        outer, function.owned = function.owned, []
        repeated = RepeatedCalls(self._call, self.functions, self.intrinsics)
        portions = None
        if not inside:
            repeated.look_through(frame, plan)
            portions = Portions.of(frame, self.functions)
        for step in plan.steps:
            at = frame
            if portions is not None:
                if isinstance(step, Kernel) or step.node in repeated.shown:
                    at = portions.frame()
                else:
                    portions.close()
            start = self.clock.begin(at.writer) if self.clock is not None else ""
            if isinstance(step, Kernel):
                self._kernel(step, around, at, inside=inside)
            elif not repeated.call(at, step.node):
                self._call(at, step.node)
            if self.clock is not None:
                self.clock.end(at.writer, step, start)
        if portions is not None:
            portions.close()
        function.give_back()
        function.owned = outer

    def can_fail(self) -> None:
        """What has been written may set the words of failure."""
        self.may_fail = self.failing = True

    def _kernel(self, kernel: Kernel, around: Surroundings, frame: Frame, *, inside: bool) -> None:
        place = inside, kernel.from_end
        call = self.repeated.call(kernel, around, place, lambda around: self._written(kernel, around, inside=inside))
        self.names[kernel] = call.name
        given = []
        for node, further in call.given:
            address = self._numbers(call.numbers) if node is NUMBERS else frame.address(node)
            given.append(f"ptr {frame.writer.element(address, further, node.dtype.itemsize)}")
            if node is FAILURE:
                self.can_fail()
        frame.writer.line(f"call void @{call.name}({', '.join(given)})")

    def _written(self, kernel: Kernel, around: Surroundings, *, inside: bool) -> tuple[str, KernelText]:
        """A kernel's functions; the first has this name."""
        name = f"k{len(self.kernels)}"
        self.kernels.append((name, kernel))
        apart = in_frames(kernel)
        written = (
            self._in_turn(name, apart, around)
            if apart is not None
            else self._loops(name, kernel, around, inside=inside)
        )
        if apart is not None:
            self.choices[kernel] = self.choices[apart[0]]
        self.functions.extend(written.texts)
        return name, written

    def choice(self, kernel: Kernel, plan: Plan) -> tuple[Lanes | None, int]:
        """A kernel's lanes, and among how many threads it is shared; also where another's function does its work."""
        if kernel not in self.names:
            return None, 1
        if kernel not in self.choices:
            first = (in_frames(kernel) or [kernel])[0]
            lanes = lanes_of(first, plan.roles, plan.kept)
            how = sharing_of(first, lanes)
            self.choices[kernel] = (lanes, 1 if how is None else min(how.threads, how.pieces))
        return self.choices[kernel]

    def _numbers(self, numbers: Sequence[Number]) -> str:
        """The address of numbers of one or two words each."""
        return self.numbers([f"i64 {int.from_bytes(bits, 'little')}" for _, bits in numbers])

    def _loops(self, name: str, kernel: Kernel, around: Surroundings, *, inside: bool = False) -> KernelText:
        """The functions of a kernel, shared among threads where that pays."""
        lanes = lanes_of(kernel, around.roles, around.kept)
        how = sharing_of(kernel, lanes)
        self.choices[kernel] = (lanes, 1 if how is None else min(how.threads, how.pieces))
        if how is None:
            return kernel_text(name, kernel, lanes, around, inside=inside)
        if how.threads > 1:
            self.symbols["fork_join"] = "declare void @fork_join(ptr, ptr, i64, i64)"
        return shared_text(name, kernel, lanes, around, how)

    def _in_turn(self, name: str, kernels: Sequence[Kernel], around: Surroundings) -> KernelText:
        """Kernels that run one after another as one."""
        parts = [self._loops(f"{name}.{number}", kernel, around) for number, kernel in enumerate(kernels)]
        values = tuple(dict.fromkeys([node for part in parts for node in part.values]))
        calls = [
            f"  call void @{name}.{number}({', '.join(f'ptr %p{values.index(node)}' for node in part.values)})"
            for number, part in enumerate(parts)
        ]
        given = ", ".join(f"ptr %p{place}" for place in range(len(values)))
        whole = "\n".join([f"define internal void @{name}({given}) #2 {{", *calls, "  ret void", "}"])
        return KernelText([*[text for part in parts for text in part.texts], whole], values)

    def _call(self, frame: Frame, node: Node) -> None:
        has_bodies = bool(frame.plan.bodies.get(node))
        match node.op.name:
            case _ if is_product(node):
                write_product(self, frame, node)
            case "scan" | "while_loop" if node in frame.plan.items:
                write_items(self, frame, node, frame.plan.items[node])
            case "call" if has_bodies:
                write_call(self, frame, node)
            case "scan" if has_bodies:
                write_scan(self, frame, node)
            case "while_loop" if has_bodies:
                write_while(self, frame, node)
            case "cond" if has_bodies:
                write_cond(self, frame, node)
            case "pairs" | "joined":
                frame.function.copy(frame.pointer(node), frame.pointer(node.inputs[0]), node.aval.nbytes)
            case _ if node.op in linear.OWN:
                write_linear(self, frame, node)
            case _ if node.op in sorting.OWN:
                write_sorting(self, frame, node)
            case _:
                self._host_call(frame, node)

    def numbers(self, words: list[str]) -> str:
        """The address of numbers that never change."""
        return self.constant(f"[{len(words)} x i64]", f"[{', '.join(words)}]")

    def constant(self, type: str, value: str) -> str:
        """The address of a value that never changes."""
        text = f"private unnamed_addr constant {type} {value}"
        return self.constants.setdefault(text, f"@c.{len(self.constants)} = {text}").partition(" ")[0]

    def _host_call(self, frame: Frame, node: Node) -> None:
        """The op's reference kernel, called on the memory of its operands and results."""
        number, w = len(self.host), frame.writer
        self.host.append(node)
        operands = frame.function.table(["null" if x.op is LITERAL else frame.pointer(x) for x in node.inputs])
        targets = frame.results(node) if node.op.multiple else [frame.address(node)]
        answer = frame.function.common_room("answer of the host", 8)
        results = frame.function.table([answer, *[pointer or "null" for pointer in targets]])
        function = w.fresh()
        w.line(f"{function} = load ptr, ptr %context, align 8")
        w.line(f"store i64 0, ptr {answer}, align 8")
        w.line(f"call void {function}(i64 {number}, ptr {operands}, ptr {results})")
        fail_where(w, w.load(answer, I64).equals(0).text, HOST)
        self.failing = True


_FEW = 8  # kernels that are called with all care: they may take some nanoseconds


def _only_calls(plan: Plan) -> bool:
    """Is the program nothing but calls of kernels and products, and does it take more than some nanoseconds?"""
    products = [step for step in plan.steps if not isinstance(step, Kernel) and is_product(step.node)]
    kernels = sum([isinstance(step, Kernel) for step in plan.steps])
    return kernels + len(products) == len(plan.steps) and (bool(products) or kernels > _FEW)


_AT_ONCE = 64  # addresses that are read at the beginning of a program: more do not fit into registers and rooms


def _table(function: Function, table: str, count: int) -> Sequence[str]:
    """The addresses in a table that the program was given: few are read at its beginning, many where they are used."""
    if count > _AT_ONCE:
        return Table(function.writer, table, count)
    found = []
    for position in range(count):
        slot, pointer = function.writer.fresh(), function.writer.fresh()
        function.entry.append(f"  {slot} = getelementptr i8, ptr {table}, i64 {8 * position}")
        function.entry.append(f"  {pointer} = load ptr, ptr {slot}, align 8, !invariant.load !0")
        found.append(pointer)
    return found
