"""A branch that is taken when any lane needs it, for what is rare and long. Floor 4."""

from collections.abc import Callable

from glassgrad.engines.cpu.emit.types import I1, register
from glassgrad.engines.cpu.emit.values import Value, Writer


def any_lane(w: Writer, condition: Value) -> Value:
    """Whether the condition holds in any lane."""
    if condition.type.lanes == 1:
        return condition
    return w.intrinsic("vector.reduce.or", condition, result=register(I1))


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
