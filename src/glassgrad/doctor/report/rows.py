"""The ledger in few rows: what repeats is told once, what took nothing is told together; nothing broken is hidden.
Floor 7.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, isnan
from typing import TypeAlias

from glassgrad.doctor.ledger.ledger import Entry, Ledger
from glassgrad.pages.numbers import factor

_LONGEST = 8  # links of a pattern that repeats
_Group: TypeAlias = tuple[tuple[Entry, ...], int]  # links, and how often the same operations
_FEWEST = 3.0  # decades that an axis shows at least, so that a healthy chain does not look like a steep one


@dataclass(frozen=True, slots=True)
class Row:
    """Some neighbouring links of the chain."""

    entries: tuple[Entry, ...]
    repeats: int = 1  # so many times the same operations
    before: float = 0.0  # decades of the gradient that enters, beside the one that leaves the loss
    after: float = 0.0  # … and of the one that leaves

    @property
    def is_broken(self) -> bool:
        """Is one of them broken?"""
        return any(entry.is_broken for entry in self.entries)

    @property
    def decades(self) -> float:
        """log10 of their gains multiplied."""
        return sum(entry.decades for entry in self.entries)

    @property
    def gain(self) -> str:
        """Their gains multiplied, as text; empty for the first weights where the inputs have no gradient."""
        return "" if isnan(self.decades) and isfinite(self.after) else factor(self.decades)

    @property
    def operation(self) -> str:
        """What they are."""
        period = self.entries[: len(self.entries) // self.repeats]
        text = ", ".join(entry.operation for entry in period) if len(period) < 4 else _kinds(period)
        return f"{self.repeats} × {text}" if self.repeats > 1 and len(period) == 1 else (
            f"{self.repeats} × ({text})" if self.repeats > 1 else text
        )  # fmt: skip

    @property
    def path(self) -> str:
        """Where they are: from the first to the last."""
        first, last = self.entries[0].path, self.entries[-1].path
        return first if len(self.entries) == 1 or first == last else f"{first} … {last}"

    @property
    def formula(self) -> str:
        """The derivative of the broken link at its operating point (or of the only one)."""
        told = [entry for entry in self.entries if entry.is_broken] or (self.entries if len(self.entries) == 1 else ())
        return next((entry.formula for entry in told if entry.formula), "")

    @property
    def place(self) -> str | None:
        """Where the person wrote it."""
        told = [entry for entry in self.entries if entry.is_broken] or self.entries
        return next((entry.place for entry in told if entry.place), None)


@dataclass(frozen=True, slots=True)
class Span:
    """The decades of an axis, of gradients beside the one that leaves the loss."""

    low: int
    high: int

    def place(self, decades: float) -> float:
        """0 … 1 from the low end to the high one."""
        return min(1.0, max(0.0, (decades - self.low) / (self.high - self.low)))

    def ticks(self, most: int = 5) -> list[int]:
        """Whole decades to write at the axis; the gradient that leaves the loss (0) is one of them."""
        stride = max(1, ceil((self.high - self.low) / (most - 1)))
        down, up = range(0, self.low - 1, -stride), range(stride, self.high + 1, stride)
        return sorted({*down, *up})


def rows_of(ledger: Ledger, most: int) -> list[Row]:
    """The ledger from the loss backwards, in about `most` rows."""
    groups: list[_Group] = [((entry,), 1) for entry in ledger.entries]
    if len(groups) > most:
        groups = _folded(ledger.entries)
    while len(groups) > most and (place := _least(groups)) is not None:
        groups[place : place + 2] = [(groups[place][0] + groups[place + 1][0], 1)]
    start = ledger.start if isfinite(ledger.start) else 0.0
    found, before = [], 0.0
    for entries, repeats in groups:
        after = entries[-1].total - start
        if isnan(after) and entries[-1] is ledger.entries[-1] and entries[-1].family == "weights":
            after = before  # nobody asked for the gradient by the inputs: what arrives at the first weights
        found.append(Row(entries, repeats, before, after))
        before = after
    return found


def span_of(rows: Sequence[Row]) -> Span:
    """An axis with room for all rows, and for three decades at least."""
    ends = [end for row in rows for end in (row.before, row.after) if isfinite(end)] or [0.0]
    high = max(0, ceil(max(ends) - 1e-9))
    return Span(min(floor(min(ends) + 1e-9), round(high - _FEWEST)), high)


def _folded(entries: Sequence[Entry]) -> list[_Group]:
    """Patterns of operations that repeat, as one group each."""
    found: list[_Group] = []
    many = sum(entry.is_broken for entry in entries) > _LONGEST  # then it is their kind, not each of them
    names = [(entry.operation, entry.is_broken and not many) for entry in entries]
    place = 0
    while place < len(names):
        best = max(
            ((_repeats(names, place, period) * period, -period) for period in range(1, _LONGEST + 1)),
        )
        covered, period = best[0], -best[1]
        repeats = covered // period
        if repeats < 2:
            covered, repeats = 1, 1
        found.append((tuple(entries[place : place + covered]), repeats))
        place += covered
    return found


def _repeats(names: Sequence[object], place: int, period: int) -> int:
    """How often the next `period` names follow each other."""
    pattern, count = names[place : place + period], 0
    while len(pattern) == period and names[place + count * period : place + (count + 1) * period] == pattern:
        count += 1
    return count if count > 1 else 0


def _least(groups: Sequence[_Group]) -> int | None:
    """Which two neighbours are told together with the least loss: short ones that are not broken first."""
    best: tuple[int, int] | None = None
    for place in range(1, len(groups) - 1):  # the loss stays for itself
        (first, repeats), (second, again) = groups[place], groups[place + 1]
        if any(entry.is_broken for entry in (*first, *second)):
            continue
        cost = len(first) + len(second) + (100 if max(repeats, again) > 1 else 0)
        if best is None or cost < best[0]:
            best = (cost, place)
    return None if best is None else best[1]


def _kinds(entries: Sequence[Entry]) -> str:
    """The operations without their sizes, each once."""
    kinds = list(dict.fromkeys(entry.operation.partition("(")[0].strip() for entry in entries))
    return f"{len(entries)} links: {', '.join(kinds[:4])}{' …' if len(kinds) > 4 else ''}"
