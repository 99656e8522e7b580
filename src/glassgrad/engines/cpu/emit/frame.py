"""The function that is being written, and where the values of a plan lie in it. Floor 4.

A loop's body is written into the function of the program around it. What is small there lies in rooms of its own on
the stack, which LLVM turns into registers.
"""

from collections.abc import Sequence
from typing import Any

from glassgrad.engines.cpu.emit.failure import FAILURE, PLACE
from glassgrad.engines.cpu.emit.rooms import room_lines
from glassgrad.engines.cpu.emit.values import Writer
from glassgrad.engines.cpu.plan.data import Plan
from glassgrad.engines.cpu.plan.memory import stored_bytes
from glassgrad.engines.cpu.plan.roles import storage_of
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import PROJECT


class Function:
    """A function in the making: `writer` writes its lines, `entry` are those at its very top."""

    def __init__(self, declarations: dict[str, str]) -> None:
        self.writer = Writer(declarations)
        self.declarations = declarations
        self.entry: list[str] = []
        self.owned: list[str] = []  # rooms with the addresses of memory to be given back
        self._rooms: set[str] = set()
        self._common: dict[str, str] = {}

    def room(self, nbytes: int) -> str:
        """The address of memory on the stack."""
        name = self.writer.fresh()
        align = 64 if nbytes > 16 else 16
        self.entry.extend(room_lines(self.declarations, name, f"[{max(nbytes, 1)} x i8]", align))
        self._rooms.add(name)
        return name

    def common_room(self, purpose: str, nbytes: int) -> str:
        """Memory on the stack that all steps use in turn, one for each purpose: the size belongs to the purpose."""
        if purpose not in self._common:
            self._common[purpose] = self.room(nbytes)
        return self._common[purpose]

    def is_room(self, pointer: str) -> bool:
        """Is this the address of a room?"""
        return pointer in self._rooms

    def slot(self, type: str = "ptr") -> str:
        """Room for an address or a number of 64 bits."""
        name = self.writer.fresh()
        self.entry.append(f"  {name} = alloca {type}, align 8")
        return name

    def table(self, pointers: Sequence[str]) -> str:
        """The address of a list of addresses."""
        name = self.writer.fresh()
        self.entry.append(f"  {name} = alloca ptr, i64 {max(len(pointers), 1)}, align 8")
        for position, pointer in enumerate(pointers):
            self.put(self.writer.address(name, str(8 * position)), pointer)
        return name

    # ------------------------------------------------------------------ memory
    def get(self, place: str) -> str:
        """The address that lies there."""
        name = self.writer.fresh()
        self.writer.line(f"{name} = load ptr, ptr {place}, align 8")
        return name

    def put(self, place: str, pointer: str) -> None:
        """Writes an address."""
        self.writer.line(f"store ptr {pointer}, ptr {place}, align 8")

    def copy(self, target: str, source: str, nbytes: int) -> None:
        """So many bytes; the two may be the same, but may not overlap otherwise."""
        if nbytes and target != source:
            word = "memcpy" if self.is_room(target) or self.is_room(source) else "memmove"
            self.declarations[f"llvm.{word}"] = f"declare void @llvm.{word}.p0.p0.i64(ptr, ptr, i64, i1)"
            self.writer.line(f"call void @llvm.{word}.p0.p0.i64(ptr {target}, ptr {source}, i64 {nbytes}, i1 false)")

    def keeper(self) -> str:
        """Room for the address of memory that is given back when the steps that are being written have ended."""
        name = self.slot()
        self.entry.append(f"  store ptr null, ptr {name}, align 8")
        self.owned.append(name)
        return name

    def give_back(self) -> None:
        """Frees what the keepers hold."""
        w = self.writer
        for keeper in self.owned:
            w.line(f"call void @free(ptr {self.get(keeper)})")
            self.put(keeper, "null")


class Table(Sequence[str]):
    """Addresses in memory, each read anew where it is asked for."""

    def __init__(self, writer: Writer, name: str, count: int) -> None:
        self._writer = writer
        self._name = name
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, position: Any) -> Any:  # a slice gives several, as a sequence does
        if isinstance(position, slice):
            return [self[place] for place in range(*position.indices(self._count))]
        slot, pointer = self._writer.address(self._name, str(8 * position)), self._writer.fresh()
        self._writer.line(f"{pointer} = load ptr, ptr {slot}, align 8, !invariant.load !0")
        return pointer


class Frame:
    """The addresses of a plan's values: those of its inputs (and captured arrays), of its outputs, and of its arena."""

    def __init__(
        self, function: Function, plan: Plan, inputs: Sequence[str], outputs: Sequence[str], arena: str
    ) -> None:
        self.function = function
        self.writer = function.writer
        self.plan = plan
        self.arena = arena
        self._inputs, self._outputs = inputs, outputs
        self._near: dict[int, str] = {}
        self._parts = {(x.inputs[0], x.param("index")): x for x in plan.places if x.op is PROJECT}

    def pointer(self, node: Node) -> str:
        """The address of what a call reads: that of the value whose elements these are."""
        return self.address(storage_of(node))

    def address(self, node: Node) -> str:
        """The address of a value that lies in memory."""
        if node is FAILURE:
            return PLACE
        place = self.plan.places[node]
        match place.space:
            case "arena":
                return self.writer.address(self.arena, str(place.number)) if place.number else self.arena
            case "near":
                if place.number not in self._near:
                    self._near[place.number] = self.function.room(stored_bytes(node.aval))
                return self._near[place.number]
            case "inputs":
                return self._inputs[place.number]
        return self._outputs[place.number]

    def results(self, node: Node) -> list[str | None]:
        """The addresses of an op's several outputs; None for one that nobody reads."""
        return [None if part is None else self.address(part) for part in self.parts(node)]

    def parts(self, node: Node) -> list[Node | None]:
        """The outputs of an op of several that somebody reads."""
        return [self._parts.get((node, index)) for index in range(len(node.avals))]

    def scratch(self, node: Node) -> str:
        """The address of the memory in which the bodies of an op work."""
        place = self.plan.scratch[node]
        return self.writer.address(self.arena, str(place.number))

    def inner(self, plan: Plan, inputs: Sequence[str], outputs: Sequence[str], arena: str) -> "Frame":
        """The frame of a body."""
        captured = [self.pointer(array) for array in plan.captured]
        return Frame(self.function, plan, [*inputs, *captured], outputs, arena)
