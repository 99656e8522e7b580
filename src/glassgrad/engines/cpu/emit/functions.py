"""Maths functions as LLVM functions of vectors: written once in a module, called wherever they are needed. Floor 4.

A few calls are put in line, so that constants stay in registers; where there are many, the code would grow without
end and compile for as long, and they stay calls.
"""

from collections import Counter

from glassgrad.engines.cpu.emit.maths import MATHS
from glassgrad.engines.cpu.emit.types import Type, register
from glassgrad.engines.cpu.emit.values import Value, Writer, suffix

_INLINED = 2  # calls of one function up to which its instructions are put in line: each costs 3 to 9 ms to compile


class Declarations(dict[str, str]):
    """What a module declares and defines besides its own functions, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def texts(self) -> list[str]:
        """The text of each, with the decision whether it is put in line."""
        return [
            text.replace("#maths", "alwaysinline nounwind" if self.calls[name] <= _INLINED else "noinline nounwind")
            for name, text in self.items()
        ]


def call_maths(writer: Writer, name: str, *arguments: Value) -> Value:
    """A call of `MATHS[name]`; all arguments have one type, and so has the result.

    An odd number of lanes is filled up with ones, so that there are few versions of a function.
    """
    type = arguments[0].type
    lanes = _full(type)
    if lanes == type.lanes:
        return _call(writer, name, *arguments)
    wide = [_part(writer, x, type.lanes, lanes) for x in arguments]
    return _part(writer, _call(writer, name, *wide), lanes, type.lanes)


def _full(type: Type) -> int:
    """The next power of two; a whole register at least."""
    return 1 if type.lanes == 1 else max(1 << (type.lanes - 1).bit_length(), 256 // type.kind.bits)


def _part(writer: Writer, x: Value, now: int, wanted: int) -> Value:
    """The first lanes, or all of them and ones behind."""
    mask = ", ".join(f"i32 {min(lane, now)}" for lane in range(wanted))
    ones = writer.constant(1, x.type)
    return writer.made(
        register(x.kind, wanted),
        f"shufflevector {x.type.llvm} {x.text}, {x.type.llvm} {ones.text}, <{wanted} x i32> <{mask}>",
    )


def _call(writer: Writer, name: str, *arguments: Value) -> Value:
    declarations = writer.intrinsics
    assert isinstance(declarations, Declarations), "the module's own"
    type = arguments[0].type
    full = f"glassgrad.{name}.{suffix(type)}"
    if full not in declarations:
        declarations[full] = ""  # its place before what it calls
        inner = Writer(declarations)
        given = [Value(inner, type, f"%x{position}") for position in range(len(arguments))]
        result = MATHS[name](inner, *given)
        parameters = ", ".join(f"{x.type.llvm} {x.text}" for x in given)
        head = f"define internal {type.llvm} @{full}({parameters}) #maths {{"
        declarations[full] = "\n".join([head, "entry:", *inner.lines, f"  ret {type.llvm} {result.text}", "}"])
    declarations.calls[full] += 1
    text = ", ".join(f"{x.type.llvm} {x.text}" for x in arguments)
    return writer.made(type, f"call {type.llvm} @{full}({text})")
