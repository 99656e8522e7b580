"""What processors with AVX-512 do in one instruction and others do not. Floor 4.

What does not fill whole registers is filled up: a number gives the same in any lane, at any width.
"""

from collections.abc import Callable, Sequence

from glassgrad.engines.cpu.emit.types import F64, Kind, number_text, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.native.target import has

_BITS = 512
_WIDTHS = (128, 256, _BITS)
_ROUNDED_AS_USUAL = 4
_SMALLER_IN_SIZE = 2  # of two numbers, with the sign of the first
ENTRIES = 16  # of a table: two registers of float64, one of float32


def available() -> bool:
    """Has the processor these instructions?"""
    return has("avx512dq") and has("avx512vl")


def scaled(w: Writer, x: Value, k: Value) -> Value:
    """The product x · 2^⌊k⌋, rounded once."""

    def of_register(x: Value, k: Value) -> Value:
        return _masked(w, "scalef", x, k)

    return _by_register(w, of_register, x, k)


def bounded(w: Writer, x: Value, bound: float) -> Value:
    """The number in [−bound, bound] nearest to x; the bound where x is NaN."""

    def of_register(x: Value) -> Value:
        return _masked(w, "range", x, x.like(bound), f"i32 {_SMALLER_IN_SIZE}")

    return _by_register(w, of_register, x)


def short_inverse(w: Writer, x: Value) -> Value:
    """The reciprocal of a normal number to 14 bits, float64 27: from there one step of Newton's gives all."""

    def of_register(x: Value) -> Value:
        return _called(w, f"llvm.x86.avx512.rcp14.{_suffix(x)}", [x, x.like(0.0), _every_lane(x)])

    first = _by_register(w, of_register, x)
    return w.fma(w.fma(-x, first, 1.0), first, first) if x.kind is F64 else first


def looked_up(w: Writer, table: Sequence[float], index: Value, kind: Kind) -> Value:
    """The entries of a table of 16 that the last four bits of integers of the kind's width name."""
    result = register(kind, _BITS // kind.bits)
    texts = [f"{kind.llvm} {number_text(number, kind)}" for number in table]
    parts = [f"<{', '.join(texts[at : at + result.lanes])}>" for at in range(0, ENTRIES, result.lanes)]
    low, *high = [Value(w, result, part) for part in parts]
    name = "vpermi2var.pd" if kind is F64 else "permvar.sf"

    def of_register(index: Value) -> Value:
        return _called(w, f"llvm.x86.avx512.{name}.512", [low, index, *high])

    return _by_register(w, of_register, index, least=_BITS)


def _masked(w: Writer, name: str, x: Value, *others: Value | str) -> Value:
    """An instruction that can leave lanes out, of all of them; whole registers choose how they round."""
    rounding = [f"i32 {_ROUNDED_AS_USUAL}"] if x.type.lanes * x.kind.bits == _BITS else []
    given = [x, *others, x.like(0.0), _every_lane(x), *rounding]
    return _called(w, f"llvm.x86.avx512.mask.{name}.{_suffix(x)}", given)


def _suffix(x: Value) -> str:
    return f"p{'d' if x.kind is F64 else 's'}.{x.type.lanes * x.kind.bits}"


def _every_lane(x: Value) -> str:
    return f"i{max(x.type.lanes, 8)} -1"


def _called(w: Writer, name: str, given: Sequence[Value | str]) -> Value:
    """A call of an intrinsic that gives what its first argument is."""
    first = given[0]
    assert isinstance(first, Value), "a register"
    texts = [f"{x.type.llvm} {x.text}" if isinstance(x, Value) else x for x in given]
    types = [x.type.llvm if isinstance(x, Value) else x.split()[0] for x in given]
    w.intrinsics.setdefault(name, f"declare {first.type.llvm} @{name}({', '.join(types)})")
    return w.made(first.type, f"call {first.type.llvm} @{name}({', '.join(texts)})")


def _by_register(w: Writer, of_register: Callable[..., Value], *values: Value, least: int = _WIDTHS[0]) -> Value:
    """What an instruction gives for these values, 512 bits at a time, or in the smallest register that holds them."""
    lanes, bits = values[0].type.lanes, values[0].kind.bits
    count = min([width for width in _WIDTHS if width >= max(lanes * bits, least)], default=_BITS) // bits
    parts = [of_register(*[_part(w, x, at, count) for x in values]) for at in range(0, lanes, count)]
    while len(parts) > 1:
        parts = [_joined(w, *(parts[at : at + 2] * 2)[:2]) for at in range(0, len(parts), 2)]
    return _part(w, parts[0], 0, lanes)


def _part(w: Writer, x: Value, start: int, count: int) -> Value:
    """So many lanes, any behind the last."""
    lanes = x.type.lanes
    if lanes == count:
        return x
    if lanes == 1:
        type = register(x.kind, count)
        return w.made(type, f"insertelement {type.llvm} poison, {x.type.llvm} {x.text}, i64 0")
    if count == 1:
        return w.lane(x, start)
    return w.shuffled(x, x, [at if at < lanes else None for at in range(start, start + count)])


def _joined(w: Writer, first: Value, second: Value) -> Value:
    return w.shuffled(first, second, range(2 * first.type.lanes))
