"""The lines of a network's evaluation in Python, from which NumPy's and PyTorch's source are made. Floor 7."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassgrad.engines.source.page import Compound, Line, Material, Page, walk_lines
from glassgrad.engines.source.statements import write
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import ARRAY
from glassgrad.train.export.network import Network, is_uniform

_NEVER = 1 << 62  # no node is of a backward pass


def page_of(network: Network, leaf: Callable[[str], ast.expr]) -> Page:
    """The lines, each layer's result under its name; `leaf` is how a weight is reached by its name."""
    leaves: dict[Node, ast.expr] = {node: leaf(network.names[node]) for node in network.weights}
    leaves |= {node: ast.Name(network.names[node], ast.Load()) for node in network.inputs}
    for node in network.nodes():
        if node.op is ARRAY and node not in leaves:
            leaves[node] = _filled(node.param("held").values)
    named = {node: name for node, name in network.names.items() if node not in leaves}
    page = write(
        Material(
            network.outputs,
            leaves,
            named,
            {},
            {},
            {},
            network.notes,
            _NEVER,
            reserved=frozenset([*network.names.values(), "batch", "weights", "torch", "functional", "self"]),
        )
    )
    page.statements[:] = [_rewritten(line, _Plainer()) for line in page.statements]
    page.results[:] = [_Plainer().visit(result) for result in page.results]
    return page


def _filled(array: np.ndarray) -> ast.expr:
    """An array as what it is made by: `np.zeros((5, 4), dtype=np.float32)`."""
    if not is_uniform(array):
        counting = _parsed(f"np.arange({array.size}, dtype=np.{array.dtype.name})")
        return (
            counting if array.ndim == 1 else ast.Call(_parsed("np.reshape"), [counting, _parsed(f"{array.shape}")], [])
        )
    number = array.flat[0].item()
    shape = f"{array.shape}, dtype=np.{array.dtype.name}"
    plain = {0: f"np.zeros({shape})", 1: f"np.ones({shape})"}
    return _parsed(plain.get(number) or f"np.full({array.shape}, {number!r}, dtype=np.{array.dtype.name})")


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def result_of(page: Page) -> ast.expr:
    """What is returned: the result, or a tuple of them."""
    return page.results[0] if len(page.results) == 1 else ast.Tuple(list(page.results), ast.Load())


# ------------------------------------------------------------------ every expression of a page
def rewrite(page: Page, visitor: ast.NodeTransformer) -> Page:
    """The page with each expression as the visitor gives it back."""
    page.statements[:] = [_rewritten(line, visitor) for line in page.statements]
    page.results[:] = [visitor.visit(result) for result in page.results]
    return page


def _rewritten(line: Line, visitor: ast.NodeTransformer) -> Line:
    if isinstance(line, Compound):
        return replace(line, inside=tuple([_rewritten(inner, visitor) for inner in line.inside]))
    return replace(line, expression=visitor.visit(_copied(line.expression)))


def _copied(expression: ast.expr) -> ast.expr:
    """An expression that shares nothing with others, so that a visitor may change it."""
    found: Any = ast.parse(ast.unparse(ast.fix_missing_locations(ast.Expression(expression))), mode="eval")
    return found.body  # type: ignore[no-any-return]  # an expression


class _Plainer(ast.NodeTransformer):
    """Writes what a person would: `np.maximum(x, 0)` for the choice between x and 0."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(ast.Attribute(ast.Name("np"), "where"), [ast.Compare(x, [ast.LtE()], [zero]), filler, other]):
                if _is_zero(zero) and _is_zero(filler) and ast.dump(x) == ast.dump(other):
                    return ast.Call(_parsed("np.maximum"), [x, ast.Constant(0)], [])
        return node


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == 0


# ------------------------------------------------------------------ the number of examples
@dataclass(slots=True)
class _Batch(ast.NodeTransformer):
    network: Network

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if type(node.value) is int and self.network.is_batch(node.value):
            return _parsed(self.network.size_text(node.value))
        return node


def any_batch(network: Network, page: Page) -> Page:
    """The page with the number of examples written as `batch`."""
    return rewrite(page, _Batch(network))


def names_in(page: Page) -> set[str]:
    """The variables and attributes that the lines read."""
    parts = [*walk_lines(page.statements), *[part for result in page.results for part in ast.walk(result)]]
    attributes = {part.attr for part in parts if isinstance(part, ast.Attribute)}
    return {part.id for part in parts if isinstance(part, ast.Name)} | attributes
