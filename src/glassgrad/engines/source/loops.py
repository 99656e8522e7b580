"""scan and while_loop as `for` and `while`: carried variables, arrays that each step adds to. Floor 4."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from glassgrad.engines.source.inside import Writer, assignment, body_lines, deliver, name_of, result_name
from glassgrad.engines.source.naming import suggested_name
from glassgrad.engines.source.page import Compound, Line, Statement, assigned, walk_lines
from glassgrad.engines.source.signs import is_fresh
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.graph.notes import Backward
from glassgrad.ops.control import SCAN, WHILE
from glassgrad.ops.elementwise import ADD
from glassgrad.ops.leaves import ARRAY
from glassgrad.tracing.written import numpy_name, spelled, text_of


@dataclass(slots=True)
class _Loop:
    """The variables of a loop: those carried (with their first values), and the arrays that each step adds to."""

    carried: list[str]
    own: list[bool]  # may the variable's array be changed in place?
    stacked: dict[int, str]  # output -> array or list
    step: str
    lists: bool  # what each step gives is kept in lists (the number of steps is not known beforehand)


def write_scan(writer: Writer, node: Node, projections: Mapping[int, Node]) -> None:
    """`for`, forwards or backwards."""
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


def write_while(writer: Writer, node: Node, projections: Mapping[int, Node]) -> None:
    """`while`; with lines of its own for the test where that needs them."""
    body: Graph = node.param("body")
    condition: Graph = node.param("condition")
    carries = node.param("carries")
    constants = [writer.operand(x) for x in node.inputs[carries:]]
    loop = _start(writer, node, body, projections, lists=True)
    leaves = dict(zip(body.inputs[carries:], constants, strict=True))
    own = [ast.Name(name, ast.Load()) for name in loop.carried]
    test = body_lines(writer, node, dict(zip(condition.inputs, [*own, *constants], strict=True)), condition.outputs)
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
        writer.page.statements.append(assignment(writer, node, name, first, node.inputs[index]))
        carried.append(name)
        own.append(is_fresh(first) or body.inputs[index].shape == ())
    stacked = {}
    for index, projection in projections.items():
        if index >= carries:
            name = result_name(writer, projection, _steps_name(writer, body.outputs[index]))
            stacked[index] = name
            writer.page.statements.append(assignment(writer, node, name, _room(projection, lists=lists), projection))
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
    if any(size < 0 for size in projection.shape):  # rows of different lengths
        rows = ast.List([ast.Constant(None)], ast.Load())
        return ast.BinOp(rows, ast.Mult(), ast.Constant(projection.shape[0]))
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
    inside = body_lines(writer, node, leaves, [*outputs, *[body.outputs[index] for index in kept]])
    lines: list[Line] = []
    later: list[Line] = []
    for index, result in zip(kept, inside.results[len(outputs) :], strict=True):
        as_it_was = name_of(result) in loop.carried  # kept before the round changes it
        line = _keep(writer, node, loop, loop.stacked[index], result, body.outputs[index])
        (lines if as_it_was else later).append(line)
    lines.extend([*inside.lines, *later])
    together: list[tuple[str, ast.expr]] = []
    last = body.outputs[0] if loop.carried else None
    for name, more, result, output in zip(loop.carried, added, inside.results, body.outputs, strict=False):
        if more is not None:
            lines.append(assignment(writer, node, name, result, None, more, "+="))
        elif name_of(result) != name:
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
        return replace(assignment(writer, node, name, call, None, source), targets=(), operator="")
    return assignment(writer, node, f"{name}[{loop.step}]", result, None, source)


def _with_next(
    writer: Writer, node: Node, lines: list[Line], together: list[tuple[str, ast.expr]], source: Node | None
) -> list[Line]:
    """The next values of the carried variables, all at once; a single one straight where it is made."""
    if len(together) == 1:
        name, result = together[0]
        renamed = _renamed(lines, name, name_of(result))
        if renamed is not None:
            return renamed
    if together:
        names = tuple(name for name, _ in together)
        values = [value for _, value in together]
        whole = values[0] if len(values) == 1 else ast.Tuple(values, ast.Load())
        lines.append(replace(assignment(writer, node, names[0], whole, None, source), targets=names))
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
            deliver(writer, node, projections[index], ast.Name(name, ast.Load()))
    for index, name in loop.stacked.items():
        writer.expressions[projections[index]] = ast.Name(name, ast.Load())
