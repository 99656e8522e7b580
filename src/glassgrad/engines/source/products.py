"""A contraction over letters as the product a person would write: `a @ b.T`, `np.sum(a * b, axis=1)`. Floor 4."""

import ast
from collections.abc import Sequence

from glassgrad.ops.contract import canonical, parts
from glassgrad.tracing.written import hole, numpy_name, spelled

Product = tuple[ast.expr, tuple[int, ...]]  # an expression with holes, and which operand (0 or 1) stands in each


def product_expression(spec: str, a_shape: Sequence[int], b_shape: Sequence[int]) -> Product:
    """The contraction of a and b as an expression."""
    del a_shape, b_shape
    a, b, out = parts(spec)
    batch = [c for c in a if c in b and c in out]
    inner = [c for c in a if c in b and c not in out]
    rows = [c for c in a if c not in b]
    columns = [c for c in b if c not in a]
    if len(inner) == 1 and (found := _matrix_product(a, b, out, batch, rows, columns, inner[0])):
        return found
    if not inner and not batch and len(rows) == len(columns) == 1:
        first, second = (0, 1) if out == rows[0] + columns[0] else (1, 0)
        return ast.Call(numpy_name("outer"), [hole(0), hole(1)], []), (first, second)
    if (found := _elementwise(a, b, out, inner)) is not None:
        return found
    text = ast.Constant(_einsum_letters(spec))
    return ast.Call(numpy_name("einsum"), [text, hole(0), hole(1)], []), (0, 1)


def _einsum_letters(spec: str) -> str:
    """The person's letters; ours (x, y, z) become i, j, k."""
    return canonical(spec) if set("xyz") & set(spec) else spec


# ------------------------------------------------------------------ matrix products
def _matrix_product(
    a: str, b: str, out: str, batch: list[str], rows: list[str], columns: list[str], inner: str
) -> Product | None:
    """`a @ b` with operands transposed or exchanged as needed; None where the letters do not lie that way."""
    lead = "".join(batch)
    for first, second, left, right, swap in ((a, b, rows, columns, False), (b, a, columns, rows, True)):
        one = _left_operand(first, lead, left, inner, alone=not lead)
        two = _right_operand(second, lead, right, inner)
        if one is None or two is None or out != lead + "".join(left) + "".join(right):
            continue
        if lead and (not left or not right):
            continue
        order = (1, 0) if swap else (0, 1)
        return ast.BinOp(
            _turned(hole(0), turned=one, batched=bool(lead)),
            ast.MatMult(),
            _turned(hole(1), turned=two, batched=bool(lead)),
        ), order
    return None


def _left_operand(letters: str, lead: str, left: list[str], inner: str, *, alone: bool) -> bool | None:
    """Must the left operand be transposed (True) or not (False)? None where it does not fit."""
    kept = "".join(left)
    if letters == lead + kept + inner and (len(left) <= 1 or alone):
        return False
    return True if len(left) == 1 and letters == lead + inner + kept else None


def _right_operand(letters: str, lead: str, right: list[str], inner: str) -> bool | None:
    kept = "".join(right)
    if len(right) > 1:
        return None
    if letters == lead + inner + kept:
        return False
    return True if letters == lead + kept + inner else None


def _turned(operand: ast.expr, *, turned: bool, batched: bool) -> ast.expr:
    if not turned:
        return operand
    if not batched:
        return ast.Attribute(operand, "T", ast.Load())
    last = [ast.UnaryOp(ast.USub(), ast.Constant(1)), ast.UnaryOp(ast.USub(), ast.Constant(2))]
    return ast.Call(numpy_name("swapaxes"), [operand, *last], [])


# ------------------------------------------------------------------ products element by element
def _elementwise(a: str, b: str, out: str, inner: list[str]) -> Product | None:
    """`a * b` with axes put in, summed over the letters that end; None where an axis would have to move."""
    full = _merged(a, b, out, inner)
    if full is None:
        return None
    one, two = _spread(hole(0), a, full), _spread(hole(1), b, full)
    product = ast.BinOp(one, ast.Mult(), two)
    if not inner:
        return product, (0, 1)
    axes = [full.index(c) for c in sorted(inner, key=full.index)]
    words = [] if len(axes) == len(full) else [ast.keyword("axis", _axes(axes))]
    return ast.Call(numpy_name("sum"), [product], words), (0, 1)


def _axes(axes: list[int]) -> ast.expr:
    shown = spelled(axes[0] if len(axes) == 1 else tuple(axes))
    assert shown is not None
    return shown


def _merged(a: str, b: str, out: str, inner: list[str]) -> str | None:
    """One order of all letters that keeps the order in a, in b and in the output."""
    if not inner:
        return out if _in_order(a, out) and _in_order(b, out) else None
    longer = a if len(a) >= len(b) else b
    fits = set(a) | set(b) == set(longer) and _in_order(a, longer) and _in_order(b, longer) and _in_order(out, longer)
    return longer if fits else None


def _in_order(letters: str, full: str) -> bool:
    return "".join(c for c in full if c in letters) == letters


def _spread(operand: ast.expr, letters: str, full: str) -> ast.expr:
    """The operand with an axis of size 1 for each letter it lacks (NumPy adds the leading ones itself)."""
    missing = full
    while missing and missing[0] not in letters:
        missing = missing[1:]
    if missing == letters or not letters:
        return operand
    key = ast.Tuple([ast.Slice() if c in letters else ast.Constant(None) for c in missing], ast.Load())
    return ast.Subscript(operand, key, ast.Load())
