"""The choices before the first line is written: how each value is written, how often it is used, what it is called,
which sums are added up line by line. Floor 4."""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from glassgrad.engines.source.factors import Context, product_written
from glassgrad.engines.source.naming import Namer, suggested_name
from glassgrad.engines.source.page import Material, origin_of
from glassgrad.engines.source.rows import Change, Surroundings, change_written, row_written
from glassgrad.graph.node import Node, reachable
from glassgrad.ops.elementwise import ADD, NEGATIVE, SUBTRACT
from glassgrad.ops.leaves import ARRAY, LITERAL, PROJECT
from glassgrad.tracing.written import Fixed, Operand, Written, hole, holes_of


@dataclass(slots=True)
class Plan:
    """What was chosen. `partial`: the first part of a sum -> the sum, where parts are added up line by line; `order`:
    where a line does not stand in the order of the graph."""

    templates: dict[Node, Written] = field(default_factory=dict)
    changes: dict[Node, Change] = field(default_factory=dict)
    uses: dict[Operand, int] = field(default_factory=dict)
    names: dict[Node, str] = field(default_factory=dict)
    partial: dict[Node, Node] = field(default_factory=dict)
    order: dict[Node, float] = field(default_factory=dict)

    def in_order(self) -> list[Node]:
        """The values in the order in which they are written."""
        return sorted(self.templates, key=lambda node: self.order.get(node, node.serial))


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
        self.users: dict[Node, int] = {}
        for node in reachable(material.results):
            for x in {*node.inputs}:
                self.users[x] = self.users.get(x, 0) + 1

    def plan(self) -> Plan:
        """The forward part first: the backward part may lean on its names."""
        self._choose(self.material.results[:1], frozenset())
        self._choose(self.material.results[1:], frozenset(self.made.templates))
        self._turn_signs()
        self._name_derivatives()
        self._find_sums()
        return self.made

    def _is_backward(self, node: Node) -> bool:
        return node.serial >= self.material.boundary

    # ------------------------------------------------------------------ how each value is written
    def _choose(self, results: Iterable[Node], forward: frozenset[Node]) -> None:
        leaves, names, generic = self.material.leaves, self.material.names, self.material.generic
        context = self._context(lambda node: generic and (node in leaves or (node in names and node in forward)))
        stack: list[Operand] = []
        for node in results:
            self._use(node, stack)
        while stack:
            operand = stack.pop()
            if isinstance(operand, Fixed):
                if operand.written is not None and not operand.parameter:
                    self._use_all(operand.written.expression, operand.written.operands, stack)
                continue
            change = change_written(operand)
            if change is not None:
                self._take_change(operand, change, stack)
                continue
            written = self.made.templates[operand] = self._template(operand, context)
            self._use_all(written.expression, written.operands, stack)

    def _take_change(self, node: Node, change: Change, stack: list[Operand]) -> None:
        self.made.changes[node] = change
        self.made.templates[node] = Written(change.value, change.operands)
        self._use(change.operands[0], stack)
        for part in (change.target, change.value):
            if part is not None:
                for index in holes_of(part):
                    if index != 0:
                        self._use(change.operands[index], stack)

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
        if operation is not None:
            return operation.written
        if node.op.multiple:
            for parts, several in self.material.several.items():
                if all(part.op is PROJECT and part.inputs[0] is node for part in parts):
                    return several.written
        return product_written(node, context) or row_written(node, context.around)

    def _context(self, at_hand: Callable[[Node], bool]) -> Context:
        around = Surroundings(self.users, self.material.notes.origins, at_hand)
        ends = self.named_derivatives.__contains__
        return Context(around, self.material.boundary, ends, self.material.operations)

    # ------------------------------------------------------------------ signs
    def _turn_signs(self) -> None:
        """Where -p is the derivative of a value with a name, `dz = -…` is written and p is -dz."""
        context = self._context(lambda node: False)
        for forward in self.material.names:
            derivative = self.material.cotangents.get(forward)
            if derivative is not None and derivative.op is NEGATIVE and self._is_backward(derivative):
                self._turn_sign(derivative, context)

    def _turn_sign(self, derivative: Node, context: Context) -> None:
        (product,) = derivative.inputs
        templates, uses = self.made.templates, self.made.uses
        if derivative in templates or product not in templates or product in self.named_derivatives or uses[product] < 2:
            return
        written = product_written(derivative, context, through=product)
        if written is None or any(isinstance(x, Node) and not self._is_written(x) for x in written.operands):
            return
        for index in holes_of(templates[product].expression):
            uses[templates[product].operands[index]] -= 1
        for index in holes_of(written.expression):
            uses[written.operands[index]] = uses.get(written.operands[index], 0) + 1
        templates[derivative] = written
        templates[product] = Written(ast.UnaryOp(ast.USub(), hole(0)), (derivative,))
        uses[derivative] = uses[product]
        self.made.order[derivative], self.made.order[product] = product.serial, product.serial + 0.5

    def _is_written(self, node: Node) -> bool:
        return node in self.made.templates or node.op in (LITERAL, ARRAY) or node in self.material.leaves

    # ------------------------------------------------------------------ names
    def _name_derivatives(self) -> None:
        names = self.made.names
        for node, name in zip(self.material.results[1:], self.material.gradient_names, strict=True):
            if self._is_backward(node) and node.op is not LITERAL:
                names.setdefault(node, name)
        pairs = sorted(self.material.cotangents.items(), key=lambda pair: -pair[0].serial)
        for forward, derivative in pairs:
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
            return node.inputs[0] if self._is_free(node.inputs[0]) else None
        if node.op not in (ADD, SUBTRACT) or self.made.templates[node].operands != node.inputs:
            return None
        for part in node.inputs if node.op is ADD else node.inputs[:1]:
            other = node.inputs[1 - node.inputs.index(part)]
            if self._is_free(part) and self._step(part) != self._step(other):
                return part
        return None

    def _is_free(self, node: Node) -> bool:
        """Is this a backward value with no name and no other use?"""
        known = node in self.made.templates and node not in self.made.names
        return known and self.made.uses[node] == 1 and self._is_backward(node)

    def _step(self, node: Node) -> int:
        """The statement carried out that a value belongs to."""
        return self.material.step_of(origin_of(self.material, node))
