"""Errors that show the formula with a caret under the place that is meant. Floor 5.

Columns are counted as a terminal shows them: wide characters count two, combining ones none.
"""

import difflib
import unicodedata
from collections.abc import Iterable

from glassgrad.base.errors import FormulaError

_SHOWN = 72  # columns of the formula that are shown around the place
_LONGEST_GUESSED = 40  # a longer name is no misspelling, and comparing it would be slow


def complaint(message: str, source: str, span: tuple[int, int], hint: str | None = None) -> FormulaError:
    """A FormulaError with the formula and a caret line under `span`, a range of character positions in `source`."""
    line, caret = caret_lines(source, span)
    return FormulaError(f"{message}\n    {line}\n    {caret}", hint=hint)


def caret_lines(source: str, span: tuple[int, int]) -> tuple[str, str]:
    """The part of `source` around `span`, and the line of carets that goes below it."""
    start = min(span[0], len(source))
    end = max(start + 1, min(span[1], len(source)))
    first = max(0, start - _SHOWN // 2) if len(source) > _SHOWN else 0
    last = min(len(source), first + _SHOWN)
    before, marked, after = source[first:start], source[start : min(end, last)], source[min(end, last) : last]
    head = "…" if first > 0 else ""
    tail = "…" if last < len(source) else ""
    line = head + _one_line(before + marked + after) + tail
    return line, " " * _width(head + _one_line(before)) + "^" * max(1, _width(_one_line(marked)))


def _one_line(text: str) -> str:
    """Control characters, tabs and line ends become one column each, so that the caret stays below its place."""
    return "".join(
        " " if char.isspace() else "\N{REPLACEMENT CHARACTER}" if _is_control(char) else char for char in text
    )


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn")


def _width(text: str) -> int:
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was probably meant to be, or None."""
    if len(name) > _LONGEST_GUESSED:
        return None
    spelled = {word.casefold(): word for word in known}
    found = [word for word in spelled if len(word) > 2 and sorted(word) == sorted(name.casefold())][:1]
    found = found or difflib.get_close_matches(name.casefold(), spelled, n=1, cutoff=0.75)
    found = (
        found or sorted((word for word in spelled if len(word) > 2 and name.casefold().startswith(word)), key=len)[-1:]
    )
    found = found or difflib.get_close_matches(name.casefold(), spelled, n=1, cutoff=0.6)
    return spelled[found[0]] if found else None


def listing(names: Iterable[str], joint: str = "and") -> str:
    """Names in words: `a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}"
