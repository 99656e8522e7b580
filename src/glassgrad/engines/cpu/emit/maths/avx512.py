"""What processors with AVX-512 do in one instruction and others do not: scaling by a power of two. Floor 4."""

from glassgrad.engines.cpu.emit.types import F64
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.native.target import has

_BITS = 512
_ROUNDED_AS_USUAL = 4


def scales(x: Value) -> bool:
    """Does this processor scale such a value at once? It has to fill whole registers."""
    return x.type.lanes * x.kind.bits % _BITS == 0 and has("avx512f")


def scaled(w: Writer, x: Value, k: Value) -> Value:
    """The product x · 2^k of a whole number k, rounded once; where `scales`."""
    count = _BITS // x.kind.bits
    parts = [
        _scaled_register(w, _part(w, x, at, count), _part(w, k, at, count)) for at in range(0, x.type.lanes, count)
    ]
    while len(parts) > 1:
        parts = [_joined(w, *parts[at : at + 2]) for at in range(0, len(parts), 2)]
    return parts[0]


def _scaled_register(w: Writer, x: Value, k: Value) -> Value:
    type, mask = x.type.llvm, f"i{x.type.lanes}"
    name = f"llvm.x86.avx512.mask.scalef.p{'d' if x.kind is F64 else 's'}.512"
    w.intrinsics.setdefault(name, f"declare {type} @{name}({type}, {type}, {type}, {mask}, i32)")
    given = f"{type} {x.text}, {type} {k.text}, {type} zeroinitializer, {mask} -1, i32 {_ROUNDED_AS_USUAL}"
    return w.made(x.type, f"call {type} @{name}({given})")


def _part(w: Writer, x: Value, start: int, count: int) -> Value:
    return x if x.type.lanes == count else w.shuffled(x, x, range(start, start + count))


def _joined(w: Writer, first: Value, second: Value | None = None) -> Value:
    """One value of two of the same width, or of one."""
    return first if second is None else w.shuffled(first, second, range(2 * first.type.lanes))
