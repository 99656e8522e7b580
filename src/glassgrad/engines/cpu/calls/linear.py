"""Calls of LAPACK for the ops of `linear.py`, matrix by matrix. Floor 4.

What lies here row by row is the transpose to LAPACK: with A' = Aᵀ = P L U, a system A X = B becomes X' L U = B' P …,
which is solved from the right, so that nothing is ever turned round.
"""

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from glassgrad.engines.cpu import linear
from glassgrad.engines.cpu.calls.loops import Counted
from glassgrad.engines.cpu.calls.records import Records
from glassgrad.engines.cpu.emit.failure import HOST, MEMORY, fail
from glassgrad.engines.cpu.emit.frame import Frame
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native.lapack import room_asked
from glassgrad.graph.node import Node

if TYPE_CHECKING:
    from glassgrad.engines.cpu.emit.module import Module


def write_linear(module: "Module", frame: Frame, node: Node) -> None:
    """The call of an op of `linear.py` for each matrix of a stack."""
    calls = _Calls(module, frame, node)
    if calls.count == 1:
        _WRITERS[node.op](calls)
        calls.give_back()
        return
    loop = Counted(frame.writer, calls.count)
    calls.counter = loop.counter
    _WRITERS[node.op](calls)
    calls.give_back()
    loop.end()


class _Calls:
    """What one op's calls are written with: the matrices at the present place of the stack, numbers, the answer."""

    def __init__(self, module: "Module", frame: Frame, node: Node) -> None:
        self.module, self.frame, self.node = module, frame, node
        self.w, self.function = frame.writer, frame.function
        self.letter = node.inputs[0].dtype.char.replace("f", "s")
        self.kind = "float" if self.letter == "s" else "double"
        self.size = node.inputs[0].dtype.itemsize
        self.count = prod(node.inputs[0].shape[:-2])
        self.counter: Value | None = None
        self.answer = self.function.slot("i32")
        places = frame.results(node) if node.op.multiple else [frame.pointer(node)]
        self._inputs = [frame.pointer(x) for x in node.inputs]
        self._outputs = places
        self._borrowed: list[str] = []  # where the addresses of what is to be freed stand
        self._end = self.w.new_label()

    # ------------------------------------------------------------------ places
    def input(self, position: int) -> str:
        """The address of the matrix (or vector) that is read."""
        return self._at(self._inputs[position], self.node.inputs[position].aval.nbytes)

    def output(self, position: int = 0) -> str:
        """The address of what is written: borrowed memory where nobody reads it."""
        place, nbytes = self._outputs[position], self.node.avals[position].nbytes
        return self._at(place, nbytes) if place is not None else self.borrowed(nbytes // self.count)

    def _at(self, pointer: str, nbytes: int) -> str:
        if self.counter is None:
            return pointer
        return self.w.address(pointer, (self.counter * (nbytes // self.count)).text)

    def copied(self, source: int, target: int = 0) -> str:
        """The matrix that is written, with an input in it."""
        place = self.output(target)
        matrix = prod(self.node.inputs[source].shape[-2:]) * self.size
        self.function.copy(place, self.input(source), matrix)
        return place

    # ------------------------------------------------------------------ calls
    def number(self, value: float) -> str:
        """The address of a whole number, or of a 1.0 as a factor."""
        if isinstance(value, int):
            return self.module.constant("i32", str(value))
        return self.module.constant(self.kind, str(value))

    def call(self, name: str, *arguments: str | float) -> None:
        """Calls `name` (without its letter); letters and numbers are handed over by address."""
        full = self.letter + name
        given = [self._passed(x) for x in arguments]
        self.module.symbols[full] = f"declare void @{full}({', '.join(['ptr'] * len(given))})"
        self.w.line(f"call void @{full}({', '.join(f'ptr {x}' for x in given)})")

    def _passed(self, x: str | float) -> str:
        if isinstance(x, str) and len(x) == 1:
            return self.module.constant("i8", str(ord(x)))
        return x if isinstance(x, str) else self.number(x)

    def with_room(self, name: str, *arguments: str | int, rooms: int = 1, behind: tuple[str, ...] = ()) -> None:
        """Calls `name` with the working arrays that it asks for (numbers, and whole numbers where there are two)."""
        sizes = tuple([x if isinstance(x, int) or len(x) == 1 else "" for x in arguments])
        given: list[str | int] = [*arguments]
        for position, count in enumerate(room_asked(self.letter + name, sizes, rooms, len(behind))):
            given += [self.borrowed(max(count, 1) * (4 if position else self.size)), count]
        self.call(name, *given, *behind, self.answer)

    def borrowed(self, nbytes: int) -> str:
        """Memory until this matrix is done."""
        Records.declare(self.function)
        w, slot, pointer, missing = self.w, self.function.slot(), self.w.fresh(), self.w.fresh()
        self.function.entry.append(f"  store ptr null, ptr {slot}, align 8")
        w.line(f"{pointer} = call ptr @malloc(i64 {max(nbytes, 1)})")
        self.function.put(slot, pointer)
        self._borrowed.append(slot)
        w.line(f"{missing} = icmp eq ptr {pointer}, null")
        without, onward = w.new_label(), w.new_label()
        w.line(f"br i1 {missing}, label %{without}, label %{onward}")
        w.label(without)
        fail(w, MEMORY)
        self.module.can_fail()
        w.jump(self._end)
        w.label(onward)
        return pointer

    def give_back(self) -> None:
        """Frees what was borrowed."""
        self.w.jump(self._end)
        self.w.label(self._end)
        for slot in self._borrowed:
            self.w.line(f"call void @free(ptr {self.function.get(slot)})")
            self.function.put(slot, "null")

    def whole(self, pointer: str) -> str:
        """The whole number of 32 bits that lies there."""
        name = self.w.fresh()
        self.w.line(f"{name} = load i32, ptr {pointer}, align 4")
        return name

    def refuse(self, test: str, asked: str, text: str) -> None:
        """An error of this op where a condition holds."""
        w, number = self.w, len(self.module.refusals)
        self.module.refusals.append((asked, text))
        self.module.failing = True
        refused, onward, function = w.new_label(), w.new_label(), w.fresh()
        w.line(f"br i1 {test}, label %{refused}, label %{onward}")
        w.label(refused)
        w.line(f"{function} = load ptr, ptr %context, align 8")
        w.line(f"call void {function}(i64 {-1 - number}, ptr null, ptr null)")
        fail(w, HOST)
        w.jump(onward)
        w.label(onward)

    def refuse_unless_zero(self, pointer: str, asked: str, text: str) -> None:
        """An error where LAPACK's answer, which lies there, is not 0."""
        value, test = self.whole(pointer), self.w.fresh()
        self.w.line(f"{test} = icmp ne i32 {value}, 0")
        self.refuse(test, asked, text)


# ------------------------------------------------------------------ systems
def _lu(c: _Calls) -> None:
    n = c.node.inputs[0].shape[-1]
    c.call("getrf", n, n, c.copied(0), n, c.output(1), c.output(2))


def _refused(c: _Calls) -> None:
    c.refuse_unless_zero(c.input(0), c.node.param("asked"), c.node.param("text"))
    c.w.line(f"store i32 0, ptr {c.output()}, align 4")


def _solution(c: _Calls) -> None:
    n, k = c.node.inputs[3].shape[-2:]
    c.refuse_unless_zero(c.input(2), c.node.param("asked"), "Singular matrix")
    x = c.copied(3)
    if c.node.param("transposed"):
        _exchange(c, x, n, k, backwards=False)
        steps = (("L", "T", "U"), ("U", "T", "N"))
    else:
        steps = (("U", "N", "N"), ("L", "N", "U"))
    for triangle, turned, unit in steps:
        c.call("trsm", "R", triangle, turned, unit, k, n, 1.0, c.input(0), n, x, k)
    if not c.node.param("transposed"):
        _exchange(c, x, n, k, backwards=True)


def _exchange(c: _Calls, x: str, n: int, k: int, *, backwards: bool) -> None:
    """The rows of X exchanged as the pivots say."""
    w, loop, pivots = c.w, Counted(c.w, n), c.input(1)
    row = (n - 1) - loop.counter if backwards else loop.counter
    found, other, same = c.whole(w.address(pivots, (row * 4).text)), w.fresh(), w.fresh()
    w.line(f"{other} = sext i32 {found} to i64")
    partner = Value(w, row.type, other) - 1
    w.line(f"{same} = icmp eq i64 {partner.text}, {row.text}")
    exchanged, onward = w.new_label(), w.new_label()
    w.line(f"br i1 {same}, label %{onward}, label %{exchanged}")
    w.label(exchanged)
    places = [w.address(x, (place * (k * c.size)).text) for place in (row, partner)]
    c.call("swap", k, places[0], 1, places[1], 1)
    w.jump(onward)
    w.label(onward)
    loop.end()


def _triangular(c: _Calls) -> None:
    n, k = c.node.inputs[1].shape[-2:]
    a, unit = c.input(0), bool(c.node.param("unit"))
    if not unit:
        _refuse_zeros(c, a, n)
    triangle = "U" if c.node.param("lower") else "L"
    c.call("trsm", "R", triangle, "N", "U" if unit else "N", k, n, 1.0, a, n, c.copied(1), k)


def _refuse_zeros(c: _Calls, a: str, n: int) -> None:
    """An error where a 0 stands on the diagonal."""
    w = c.w
    loop = Counted(w, n)
    value, test = w.fresh(), w.fresh()
    w.line(f"{value} = load {c.kind}, ptr {w.address(a, (loop.counter * ((n + 1) * c.size)).text)}, align {c.size}")
    w.line(f"{test} = fcmp oeq {c.kind} {value}, 0.0")
    c.refuse(test, "solve_triangular", "Singular matrix")
    loop.end()


# ------------------------------------------------------------------ factorisations
def _cholesky(c: _Calls) -> None:
    n = c.node.shape[-1]
    c.call("potrf", "U", n, c.copied(0), n, c.answer)
    c.refuse_unless_zero(c.answer, "cholesky", "Matrix is not positive definite")


def _eigen(c: _Calls) -> None:
    n = c.node.inputs[0].shape[-1]
    triangle = "L" if c.node.param("lower") else "U"
    c.with_room("syevd", "V", triangle, n, c.copied(0), n, c.output(1), rooms=2)
    c.refuse_unless_zero(c.answer, "eigh", "Eigenvalues did not converge")


def _orthogonal(c: _Calls) -> None:
    columns, rows = c.node.inputs[0].shape[-2:]
    k = min(rows, columns)
    r, q, factors = c.copied(0), c.output(1), c.borrowed(k * c.size)
    c.with_room("geqrf", rows, columns, r, rows, factors)
    c.function.copy(q, r, k * rows * c.size)
    c.with_room("orgqr", rows, k, k, q, rows, factors)


def _singular(c: _Calls) -> None:
    columns, rows = c.node.inputs[0].shape[-2:]
    k = min(rows, columns)
    a = c.borrowed(rows * columns * c.size)
    c.function.copy(a, c.input(0), rows * columns * c.size)
    u, s, v = (c.output(position) for position in range(3))
    whole = c.borrowed(8 * k * 4)
    c.with_room("gesdd", "S", rows, columns, a, rows, s, u, rows, v, k, behind=(whole,))
    c.refuse_unless_zero(c.answer, "svd", "SVD did not converge")


_WRITERS: dict[object, Callable[[_Calls], None]] = {
    linear.LU: _lu,
    linear.REFUSED: _refused,
    linear.SOLUTION: _solution,
    linear.TRIANGULAR: _triangular,
    linear.FACTOR: _cholesky,
    linear.EIGEN: _eigen,
    linear.ORTHOGONAL: _orthogonal,
    linear.SINGULAR: _singular,
}
