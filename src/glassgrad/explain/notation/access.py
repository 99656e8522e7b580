"""Parts of values and values of parts: attributes, elements and slices, tuples and lists."""

import ast
from collections.abc import Sequence

from glassgrad.explain.notation import signs
from glassgrad.explain.notation.atoms import compose_name, verbatim, whole_number
from glassgrad.explain.notation.calls import transposed
from glassgrad.explain.notation.layout import Edge, Level, Page, Piece, base_of, fitted
from glassgrad.explain.notation.table import CONSTANTS, MODULES
from glassgrad.explain.notation.walk import Steps, dotted


def compose_attribute(node: ast.Attribute, page: Page) -> Steps:
    """A transpose, a constant of a module, a person's own dotted name, or a part by name: x.shape."""
    names = dotted(node)
    whole = ".".join(names) if names else ""
    if whole in page.symbols:
        return (yield from compose_name(whole, page))
    if node.attr in {"T", "mT"}:
        return (yield from transposed(node.value, page))
    if names and names[0] in MODULES and names[0] not in page.symbols:
        if names[-1] in CONSTANTS:
            return Piece(page.backend.spelled(CONSTANTS[names[-1]]), lead=Edge.LETTER, trail=Edge.LETTER, rank=0)
        return (yield ast.Name(names[-1]), False)
    if node.attr in {"real", "imag"}:
        return (yield ast.Call(ast.Attribute(ast.Name("np"), node.attr), [node.value], []), False)
    if names and names[:-1] == ("self",) and page.drawing is not None:
        return (yield ast.Name(names[-1]), False)
    if page.access is None:
        return verbatim(node, page)
    base = fitted(page, (yield node.value, False), Level.CALL)
    return Piece(page.access.attribute(base.rope, node.attr), Level.CALL, base.lead, Edge.WORD, has_subscript=True)


def compose_subscript(node: ast.Subscript, page: Page) -> Steps:
    """An element or a slice: x[1:, 0] in text, indices below on a page."""
    if page.access is None:
        return verbatim(node, page)
    base = base_of(page, (yield node.value, False), for_subscript=True)
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) and node.slice.elts else [node.slice]
    indices: list[Piece] = []
    for part in parts:
        piece = yield part, True
        indices.append(fitted(page, piece, Level.CASES))
    rope = page.access.index(base.rope, [index.rope for index in indices])
    is_whole = base.rank is not None and all(whole_number(part) is not None for part in parts)
    rank = max(base.rank - len(parts), 0) if base.rank is not None and is_whole else None
    return Piece(rope, Level.CALL, base.lead, Edge.LETTER, has_subscript=True, rank=rank)


def compose_slice(node: ast.Slice, page: Page) -> Steps:
    """One slice: 1:, ::2."""
    parts: list[Piece] = []
    for part in (node.lower, node.upper, *([node.step] if node.step is not None else [])):
        if part is None:
            parts.append(Piece(""))
        else:
            piece = yield part, True
            parts.append(fitted(page, piece, Level.OR))
    rope = page.backend.infix([part.rope for part in parts], [signs.COLON] * (len(parts) - 1))
    return Piece(rope, Level.OR)


def compose_sequence(items: Sequence[ast.expr], page: Page, *, is_tuple: bool) -> Steps:
    """A tuple or list of parts."""
    parts: list[Piece] = []
    for item in items:
        piece = yield item, False
        parts.append(fitted(page, piece, Level.CASES))
    rank = None if not parts or parts[0].rank is None else parts[0].rank + 1
    return Piece(page.backend.sequence([part.rope for part in parts], is_tuple=is_tuple), rank=rank)
