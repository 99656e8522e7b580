"""What is to be written and what was written: the data between a graph and its lines. Floor 4."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from glassgrad.base.source import Place
from glassgrad.graph.node import Node
from glassgrad.graph.notes import Backward, Notes
from glassgrad.tracing.observation import Operation
from glassgrad.tracing.written import Fixed, Written


@dataclass(frozen=True, slots=True)
class Material:
    """What is to be written: the results (the value first), and everything known about the nodes below them."""

    results: tuple[Node, ...]
    leaves: Mapping[Node, ast.expr]  # inputs by how they are reached: W1, params["W1"]
    names: Mapping[Node, str]  # forward values by the person's names
    cotangents: Mapping[Node, Node]  # forward value -> the derivative with respect to it
    operations: Mapping[Node, Operation]
    several: Mapping[tuple[Node, ...], Operation]
    notes: Notes
    boundary: int  # backward nodes are numbered from here
    made: Mapping[int, Fixed] = field(default_factory=dict)  # static arrays by identity, with how they are written
    reserved: frozenset[str] = frozenset()
    gradient_names: tuple[str, ...] = ()  # of the results after the first
    depth: Mapping[Node, int] = field(default_factory=dict)  # of the calls in which names stand
    place_of: Callable[[Node, Place | None, int], Place | None] = lambda node, place, depth: place
    bodies: Mapping[Node, Node] = field(default_factory=dict)  # placeholder of a derivative -> the derivative
    generic: bool = True  # sizes are written as `x.shape[0]` rather than as numbers
    step_of: Callable[[Node], int] = lambda node: 0  # which statement carried out made a value
    recorded: frozenset[Node] = frozenset()  # forward values that are newer than the boundary: loops that also record
    inside: bool = False  # is this the body of a loop or branch?
    repeated: int = 0  # characters of a forward expression that is rather written twice than given a name


@dataclass(frozen=True, slots=True)
class Statement:
    """One line: `targets operator expression`, the bare expression where the operator is empty.

    `origin` is the forward node that a backward line belongs to;
    `contribution` the node whose value the expression is (for `+=`, what is added).
    """

    targets: tuple[str, ...]
    expression: ast.expr
    node: Node | None
    contribution: Node | None = None
    operator: str = "="
    backward: bool = False
    origin: Node | None = None
    place: Place | None = None  # of the person's line that it comes from
    target: Node | None = None  # the forward value whose derivative this is


@dataclass(frozen=True, slots=True)
class Compound:
    """Lines under a header: `for step in range(5):`, `if x > 0:`."""

    header: str
    inside: tuple["Line", ...]
    node: Node
    backward: bool = False


Line: TypeAlias = Statement | Compound


@dataclass(slots=True)
class Page:
    """The lines in order, and how the results are reached after them."""

    statements: list[Line] = field(default_factory=list)
    results: list[ast.expr] = field(default_factory=list)
    names: dict[Node, str] = field(default_factory=dict)
    templates: dict[Node, Written] = field(default_factory=dict)
    captured: dict[str, np.ndarray] = field(default_factory=dict)  # arrays of the surroundings, by name
    expressions: dict[Node, ast.expr] = field(default_factory=dict)  # how each value is reached: a name, or its inside

    def name_of_captured(self, array: np.ndarray, wanted: str | None, free: Callable[[str], str]) -> str:
        """The name under which an array of the surroundings stands: `wanted` if nothing has it yet, else a free one."""
        for name, known in self.captured.items():
            if known is array or (known.dtype == array.dtype and np.array_equal(known, array)):
                return name
        name = wanted if wanted is not None and wanted not in self.captured else free("array")
        self.captured[name] = array
        return name


def origin_of(material: Material, node: Node) -> Node:
    """The forward node that a backward node comes from; itself for a forward one."""
    origin = material.notes.origins.get(node)
    while isinstance(origin, Backward) and node.serial >= material.boundary:
        node = origin.of
        origin = material.notes.origins.get(node)
    return node


def place_of_node(material: Material, node: Node) -> Place | None:
    """The person's line that made a forward node."""
    origin = material.notes.origins.get(node)
    while isinstance(origin, Backward):
        origin = material.notes.origins.get(origin.of)
    return origin


def behind(material: Material, node: Node) -> Node:
    """The derivative that a placeholder stands for; the node itself otherwise."""
    return material.bodies.get(node, node)


# ------------------------------------------------------------------ lines within lines
def flat(lines: Iterable[Line]) -> Iterator[Statement]:
    """Every statement, also inside loops and branches."""
    for line in lines:
        if isinstance(line, Compound):
            yield from flat(line.inside)
        else:
            yield line


def walk_lines(lines: Iterable[Line]) -> Iterator[ast.AST]:
    """Every piece of syntax in lines: expressions, targets and headers."""
    for line in lines:
        if isinstance(line, Compound):
            yield from ast.walk(_header_syntax(line.header))
            yield from walk_lines(line.inside)
        else:
            yield from ast.walk(line.expression)
            for target in line.targets:
                if "[" in target:
                    yield from ast.walk(_header_syntax(target))


def assigned(line: Line) -> set[str]:
    """The variables that a line sets or changes."""
    if isinstance(line, Compound):
        return {name for inner in line.inside for name in assigned(inner)}
    return {target.partition("[")[0] for target in line.targets}


@lru_cache(maxsize=1024)
def _header_syntax(text: str) -> ast.AST:
    """A header or target of ours as syntax."""
    body = "if True: pass\n" if text.startswith(("elif", "else")) else ""
    return ast.parse(f"{body}{text} pass" if text.endswith(":") else text)
