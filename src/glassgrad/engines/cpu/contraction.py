"""Contractions over any letters as matrix products: axes taken together, operands turned if need be. Floor 4."""

from collections.abc import Sequence
from math import prod

from glassgrad.engines.cpu.plan.roles import in_loops, letter_sizes
from glassgrad.graph.node import Node
from glassgrad.ops.contract import contract, parts
from glassgrad.ops.structure import reshape, transpose


def as_products(a: Node, b: Node, spec: str) -> Node:
    """A contraction as matrix products: `bij,bjk->bik` over axes taken together, each operand possibly transposed.

    One that is better computed in loops stays as it is.
    """
    node = contract(a, b, spec)
    if in_loops(node):
        return node
    left, right, out = parts(spec)
    sizes = letter_sizes(node)
    batch = [c for c in out if c in left and c in right]
    inner = [c for c in left if c in right and c not in out]
    rows = [c for c in out if c not in right]
    columns = [c for c in out if c not in left]
    inner = _in_order(inner, left)
    first, first_spec = _operand(a, left, batch, rows, inner, "ij", sizes)
    second, second_spec = _operand(b, right, batch, inner, columns, "jk", sizes)
    flipped = [*batch, *columns, *rows] == list(out)
    plain = [*batch, *rows, *columns] == list(out)
    z = "b" if batch else ""
    result_spec = f"{z}ki" if flipped and not plain else f"{z}ik"
    result = contract(first, second, f"{z}{first_spec},{z}{second_spec}->{result_spec}")
    now = [*batch, *columns, *rows] if flipped and not plain else [*batch, *rows, *columns]
    whole = reshape(result, tuple([sizes[c] for c in now]))
    return whole if plain or flipped else transpose(whole, tuple([now.index(c) for c in out]))


def _in_order(letters: Sequence[str], model: str) -> list[str]:
    return sorted(letters, key=model.index)


def _operand(
    x: Node, letters: str, batch: list[str], first: list[str], second: list[str], names: str, sizes: dict[str, int]
) -> tuple[Node, str]:
    """The operand with its axes in groups, in the order in which it lies if that is possible."""
    turned = list(letters) == [*batch, *second, *first] and list(letters) != [*batch, *first, *second]
    groups = (batch, second, first) if turned else (batch, first, second)
    wanted = [c for group in groups for c in group]
    if list(letters) != wanted:
        x = transpose(x, tuple([letters.index(c) for c in wanted]))
    shape = tuple([prod(sizes[c] for c in group) for group in groups])
    return reshape(x, shape if batch else shape[1:]), names[::-1] if turned else names
