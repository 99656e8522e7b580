"""Loops stay loops: scan, while_loop, cond and calls as the lines a person would write. Floor 4."""

import ast
from collections.abc import Mapping

from glassgrad.base.errors import UnsupportedError
from glassgrad.engines.source.inside import Writer, assignment, body_lines, deliver, result_name
from glassgrad.engines.source.loops import write_scan, write_while
from glassgrad.engines.source.page import Compound, Statement
from glassgrad.engines.source.plan import test_of
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.ops.control import CALL, COND, CUSTOM, SCAN, WHILE
from glassgrad.tracing.written import text_of


def write_control(writer: Writer, node: Node, projections: Mapping[int, Node]) -> None:
    """The lines of an op of control flow; its results are then at hand."""
    if node.op in (CALL, CUSTOM):
        _write_call(writer, node, projections)
    elif node.op is SCAN:
        write_scan(writer, node, projections)
    elif node.op is WHILE:
        write_while(writer, node, projections)
    elif node.op is COND:
        _write_cond(writer, node, projections)
    else:
        raise UnsupportedError(f"{node.op.name} cannot be written as source")


# ------------------------------------------------------------------ calls
def _write_call(writer: Writer, node: Node, projections: Mapping[int, Node]) -> None:
    """The inside in place of the call."""
    graph: Graph = node.param("graph")
    leaves = {x: writer.operand(operand) for x, operand in zip(graph.inputs, node.inputs, strict=True)}
    wanted = sorted(projections)
    inside = body_lines(writer, node, leaves, [graph.outputs[index] for index in wanted])
    writer.page.statements.extend(inside.lines)
    for index, result in zip(wanted, inside.results, strict=True):
        deliver(writer, node, projections[index], result)


# ------------------------------------------------------------------ branches
def _write_cond(writer: Writer, node: Node, projections: Mapping[int, Node]) -> None:
    """`if … else`: each branch sets the same variables."""
    branches: tuple[Graph, ...] = node.param("branches")
    wanted = sorted(projections)
    names = [result_name(writer, projections[index], "result") for index in wanted]
    tests = _tests(writer, node.inputs[0], len(branches))
    operands = [writer.operand(operand) for operand in node.inputs[1:]]
    for test, graph in zip(tests, branches, strict=True):
        leaves = dict(zip(graph.inputs, operands, strict=True))
        inside = body_lines(writer, node, leaves, [graph.outputs[index] for index in wanted])
        lines = [*inside.lines]
        for index, name, result in zip(wanted, names, inside.results, strict=True):
            lines.append(assignment(writer, node, name, result, projections[index], graph.outputs[index]))
        writer.page.statements.append(Compound(test, tuple(lines) or (_pass(),), node, writer.is_backward(node)))
    for index, name in zip(wanted, names, strict=True):
        writer.expressions[projections[index]] = ast.Name(name, ast.Load())


def _pass() -> Statement:
    return Statement((), ast.Name("pass", ast.Load()), None, operator="")


def _tests(writer: Writer, index: Node, count: int) -> list[str]:
    """`if test:` and `else:`; for more branches `if index <= 0:`, `elif index == 1:` and so on."""
    test = test_of(index)
    if count == 1:
        return ["if True:"]
    if count == 2 and test is not None:
        return [f"if {text_of(writer.operand(test))}:", "else:"]
    shown = text_of(writer.operand(index))
    middle = [f"elif {shown} == {number}:" for number in range(1, count - 1)]
    return [f"if {shown} <= 0:", *middle, "else:"]
