"""A writer of whole native functions with structured control: conditions, loops, calls, variables. Floor 4.

Pointers are plain text (`%v7`), whole numbers are `Value`s. A variable lives in a stack slot, which LLVM turns into a
register.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from glassgrad.engines.cpu.emit.types import I1, I64, Kind, bytes_of, memory_text, register
from glassgrad.engines.cpu.emit.values import Value, Writer

NULL = "null"
# Attributes of a function that LLVM translates as it stands: in half the time, and slower only where it computes a lot.
PLAIN = "noinline optnone"


class Routine(Writer):
    """One native function under construction. `declared` collects what it calls from outside, by name."""

    __slots__ = ("declared", "head", "slots")

    def __init__(self, head: str, intrinsics: dict[str, str], declared: dict[str, str]) -> None:
        super().__init__(intrinsics)
        self.head = head
        self.declared = declared
        self.slots: list[str] = []

    @property
    def text(self) -> str:
        """The function as LLVM reads it."""
        lines = []
        for line, following in zip(self.lines, [*self.lines[1:], "end:"], strict=True):
            lines.append(line)
            if line.endswith(":") and following.endswith(":"):  # a block after `leave` to which nothing was added
                lines.append("  unreachable")
        return "\n".join([f"define {self.head} {{", "entry:", *self.slots, *lines, "}", ""])

    # ------------------------------------------------------------------ memory
    def at(self, base: str, offset: Value | int) -> str:
        """The address this many bytes after `base`."""
        return self.element(base, offset, 1)

    def read(self, base: str, offset: Value | int = 0, kind: Kind = I64) -> Value:
        """The number at this place."""
        return self.load(self.at(base, offset), kind)

    def read_pointer(self, base: str, offset: Value | int = 0) -> str:
        """The pointer at this place."""
        return self.pointer(f"load ptr, ptr {self.at(base, offset)}, align 8")

    def write(self, base: str, offset: Value | int, value: Value | str) -> None:
        """A number or a pointer into this place."""
        address = self.at(base, offset)
        if isinstance(value, Value):
            self.store(value, address)
        else:
            self.line(f"store ptr {value}, ptr {address}, align 8")

    def variable(self, kind: Kind | None = None) -> str:
        """A slot of the stack for a number of this kind, or for a pointer."""
        size = 8 if kind is None else bytes_of(kind)
        return self.slot("ptr" if kind is None else memory_text(kind), size)

    def slot(self, held: str, align: int) -> str:
        """Memory on the stack for as long as the function runs."""
        name = self.fresh()
        self.slots.append(f"  {name} = alloca {held}, align {align}")
        return name

    def pointer(self, instruction: str) -> str:
        """The pointer that an instruction gives."""
        name = self.fresh()
        self.line(f"{name} = {instruction}")
        return name

    def number(self, value: int, kind: Kind = I64) -> Value:
        """A constant."""
        return self.constant(value, register(kind))

    def parameter(self, name: str, kind: Kind = I64) -> Value:
        """A parameter of the function that is a number."""
        return Value(self, register(kind), name)

    def opaque(self, number: Value) -> Value:
        """The same number, of which LLVM knows nothing: else it looks, for long, for ways to add up addresses."""
        return self.made(number.type, f'call i64 asm "", "=r,0"(i64 {number.text})')

    def opaque_pointer(self, pointer: str) -> str:
        """The same for an address, of which a loop goes on to the next."""
        return self.pointer(f'call ptr asm "", "=r,0"(ptr {pointer})')

    # ------------------------------------------------------------------ tests
    def same(self, left: str, right: str) -> Value:
        """Are two pointers equal?"""
        return self.made(register(I1), f"icmp eq ptr {left}, {right}")

    def apart(self, left: str, right: str) -> Value:
        """Are two pointers different?"""
        return self.made(register(I1), f"icmp ne ptr {left}, {right}")

    # ------------------------------------------------------------------ calls
    def call(self, name: str, *given: Value | str, result: Kind | None = None) -> Value:
        """A function that gives a number."""
        kind = result or I64
        return self.made(register(kind), self._call_text(register(kind).llvm, name, given))

    def call_pointer(self, name: str, *given: Value | str) -> str:
        """A function that gives a pointer."""
        return self.pointer(self._call_text("ptr", name, given))

    def call_void(self, name: str, *given: Value | str) -> None:
        """A function that gives nothing."""
        self.line(self._call_text("void", name, given))

    def _call_text(self, result: str, name: str, given: Sequence[Value | str]) -> str:
        types = [x.type.llvm if isinstance(x, Value) else "ptr" for x in given]
        texts = [x.text if isinstance(x, Value) else x for x in given]
        if not name.startswith("%"):  # a register holds the address of a function that needs no declaration
            self.declared.setdefault(name, f"declare {result} @{name}({', '.join(types)})")
            name = f"@{name}"
        return f"call {result} {name}({', '.join(f'{t} {x}' for t, x in zip(types, texts, strict=True))})"

    # ------------------------------------------------------------------ control
    def leave(self, value: Value | str | None = None) -> None:
        """Returns from the function; what is written after it, until the end of the block, is never reached."""
        if value is None:
            self.line("ret void")
        else:
            self.line(f"ret {value.type.llvm} {value.text}" if isinstance(value, Value) else f"ret ptr {value}")
        self.label(self.new_label())

    def go(self, label: str) -> None:
        """As `leave`, to another block."""
        self.jump(label)
        self.label(self.new_label())

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """What is written inside runs where the condition holds."""
        inside, after = self.new_label(), self.new_label()
        self.branch(condition, inside, after)
        self.label(inside)
        yield
        self.jump(after)
        self.label(after)

    @contextmanager
    def count(self, until: Value, step: Value | int = 1, start: Value | int = 0) -> Iterator[Value]:
        """Runs what is written inside for start, start + step, start + 2·step … below `until`."""
        index = self.variable(I64)
        head, inside, after = self.new_label(), self.new_label(), self.new_label()
        self.write(index, 0, until.like(start))
        self.jump(head)
        self.label(head)
        now = self.read(index)
        self.branch(now < until, inside, after)
        self.label(inside)
        yield now
        self.write(index, 0, now + step)
        self.jump(head)
        self.label(after)

    @contextmanager
    def forever(self) -> Iterator[str]:
        """Runs what is written inside again and again; gives the label that ends it."""
        head, after = self.new_label(), self.new_label()
        self.jump(head)
        self.label(head)
        yield after
        self.jump(head)
        self.label(after)

    @contextmanager
    def cases(self, code: Value, count: int, otherwise: str) -> Iterator[list[str]]:
        """A switch over 0 … count - 1: gives the labels to start each case with; `end_case` closes one."""
        labels = [self.new_label() for _ in range(count)]
        rows = " ".join(f"{code.type.llvm} {index}, label %{label}" for index, label in enumerate(labels))
        self.line(f"switch {code.type.llvm} {code.text}, label %{otherwise} [ {rows} ]")
        yield labels


def module_text(routines: Sequence[Routine], *extra: str) -> str:
    """Functions that share their declarations, as one module; what one of them defines is not declared."""
    defined = {routine.head.split("@")[1].split("(")[0] for routine in routines}
    declared = {**routines[0].declared}
    declarations = [line for name, line in declared.items() if name not in defined]
    return "\n".join([*extra, *routines[0].intrinsics.values(), *declarations, "", *[r.text for r in routines]])
