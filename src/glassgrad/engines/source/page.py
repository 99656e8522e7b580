"""What is to be written and what was written: the data between a graph and its lines. Floor 4."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from glassgrad.base.source import Place
from glassgrad.graph.node import Node
from glassgrad.graph.notes import Backward, Notes
from glassgrad.tracing.observe import Operation
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
    repeated: int = 0  # characters of a forward expression that is rather written twice than given a name


@dataclass(frozen=True, slots=True)
class Statement:
    """One line: `targets operator expression`, the bare expression where the operator is empty. `origin` is the forward node that a backward line belongs to;
    `contribution` the node whose value the expression is (for `+=`, what is added)."""

    targets: tuple[str, ...]
    expression: ast.expr
    node: Node | None
    contribution: Node | None = None
    operator: str = "="
    backward: bool = False
    origin: Node | None = None
    place: Place | None = None  # of the person's line that it comes from
    target: Node | None = None  # the forward value whose derivative this is


@dataclass(slots=True)
class Page:
    """The lines in order, and how the results are reached after them."""

    statements: list[Statement] = field(default_factory=list)
    results: list[ast.expr] = field(default_factory=list)
    names: dict[Node, str] = field(default_factory=dict)
    templates: dict[Node, Written] = field(default_factory=dict)
    captured: dict[str, np.ndarray] = field(default_factory=dict)  # arrays of the surroundings, by name
    expressions: dict[Node, ast.expr] = field(default_factory=dict)  # how each value is reached: a name, or its inside


def origin_of(material: Material, node: Node) -> Node:
    """The forward node that a backward node comes from; itself for a forward one."""
    origin = material.notes.origins.get(node)
    while isinstance(origin, Backward):
        node = origin.of
        origin = material.notes.origins.get(node)
    return node


def behind(material: Material, node: Node) -> Node:
    """The derivative that a placeholder stands for; the node itself otherwise."""
    return material.bodies.get(node, node)
