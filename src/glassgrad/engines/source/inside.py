"""The lines of a graph inside a loop or branch, and how its results come out of it. Floor 4."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from glassgrad.base.source import Place
from glassgrad.engines.source.naming import Namer
from glassgrad.engines.source.page import Line, Material, Page, Statement
from glassgrad.graph.node import Node


class Writer(Protocol):
    """What this file needs of the writer of lines."""

    material: Material
    namer: Namer
    page: Page
    expressions: dict[Node, ast.expr]

    def operand(self, operand: Node) -> ast.expr:
        """How a value is reached."""
        ...

    def write_inside(self, material: Material) -> Page:
        """The lines of a graph inside, with the names of this page."""
        ...

    def is_backward(self, node: Node) -> bool:
        """Does this value belong to the backward pass?"""
        ...

    def origin(self, node: Node) -> tuple[Node | None, Place | None]:
        """The forward value, and the person's line, that a backward value comes from."""
        ...


@dataclass(slots=True)
class Inside:
    """The lines of a body and how its outputs are reached after them."""

    lines: list[Line]
    results: list[ast.expr]


def body_lines(writer: Writer, node: Node, leaves: Mapping[Node, ast.expr], outputs: Sequence[Node]) -> Inside:
    """The lines that compute `outputs` of a graph inside, whose inputs are reached as `leaves` says."""
    outer = writer.material
    material = replace(
        outer,
        results=tuple(outputs),
        leaves={**outer.leaves, **leaves},
        gradient_names=(),
        boundary=0 if writer.is_backward(node) else outer.boundary,
        inside=True,
    )
    page = writer.write_inside(material)
    return Inside(page.statements, page.results)


def name_of(value: ast.expr) -> str | None:
    """The variable that an expression is, if it is one."""
    return value.id if isinstance(value, ast.Name) else None


def assignment(
    writer: Writer,
    node: Node,
    name: str,
    expression: ast.expr,
    shape: Node | None = None,
    source: Node | None = None,
    operator: str = "=",
) -> Statement:
    """A line that sets a variable; `source` is the node inside whose line it comes from."""
    backward = writer.is_backward(node)
    origin, place = writer.origin(source) if backward and source is not None else (None, None)
    return Statement((name,), expression, shape, shape, operator, backward, origin, place)


def deliver(writer: Writer, node: Node, projection: Node, result: ast.expr) -> None:
    """A result of the inside under the name that the person gave it outside, or as it is reached there."""
    name = writer.page.names.get(projection)
    if name is not None and name_of(result) != name:
        writer.page.statements.append(assignment(writer, node, name, result, projection))
        result = ast.Name(name, ast.Load())
    writer.expressions[projection] = result


def result_name(writer: Writer, projection: Node, hint: str) -> str:
    """The variable of a result: the person's name for it, or a free one."""
    if projection not in writer.page.names:
        writer.page.names[projection] = writer.namer.free(hint)
    return writer.page.names[projection]
