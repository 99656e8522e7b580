"""A branch that is taken when any lane needs it, for what is rare and long. Floor 4."""

from collections.abc import Callable

from glassgrad.engines.cpu.emit.types import I1, register
from glassgrad.engines.cpu.emit.values import Value, Writer


def any_lane(w: Writer, condition: Value) -> Value:
    """Whether the condition holds in any lane.

    Of 3 or 5 lanes the first 2 or 4 are asked apart from the rest: of all at once LLVM 22 takes the signs by MOVMSK,
    and from a register of AVX-512 that this instruction cannot name, so that it reads another one.
    """
    lanes = condition.type.lanes
    if lanes == 1:
        return condition
    some = 1 << (lanes.bit_length() - 1)
    if some == lanes:
        return w.intrinsic("vector.reduce.or", condition, result=register(I1))
    first = w.shuffled(condition, condition, range(some))
    rest = w.shuffled(condition, condition, range(some, lanes)) if lanes - some > 1 else w.lane(condition, some)
    return any_lane(w, first) | any_lane(w, rest)


def where_any(
    w: Writer, condition: Value, then: Callable[[], tuple[Value, ...]], otherwise: tuple[Value, ...]
) -> tuple[Value, ...]:
    """The values of `then()` in the lanes where the condition holds, computed only when there is such a lane."""
    here, rare, onward = w.block, w.new_label(), w.new_label()
    w.branch(any_lane(w, condition), rare, onward)
    w.label(rare)
    chosen = [w.select(condition, new, old) for new, old in zip(then(), otherwise, strict=True)]
    last = w.block
    w.jump(onward)
    w.label(onward)
    return tuple(
        w.made(old.type, f"phi {old.type.llvm} [ {old.text}, %{here} ], [ {new.text}, %{last} ]")
        for old, new in zip(otherwise, chosen, strict=True)
    )
