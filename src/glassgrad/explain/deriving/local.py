"""The local derivatives of a row, read off its forms: what the op table states, over named expressions. Floor 6."""

import ast
from collections.abc import Sequence

from glassgrad.explain.deriving.reading import RuleReader
from glassgrad.explain.deriving.terms import Kind, Term, number_of
from glassgrad.frontends.formula.graph import NUMBER, TRUTH, call_node, operator_row
from glassgrad.frontends.formula.nodes import dotted_name
from glassgrad.graph.node import Node, make, working
from glassgrad.graph.op import Bilinear, Linear, Op, Partial, Pullback, Tangent
from glassgrad.ops.leaves import input_node, literal, ones
from glassgrad.transforms.forms import express, form_of


def row_of_node(tree: ast.expr) -> Op:
    """The row that an operator or a call of a canonical tree stands for."""
    return _placeholder_node(tree, _placeholders(tree, [])).op


def local_derivative(
    reader: RuleReader, tree: ast.expr, operands: Sequence[Term], output: Term, position: int
) -> Term | None:
    """The derivative of an operator or call with respect to one operand, the others held; None where it is zero.

    `operands` and `output` are the terms that the rule's result is expressed in.
    """
    with working():
        placeholders = _placeholders(tree, operands)
        node = _placeholder_node(tree, placeholders)
        place = _position(node, placeholders[position])
        form = form_of(node, place)
        if form is None:
            return None
        result = _rule(form, node, place)
    leaves = dict(zip(placeholders, operands, strict=True))
    return reader.read(result, leaves | {node: output})


def _rule(form: object, node: Node, place: int) -> Node:
    """What the form says for a unit change: of numbers, forwards and backwards are the same product."""
    unit = ones(NUMBER)
    match form:
        case Partial():
            result = express(form, node, place)
        case Linear() | Bilinear() | Pullback():
            result = express(form, node, place, ct=unit)
        case Tangent():
            result = express(form, node, place, **{f"d{node.op.slot_name(place)}": unit})
        case _:
            raise AssertionError(f"{node.op.name} has no local derivative")
    assert isinstance(result, Node)
    return result


def _position(node: Node, placeholder: Node) -> int:
    return next(index for index, x in enumerate(node.inputs) if x is placeholder)


def _placeholders(tree: ast.expr, operands: Sequence[Term]) -> list[Node]:
    """A fresh node for each operand; numbers stay numbers, so that rules see them."""
    is_choice = isinstance(tree, ast.Call) and dotted_name(tree.func) == "np.where"
    nodes = []
    for index, part in enumerate(operand_trees(tree)):
        value = float(number_of(operands[index])[0]) if operands and operands[index].kind is Kind.NUMBER else None
        value = written_number(part) if value is None else value
        if value is not None:
            nodes.append(literal(value, NUMBER.dtype))
        else:
            nodes.append(input_node(TRUTH if index == 0 and is_choice else NUMBER))
    return nodes


def _placeholder_node(tree: ast.expr, placeholders: Sequence[Node]) -> Node:
    match tree:
        case ast.BinOp(op=operator) | ast.UnaryOp(op=operator):
            return make(operator_row(operator), tuple(placeholders))
        case ast.Call(func=function):
            return call_node(dotted_name(function) or "", placeholders)
    raise AssertionError(f"{type(tree).__name__} has no row")


def operand_trees(tree: ast.expr) -> list[ast.expr]:
    """The operands of an operator or call."""
    match tree:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Call(args=arguments):
            return list(arguments)
    return []


def written_number(tree: ast.expr) -> float | None:
    """The number that is written there, if it is one."""
    match tree:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -float(value)
    return None
