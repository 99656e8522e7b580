"""How wide text will be: a small table of glyph widths, so that boxes fit their text without a browser."""

import unicodedata

TITLE_SIZE = 13.0
LINE_SIZE = 11.5
SMALL_SIZE = 10.5
MONOSPACE = 0.602  # em; DejaVu Sans Mono and Menlo, the widest of the usual fonts

# Helvetica's widths in thousandths of an em (Adobe's font metrics), as groups of about equal width.
_SANS_GROUPS = {
    "ijl'|": 230,
    " !,./:;I[\\]ft": 280,
    '(){}-`r"': 345,
    "*^": 430,
    "Jckvsxyz": 505,
    "0123456789abdeghnopqu_?$#L": 560,
    "+<=>~": 590,
    "FTZ": 615,
    "ABEKPSVXY&": 670,
    "CDHNRUw": 725,
    "GOQ": 780,
    "mM": 835,
    "%W": 920,
    "@": 1020,
    "→←⟶": 1000,
}
_SANS = {glyph: width / 1000 for glyphs, width in _SANS_GROUPS.items() for glyph in glyphs}
_BOLD = 1.07  # bold letters over regular ones
_OTHER = 0.62  # Greek, Cyrillic, mathematical letters and signs


def sans_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of sans-serif text in pixels."""
    em = sum(_em(glyph, _SANS.get(glyph, _OTHER)) for glyph in text)
    return em * size * (_BOLD if bold else 1.0)


def mono_width(text: str, size: float) -> float:
    """The width of monospaced text in pixels."""
    return size * sum(_em(glyph, MONOSPACE) for glyph in text)


def _em(glyph: str, usual: float) -> float:
    """One glyph's width in em: nothing for a mark on the glyph before, a square for East Asian letters and emoji."""
    if glyph < "\u0300":
        return usual
    if unicodedata.combining(glyph):
        return 0.0
    return 1.05 if unicodedata.east_asian_width(glyph) in "WF" else usual


def shortened(text: str, length: int) -> str:
    """Text on one line of at most `length` characters; what is cut shows as an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
