"""The types of values in registers: a scalar kind and a number of lanes. Floor 4."""

import struct
from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True, slots=True)
class Kind:
    """A scalar type: `f64`, `i32`, `u8`, `i1` (a truth value in a register)."""

    name: str
    llvm: str
    bits: int
    is_float: bool
    is_signed: bool


F16 = Kind("f16", "half", 16, is_float=True, is_signed=True)
F32 = Kind("f32", "float", 32, is_float=True, is_signed=True)
F64 = Kind("f64", "double", 64, is_float=True, is_signed=True)
I1 = Kind("i1", "i1", 1, is_float=False, is_signed=False)
I8, I16, I32, I64 = (Kind(f"i{n}", f"i{n}", n, is_float=False, is_signed=True) for n in (8, 16, 32, 64))
U8, U16, U32, U64 = (Kind(f"u{n}", f"i{n}", n, is_float=False, is_signed=False) for n in (8, 16, 32, 64))

_KINDS = {
    "?": I1, "e": F16, "f": F32, "d": F64,
    "b": I8, "h": I16, "i": I32, "l": I64, "q": I64,
    "B": U8, "H": U16, "I": U32, "L": U64, "Q": U64,
}  # fmt: skip


def kind_of(dtype: np.dtype) -> Kind | None:
    """The kind of an array's elements in registers; None where the loops have no such type (complex, long double)."""
    return _KINDS.get(dtype.char) if dtype.isnative else None


def integer_kind(kind: Kind, *, signed: bool = True) -> Kind:
    """The integers of the same width."""
    return {8: (U8, I8), 16: (U16, I16), 32: (U32, I32), 64: (U64, I64)}[kind.bits][signed]


@dataclass(frozen=True, slots=True)
class Type:
    """What a register holds: `lanes` values of one kind."""

    kind: Kind
    lanes: int
    llvm: str

    def __repr__(self) -> str:
        return f"{self.kind.name}x{self.lanes}"


@cache
def register(kind: Kind, lanes: int = 1) -> Type:
    """The register type of this kind and width."""
    return Type(kind, lanes, kind.llvm if lanes == 1 else f"<{lanes} x {kind.llvm}>")


def memory_text(kind: Kind, lanes: int = 1) -> str:
    """The LLVM type in memory: a truth value takes a byte there."""
    inner = "i8" if kind is I1 else kind.llvm
    return inner if lanes == 1 else f"<{lanes} x {inner}>"


def bytes_of(kind: Kind) -> int:
    """The size of an element in memory."""
    return max(kind.bits // 8, 1)


def number_text(number: float, kind: Kind) -> str:
    """A constant as LLVM writes it; floats by their bits, so that nothing is rounded twice."""
    if kind is I1:
        return "true" if number else "false"
    if not kind.is_float:
        return str(int(number))
    if kind.bits == 16:
        return f"0xH{struct.unpack('<H', struct.pack('<e', number))[0]:04X}"
    if kind.bits == 32:
        number = struct.unpack("<f", _float32_bytes(number))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"


def _float32_bytes(number: float) -> bytes:
    try:
        return struct.pack("<f", number)
    except OverflowError:  # the nearest float32 is infinite
        return struct.pack("<f", float("inf") if number > 0 else float("-inf"))
