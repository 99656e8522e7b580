"""Which cures are worth trying: what the causes suggest, and what an edited training still suffers from. Floor 7."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.causes.cause import Cause
from glassgrad.doctor.causes.finding import suspected
from glassgrad.doctor.learning.judging import judge
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.subjects.edits import Edit, Longer, NewOptimizer, Rate
from glassgrad.doctor.symptoms.finding import find_symptoms

_OTHER_RATES: tuple[tuple[Edit, ...], ...] = ((Rate(0.1),), (Rate(10.0),))


def in_turns(causes: Sequence[Cause]) -> Iterator[tuple[tuple[Edit, ...], Cause]]:
    """What the causes suggest, each once, with its cause: the first edits of each, then the second."""
    seen: set[tuple[Edit, ...]] = set()
    for place in range(max((len(cause.edits) for cause in causes), default=0)):
        for cause in causes:
            if place < len(cause.edits) and cause.edits[place] not in seen:
                seen.add(cause.edits[place])
                yield cause.edits[place], cause


def besides(trace: Trace) -> Iterator[tuple[Edit, ...]]:
    """What a training could do with besides the edits that it has: it is looked at as if it were the person's own.

    Another rate goes first, for with other inputs, another loss or other layers another one is right.
    """
    yield from _OTHER_RATES
    learning = judge(trace)
    for edits, _ in in_turns(suspected(Case(trace, learning, find_symptoms(trace, learning)))):
        yield edits


def joined(first: Sequence[Edit], second: Sequence[Edit]) -> tuple[Edit, ...]:
    """Both, as one would write them at once: rates are multiplied, and what the second replaces is left out.

    >>> joined((Rate(0.1),), (Rate(0.1),))
    (Rate(factor=0.01),)
    >>> joined((NewOptimizer("adam", 0.001),), (Rate(10.0),))
    (NewOptimizer(name='adam', rate=0.01),)
    """
    found = list(first)
    for edit in second:
        found = _with(found, edit)
    return tuple(found)


def _with(edits: list[Edit], edit: Edit) -> list[Edit]:
    used = next((one for one in edits if isinstance(one, NewOptimizer)), None)
    if isinstance(edit, Rate) and used is not None:
        return [replace(used, rate=_product(used.rate, edit.factor)) if one is used else one for one in edits]
    if isinstance(edit, NewOptimizer):  # it goes first: clipping is built around it
        return [edit, *(one for one in edits if not isinstance(one, NewOptimizer | Rate))]
    same = next((one for one in edits if type(one) is type(edit)), None)
    if isinstance(edit, Rate | Longer) and isinstance(same, Rate | Longer):
        edit = replace(edit, factor=_product(same.factor, edit.factor))
    kept = [one for one in edits if one is not same]
    return kept if edit == Rate(1.0) else [*kept, edit]


def _product(first: float, second: float) -> float:
    return float(f"{first * second:.6g}")
