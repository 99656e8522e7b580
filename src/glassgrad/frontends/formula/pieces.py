"""What the rewriter of formulas keeps: the open brackets, and the Python text with its map to the source. Floor 5."""

from bisect import bisect_right
from dataclasses import dataclass

from glassgrad.frontends.formula.tokens import Token


@dataclass(slots=True)
class Frame:
    """An open bracket, an open bar, or the whole formula."""

    opener: Token | None
    start: int = 0  # index of the piece where the operand that it closes begins
    closing: str = ")"
    operator: str = ""  # the last one written at this level
    left: int = 0  # source position of the operand before it
    chain: tuple[int, int, int] = (0, 0, 0)  # how many sums, products, powers follow each other
    choices: int = 0  # `if` without its `else` yet
    is_condition: bool = False
    bar_then_factor: bool = False  # after `|x|y`: another bar would have two readings


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Python text, with the source span of each of its pieces."""

    text: str
    offsets: tuple[int, ...]  # of the pieces, in bytes of UTF-8, as `ast` counts
    spans: tuple[tuple[int, int], ...]
    notes: tuple[str, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The source span of a range of byte offsets in the text."""
        first = max(0, bisect_right(self.offsets, start) - 1)
        last = max(first, bisect_right(self.offsets, max(start, end - 1)) - 1)
        return self.spans[first][0], max(self.spans[first][1], self.spans[last][1])
