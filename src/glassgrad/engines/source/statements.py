"""From a graph to the lines that a person would write: which value gets a line, under which name, in which order.

Floor 4; source text and explanations both print these statements. A value gets a line of its own where the person
gave it a name, where it is the derivative of such a value, or where it is used twice; the rest stands inside the line
that uses it. Contributions to one derivative from different lines are added up as a person does: `dx += …`.
"""

import ast
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from glassgrad.base.source import Place
from glassgrad.engines.source.bodies import CONTROL
from glassgrad.engines.source.control import write_control
from glassgrad.engines.source.naming import Namer, suggested_name
from glassgrad.engines.source.page import (
    Compound,
    Material,
    Page,
    Statement,
    assigned,
    behind,
    origin_of,
    place_of_node,
)
from glassgrad.engines.source.plan import plan
from glassgrad.engines.source.rows import Change, literal_expression, number_expression
from glassgrad.engines.source.signs import has_bare_value, is_fresh, mentions, with_signs, without_sign
from glassgrad.graph.node import Node
from glassgrad.ops.elementwise import ADD
from glassgrad.ops.leaves import ARRAY, LITERAL, PROJECT, is_literal
from glassgrad.tracing.written import (
    Fixed,
    Operand,
    Written,
    fill,
    hole_index,
    holes_in_arithmetic,
    numpy_name,
    spelled,
    text_of,
)

LONGEST = 84  # characters of an expression that is not the person's own


def write(material: Material) -> Page:
    """The lines that compute the results."""
    return _Writer(material, None).write()


class _Writer:
    """The state of one writing: what is named and written so far."""

    def __init__(self, material: Material, outer: "_Writer | None") -> None:
        self.material = material
        taken = {*material.reserved, *material.names.values(), *material.gradient_names}
        self.namer: Namer = outer.namer if outer is not None else Namer(taken)
        self.plan = plan(material, self.namer)
        self.page = Page(names=self.plan.names, templates=self.plan.templates)
        if outer is not None:
            self.page.captured = outer.page.captured
        self.expressions = self.page.expressions
        self.left = dict(self.plan.uses)  # how often each value will still be used
        self.sizes: dict[Node, int] = {}  # characters of an expression that waits to be put into its user's line
        self.fixed: dict[Fixed, ast.expr] = {}
        self.own: set[str] = set()  # variables that hold an array which nothing else holds
        self.views: list[tuple[Node, ast.expr]] = []  # values that may share memory with a variable
        self.array_names = {id(x.param("held").array): name for x, name in material.names.items() if x.op is ARRAY}
        derivatives = {x: behind(material, found) for x, found in material.cotangents.items()}
        self.targets = {derivative: x for x, derivative in derivatives.items() if x in material.names}
        self.unnamed = {derivative: x for x, derivative in derivatives.items() if x not in material.names}

    def write(self) -> Page:
        """Line by line, inputs before users."""
        for node in self.plan.in_order():
            self._write_node(node)
        for node, name in zip_longest(self.material.results, (None, *self.material.gradient_names)):
            self.page.results.append(self._result(behind(self.material, node), name))
        return self.page

    def is_backward(self, node: Node) -> bool:
        """Does this value belong to the backward pass?"""
        return node.serial >= self.material.boundary and node not in self.material.recorded

    def write_inside(self, material: Material) -> Page:
        """The lines of a graph inside a loop or branch."""
        inside = _Writer(replace(material, names=self.page.names), self)
        page = inside.write()
        self.page.templates.update(
            {node: written for node, written in page.templates.items() if node not in self.page.templates}
        )
        self.page.names.update(page.names)
        return page

    def origin(self, node: Node) -> tuple[Node | None, Place | None]:
        """The forward value, and the person's line, that a backward value comes from."""
        origin = origin_of(self.material, node)
        return origin, place_of_node(self.material, origin)

    def operand(self, operand: Node) -> ast.expr:
        """How a value is reached."""
        return self._operand(behind(self.material, operand))

    # ------------------------------------------------------------------ lines
    def _write_node(self, node: Node) -> None:
        if node.op is PROJECT:
            if node not in self.expressions:
                self.expressions[node] = ast.Name(self.page.names[node], ast.Load())
            return
        if node.op in CONTROL:
            write_control(self, node, self._projections(node))
            return
        if node in self.plan.changes:
            self._write_change(node, self.plan.changes[node])
            return
        template = self.plan.templates[node]
        if self._add_up(node):
            return
        if hole_index(template.expression) is not None:  # another name for the same value
            self._forget_sum(node)
            self.expressions[node] = self._operand(template.operands[0])
            return
        expression = self._filled(node, template)
        if node.op.multiple:
            self._write_several(node, expression)
        elif self._has_line(node, expression):
            self._line_for(node, expression)
        else:
            self.expressions[node] = expression
            self.sizes[node] = len(text_of(expression))

    def _has_line(self, node: Node, expression: ast.expr) -> bool:
        """Does this value get a line of its own (and a name, where it has none)?"""
        if node in self.plan.partial and not is_fresh(expression):
            self._forget_sum(node)
        if node in self.page.names:
            return True
        inline = self.plan.uses[node] == 1 or (
            not self.is_backward(node) and len(text_of(expression)) <= self.material.repeated
        )
        if inline and (self.material.inside or node not in self.material.results):
            return False
        self.page.names[node] = self._new_name(node)
        return True

    def _new_name(self, node: Node) -> str:
        """A name for a value that has none."""
        if node is self.material.results[0]:
            return self.namer.free("value" if not self.material.inside else suggested_name(node, self._name_of))
        forward = self.unnamed.get(node)
        if forward is not None and self.is_backward(node):
            return self.namer.free(f"d{suggested_name(forward, self._name_of)}")
        return self.namer.free(suggested_name(node, self._name_of))

    def _name_of(self, node: Node) -> str | None:
        leaf = self.material.leaves.get(node)
        return self.page.names.get(node) or (leaf.id if isinstance(leaf, ast.Name) else None)

    def _forget_sum(self, node: Node) -> None:
        """The first part of a sum is no array of its own: the sum is written in one line."""
        if self.plan.partial.pop(node, None) is not None:
            del self.page.names[node]

    def _line_for(self, node: Node, expression: ast.expr) -> None:
        name = self.page.names[node]
        self._append((name,), expression, node, node)
        self.expressions[node] = ast.Name(name, ast.Load())
        if is_fresh(expression):
            self.own.add(name)
        else:
            self.views.append((node, expression))

    def _append(
        self, targets: tuple[str, ...], expression: ast.expr, node: Node, contribution: Node, operator: str = "="
    ) -> None:
        statements = self.page.statements
        if not self.is_backward(node):
            statements.append(Statement(targets, expression, node, contribution, operator))
            return
        origin = origin_of(self.material, contribution)
        target = self.targets.get(node) or self.targets.get(self._whole(node))
        place = place_of_node(self.material, origin)
        if target is not None or self.page.names.get(node) in self.material.gradient_names:
            depth = 0 if target is None else self.material.depth.get(target, 0)
            place = self.material.place_of(origin, place, depth)
        statements.append(Statement(targets, expression, node, contribution, operator, True, origin, place, target))

    def _whole(self, node: Node) -> Node:
        """The sum of which this is a part."""
        while node in self.plan.partial:
            node = self.plan.partial[node]
        return node

    # ------------------------------------------------------------------ what is added or changed in place
    def _add_up(self, node: Node) -> bool:
        """`dx += contribution`, where the first part already stands under the name."""
        inputs = [behind(self.material, x) for x in node.inputs]
        part = next((x for x in inputs if self.plan.partial.get(x) is node), None)
        if part is None:
            return False
        other = inputs[1 - inputs.index(part)]
        expression, operator = self._operand(other, in_arithmetic=True), "+=" if node.op is ADD else "-="
        positive = without_sign(expression)
        if positive is not None:
            expression, operator = positive, {"+=": "-=", "-=": "+="}[operator]
        name = self.page.names[node]
        new = self.is_backward(other) and other not in self.page.names
        self._append((name,), expression, node, other if new else node, operator)
        self.expressions[node] = ast.Name(name, ast.Load())
        return True

    def _write_change(self, node: Node, change: Change) -> None:
        """`out[i] = v`: on the array itself where nobody needs it as it was, else on a copy."""
        before = behind(self.material, node.inputs[0])
        name = self._changed_in_place(node, before) or self._copied(node, before)
        variable = ast.Name(name, ast.Load())

        def part(index: int) -> ast.expr:
            return (
                variable if index == 0 else self._operand(change.operands[index], in_arithmetic=change.operator != "")
            )

        value, operator = fill(change.value, part), change.operator
        once = operator == "+=" and is_literal(before, 0) and node.op.name == "index_add"
        targets = () if change.target is None else (text_of(fill(change.target, part)),)
        self._append(targets, value, node, node, "=" if once else operator)
        self.expressions[node] = variable
        self.page.names[node] = name

    def _changed_in_place(self, node: Node, before: Node) -> str | None:
        """The variable whose array may be changed: it is its own, this is its last use, and no view of it is alive."""
        found = self.expressions.get(before)
        if not isinstance(found, ast.Name) or found.id not in self.own or self.left.get(before, 0) > 1:
            return None
        here = {behind(self.material, x) for x in node.inputs}
        waiting = [(x, self.expressions[x]) for x in self.sizes]
        alive = [expression for x, expression in (*waiting, *self.views) if self.left.get(x, 0) > 0 and x not in here]
        if any(mentions(expression, found.id) for expression in alive):
            return None
        return self._renamed(node, found) if node in self.plan.partial else found.id

    def _renamed(self, node: Node, array: ast.Name) -> str:
        """The array under the name of the sum that the change begins: `da = da1`, and from then on `da += …`."""
        name = self.page.names[node]
        if name != array.id:
            self._append((name,), array, node, node)
            self.own.remove(array.id)
            self.own.add(name)
        return name

    def _copied(self, node: Node, before: Node) -> str:
        """A new variable that holds a copy."""
        base = self.page.names.get(before) if before.op is LITERAL else None
        taken = base is None or any(base in assigned(line) for line in self.page.statements)
        name = self.page.names.get(node) or self._new_name(node)
        name = name if base is None or taken else base
        self._take(before)
        if before.op is LITERAL:
            expression = self._like_target(node, before) or literal_expression(before)
        else:
            expression = ast.Call(ast.Attribute(self._reached(before), "copy", ast.Load()), [], [])
        self._append((name,), expression, node, node)
        self.own.add(name)
        return name

    def _like_target(self, node: Node, before: Node) -> ast.expr | None:
        """`np.zeros_like(x)` for the first part of the derivative with respect to x."""
        target = self.targets.get(self._whole(node))
        known = target is not None and target.aval == before.aval and self.material.generic
        if not known or target is None or not is_literal(before, 0):
            return None
        reached = self.material.leaves.get(target) or self.expressions.get(target)
        return None if reached is None else ast.Call(numpy_name("zeros_like"), [reached], [])

    # ------------------------------------------------------------------ expressions
    def _filled(self, node: Node, template: Written) -> ast.expr:
        """The expression with its operands in place; the longest get lines of their own where it is too long."""
        limit = LONGEST if node not in self.material.operations else 10 * LONGEST
        waiting = [x for x in template.operands if isinstance(x, Node) and x in self.sizes]
        total = len(text_of(template.expression)) + sum(self.sizes[x] for x in waiting)
        for x in sorted(waiting, key=lambda x: -self.sizes[x]):
            if total <= limit:
                break
            total -= self.sizes.pop(x) - 6
            self.page.names[x] = self._new_name(x)
            self._line_for(x, self.expressions[x])
        weak = node.op.ufunc is not None or node.op.name == "where"
        in_arithmetic = holes_in_arithmetic(template.expression) if weak else frozenset()

        def part(index: int) -> ast.expr:
            operand = template.operands[index]
            if isinstance(operand, Node) and operand.op is LITERAL and operand.shape == () and weak:
                return number_expression(operand, in_arithmetic=index in in_arithmetic)
            return self._operand(operand)

        filled = fill(template.expression, part)
        return with_signs(filled) if self.is_backward(node) else filled

    def _operand(self, operand: Operand, *, in_arithmetic: bool = False) -> ast.expr:
        self._take(operand)
        if isinstance(operand, Fixed):
            return self._fixed(operand)
        if operand.op is LITERAL and operand not in self.material.leaves:
            plain = in_arithmetic and operand.shape == ()
            return number_expression(operand, in_arithmetic=True) if plain else literal_expression(operand)
        return self._reached(operand)

    def _take(self, operand: Operand) -> None:
        self.left[operand] = self.left.get(operand, 0) - 1
        if isinstance(operand, Node):
            self.sizes.pop(operand, None)

    def _reached(self, node: Node) -> ast.expr:
        if node in self.material.leaves:
            return self.material.leaves[node]
        return self._captured(node) if node.op is ARRAY else self.expressions[node]

    def _captured(self, node: Node) -> ast.expr:
        """An array of the surroundings: the argument that it is, the line that made it, or a name for it."""
        array: np.ndarray = node.param("held").array
        for leaf, access in self.material.leaves.items():
            if leaf.op is ARRAY and leaf.param("held").array is array:
                return access
        made = self.material.made.get(id(array))
        if made is not None:
            return self._fixed(made)
        for fixed, expression in self.fixed.items():
            same = isinstance(fixed.value, np.ndarray) and fixed.value.dtype == array.dtype
            if same and np.array_equal(fixed.value, array):
                return expression
        return ast.Name(self.page.name_of_captured(array, self.material.names.get(node), self.namer.free), ast.Load())

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
            shown = spelled(fixed.value) if has_bare_value(fixed) else None
            if shown is not None and not any(isinstance(part, ast.Name) for part in ast.walk(result)):
                result = shown  # `i + 3` in a round of a loop is a number
            if fixed.name is not None and not isinstance(result, ast.Name):
                result = self._fixed_line(fixed, result)
        self.fixed[fixed] = result
        return result

    def _fixed_line(self, fixed: Fixed, expression: ast.expr) -> ast.expr:
        """The line `n = x.shape[0]`, written once."""
        text = ast.dump(expression)
        for statement in self.page.statements:
            if isinstance(statement, Compound):
                continue
            same = statement.node is None and ast.dump(statement.expression) == text
            if same and statement.targets[0].rstrip("0123456789_") == str(fixed.name).rstrip("0123456789_"):
                return ast.Name(statement.targets[0], ast.Load())
        known = self.array_names.get(id(fixed.value))
        free = known is not None and not any(known in assigned(line) for line in self.page.statements)
        name = known if free and known is not None else self.namer.free(str(fixed.name))
        self.page.statements.append(Statement((name,), expression, None))
        return ast.Name(name, ast.Load())

    # ------------------------------------------------------------------ several outputs, and the results
    def _write_several(self, node: Node, expression: ast.expr) -> None:
        projections = self._projections(node)
        targets = []
        for index in range(len(node.aval)):
            projection = projections.get(index)
            if projection is None:
                targets.append("_")
                continue
            names = node.op.outputs
            hint = names[index] if index < len(names) and not names[index].startswith("*") else f"part{index}"
            if projection not in self.page.names:
                self.page.names[projection] = self.namer.free(hint)
            targets.append(self.page.names[projection])
        self._append(tuple(targets), expression, node, node)

    def _projections(self, node: Node) -> dict[int, Node]:
        return {x.param("index"): x for x in self.plan.templates if x.op is PROJECT and x.inputs[0] is node}

    def _result(self, node: Node, wanted: str | None) -> ast.expr:
        """A gradient that is another value of the page gets its own name; the value itself is returned as it is."""
        expression = self._operand(node)
        if wanted is None or (isinstance(expression, ast.Name) and expression.id == wanted):
            return expression
        self.page.statements.append(
            Statement((wanted,), expression, node, node, "=", True, origin_of(self.material, node))
        )
        return ast.Name(wanted, ast.Load())
