"""`render`: a picture to SVG text. Check, fold, lay out, write; each step is a file of its own."""

from glassgrad.base.errors import UsageError
from glassgrad.explain.drawing.folding import Fold, folded_view
from glassgrad.explain.drawing.nesting import Direction, lay_out
from glassgrad.explain.drawing.palette import Theme
from glassgrad.explain.drawing.picture import Picture
from glassgrad.explain.drawing.svg import svg


def render(picture: Picture, *, direction: Direction = "down", theme: Theme = "light", fold: Fold = "auto") -> str:
    """One self-contained SVG file of the picture, the same text every time.

    `fold` names the blocks to fold, or says "all", "none", or "auto": fold until about 60 boxes are left. A block
    that cannot be folded without making a cycle is folded in contiguous parts. UsageError says what is wrong with a
    picture: keys used twice, arrows to nowhere, cycles, unknown blocks, more than 10,000 boxes left to draw.

    >>> from glassgrad.explain.drawing import Arrow, Box, Line, Picture
    >>> x = Box("x", "x", (Line("data 3.0000"), Line("grad 6.0000", "gradient")), "input")
    >>> picture = Picture((x, Box("y", "x²", (Line("data 9.0000"),))), (Arrow("x", "y"),))
    >>> render(picture).startswith("<svg ")
    True
    """
    for name, value, known in (
        ("direction", direction, ("down", "right")),
        ("theme", theme, ("light", "dark", "auto")),
    ):
        if value not in known:
            raise UsageError(f"{name}={value!r} is not understood", hint=f"use one of {', '.join(map(repr, known))}")
    return svg(lay_out(folded_view(picture, fold), direction), theme)
