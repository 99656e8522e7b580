"""Maths functions as LLVM functions of their own, one for each width, and loops over them. Floor 4.

`call_maths` is for many uses of one function in one module: the body is compiled once and called. A call saves the
registers around it, so a hot loop of few functions is faster with the body inside (`Placement.INLINE`).
"""

from enum import Enum

from glassgrad.engines.cpu.emit.maths import MATHS
from glassgrad.engines.cpu.emit.types import I64, Kind, Type, bytes_of, register
from glassgrad.engines.cpu.emit.values import Value, Writer, suffix


class Placement(Enum):
    """Where the body of a maths function goes; the value is the LLVM attribute."""

    INLINE = "alwaysinline"
    CALL = "noinline"
    LET_LLVM_CHOOSE = "nounwind"


def call_maths(
    module_texts: dict[str, str], w: Writer, name: str, *arguments: Value, placement: Placement = Placement.CALL
) -> Value:
    """A call of the op's function on these values; its body is added to the module's texts at its first use.

    `module_texts` are the module's declarations and functions by name: the writer's `intrinsics`.
    """
    type = arguments[0].type
    function = declare_maths(module_texts, name, type, placement)
    given = ", ".join(f"{x.type.llvm} {x.text}" for x in arguments)
    return w.made(type, f"call fastcc {type.llvm} @{function}({given})")


def declare_maths(module_texts: dict[str, str], name: str, type: Type, placement: Placement) -> str:
    """The LLVM name of the op's function for this type, its text added when it is new."""
    mark = "" if placement is Placement.CALL else f".{placement.name.lower()}"
    function = f"glassgrad.{name}.{suffix(type)}{mark}"
    if function not in module_texts:
        body = Writer(module_texts)
        count = 2 if name in BINARY else 1
        parameters = [Value(body, type, f"%x{i}") for i in range(count)]
        result = MATHS[name](body, *parameters)
        given = ", ".join(f"{x.type.llvm} {x.text}" for x in parameters)
        module_texts[function] = "\n".join(
            [
                f"define internal fastcc {type.llvm} @{function}({given}) {placement.value} {{",
                "entry:",
                *body.lines,
                f"  ret {type.llvm} {result.text}",
                "}",
            ]
        )
    return function


BINARY = frozenset({"arctan2", "hypot", "logaddexp", "power"})


def array_function(name: str, kind: Kind, lanes: int, placement: Placement | None = None) -> str:
    """LLVM text of `f(x, [y,] result, n)`, which applies the op to n elements (a multiple of `lanes`) of arrays."""
    texts: dict[str, str] = {}
    w = Writer(texts)
    sources = [f"%a{i}" for i in range(2 if name in BINARY else 1)]
    w.jump("loop")
    w.label("loop")
    w.line("%i = phi i64 [ 0, %entry ], [ %next, %latch ]")
    index = Value(w, register(I64), "%i")
    size = bytes_of(kind)
    values = [w.load(w.element(source, index, size), kind, lanes) for source in sources]
    result = MATHS[name](w, *values) if placement is None else call_maths(texts, w, name, *values, placement=placement)
    w.store(result, w.element("%result", index, size))
    w.jump("latch")
    w.label("latch")
    w.line(f"%next = add i64 %i, {lanes}")
    w.line("%more = icmp slt i64 %next, %n")
    w.line("br i1 %more, label %loop, label %done")
    w.label("done")
    w.line("ret void")
    pointers = ", ".join(f"ptr {source}" for source in sources)
    head = f"define void @f({pointers}, ptr %result, i64 %n) {{"
    return "\n".join([*texts.values(), head, "entry:", *w.lines, "}"])
