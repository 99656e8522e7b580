"""Loops stay loops: scan, while_loop, cond and calls as the lines a person would write. Floor 4."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from glassgrad.base.errors import UnsupportedError
from glassgrad.base.source import Place
from glassgrad.engines.source.naming import Namer, suggested_name
from glassgrad.engines.source.page import Compound, Line, Material, Page, Statement, assigned, walk_lines
from glassgrad.engines.source.plan import test_of
from glassgrad.engines.source.signs import is_fresh
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.graph.notes import Backward
from glassgrad.ops.control import CALL, COND, CUSTOM, SCAN, WHILE
from glassgrad.ops.elementwise import ADD
from glassgrad.ops.leaves import ARRAY
from glassgrad.tracing.written import numpy_name, spelled, text_of


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
class _Inside:
    """The lines of a body and how its outputs are reached after them."""

    lines: list[Line]
    results: list[ast.expr]


def write_control(writer: Writer, node: Node, projections: Mapping[int, Node]) -> None:
    """The lines of an op of control flow; its results are then at hand."""
    if node.op in (CALL, CUSTOM):
        _write_call(writer, node, projections)
    elif node.op is SCAN:
        _write_scan(writer, node, projections)
    elif node.op is WHILE:
        _write_while(writer, node, projections)
    elif node.op is COND:
        _write_cond(writer, node, projections)
    else:
        raise UnsupportedError(f"{node.op.name} cannot be written as source")


def _body(writer: Writer, node: Node, leaves: Mapping[Node, ast.expr], outputs: Sequence[Node]) -> _Inside:
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
    return _Inside(page.statements, page.results)


def _name(value: ast.expr) -> str | None:
    return value.id if isinstance(value, ast.Name) else None


def _assign(
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


# ------------------------------------------------------------------ calls
def _write_call(writer: Writer, node: Node, projections: Mapping[int, Node]) -> None:
    """The inside in place of the call."""
    graph: Graph = node.param("graph")
    leaves = {x: writer.operand(operand) for x, operand in zip(graph.inputs, node.inputs, strict=True)}
    wanted = sorted(projections)
    inside = _body(writer, node, leaves, [graph.outputs[index] for index in wanted])
    writer.page.statements.extend(inside.lines)
    for index, result in zip(wanted, inside.results, strict=True):
        _deliver(writer, node, projections[index], result)


def _deliver(writer: Writer, node: Node, projection: Node, result: ast.expr) -> None:
    """A result of the inside under the name that the person gave it outside, or as it is reached there."""
    name = writer.page.names.get(projection)
    if name is not None and _name(result) != name:
        writer.page.statements.append(_assign(writer, node, name, result, projection))
        result = ast.Name(name, ast.Load())
    writer.expressions[projection] = result


# ------------------------------------------------------------------ branches
def _write_cond(writer: Writer, node: Node, projections: Mapping[int, Node]) -> None:
    """`if … else`: each branch sets the same variables."""
    branches: tuple[Graph, ...] = node.param("branches")
    wanted = sorted(projections)
    names = [_result_name(writer, projections[index], "result") for index in wanted]
    tests = _tests(writer, node.inputs[0], len(branches))
    operands = [writer.operand(operand) for operand in node.inputs[1:]]
    for test, graph in zip(tests, branches, strict=True):
        leaves = dict(zip(graph.inputs, operands, strict=True))
        inside = _body(writer, node, leaves, [graph.outputs[index] for index in wanted])
        lines = [*inside.lines]
        for index, name, result in zip(wanted, names, inside.results, strict=True):
            lines.append(_assign(writer, node, name, result, projections[index], graph.outputs[index]))
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


def _result_name(writer: Writer, projection: Node, hint: str) -> str:
    if projection not in writer.page.names:
        writer.page.names[projection] = writer.namer.free(hint)
    return writer.page.names[projection]


# ------------------------------------------------------------------ loops
@dataclass(slots=True)
class _Loop:
    """The variables of a loop: those carried (with their first values), and the arrays that each step adds to."""

    carried: list[str]
    own: list[bool]  # may the variable's array be changed in place?
    stacked: dict[int, str]  # output -> array or list
    step: str
    lists: bool  # what each step gives is kept in lists (the number of steps is not known beforehand)


def _write_scan(writer: Writer, node: Node, projections: Mapping[int, Node]) -> None:
    body: Graph = node.param("body")
    carries, sequences, length = node.param("carries"), node.param("sequences"), node.param("length")
    counted = _counted(node)
    read = [
        ast.Constant(0) if counted is not None and x is counted[0] else writer.operand(x)
        for x in node.inputs[carries : carries + sequences]
    ]
    constants = [writer.operand(x) for x in node.inputs[carries + sequences :]]
    loop = _start(writer, node, body, projections, lists=length < 0)
    step = ast.Name(loop.step, ast.Load())
    first: list[Line] = []
    leaves: dict[Node, ast.expr] = {}
    for x, sequence, operand in zip(body.inputs[carries:], read, node.inputs[carries:], strict=False):
        if counted is not None and operand is counted[0]:
            start = counted[1]
            leaves[x] = step if not start else ast.BinOp(step, ast.Add(), ast.Constant(start))
            continue
        entry = ast.Subscript(sequence, step, ast.Load())
        name = writer.page.names.get(x) if not writer.is_backward(node) else None
        if name is not None:
            first.append(Statement((name,), entry, None))
        leaves[x] = ast.Name(name, ast.Load()) if name is not None else entry
    leaves.update(zip(body.inputs[carries + sequences :], constants, strict=True))
    lines = _rounds(writer, node, body, loop, leaves)
    count = text_of(_length(length, [part for part in read if not isinstance(part, ast.Constant)]))
    header = f"for {loop.step} in {'reversed(' * node.param('backwards')}range({count}){')' * node.param('backwards')}:"
    writer.page.statements.append(Compound(header, (*first, *lines), node, writer.is_backward(node)))
    _finish(writer, node, loop, projections)


def _counted(node: Node) -> tuple[Node, int] | None:
    """The sequence that only counts the rounds (`np.arange(5)`), and where it starts."""
    carries, sequences = node.param("carries"), node.param("sequences")
    for x in node.inputs[carries : carries + sequences]:
        array = x.param("held").array if x.op is ARRAY else None
        if array is not None and array.ndim == 1 and array.dtype.kind == "i" and array.size:
            start = int(array[0])
            if np.array_equal(array, np.arange(start, start + array.size)):
                return x, start
    return None


def _length(length: int, read: Sequence[ast.expr]) -> ast.expr:
    if read and (length < 0 or isinstance(read[0], ast.Name)):
        return ast.Call(ast.Name("len", ast.Load()), [read[0]], [])
    return ast.Constant(length)


def _write_while(writer: Writer, node: Node, projections: Mapping[int, Node]) -> None:
    body: Graph = node.param("body")
    condition: Graph = node.param("condition")
    carries = node.param("carries")
    constants = [writer.operand(x) for x in node.inputs[carries:]]
    loop = _start(writer, node, body, projections, lists=True)
    leaves = dict(zip(body.inputs[carries:], constants, strict=True))
    own = [ast.Name(name, ast.Load()) for name in loop.carried]
    test = _body(writer, node, dict(zip(condition.inputs, [*own, *constants], strict=True)), condition.outputs)
    lines = _rounds(writer, node, body, loop, leaves)
    backward = writer.is_backward(node)
    if test.lines:
        stop = Compound(f"if not ({text_of(test.results[0])}):", (_break(),), node, backward)
        whole = Compound("while True:", (*test.lines, stop, *lines), node, backward)
    else:
        whole = Compound(f"while {text_of(test.results[0])}:", tuple(lines), node, backward)
    writer.page.statements.append(whole)
    _finish(writer, node, loop, projections)


def _break() -> Statement:
    return Statement((), ast.Name("break", ast.Load()), None, operator="")


def _start(writer: Writer, node: Node, body: Graph, projections: Mapping[int, Node], *, lists: bool) -> _Loop:
    """The lines before a loop: first values, and room for what each step gives."""
    carries: int = node.param("carries")
    carried, own = [], []
    for index in range(carries):
        outside = projections.get(index)
        name = writer.page.names.get(outside) if outside is not None else None
        name = name or writer.page.names.get(body.inputs[index]) or writer.namer.free(_carry_name(writer, node, index))
        writer.page.names[body.inputs[index]] = name
        first = writer.operand(node.inputs[index])
        writer.page.statements.append(_assign(writer, node, name, first, node.inputs[index]))
        carried.append(name)
        own.append(is_fresh(first) or body.inputs[index].shape == ())
    stacked = {}
    for index, projection in projections.items():
        if index >= carries:
            name = _result_name(writer, projection, _steps_name(writer, body.outputs[index]))
            stacked[index] = name
            writer.page.statements.append(_assign(writer, node, name, _room(projection, lists=lists), projection))
    counted = _counted(node) if node.op is SCAN else None
    step = "step"
    if counted is not None:
        place = node.inputs.index(counted[0])
        step = writer.page.names.get(body.inputs[place], "step") if not counted[1] else "step"
    return _Loop(carried, own, stacked, writer.namer.free("step") if step == "step" else step, lists)


def _carry_name(writer: Writer, node: Node, index: int) -> str:
    """The backward loop carries the derivatives of what the forward loop carries, then sums."""
    origin = writer.material.notes.origins.get(node)
    forward = origin.of if isinstance(origin, Backward) and origin.of.op in (SCAN, WHILE) else None
    if forward is None:
        return "carry"
    count = forward.param("carries")
    body: Graph = forward.param("body")
    own: Graph = node.param("body")
    same = index < count and [x.aval for x in own.inputs[:count]] == [x.aval for x in body.inputs[:count]]
    name = writer.page.names.get(body.inputs[index]) if same else None
    return f"d{name}" if name is not None else "dcarry"


def _steps_name(writer: Writer, output: Node) -> str:
    name = writer.page.names.get(output) or suggested_name(output, writer.page.names.get)
    return f"{name}_steps"


def _room(projection: Node, *, lists: bool) -> ast.expr:
    if lists:
        return ast.List([], ast.Load())
    shape = spelled(projection.shape)
    assert shape is not None
    words = (
        []
        if projection.dtype == np.dtype(float)
        else [ast.keyword("dtype", spelled(projection.dtype) or numpy_name("object_"))]
    )
    return ast.Call(numpy_name("empty"), [shape], words)


def _rounds(writer: Writer, node: Node, body: Graph, loop: _Loop, leaves: dict[Node, ast.expr]) -> list[Line]:
    """The lines of one round: the body, what is kept of it, and the variables' next values."""
    for x, name in zip(body.inputs, loop.carried, strict=False):
        leaves[x] = ast.Name(name, ast.Load())
    added = [_added(body, index) if own else None for index, own in enumerate(loop.own)]
    outputs = [added[index] or body.outputs[index] for index in range(len(loop.carried))]
    kept = sorted(loop.stacked)
    inside = _body(writer, node, leaves, [*outputs, *[body.outputs[index] for index in kept]])
    lines: list[Line] = []
    later: list[Line] = []
    for index, result in zip(kept, inside.results[len(outputs) :], strict=True):
        as_it_was = _name(result) in loop.carried  # kept before the round changes it
        line = _keep(writer, node, loop, loop.stacked[index], result, body.outputs[index])
        (lines if as_it_was else later).append(line)
    lines.extend([*inside.lines, *later])
    together: list[tuple[str, ast.expr]] = []
    last = body.outputs[0] if loop.carried else None
    for name, more, result, output in zip(loop.carried, added, inside.results, body.outputs, strict=False):
        if more is not None:
            lines.append(_assign(writer, node, name, result, None, more, "+="))
        elif _name(result) != name:
            together.append((name, result))
            last = output
    return _with_next(writer, node, lines, together, last)


def _added(body: Graph, index: int) -> Node | None:
    """What is added to a carried value in each round, where the next value is a sum that nothing else reads."""
    carry, output = body.inputs[index], body.outputs[index]
    if output.op is not ADD or carry not in output.inputs or output.inputs[0] is output.inputs[1]:
        return None
    users = [node for node in body.nodes() if carry in node.inputs]
    alone = users == [output] and sum(x is output for x in body.outputs) == 1 and carry not in body.outputs
    used = [node for node in body.nodes() if output in node.inputs]
    return output.inputs[1 - output.inputs.index(carry)] if alone and not used else None


def _keep(writer: Writer, node: Node, loop: _Loop, name: str, result: ast.expr, source: Node) -> Statement:
    if loop.lists:
        call = ast.Call(ast.Attribute(ast.Name(name, ast.Load()), "append", ast.Load()), [result], [])
        return replace(_assign(writer, node, name, call, None, source), targets=(), operator="")
    return _assign(writer, node, f"{name}[{loop.step}]", result, None, source)


def _with_next(
    writer: Writer, node: Node, lines: list[Line], together: list[tuple[str, ast.expr]], source: Node | None
) -> list[Line]:
    """The next values of the carried variables, all at once; a single one straight where it is made."""
    if len(together) == 1:
        name, result = together[0]
        renamed = _renamed(lines, name, _name(result))
        if renamed is not None:
            return renamed
    if together:
        names = tuple(name for name, _ in together)
        values = [value for _, value in together]
        whole = values[0] if len(values) == 1 else ast.Tuple(values, ast.Load())
        lines.append(replace(_assign(writer, node, names[0], whole, None, source), targets=names))
    return lines


def _renamed(lines: list[Line], name: str, made: str | None) -> list[Line] | None:
    """The lines with `h1 = …` written as `h = …`, where the old h is not read after it."""
    if made is None or any(isinstance(line, Compound) for line in lines):
        return None
    places = [index for index, line in enumerate(lines) if made in assigned(line)]
    if len(places) != 1:
        return None
    later = [part.id for line in lines[places[0] + 1 :] for part in walk_lines([line]) if isinstance(part, ast.Name)]
    if name in later:
        return None
    swap = _Swap(made, name)
    return [
        replace(
            line, targets=tuple(name if t == made else t for t in line.targets), expression=swap.visit(line.expression)
        )
        if isinstance(line, Statement)
        else line
        for line in lines
    ]


class _Swap(ast.NodeTransformer):
    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.new, ast.Load()) if node.id == self.old else node


def _finish(writer: Writer, node: Node, loop: _Loop, projections: Mapping[int, Node]) -> None:
    for index, name in enumerate(loop.carried):
        if index in projections:
            _deliver(writer, node, projections[index], ast.Name(name, ast.Load()))
    for index, name in loop.stacked.items():
        writer.expressions[projections[index]] = ast.Name(name, ast.Load())
