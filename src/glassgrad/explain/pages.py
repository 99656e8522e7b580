"""A page of statements with their values and displays: what the forward and backward lines are made from. Floor 6."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glassgrad.api.observed import Observed
from glassgrad.api.source import material_of
from glassgrad.base.source import Place
from glassgrad.engines import reference
from glassgrad.engines.source.page import Page, Statement, flat
from glassgrad.engines.source.rows import rule_of
from glassgrad.engines.source.statements import write
from glassgrad.explain.notation import Symbol, partial, symbol_of, total
from glassgrad.explain.showing import shown_latex, shown_mathml, shown_text
from glassgrad.explain.values import Summary, summary
from glassgrad.graph.node import Node, reachable, working
from glassgrad.graph.notes import Backward
from glassgrad.tracing.observation import Call
from glassgrad.tracing.syntax import line_of, statement_text

_LONGEST_TITLE = 6
_LONGEST_NAME = 28  # characters of an expression that may stand under ∂


@dataclass(slots=True)
class Leaflet:
    """One observed call as lines: statements, displays of names, shapes, numbers."""

    observed: Observed
    page: Page
    output: str  # the name of the value on the page
    symbols: dict[str, Symbol] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    values: Mapping[Node, Any] = field(default_factory=dict)
    named: frozenset[Node] = frozenset()
    paths: Mapping[Node, int] = field(default_factory=dict)  # by how many operations a value reaches the result

    def left(self, name: str) -> ast.expr:
        """A name as the left side of a line."""
        return ast.Name(name, ast.Load())

    def show(self, expression: ast.expr) -> str:
        """An expression as one line of text."""
        return shown_text(expression, self.symbols, self.shapes)

    def reached(self, node: Node) -> ast.expr | None:
        """How a value is reached on the page."""
        node = self.observed.bodies.get(node, node)
        leaf = self.observed.leaves.get(node)
        if leaf is not None:
            return ast.Name(self.observed.names.of.get(node, leaf.name), ast.Load())
        return self.page.expressions.get(node)

    def value_of(self, node: Node | None) -> Summary | None:
        """A node's value in short."""
        return None if node is None or node not in self.values else summary(self.values[node])

    def calls_around(self, node: Node | None) -> list[Call]:
        """The calls of the person's functions in which a value was made, outermost first, without the outermost."""
        call = None if node is None else self.observed.observation.call_of(node)
        around = []
        while call is not None and call.depth > 0:
            around.append(call)
            call = call.parent
        return around[::-1]


def leaflet(observed: Observed) -> Leaflet:
    """The lines of an observed call."""
    page = write(material_of(observed, generic=False))
    output = page.results[0]
    name = output.id if isinstance(output, ast.Name) else "value"
    made = Leaflet(observed, page, name)
    _display(made)
    own = [line for line in page.statements if isinstance(line, Statement)]
    nodes = [statement.node for statement in own if statement.node is not None and not statement.node.op.multiple]
    nodes = [*nodes, observed.output, *observed.gradients, *observed.leaves]
    values = observed.workspace.values
    with working(observed.workspace):
        for placeholder, body in observed.bodies.items():
            (values[placeholder],) = reference.evaluate([body], values)
        numbers = reference.evaluate(nodes, values)
    made.values = dict(zip(nodes, numbers, strict=True))
    made.paths = _paths(observed)
    made.named = frozenset(node for node in page.names if node.op.name != "input")
    return made


def _paths(observed: Observed) -> dict[Node, int]:
    """For each value, how many operations through which a derivative flows use it."""
    count: dict[Node, int] = {}
    for user in reachable([observed.output]):
        flows = user in observed.cotangents or user.op.multiple
        for x in user.inputs if flows else ():
            if x in observed.cotangents:
                count[x] = count.get(x, 0) + 1
    return count


# ------------------------------------------------------------------ how names are displayed
def own_symbol(name: str) -> Symbol:
    """A name as the person wrote it, also where formulas would show a Greek letter."""
    found = symbol_of(name)
    return found if found.text == name else Symbol(name, found.latex, found.mathml)


def _display(made: Leaflet) -> None:
    """Names of derivatives are shown as ∂L/∂z; the value goes by the function's name where it has none of its own."""
    observed, page = made.observed, made.page
    top = own_symbol(made.output)
    if made.output == "value":
        top = own_symbol(_short_title(made))
        made.symbols[made.output] = top
    scalar = len(observed.leaves) == 1 and all(node.shape == () for node in (*observed.leaves, *observed.names.of))
    fraction = total if scalar else partial
    for node, name in page.names.items():
        made.shapes[name] = node.shape if type(node.aval) is not tuple else ()
    for name in (*page.names.values(), *[observed.names.of.get(node, "") for node in observed.leaves]):
        if own_symbol(name) is not symbol_of(name):
            made.symbols.setdefault(name, own_symbol(name))
    for node in observed.leaves:
        made.shapes[observed.names.of.get(node, "")] = node.shape
    links = {forward: observed.bodies.get(found, found) for forward, found in observed.cotangents.items()}
    below = {derivative: forward for forward, derivative in links.items() if forward not in observed.names.of}
    named = {derivative: forward for forward, derivative in links.items() if forward in observed.names.of}
    for node, name in page.names.items():
        if node.serial < observed.boundary:
            continue
        forward = named.get(node)
        if forward is not None and name == f"d{observed.names.of[forward]}":
            made.symbols[name] = fraction(top, own_symbol(observed.names.of[forward]))
        elif node in below and (shown := _expression_symbol(made, below[node])) is not None:
            made.symbols[name] = fraction(top, shown)
    for leaf in observed.wanted_leaves:
        if leaf.node is not None:
            base = observed.names.of.get(leaf.node, leaf.name)
            made.symbols[f"d{base}"] = fraction(top, own_symbol(base))
            made.shapes[f"d{base}"] = leaf.node.shape
    _display_sums(made, fraction(top, top))


def _short_title(made: Leaflet) -> str:
    """What the value is called where the person gave it no name: the function's name, or L or f where that is long."""
    title = made.observed.title
    if title == "function" or len(title) > _LONGEST_TITLE:
        words = ("loss", "entropy", "error", "cost", "likelihood", "network", "objective", "penalty")
        letter = "L" if any(word in title for word in words) else "f"
        return letter if letter not in made.observed.names.of.values() else title
    return title


def _display_sums(made: Leaflet, unit: Symbol) -> None:
    """Names of first parts of sums are those of the sums."""
    del unit
    for statement in flat(made.page.statements):
        for name in statement.targets:
            if statement.target is not None and name not in made.symbols:
                base = made.observed.names.of[statement.target]
                top = made.symbols.get(made.output, own_symbol(made.output))
                made.symbols[name] = partial(top, own_symbol(base))


def _expression_symbol(made: Leaflet, forward: Node) -> Symbol | None:
    """An unnamed value as what stands under ∂: its expression, where that is short."""
    expression = made.page.expressions.get(forward)
    if expression is None:
        return None
    text = shown_text(expression, made.symbols, made.shapes)
    if len(text) > _LONGEST_NAME:
        return None
    return Symbol(
        text,
        shown_latex(expression, made.symbols, made.shapes, inline=True),
        shown_mathml(expression, made.symbols, made.shapes, inline=True),
        atomic=text.isidentifier(),
    )


# ------------------------------------------------------------------ where lines come from
def place_text(place: Place | None) -> str:
    """`model.py:12`."""
    if place is None:
        return ""
    return f"{Path(place.code.co_filename).name}:{line_of(place)}"


def source_text(place: Place | None) -> str:
    """The person's whole statement."""
    return "" if place is None else statement_text(place)


def forward_place(made: Leaflet, statement: Statement) -> Place | None:
    """The line that made a forward value."""
    origin = None if statement.node is None else made.observed.workspace.notes.origins.get(statement.node)
    return origin if isinstance(origin, Place) else None


def inside_of(made: Leaflet, statement: Statement) -> list[Node]:
    """The backward nodes that a line covers, down to the values that have lines of their own."""
    top = statement.contribution
    if top is None or top.serial < made.observed.boundary:
        return []
    names = made.named
    seen, stack = {top}, [top]
    while stack:
        for x in stack.pop().inputs:
            link = x in made.observed.bodies or x in names
            if x.serial >= made.observed.boundary and not link and x not in seen:
                seen.add(x)
                stack.append(x)
    return sorted(seen, key=lambda node: node.serial)


def origins_of(made: Leaflet, nodes: Iterable[Node]) -> list[tuple[Node, Backward]]:
    """The rules that made backward nodes: the node, and which input of which forward node it is for."""
    notes = made.observed.workspace.notes
    found = [(node, rule_of(node, notes.origins, made.observed.boundary)) for node in nodes]
    return [(node, origin) for node, origin in found if origin is not None]


def ordered(names: Sequence[str]) -> tuple[str, ...]:
    """Without repetitions, in order."""
    return tuple(dict.fromkeys(name for name in names if name))
