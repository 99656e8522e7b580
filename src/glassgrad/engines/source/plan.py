"""The choices before the first line is written: how each value is written, how often it is used, what it is called,
which sums are added up line by line. Floor 4.
"""

import ast
import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from glassgrad.engines.source.bodies import CONTROL
from glassgrad.engines.source.factors import Context, named_products, product_written
from glassgrad.engines.source.naming import Namer, suggested_name
from glassgrad.engines.source.page import Material, behind, origin_of
from glassgrad.engines.source.rows import Change, Surroundings, change_written, row_written
from glassgrad.graph.node import Node, reachable
from glassgrad.graph.op import Batched, Stacked
from glassgrad.ops.control import COND, SCAN, WHILE
from glassgrad.ops.elementwise import ADD, SUBTRACT
from glassgrad.ops.leaves import ARRAY, LITERAL, PROJECT, is_literal
from glassgrad.ops.select import WHERE
from glassgrad.tracing.written import Fixed, Operand, Written, hole, holes_of


@dataclass(slots=True)
class Plan:
    """What was chosen. `partial`: the first part of a sum -> the sum, where parts are added up line by line; `order`:
    where a line does not stand in the order of the graph.
    """

    templates: dict[Node, Written] = field(default_factory=dict)
    changes: dict[Node, Change] = field(default_factory=dict)
    uses: dict[Operand, int] = field(default_factory=dict)
    names: dict[Node, str] = field(default_factory=dict)
    partial: dict[Node, Node] = field(default_factory=dict)
    order: dict[Node, float] = field(default_factory=dict)

    def operands(self, node: Node) -> tuple[Operand, ...]:
        """What a value is written with."""
        return self.templates[node].operands

    def in_order(self) -> list[Node]:
        """The values in the order in which they are written: as they came about, each after what it needs."""
        below = {
            node: {x for x in self.operands(node) if isinstance(x, Node) and x in self.templates}
            for node in self.templates
        }
        users: dict[Node, list[Node]] = {}
        for node, parts in below.items():
            for x in parts:
                users.setdefault(x, []).append(node)
        key = self._keys(below)
        waiting = {node: len(parts) for node, parts in below.items()}
        ready = [(key[node], node.serial, node) for node, count in waiting.items() if not count]
        heapq.heapify(ready)
        result = []
        while ready:
            *_, node = heapq.heappop(ready)
            result.append(node)
            for user in users.get(node, ()):
                waiting[user] -= 1
                if not waiting[user]:
                    heapq.heappush(ready, (key[user], user.serial, user))
        return result

    def _keys(self, below: dict[Node, set[Node]]) -> dict[Node, float]:
        """When each value came about; one that the simplifier made, just before the first that needs it."""
        key = {node: self.order.get(node, float(node.serial)) for node in below}
        for node in sorted(below, key=key.__getitem__, reverse=True):
            stack = [node]
            while stack:
                top = stack.pop()
                for x in below[top]:
                    if key[x] > key[top]:
                        key[x] = key[top]
                        stack.append(x)
        return key


def plan(material: Material, namer: Namer) -> Plan:
    """Chooses for everything below the results."""
    return _Planner(material, namer).plan()


class _Planner:
    """The state of one planning."""

    def __init__(self, material: Material, namer: Namer) -> None:
        self.material = material
        self.namer = namer
        self.made = Plan(names=dict(material.names))
        self.named_derivatives = {material.cotangents[x] for x in material.names if x in material.cotangents}
        for placeholder, body in material.bodies.items():
            self.made.order[body] = float(placeholder.serial)
            if body.op is PROJECT:  # a loop that also records stands where the loop stood
                self.made.order[body.inputs[0]] = min(
                    self.made.order.get(body.inputs[0], np.inf), placeholder.serial - 0.5
                )
        self.products = named_products(material.names)
        self.by_rows: set[Node] = set()  # forward values that are not written as the person wrote them
        self.users: dict[Node, int] = {}
        for node in reachable([*material.results, *material.bodies.values()]):
            for x in {*node.inputs}:
                self.users[x] = self.users.get(x, 0) + 1

    def plan(self) -> Plan:
        """The forward part first: the backward part may lean on its names."""
        order = dict(self.made.order)
        while True:
            self._choose(self.material.results[:1], frozenset())
            self._choose(self.material.results[1:], frozenset(self.made.templates))
            again = self._computed_twice() - self.by_rows
            if not again:
                break
            self.by_rows |= again
            self.made = Plan(names=dict(self.material.names), order=dict(order))
        self._name_derivatives()
        self._find_sums()
        return self.made

    def _is_backward(self, node: Node) -> bool:
        return node.serial >= self.material.boundary and node not in self.material.recorded

    # ------------------------------------------------------------------ how each value is written
    def _choose(self, results: Iterable[Node], forward: frozenset[Node]) -> None:
        leaves, names, generic = self.material.leaves, self.material.names, self.material.generic
        context = self._context(lambda node: generic and (node in leaves or (node in names and node in forward)))
        stack: list[Operand] = []
        for node in results:
            self._use(self._behind(node), stack)
        while stack:
            operand = stack.pop()
            if isinstance(operand, Node) and operand.op in CONTROL:
                self._take_control(operand, stack)
                continue
            if isinstance(operand, Fixed):
                if operand.written is not None and not operand.parameter:
                    self._use_all(operand.written.expression, operand.written.operands, stack)
                continue
            change = change_written(operand)
            if change is not None:
                self._take_change(operand, change, stack)
                continue
            written = self._template(operand, context)
            written = Written(written.expression, tuple([self._behind(x) for x in written.operands]))
            self.made.templates[operand] = written
            self._use_all(written.expression, written.operands, stack)

    def _behind(self, operand: Operand) -> Operand:
        return behind(self.material, operand) if isinstance(operand, Node) else operand

    def _take_change(self, node: Node, change: Change, stack: list[Operand]) -> None:
        operands = tuple([self._behind(x) for x in change.operands])
        change = Change(change.target, change.operator, change.value, operands)
        self.made.changes[node] = change
        self.made.templates[node] = Written(change.value, change.operands)
        self._use(change.operands[0], stack)
        for part in (change.target, change.value):
            if part is not None:
                for index in holes_of(part):
                    if index != 0:
                        self._use(change.operands[index], stack)

    def _take_control(self, node: Node, stack: list[Operand]) -> None:
        """What a loop or branch takes stands under names, since its lines read it again and again."""
        operands = tuple([self._behind(x) for x in node.inputs])
        self.made.templates[node] = Written(
            ast.Tuple([hole(index) for index in range(len(operands))], ast.Load()), operands
        )
        once = node.param("carries") if node.op in (SCAN, WHILE) else 0
        test = test_of(node.inputs[0]) if node.op is COND else None
        if isinstance(test, Node):  # the test is written out: `if x > 0`
            operands = (self._behind(test), *operands[1:])
            self.made.templates[node] = Written(self.made.templates[node].expression, operands)
        for index, operand in enumerate(operands):
            self._use(operand, stack)
            if index >= once and not (index == 0 and node.op is COND):
                self.made.uses[operand] += 1

    def _use_all(self, expression: ast.expr, operands: tuple[Operand, ...], stack: list[Operand]) -> None:
        for index in holes_of(expression):
            self._use(operands[index], stack)

    def _use(self, operand: Operand, stack: list[Operand]) -> None:
        uses = self.made.uses
        uses[operand] = uses.get(operand, 0) + 1
        if isinstance(operand, Node) and operand.op is ARRAY and operand not in self.material.leaves:
            made = self.material.made.get(id(operand.param("held").array))
            if made is not None:
                self._use(made, stack)
            return
        leaf = isinstance(operand, Node) and (operand.op is LITERAL or operand in self.material.leaves)
        if uses[operand] == 1 and not leaf:
            stack.append(operand)

    def _template(self, node: Node, context: Context) -> Written:
        operation = self.material.operations.get(node)
        if operation is not None and node not in self.by_rows:
            return operation.written
        if node.op.multiple:
            for parts, several in self.material.several.items():
                if all(part.op is PROJECT and part.inputs[0] is node for part in parts):
                    return several.written
        return product_written(node, context) or row_written(node, context.around)

    def _computed_twice(self) -> set[Node]:
        """Values written as the person wrote them (`np.linalg.norm(X, 2)`) though a costly part of their inside (its
        singular values) has a line of its own: they are better made from that part.
        """
        costly = sorted(node.serial for node in self.made.templates if not self._is_backward(node) and _is_costly(node))
        found = set()
        for node in self.made.templates:
            operation = self.material.operations.get(node)
            if operation is not None:
                place = bisect_right(costly, operation.first)
                if place < len(costly) and costly[place] < min(operation.last, node.serial):
                    found.add(node)
        return found

    def _context(self, at_hand: Callable[[Node], bool]) -> Context:
        around = Surroundings(self.users, self.material.notes.origins, self.material.boundary, at_hand)
        ends = self.named_derivatives.__contains__
        return Context(around, self.material.boundary, ends, self.material.operations, self.products)

    # ------------------------------------------------------------------ names
    def _name_derivatives(self) -> None:
        names = self.made.names
        for result, name in zip(self.material.results[1:], self.material.gradient_names, strict=False):
            node = behind(self.material, result)
            if self._is_backward(node) and node.op is not LITERAL:
                names.setdefault(node, name)
        pairs = sorted(self.material.cotangents.items(), key=lambda pair: -pair[0].serial)
        for forward, placeholder in pairs:
            derivative = behind(self.material, placeholder)
            backward = self._is_backward(derivative) and derivative in self.made.templates
            if forward in names and backward and derivative not in names and derivative.op is not LITERAL:
                names[derivative] = self.namer.free(f"d{names[forward]}")
            elif derivative in self.made.changes and derivative not in names and backward:
                names[derivative] = self.namer.free(f"d{suggested_name(forward, names.get)}")

    # ------------------------------------------------------------------ sums that are added up line by line
    def _find_sums(self) -> None:
        """Contributions from different lines, and changes of parts of an array, go into one variable."""
        for node in sorted(self.made.templates, key=lambda node: -node.serial):
            if self._is_backward(node) and node in self.made.names:
                part = self._first_part(node)
                if part is not None:
                    self.made.partial[part] = node
                    self.made.names[part] = self.made.names[node]

    def _first_part(self, node: Node) -> Node | None:
        """The part that stands under the variable's name before this node adds to it."""
        if node in self.made.changes:
            first = behind(self.material, node.inputs[0])
            return first if self._is_free(first) else None
        inputs = tuple([behind(self.material, x) for x in node.inputs])
        if node.op not in (ADD, SUBTRACT) or self.made.templates[node].operands != inputs:
            return None
        for part in inputs if node.op is ADD else inputs[:1]:
            other = inputs[1 - inputs.index(part)]
            has_line = other in self.made.names or self.made.uses.get(other, 0) > 1
            short = has_line and self._terms(part) < 4
            if self._is_free(part) and self._step(part) != self._step(other) and not short:
                return part
        return None

    def _terms(self, node: Node) -> int:
        """How many terms a sum has, at most 4."""
        count = 1
        while node.op in (ADD, SUBTRACT) and count < 4:
            count += 1
            node = behind(self.material, node.inputs[0])
        return count

    def _is_free(self, node: Node) -> bool:
        """Is this a backward value with no name and no other use?"""
        known = node in self.made.templates and node not in self.made.names
        return known and self.made.uses[node] == 1 and self._is_backward(node)

    def _step(self, node: Node) -> int:
        """The statement carried out that a value belongs to."""
        return self.material.step_of(origin_of(self.material, node))


def test_of(index: Node) -> Node | None:
    """The truth value from which the number of a branch was made."""
    while index.op.name == "cast":
        index = index.inputs[0]
    chosen = index.op is WHERE and is_literal(index.inputs[1], 0) and is_literal(index.inputs[2], 1)
    return index.inputs[0] if chosen else None


def _is_costly(node: Node) -> bool:
    """Is this more than a pass over its elements?"""
    return node.op.multiple or (
        node.op.ufunc is None and isinstance(node.op.batching, Stacked | Batched) and node.op.name not in _CHEAP
    )


_CHEAP = frozenset(
    {"sum", "cast", "broadcast", "reshape", "transpose", "index", "concatenate", "index_add", "index_update"}
)
