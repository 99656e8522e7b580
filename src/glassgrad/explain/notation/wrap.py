"""Breaking a long text formula into lines, at its operators."""

import re
from dataclasses import dataclass
from math import inf

# Where a line may end, best first: relations (in brackets they are conditions: last), sums, products.
_BREAKS = (
    re.compile(r" (?=(?:=|==|≠|!=|<|≤|<=|>|≥|>=|∈|∉) )"),
    re.compile(r" (?=[-+∨] )|(?<=[;,]) | (?=(?:or|if|else) )"),
    re.compile(r" (?=(?:·|\*|/|//|%|@|⊙|⊗|×|mod|∧|and) )"),
)
# What speaks against a break: each bracket around it, each rank of a tighter sign, a line left empty (squared).
_DEPTH_COST, _SIGN_COST, _UNUSED_COST = 4, 2, 12
_OPENING, _CLOSING, _QUOTES = "([{⌊⌈⟨", ")]}⌋⌉⟩", "'\""


@dataclass(frozen=True, slots=True)
class _Break:
    """A place for a new line: the position of its space, how deep in brackets, and how loose the sign is."""

    position: int
    depth: int
    looseness: int


def wrap(text: str, width: int = 80, *, indent: int = 4) -> str:
    """The text in lines of at most `width`, broken before operators, outermost and loosest first.

    Further lines are indented. A stretch without any operator stays whole, even if it is too long.

    >>> print(wrap("L = (y1 - t1)² + (y2 - t2)²", width=20))
    L = (y1 - t1)²
        + (y2 - t2)²
    """
    return "\n".join(_wrapped(line, width, indent) for line in text.split("\n"))


def _wrapped(text: str, width: int, indent: int) -> str:
    if len(text) <= width:
        return text
    breaks = _breaks_of(text)
    lines: list[str] = []
    start, first = 0, 0
    while True:
        room = width - (indent if lines else 0)
        if len(text) - start <= room:
            break
        while first < len(breaks) and breaks[first].position <= start:
            first += 1
        if first == len(breaks):
            break
        chosen = _choose(breaks, first, start, room)
        lines.append(text[start : chosen.position])
        start = chosen.position + 1
    lines.append(text[start:])
    return ("\n" + " " * indent).join(lines)


def _choose(breaks: list[_Break], first: int, start: int, room: int) -> _Break:
    """The best break of those that fit: outermost, loosest, late in the line; the first one if none fits."""
    best, lowest = breaks[first], inf
    for index in range(first, len(breaks)):
        place = breaks[index]
        length = place.position - start
        if length > room:
            break
        cost = _DEPTH_COST * place.depth + _SIGN_COST * place.looseness + _UNUSED_COST * (1 - length / room) ** 2
        if cost <= lowest:
            best, lowest = place, cost
    return best


def _breaks_of(text: str) -> list[_Break]:
    """Every place where the text may be broken, in order."""
    looseness = {
        found.start(): rank for rank, pattern in reversed([*enumerate(_BREAKS)]) for found in pattern.finditer(text)
    }
    breaks: list[_Break] = []
    depth, quote = 0, ""
    for position, character in enumerate(text):
        if quote or character in _QUOTES:
            quote = "" if character == quote else quote or character
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif position in looseness:
            rank = looseness[position]
            breaks.append(_Break(position, depth, rank if rank or not depth else len(_BREAKS)))
    return breaks
