"""From a graph to the lines that a person would write: which value gets a line, under which name, in which order.

Floor 4; source text and explanations both print these statements. A value gets a line of its own where the person
gave it a name, where it is the derivative of such a value, or where it is used twice; the rest stands inside the line
that uses it. Contributions to one derivative from different lines are added up as a person does: `dx += …`.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from glassgrad.base.source import Place
from glassgrad.engines.source.factors import Context, product_written
from glassgrad.engines.source.naming import Namer, suggested_name
from glassgrad.engines.source.rows import Surroundings, literal_expression, number_expression, row_written
from glassgrad.graph.node import Node, reachable
from glassgrad.graph.notes import Backward, Notes
from glassgrad.ops.elementwise import ADD, NEGATIVE, SUBTRACT
from glassgrad.ops.leaves import ARRAY, LITERAL, PROJECT
from glassgrad.tracing.observe import Operation
from glassgrad.tracing.written import Fixed, Operand, Written, fill, hole, hole_index, holes_of, spelled, text_of

LONGEST = 84  # characters of an expression that is not the person's own


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


@dataclass(frozen=True, slots=True)
class Statement:
    """One line: `targets operator expression`. `origin` is the forward node that a backward line belongs to;
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


def write(material: Material) -> Page:
    """The lines that compute the results."""
    return _Writer(material).write()


class _Writer:
    """The state of one writing: what is chosen, used, named and written so far."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self.page = Page(names=dict(material.names))
        self.namer = Namer({*material.reserved, *material.names.values(), *material.gradient_names})
        self.uses: dict[Operand, int] = {}
        self.expressions: dict[Node, ast.expr] = {}
        self.sizes: dict[Node, int] = {}  # characters of an expression that waits to be put into its user's line
        self.fixed: dict[Fixed, ast.expr] = {}
        self.partial: dict[Node, Node] = {}  # a sum's first part -> the sum, where parts are added up line by line
        self.order: dict[Node, float] = {}  # where a line does not stand in the order of the graph
        self.named_derivatives = {material.cotangents[x] for x in material.names if x in material.cotangents}
        self.targets = {derivative: x for x, derivative in material.cotangents.items() if x in material.names}
        users = reachable(material.results)
        self.users: dict[Node, int] = {}
        for node in users:
            for x in {*node.inputs}:
                self.users[x] = self.users.get(x, 0) + 1

    def write(self) -> Page:
        """Chooses how each value is written, then writes line by line, inputs before users."""
        self._choose(self.material.results[:1])
        forward = set(self.page.templates)
        self._choose(self.material.results[1:], forward)
        self._turn_signs()
        self._name_derivatives()
        self._find_sums()
        for node in sorted(self.page.templates, key=lambda node: self.order.get(node, node.serial)):
            self._write_node(node)
        for node, name in zip(self.material.results, (None, *self.material.gradient_names), strict=True):
            self.page.results.append(self._result(node, name))
        return self.page

    # ------------------------------------------------------------------ how each value is written
    def _choose(self, results: Iterable[Node], forward: Iterable[Node] = ()) -> None:
        known = {*forward}
        leaves, names = self.material.leaves, self.material.names
        around = Surroundings(self.users, self.material.notes.origins,
                              lambda node: node in leaves or (node in names and node in known))
        stack: list[Operand] = []
        for node in results:
            self._use(node, stack)
        while stack:
            operand = stack.pop()
            if isinstance(operand, Fixed):
                written = operand.written if not operand.parameter else None
            else:
                written = self.page.templates[operand] = self._template(operand, around)
            if written is not None:
                for index in holes_of(written.expression):
                    self._use(written.operands[index], stack)

    def _use(self, operand: Operand, stack: list[Operand]) -> None:
        before = self.uses.get(operand, 0)
        self.uses[operand] = before + 1
        if isinstance(operand, Node) and operand.op is ARRAY and operand not in self.material.leaves:
            made = self.material.made.get(id(operand.param("held").array))
            if made is not None:
                self._use(made, stack)
            return
        leaf = isinstance(operand, Node) and (operand.op is LITERAL or operand in self.material.leaves)
        if not before and not leaf:
            stack.append(operand)

    def _template(self, node: Node, around: Surroundings) -> Written:
        operation = self.material.operations.get(node)
        if operation is not None:
            return operation.written
        if node.op.multiple:
            return self._several_template(node, around)
        context = Context(around, self.material.boundary, self.named_derivatives.__contains__, self.material.operations)
        return product_written(node, context) or row_written(node, around)

    def _context(self, known: Callable[[Node], bool]) -> Context:
        around = Surroundings(self.users, self.material.notes.origins, known)
        return Context(around, self.material.boundary, self.named_derivatives.__contains__, self.material.operations)

    def _several_template(self, node: Node, around: Surroundings) -> Written:
        for parts, operation in self.material.several.items():
            if all(part.op is PROJECT and part.inputs[0] is node for part in parts):
                return operation.written
        return row_written(node, around)

    def _turn_signs(self) -> None:
        """Where -p is the derivative of a value with a name, `dz = -…` is written and p is -dz."""
        context = self._context(lambda node: False)
        for forward in self.material.names:
            derivative = self.material.cotangents.get(forward)
            if derivative is None or derivative.op is not NEGATIVE or derivative.serial < self.material.boundary:
                continue
            (product,) = derivative.inputs
            known = product in self.page.templates and product not in self.named_derivatives and self.uses[product] > 1
            written = product_written(derivative, context, through=product) if known else None
            if written is None or derivative in self.page.templates or product not in self.page.templates:
                continue
            for index in holes_of(self.page.templates[product].expression):
                self.uses[self.page.templates[product].operands[index]] -= 1
            for index in holes_of(written.expression):
                self.uses[written.operands[index]] = self.uses.get(written.operands[index], 0) + 1
            if any(isinstance(x, Node) and not self._is_written(x) for x in written.operands):
                continue
            self.page.templates[derivative] = written
            self.page.templates[product] = Written(ast.UnaryOp(ast.USub(), hole(0)), (derivative,))
            self.uses[derivative] = self.uses[product]
            self.order[derivative], self.order[product] = product.serial, product.serial + 0.5

    def _is_written(self, node: Node) -> bool:
        return node in self.page.templates or node.op in (LITERAL, ARRAY) or node in self.material.leaves

    # ------------------------------------------------------------------ names
    def _name_derivatives(self) -> None:
        names = self.page.names
        for node, name in zip(self.material.results[1:], self.material.gradient_names, strict=True):
            if node.serial >= self.material.boundary and node.op is not LITERAL:
                names.setdefault(node, name)
        pairs = sorted(self.material.cotangents.items(), key=lambda pair: -pair[0].serial)
        for forward, derivative in pairs:
            backward = derivative.serial >= self.material.boundary and derivative in self.page.templates
            if forward in names and backward and derivative not in names and derivative.op is not LITERAL:
                names[derivative] = self.namer.free(f"d{names[forward]}")

    def _find_sums(self) -> None:
        """Sums of contributions from different lines, to be added up where each comes."""
        names, templates = self.page.names, self.page.templates
        for node in sorted(templates, key=lambda node: -node.serial):
            if node.op not in (ADD, SUBTRACT) or node.serial < self.material.boundary:
                continue
            if node not in names or templates[node].operands != node.inputs:
                continue
            parts = node.inputs if node.op is ADD else node.inputs[:1]
            for part in parts:
                other = node.inputs[1 - node.inputs.index(part)]
                free = part in templates and part not in names and self.uses[part] == 1
                if free and part.serial >= self.material.boundary and self._line(part) != self._line(other):
                    self.partial[part] = node
                    names[part] = names[node]
                    break

    def _line(self, node: Node) -> object:
        """The person's line that a backward node belongs to."""
        forward = self.origin(node)
        place = None if forward is None else self.material.notes.origins.get(forward)
        return (place.code, place.offset) if isinstance(place, Place) and forward in self.material.operations else (
            self.material.notes.location(node))

    def origin(self, node: Node) -> Node | None:
        """The forward node that a backward node comes from."""
        origin = self.material.notes.origins.get(node)
        while isinstance(origin, Backward):
            node = origin.of
            origin = self.material.notes.origins.get(node)
        return node

    # ------------------------------------------------------------------ lines
    def _write_node(self, node: Node) -> None:
        if node.op is PROJECT:
            self._write_projection(node)
            return
        template = self.page.templates[node]
        backward = node.serial >= self.material.boundary
        if self._add_up(node, template):
            return
        if hole_index(template.expression) is not None:  # another name for the same value
            if node in self.partial:
                self._forget_sum(node)
            self.expressions[node] = self._operand(template.operands[0])
            return
        expression = self._filled(node, template, limit=LONGEST if node not in self.material.operations else 10 * LONGEST)
        if node.op.multiple:
            self._write_several(node, expression)
            return
        named = node in self.page.names
        if named and node in self.partial and not is_fresh(expression):
            self._forget_sum(node)
            named = False
        inline = node in self.order and isinstance(expression, ast.UnaryOp) and isinstance(expression.operand, ast.Name)
        if not named and not inline and (self.uses[node] > 1 or node in self.material.results):
            self.page.names[node] = self.namer.free(suggested_name(node, self._name_of))
            named = True
        if not named:
            self.expressions[node] = expression
            self.sizes[node] = len(text_of(expression))
            return
        self._line_for(node, expression, backward=backward)

    def _forget_sum(self, node: Node) -> None:
        """The first part of a sum is no array of its own: the sum is written in one line."""
        del self.partial[node]
        del self.page.names[node]

    def _line_for(self, node: Node, expression: ast.expr, *, backward: bool) -> None:
        name = self.page.names[node]
        self._append((name,), expression, node, node, backward=backward)
        self.expressions[node] = ast.Name(name, ast.Load())

    def _append(self, targets: tuple[str, ...], expression: ast.expr, node: Node, contribution: Node, *,
                operator: str = "=", backward: bool = True) -> None:
        if not backward:
            self.page.statements.append(Statement(targets, expression, node, contribution))
            return
        origin = self.origin(contribution)
        target = self.targets.get(node)
        depth = 0 if target is None else self.material.depth.get(target, 0)
        place = None if origin is None else self.material.notes.origins.get(origin)
        place = place if isinstance(place, Place) else None
        if origin is not None and (target is not None or self.page.names.get(node) in self.material.gradient_names):
            place = self.material.place_of(origin, place, depth)
        self.page.statements.append(Statement(targets, expression, node, contribution, operator, backward, origin, place, target))

    def _add_up(self, node: Node, template: Written) -> bool:
        """`dx += contribution`, where the first part already stands under the name."""
        part = next((x for x in node.inputs if self.partial.get(x) is node), None)
        if part is None:
            return False
        other = node.inputs[1 - node.inputs.index(part)]
        expression, operator = self._operand(other, in_arithmetic=True), "+=" if node.op is ADD else "-="
        positive = without_sign(expression)
        if positive is not None:
            expression, operator = positive, {"+=": "-=", "-=": "+="}[operator]
        name = self.page.names[node]
        contribution = other if other.serial >= self.material.boundary else node
        self._append((name,), expression, node, contribution, operator=operator)
        self.expressions[node] = ast.Name(name, ast.Load())
        del template
        return True

    def _filled(self, node: Node, template: Written, limit: int) -> ast.expr:
        """The expression with its operands in place; the longest of those get lines of their own where it is too long."""
        waiting = [x for x in template.operands if isinstance(x, Node) and x in self.sizes]
        total = len(ast.unparse(template.expression)) + sum(self.sizes[x] for x in waiting)
        for x in sorted(waiting, key=lambda x: -self.sizes[x]):
            if total <= limit:
                break
            total -= self.sizes.pop(x) - 6
            self.page.names[x] = self.namer.free(suggested_name(x, self._name_of))
            self._line_for(x, self.expressions[x], backward=x.serial >= self.material.boundary)
        weak = node.op.ufunc is not None or node.op.name == "where"
        in_arithmetic = _holes_in_arithmetic(template.expression) if weak else frozenset()
        for x in waiting:
            self.sizes.pop(x, None)

        def part(index: int) -> ast.expr:
            operand = template.operands[index]
            if isinstance(operand, Node) and operand.op is LITERAL and operand.shape == () and weak:
                return number_expression(operand, in_arithmetic=index in in_arithmetic)
            return self._operand(operand)

        return with_signs(fill(template.expression, part)) if node.serial >= self.material.boundary else (
            fill(template.expression, part))

    def _operand(self, operand: Operand, *, in_arithmetic: bool = False) -> ast.expr:
        if isinstance(operand, Fixed):
            return self._fixed(operand)
        if operand in self.material.leaves:
            return self.material.leaves[operand]
        if operand.op is LITERAL:
            if in_arithmetic and operand.shape == ():
                return number_expression(operand, in_arithmetic=True)
            return literal_expression(operand)
        if operand.op is ARRAY:
            return self._captured(operand)
        return self.expressions[operand]

    def _captured(self, node: Node) -> ast.expr:
        """An array of the surroundings: the argument that it is, the line that made it, or a name for it."""
        array: np.ndarray = node.param("held").array
        for leaf, access in self.material.leaves.items():
            if leaf.op is ARRAY and leaf.param("held").array is array:
                return access
        made = self.material.made.get(id(array))
        if made is not None:
            return self._fixed(made)
        for name, known in self.page.captured.items():
            if known is array or (known.dtype == array.dtype and np.array_equal(known, array)):
                return ast.Name(name, ast.Load())
        wanted = self.material.names.get(node)
        name = wanted if wanted is not None and wanted not in self.page.captured else self.namer.free("array")
        self.page.captured[name] = array
        return ast.Name(name, ast.Load())

    def _fixed(self, fixed: Fixed) -> ast.expr:
        """A value that is not traced: its variable, with the line that sets it, or the value itself."""
        if fixed in self.fixed:
            return self.fixed[fixed]
        if fixed.parameter:
            assert fixed.name is not None
            result: ast.expr = ast.Name(fixed.name, ast.Load())
        elif fixed.written is None:
            shown = spelled(fixed.value)
            assert shown is not None, "checked when it was read"
            result = shown
        else:
            written = fixed.written
            result = fill(written.expression, lambda index: self._operand(written.operands[index]))
            if fixed.name is not None and not isinstance(result, ast.Name):
                result = self._fixed_line(fixed, result)
        self.fixed[fixed] = result
        return result

    def _fixed_line(self, fixed: Fixed, expression: ast.expr) -> ast.expr:
        text = ast.dump(expression)
        for statement in self.page.statements:
            same = statement.node is None and ast.dump(statement.expression) == text
            if same and statement.targets[0].rstrip("0123456789_") == str(fixed.name).rstrip("0123456789_"):
                return ast.Name(statement.targets[0], ast.Load())
        name = self.namer.free(str(fixed.name))
        self.page.statements.append(Statement((name,), expression, None))
        return ast.Name(name, ast.Load())

    # ------------------------------------------------------------------ ops of several outputs
    def _write_several(self, node: Node, expression: ast.expr) -> None:
        projections = {x.param("index"): x for x in self.page.templates if x.op is PROJECT and x.inputs[0] is node}
        targets = []
        for index, output in enumerate(node.aval):
            del output
            projection = projections.get(index)
            if projection is None:
                targets.append("_")
                continue
            names = node.op.outputs
            hint = names[index] if index < len(names) and not names[index].startswith("*") else f"part{index}"
            if projection not in self.page.names:
                self.page.names[projection] = self.namer.free(hint)
            targets.append(self.page.names[projection])
        self._append(tuple(targets), expression, node, node, backward=node.serial >= self.material.boundary)

    def _write_projection(self, node: Node) -> None:
        self.expressions[node] = ast.Name(self.page.names[node], ast.Load())

    # ------------------------------------------------------------------ the results
    def _result(self, node: Node, wanted: str | None) -> ast.expr:
        """A gradient that is another value of the page gets its own name; the value itself is returned as it is."""
        expression = self._operand(node)
        if wanted is None or (isinstance(expression, ast.Name) and expression.id == wanted):
            return expression
        self._append((wanted,), expression, node, node)
        return ast.Name(wanted, ast.Load())

    def _name_of(self, node: Node) -> str | None:
        if node in self.page.names:
            return self.page.names[node]
        leaf = self.material.leaves.get(node)
        return leaf.id if isinstance(leaf, ast.Name) else None


def _holes_in_arithmetic(expression: ast.expr) -> frozenset[int]:
    """The holes beside which an operand stands that decides the dtype."""
    found = set()
    for part in ast.walk(expression):
        sides = [part.left, part.right] if isinstance(part, ast.BinOp) else (
            [part.left, *part.comparators] if isinstance(part, ast.Compare) else [])
        found.update(index for side in sides if (index := hole_index(side)) is not None)
    return frozenset(found)


def without_sign(expression: ast.expr) -> ast.expr | None:
    """`a * b` for `-a * b`; None where no sign stands in front."""
    negative, rest = _sign_of(expression)
    return rest if negative else None


def _sign_of(expression: ast.expr) -> tuple[bool, ast.expr]:
    """Is a product negative, and what it is without its signs."""
    match expression:
        case ast.UnaryOp(ast.USub(), operand):
            negative, rest = _sign_of(operand)
            return not negative, rest
        case ast.BinOp(left, ast.Mult() | ast.Div() as op, right):
            (first, one), (second, two) = _sign_of(left), _sign_of(right)
            return first ^ second, (expression if one is left and two is right else ast.BinOp(one, op, two))
        case ast.Constant(int() | float() as value) if value < 0:
            return True, ast.Constant(-value)
    return False, expression


def with_signs(expression: ast.expr) -> ast.expr:
    """`a - b` for `a + -b`, `a + b` for `a - -b`, one sign in front of a product."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add | ast.Sub):
        positive = without_sign(expression.right)
        if positive is not None:
            op = ast.Sub() if isinstance(expression.op, ast.Add) else ast.Add()
            return with_signs(ast.BinOp(expression.left, op, positive))
        first = without_sign(expression.left) if isinstance(expression.op, ast.Add) else None
        return expression if first is None else ast.BinOp(expression.right, ast.Sub(), first)
    negative, rest = _sign_of(expression)
    return _negated(rest) if negative else rest


def _negated(expression: ast.expr) -> ast.expr:
    """A sign in front of the first factor."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Mult | ast.Div):
        return ast.BinOp(_negated(expression.left), expression.op, expression.right)
    return ast.UnaryOp(ast.USub(), expression)


def is_fresh(expression: ast.expr) -> bool:
    """Is this a new array, which nobody else holds (no name, no view)?"""
    match expression:
        case ast.BinOp() | ast.Compare() | ast.UnaryOp():
            return True
        case ast.Call(ast.Attribute(attr=name)):
            return name not in ("broadcast_to", "reshape", "ravel", "transpose", "swapaxes", "real", "imag", "squeeze",
                                "moveaxis", "asarray", "diagonal", "flip", "atleast_1d", "atleast_2d", "diag", "expand_dims")
    return False
