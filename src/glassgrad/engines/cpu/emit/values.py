"""Values in registers, with operators, and the writer of the instructions that make them. Floor 4.

`Writer` appends LLVM text. A value knows its writer, so that formulas read as formulas: `1.0 - x * y`.
Nothing here is reassociated or assumed about NaN and infinity; `contract` alone lets a product and a sum be rounded
once.
"""

from collections.abc import Sequence
from typing import TypeAlias, Union

from glassgrad.engines.cpu.emit.types import (
    F16,
    F32,
    F64,
    I1,
    Kind,
    Type,
    bytes_of,
    integer_kind,
    memory_text,
    number_text,
    register,
)
from glassgrad.engines.cpu.native.target import registers

Number: TypeAlias = Union["Value", float, int]


class Value:
    """One register or constant. Operators take values of the same type, or Python numbers."""

    __slots__ = ("text", "type", "writer")

    def __init__(self, writer: "Writer", type: Type, text: str) -> None:
        self.writer = writer
        self.type = type
        self.text = text

    @property
    def kind(self) -> Kind:
        """The kind of each lane."""
        return self.type.kind

    def __add__(self, other: Number) -> "Value":
        return self.writer.binary("add", self, other)

    def __radd__(self, other: Number) -> "Value":
        return self.writer.binary("add", self.like(other), self)

    def __sub__(self, other: Number) -> "Value":
        return self.writer.binary("sub", self, other)

    def __rsub__(self, other: Number) -> "Value":
        return self.writer.binary("sub", self.like(other), self)

    def __mul__(self, other: Number) -> "Value":
        return self.writer.binary("mul", self, other)

    def __rmul__(self, other: Number) -> "Value":
        return self.writer.binary("mul", self.like(other), self)

    def __truediv__(self, other: Number) -> "Value":
        return self.writer.binary("div", self, other)

    def __rtruediv__(self, other: Number) -> "Value":
        return self.writer.binary("div", self.like(other), self)

    def __neg__(self) -> "Value":
        writer = self.writer
        if self.kind.is_float:
            return writer.made(self.type, f"fneg {self.type.llvm} {self.text}")
        return writer.binary("sub", self.like(0), self)

    def __and__(self, other: Number) -> "Value":
        return self.writer.binary("and", self, other)

    def __or__(self, other: Number) -> "Value":
        return self.writer.binary("or", self, other)

    def __xor__(self, other: Number) -> "Value":
        return self.writer.binary("xor", self, other)

    def __invert__(self) -> "Value":
        return self.writer.binary("xor", self, self.like(-1))

    def __lshift__(self, other: Number) -> "Value":
        return self.writer.binary("shl", self, other)

    def __rshift__(self, other: Number) -> "Value":
        """Arithmetic for signed integers, logical for unsigned ones."""
        return self.writer.binary("ashr" if self.kind.is_signed else "lshr", self, other)

    def __lt__(self, other: Number) -> "Value":
        return self.writer.compare("lt", self, other)

    def __le__(self, other: Number) -> "Value":
        return self.writer.compare("le", self, other)

    def __gt__(self, other: Number) -> "Value":
        return self.writer.compare("gt", self, other)

    def __ge__(self, other: Number) -> "Value":
        return self.writer.compare("ge", self, other)

    def equals(self, other: Number) -> "Value":
        """Lane by lane; NaN equals nothing."""
        return self.writer.compare("eq", self, other)

    def differs(self, other: Number) -> "Value":
        """Lane by lane; NaN differs from everything."""
        return self.writer.compare("ne", self, other)

    def is_nan(self) -> "Value":
        """Lane by lane."""
        return self.writer.made(
            register(I1, self.type.lanes), f"fcmp uno {self.type.llvm} {self.text}, zeroinitializer"
        )

    def like(self, number: Number) -> "Value":
        """A constant of this type (values pass through)."""
        return number if isinstance(number, Value) else self.writer.constant(number, self.type)

    def bits(self, *, signed: bool = True) -> "Value":
        """The same bits as integers."""
        return self.writer.bitcast(self, integer_kind(self.kind, signed=signed))

    def as_float(self, kind: Kind) -> "Value":
        """The same bits as floating-point numbers."""
        return self.writer.bitcast(self, kind)

    def __repr__(self) -> str:
        return f"{self.type!r} {self.text}"


_FEW_REGISTERS = 16  # constants and what is computed do not have room in so many
_FLOAT_WORDS = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
_FLOAT_TESTS = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
_LETTERS = {16: "f16", 32: "f32", 64: "f64"}


class Writer:
    """Writes one LLVM function, instruction by instruction; `intrinsics` collects what must be declared."""

    __slots__ = ("_count", "block", "contract", "intrinsics", "lines")

    def __init__(self, intrinsics: dict[str, str], *, contract: bool = False, entry: str = "entry") -> None:
        self.lines: list[str] = []
        self.intrinsics = intrinsics
        self.contract = contract
        self.block = entry
        self._count = 0

    # ------------------------------------------------------------------ names and plain instructions
    def fresh(self) -> str:
        """A name for a register."""
        self._count += 1
        return f"%v{self._count}"

    def made(self, type: Type, instruction: str) -> Value:
        """The value that an instruction gives."""
        name = self.fresh()
        self.lines.append(f"  {name} = {instruction}")
        return Value(self, type, name)

    def line(self, instruction: str) -> None:
        """An instruction without a value."""
        self.lines.append(f"  {instruction}")

    def constant(self, number: float, type: Type) -> Value:
        """The same number in every lane."""
        text = number_text(number, type.kind)
        if type.lanes > 1:
            text = f"splat ({type.kind.llvm} {text})"
        return Value(self, type, text)

    def binary(self, word: str, left: Value, right: Number) -> Value:
        """An operation of two values of one type."""
        type = left.type
        other = right if isinstance(right, Value) else self.constant(right, type)
        if type.kind.is_float:
            word = _FLOAT_WORDS[word] + (" contract" if self.contract else "")
        elif word == "div":
            word = "sdiv" if type.kind.is_signed else "udiv"
        return self.made(type, f"{word} {type.llvm} {left.text}, {other.text}")

    def compare(self, test: str, left: Value, right: Number) -> Value:
        """A truth value for each lane; ordered for floats, so that NaN makes it false (`ne`: true)."""
        type = left.type
        other = right if isinstance(right, Value) else self.constant(right, type)
        if type.kind.is_float:
            word = f"fcmp {_FLOAT_TESTS[test]}"
        else:
            word = f"icmp {test if test in ('eq', 'ne') else ('s' if type.kind.is_signed else 'u') + test}"
        return self.made(register(I1, type.lanes), f"{word} {type.llvm} {left.text}, {other.text}")

    def select(self, condition: Value, then: Number, otherwise: Number) -> Value:
        """`then` where the condition holds, `otherwise` elsewhere. One of the two must be a value."""
        known = then if isinstance(then, Value) else otherwise
        assert isinstance(known, Value), "a selection between two numbers has no type"
        first, second = known.like(then), known.like(otherwise)
        return self.made(
            known.type,
            f"select {condition.type.llvm} {condition.text}, {known.type.llvm} {first.text}, "
            f"{known.type.llvm} {second.text}",
        )

    def bitcast(self, value: Value, kind: Kind) -> Value:
        """The same bits under another kind of the same width."""
        target = register(kind, value.type.lanes)
        if target.llvm == value.type.llvm:
            return Value(self, target, value.text)
        return self.made(target, f"bitcast {value.type.llvm} {value.text} to {target.llvm}")

    # ------------------------------------------------------------------ intrinsics
    def intrinsic(self, name: str, *arguments: Value, result: Type | None = None) -> Value:
        """`llvm.<name>.<type>` of values of one type."""
        type = arguments[0].type
        result = result or type
        full = f"llvm.{name}.{suffix(type)}"
        given = ", ".join(f"{x.type.llvm} {x.text}" for x in arguments)
        if full not in self.intrinsics:
            types = ", ".join(x.type.llvm for x in arguments)
            self.intrinsics[full] = f"declare {result.llvm} @{full}({types})"
        return self.made(result, f"call {result.llvm} @{full}({given})")

    def fma(self, a: Value, b: Number, c: Number) -> Value:
        """The sum a · b + c, rounded once."""
        return self.intrinsic("fma", a, a.like(b), a.like(c))

    def sqrt(self, x: Value) -> Value:
        """The square root, correctly rounded."""
        return self.intrinsic("sqrt", x)

    def absolute(self, x: Value) -> Value:
        """|x|, by its sign bit."""
        return self.intrinsic("fabs", x)

    def copysign(self, size: Value, sign: Value) -> Value:
        """The size of one with the sign of the other."""
        return self.intrinsic("copysign", size, sign)

    def round_even(self, x: Value) -> Value:
        """To the nearest whole number, ties to even."""
        return self.intrinsic("rint", x)

    def floor(self, x: Value) -> Value:
        """To the whole number below."""
        return self.intrinsic("floor", x)

    def polynomial(self, x: Value, coefficients: "tuple[float, ...] | list[float]") -> Value:
        """c[0] + c[1] x + c[2] x² + …, by Horner's scheme with fused steps."""
        result = x.like(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            result = self.fma(result, x, self.coefficient(c, x.type))
        return result

    def coefficient(self, number: float, type: Type) -> Value:
        """A constant that is added once: read from memory by the instruction that adds it, where registers are few."""
        if type.lanes == 1 or registers() > _FEW_REGISTERS:
            return self.constant(number, type)
        text = number_text(number, type.kind)
        name = f"glassgrad.c.{suffix(type)}.{text}"
        if name not in self.intrinsics:
            # LLVM reads what may be initialised elsewhere as it is told to, and not one number into all lanes.
            what = f"internal externally_initialized constant {type.llvm} splat ({type.kind.llvm} {text})"
            self.intrinsics[name] = f"@{name} = {what}, align 64"
        return self.made(type, f"load {type.llvm}, ptr @{name}, align 64")

    def polynomial_in_halves(self, x: Value, square: Value, coefficients: "tuple[float, ...]") -> Value:
        """As `polynomial`, its even and its odd powers side by side: half as long to wait for, half a unit less exact.

        For a term that is small beside what it is added to.
        """
        if len(coefficients) < 4:  # nothing to be had
            return self.polynomial(x, coefficients)
        even, odd = self.polynomial(square, coefficients[::2]), self.polynomial(square, coefficients[1::2])
        return self.fma(odd, x, even)

    # ------------------------------------------------------------------ conversions
    def convert(self, x: Value, kind: Kind) -> Value:
        """The number as another kind, as a C cast does (floats to integers: toward zero)."""
        source, target = x.kind, register(kind, x.type.lanes)
        if source is kind or (target.llvm == x.type.llvm and not kind.is_float and kind is not I1):
            return Value(self, target, x.text)
        if F16 in (source, kind) and F32 not in (source, kind):  # by way of singles, which hold all halves
            return self.convert(_for_a_half(self, x) if source is F64 else self.convert(x, F32), kind)
        if kind is I1:
            return x.differs(0)
        if source.is_float and kind.is_float:
            word = "fpext" if kind.bits > source.bits else "fptrunc"
        elif source.is_float:
            word = "fptosi" if kind.is_signed else "fptoui"
        elif kind.is_float:
            word = "sitofp" if source.is_signed else "uitofp"
        elif kind.bits < source.bits:
            word = "trunc"
        else:
            word = "sext" if source.is_signed else "zext"
        return self.made(target, f"{word} {x.type.llvm} {x.text} to {target.llvm}")

    # ------------------------------------------------------------------ lanes
    def splat(self, x: Value, lanes: int) -> Value:
        """A scalar in every lane."""
        if lanes in (1, x.type.lanes):
            return x
        target = register(x.kind, lanes)
        first = self.made(target, f"insertelement {target.llvm} poison, {x.type.llvm} {x.text}, i64 0")
        return self.made(
            target, f"shufflevector {target.llvm} {first.text}, {target.llvm} poison, <{lanes} x i32> zeroinitializer"
        )

    def shuffled(self, x: Value, y: Value, lanes: Sequence[int | None]) -> Value:
        """Lanes of two vectors of one type, numbered one after the other; None for any."""
        target = register(x.kind, len(lanes))
        mask = ", ".join(["i32 poison" if lane is None else f"i32 {lane}" for lane in lanes])
        return self.made(
            target, f"shufflevector {x.type.llvm} {x.text}, {y.type.llvm} {y.text}, <{len(lanes)} x i32> <{mask}>"
        )

    def lane(self, x: Value, index: int) -> Value:
        """One lane."""
        return self.made(register(x.kind), f"extractelement {x.type.llvm} {x.text}, i64 {index}")

    # ------------------------------------------------------------------ memory
    def element(self, base: str, index: Value | int, size: int) -> str:
        """The address `index` elements of `size` bytes after `base`."""
        if isinstance(index, int):
            if index == 0:
                return base
            return self.address(base, str(index * size))
        offset = index if size == 1 else index * size
        return self.address(base, offset.text)

    def address(self, base: str, offset: str) -> str:
        """The address this many bytes after `base`."""
        name = self.fresh()
        self.lines.append(f"  {name} = getelementptr i8, ptr {base}, i64 {offset}")
        return name

    def load(self, address: str, kind: Kind, lanes: int = 1, note: str = "") -> Value:
        """Neighbouring elements from memory, aligned as one element is."""
        held = memory_text(kind, lanes)
        name = self.fresh()
        self.lines.append(f"  {name} = load {held}, ptr {address}, align {bytes_of(kind)}{note}")
        if kind is not I1:
            return Value(self, register(kind, lanes), name)
        return self.made(register(I1, lanes), f"trunc {held} {name} to {register(I1, lanes).llvm}")

    def store(self, value: Value, address: str, note: str = "", *, align: int = 0) -> None:
        """Lanes into neighbouring elements of memory, aligned as one element is or better."""
        held, text = memory_text(value.kind, value.type.lanes), value.text
        if value.kind is I1:
            text = self.fresh()
            self.lines.append(f"  {text} = zext {value.type.llvm} {value.text} to {held}")
        self.lines.append(f"  store {held} {text}, ptr {address}, align {align or bytes_of(value.kind)}{note}")

    # ------------------------------------------------------------------ blocks
    def label(self, name: str) -> None:
        """Starts a block."""
        self.lines.append(f"{name}:")
        self.block = name

    def new_label(self) -> str:
        """A name for a block."""
        self._count += 1
        return f"b{self._count}"

    def jump(self, label: str) -> None:
        """Goes on at a block."""
        self.line(f"br label %{label}")

    def branch(self, condition: Value, then: str, otherwise: str) -> None:
        """Goes on at one of two blocks."""
        self.line(f"br i1 {condition.text}, label %{then}, label %{otherwise}")


def _for_a_half(w: Writer, x: Value) -> Value:
    """The single that rounds to the same half as this double: toward zero, and odd where anything was cut off.

    S. Boldo, G. Melquiond, When double rounding is odd, 2005.
    """
    kind = register(F32, x.type.lanes)
    near = w.made(kind, f"fptrunc {x.type.llvm} {x.text} to {kind.llvm}")
    back = w.made(x.type, f"fpext {kind.llvm} {near.text} to {x.type.llvm}")
    bits = near.bits()
    cut = w.select(w.absolute(back) > w.absolute(x), bits - 1, bits)
    inexact = w.binary("and", back.differs(x), x.equals(x))
    return w.select(inexact, cut | 1, bits).as_float(F32)


def suffix(type: Type) -> str:
    """How an overloaded intrinsic names a type: v8f32."""
    inner = _LETTERS[type.kind.bits] if type.kind.is_float else type.kind.llvm
    return inner if type.lanes == 1 else f"v{type.lanes}{inner}"
