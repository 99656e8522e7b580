"""Index sums: einsum("ij,jk->ik", a, b) as Σ_j a_ij b_jk."""

import ast
import re

from glassgrad.explain.notation.callee import Called, plain_call
from glassgrad.explain.notation.layout import Level, Page, Piece, Rope, base_of, numeric
from glassgrad.explain.notation.walk import Steps

_SPECIFICATION = re.compile(r"[A-Za-z]*(,[A-Za-z]*)*(->[A-Za-z]*)?")


def compose_einsum(called: Called, page: Page) -> Steps:
    """The index sum of an einsum whose specification is written out; otherwise the plain call."""
    match called.arguments:
        case [ast.Constant(value=str(specification)), *operands] if page.drawing is not None:
            read = _read(specification)
            if read is not None and len(read[0]) == len(operands):
                inputs, summed, rank = read
                factors: list[tuple[Rope, str]] = []
                for indices, operand in zip(inputs, operands, strict=True):
                    piece = numeric(page, (yield operand, True))
                    factors.append((base_of(page, piece, for_subscript=bool(indices)).rope, indices))
                level = Level.BIG if summed else Level.PRODUCT
                return Piece(page.drawing.index_sum(summed, factors), level, rank=rank)
    return (yield from plain_call(called, page))


def _read(specification: str) -> tuple[list[str], str, int] | None:
    """The operands' indices, the indices summed over, and the number left; None if it is not plain."""
    plain = specification.replace(" ", "")
    if _SPECIFICATION.fullmatch(plain) is None:
        return None
    left, arrow, kept = plain.partition("->")
    letters = left.replace(",", "")
    if not arrow:  # NumPy keeps what appears once, in alphabetical order
        kept = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    summed = "".join(dict.fromkeys(letter for letter in letters if letter not in kept))
    return left.split(","), summed, len(kept)
