"""Watching the user's function while it is traced: what every value is called, where and how it was written. Floor 3.

`sys.settrace` tells of every call, line and return in the user's own code (never of code of ours or of NumPy's, but
for the moment when the user's line calls into it). Names are exact: they are read off the live frames.
"""

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from glassgrad.base.source import Place, is_internal
from glassgrad.graph.node import Node, fresh_serial, workspace
from glassgrad.graph.notes import Block
from glassgrad.ops.lifting import lift
from glassgrad.tracing.frames import is_comprehension, is_followed, parameters_of, shown_name
from glassgrad.tracing.observation import Binding, Branch, Call, Observation, Operation
from glassgrad.tracing.reading import Reader, Value, read_call, read_fixed, read_operation
from glassgrad.tracing.syntax import Syntax, operation_at, statement_at, syntax_of
from glassgrad.tracing.tracer import Tracer
from glassgrad.tracing.written import Fixed, Written, hole_index

# Conversions answer with a plain value that is not what the user's expression is worth (`if x > 0`, `range(n)`).
_CONVERSIONS = frozenset(
    {
        "__bool__",
        "__index__",
        "__iter__",
        "__next__",
        "__hash__",
        "__repr__",
        "__str__",
        "__format__",
        "__array__",
        "__contains__",
        "__setitem__",
    }
)
_GENERATOR = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_SHOWN_ENTRIES = 64  # of a list or dict whose entries get names


@dataclass(slots=True)
class _Activation:
    """One running frame of the user's."""

    frame: FrameType
    depth: int
    call: Call
    syntax: Syntax | None
    line: int
    values: dict[ast.AST, Value] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    fixed: dict[str, Fixed] = field(default_factory=dict)


@contextmanager
def observing() -> Iterator[Observation]:
    """Watches the code that runs inside the `with` block; whatever trace function was there is put back."""
    watcher = _Watcher()
    before = sys.gettrace()
    sys.settrace(watcher.on_call)
    try:
        yield watcher.observation
    finally:
        sys.settrace(before)
        watcher.activations.clear()


class _Watcher:
    """The trace functions and what they share."""

    def __init__(self) -> None:
        self.observation = Observation()
        self.activations: dict[FrameType, _Activation] = {}
        self.numbers = 0

    # ------------------------------------------------------------------ events
    def on_call(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        """A function begins: the user's own is followed; one of a library is timed where the user's line calls it."""
        del argument
        if event != "call":
            return None
        code = frame.f_code
        if is_internal(code):
            return self._library_call(frame)
        if not is_followed(code) or frame.f_globals.get("__name__", "").startswith("namedtuple_"):
            return None
        if frame in self.activations:  # a generator goes on
            return self.in_user_code
        self._begin(frame)
        return self.in_user_code

    def _library_call(self, frame: FrameType) -> Callable[..., Any] | None:
        back = frame.f_back
        caller = None if back is None else self.activations.get(back)
        if caller is None or frame.f_code.co_flags & _GENERATOR:
            return None
        frame.f_trace_lines = False
        first = fresh_serial()

        def on_event(frame: FrameType, event: str, result: Any) -> None:
            if event == "return":
                place = Place(caller.frame.f_code, caller.frame.f_lasti)
                self._ended(caller, frame.f_code.co_name, place, first, result)

        return on_event

    def in_user_code(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        """A line of the user's was carried out, or a function of theirs returns."""
        activation = self.activations.get(frame)
        if activation is not None:
            if event == "line":
                self._compare(activation)
                self._step(activation, frame.f_lineno)
                activation.line = frame.f_lineno
            elif event == "return":
                self._compare(activation)
                if not frame.f_code.co_flags & _GENERATOR:
                    self._finish(activation, argument)
        return self.in_user_code

    def _step(self, activation: _Activation, line: int) -> None:
        """A new statement begins (not only a further line of the one under way)."""
        syntax = activation.syntax
        now = None if syntax is None else statement_at(syntax, line)
        before = None if syntax is None else statement_at(syntax, activation.line)
        if now is None or now is not before or now.lineno == line:
            self.observation.steps.append(fresh_serial())

    # ------------------------------------------------------------------ calls of the user's functions
    def _begin(self, frame: FrameType) -> None:
        caller = self._caller(frame)
        place = None if caller is None else Place(caller.frame.f_code, caller.frame.f_lasti)
        code = frame.f_code
        block = Block(shown_name(frame), place, None if caller is None else caller.call.block, self.numbers)
        self.numbers += 1
        depth = 0 if caller is None else caller.depth + (not is_comprehension(code))
        call = Call(block, depth, fresh_serial(), None if caller is None else caller.call)
        activation = _Activation(frame, depth, call, syntax_of(code.co_filename), frame.f_lineno)
        self.activations[frame] = activation
        if caller is not None and is_comprehension(code):
            activation.call = caller.call
            activation.fixed.update(caller.fixed)
        else:
            self.observation.calls.append(call)
            names = parameters_of(code)
            values = frame.f_locals
            call.arguments.update((name, values[name].node) for name in names if type(values.get(name)) is Tracer)
        self._compare(activation, at_start=True)

    def _caller(self, frame: FrameType) -> _Activation | None:
        back = frame.f_back
        while back is not None:
            if back in self.activations:
                return self.activations[back]
            back = back.f_back
        return None

    def _finish(self, activation: _Activation, result: Any) -> None:
        frame = activation.frame
        del self.activations[frame]
        if is_comprehension(frame.f_code):
            return
        call = activation.call
        call.last = fresh_serial()
        call.results = tuple(part.node for part in _parts(result) if type(part) is Tracer)
        back = frame.f_back
        caller = None if back is None else self.activations.get(back)
        if caller is None or caller.syntax is None:
            return
        expression = operation_at(caller.syntax, Place(caller.frame.f_code, caller.frame.f_lasti))
        if expression is None:
            return
        call.written = read_call(self._reader(caller), expression)
        self._remember(caller, expression, result)

    # ------------------------------------------------------------------ operations
    def _ended(self, caller: _Activation, name: str, place: Place, first: int, result: Any) -> None:
        """A library function that the user's line called has returned."""
        if name in _CONVERSIONS:
            if name == "__bool__" and result is not None:
                self.observation.branches.append(Branch(place, bool(result)))
            return
        syntax = caller.syntax
        expression = None if syntax is None else operation_at(syntax, place)
        if expression is None:
            return
        written = read_operation(self._reader(caller), expression) if _has_traced(result) else None
        self._remember(caller, expression, result)
        if written is None:
            return
        operation = Operation(written, first, fresh_serial(), place)
        nodes = tuple(part.node for part in _parts(result) if type(part) is Tracer)
        if type(result) is Tracer:
            self._note(nodes[0], operation)
        elif isinstance(result, tuple) and len(nodes) == len(result):
            self.observation.several.setdefault(nodes, operation)

    def _note(self, node: Node, operation: Operation) -> None:
        """The first way in which a value was written is kept."""
        operands = [operand for operand in operation.written.operands if isinstance(operand, Node)]
        if node.inputs and all(operand.serial < node.serial for operand in operands):
            self.observation.operations.setdefault(node, operation)

    def _remember(self, caller: _Activation, expression: ast.AST, result: Any) -> None:
        """What this expression is worth, for the operation around it."""
        caller.values.pop(expression, None)
        match result:
            case Tracer():
                if not isinstance(expression, ast.Call) or _gives_its_result(expression, caller):
                    caller.values[expression] = result.node
            case bool() | int() | float() | np.dtype() | np.generic():
                self._remember_fixed(caller, expression, result)
            case tuple() if any(type(part) is Tracer for part in result):
                caller.values[expression] = tuple(part.node if type(part) is Tracer else None for part in result)
            case tuple() if all(isinstance(part, int) for part in result):
                self._remember_fixed(caller, expression, result)

    def _remember_fixed(self, caller: _Activation, expression: ast.AST, result: Any) -> None:
        """A fact about a traced value (`x.shape`), written as the user did; else only its value."""
        written = None
        if isinstance(expression, ast.Attribute | ast.Call):
            written = read_operation(self._reader(caller), expression)
            if written is None and isinstance(expression, ast.Call):
                found = read_fixed(self._reader(caller), expression)
                written = None if found is None else found.written
        caller.values[expression] = Fixed(result, written)

    def _reader(self, activation: _Activation) -> Reader:
        return Reader(activation.frame, activation.values, activation.fixed, self.observation.arrays)

    # ------------------------------------------------------------------ variables
    def _compare(self, activation: _Activation, *, at_start: bool = False) -> None:
        """What the last line bound: the local variables that hold something new."""
        seen = activation.seen
        for name, value in activation.frame.f_locals.items():
            traced = type(value) is Tracer
            now = value.node if traced and workspace() is not None else value
            if name in seen and (seen[name] is now or _same_entries(seen[name], now)):
                continue
            if isinstance(now, list | dict):
                now = _Entries(now, _size_of(now))
            seen[name] = now
            if name.startswith("."):  # the iterable of a comprehension
                continue
            if traced:
                activation.fixed.pop(name, None)
                self._bind(activation, name, now)
            else:
                self._bind_plain(activation, name, value, at_start=at_start)
        if not at_start and activation.syntax is not None:
            self._bind_parts(activation)

    def _bind(self, activation: _Activation, name: str, node: Node, *, direct: bool = True) -> None:
        statement = (activation.frame.f_code, activation.line)
        self.observation.bindings.append(Binding(name, node, activation.depth, statement, direct))

    def _bind_plain(self, activation: _Activation, name: str, value: Any, *, at_start: bool) -> None:
        """A variable that holds something not traced: an array, a number, a container of traced values."""
        activation.fixed.pop(name, None)
        if isinstance(value, np.ndarray):
            if value.ndim and workspace() is not None:
                self._bind(activation, name, lift(value))
                fixed = self._fixed(activation, name, value, parameter=False, at_start=at_start)
                if fixed.written is not None and not _is_array(fixed.written):
                    activation.fixed[name] = self.observation.made[id(value)] = fixed
            return
        if isinstance(value, list | tuple | dict):
            for entry, part in _named_entries(name, value):
                self._bind(activation, entry, part.node, direct=False)
            if not isinstance(value, tuple):
                return
        if isinstance(value, bool | int | float | complex | np.generic | tuple | str | type(None)):
            parameter = at_start and activation.depth == 0 and name in parameters_of(activation.frame.f_code)
            activation.fixed[name] = self._fixed(activation, name, value, parameter=parameter, at_start=at_start)

    def _fixed(self, activation: _Activation, name: str, value: Any, *, parameter: bool, at_start: bool) -> Fixed:
        """A variable that is not traced, with how it is written where its assignment can be read."""
        if parameter:
            return Fixed(value, None, name, parameter=True)
        syntax = activation.syntax
        statement = None if syntax is None or at_start else statement_at(syntax, activation.line, name)
        match statement:
            case ast.Assign([ast.Name()], expression) | ast.AnnAssign(ast.Name(), value=ast.expr() as expression):
                found = read_fixed(self._reader(activation), expression)
            case ast.Assign([ast.Tuple(targets)], expression):
                found = self._fixed_part(activation, expression, name, targets)
            case _:
                found = None
        if found is not None and _agrees(found.value, value):
            return Fixed(value, found.written, name)
        return Fixed(value, None, name)

    def _fixed_part(
        self, activation: _Activation, expression: ast.expr, name: str, targets: list[ast.expr]
    ) -> Fixed | None:
        """`n, d = x.shape`: n is `x.shape[0]`."""
        places = [index for index, target in enumerate(targets) if isinstance(target, ast.Name) and target.id == name]
        if not places or any(isinstance(target, ast.Starred) for target in targets):
            return None
        if isinstance(expression, ast.Tuple):
            return read_fixed(self._reader(activation), expression.elts[places[0]])
        return read_fixed(self._reader(activation), ast.Subscript(expression, ast.Constant(places[0]), ast.Load()))

    def _bind_parts(self, activation: _Activation) -> None:
        """`cache["z1"] = …` and `self.z1 = …` give names too."""
        assert activation.syntax is not None
        statement = statement_at(activation.syntax, activation.line)
        if not isinstance(statement, ast.Assign) or isinstance(statement.targets[0], ast.Name):
            return
        value = activation.values.get(statement.value)
        if not isinstance(value, Node):
            return
        match statement.targets[0]:
            case ast.Subscript(slice=ast.Constant(str() as name)) | ast.Attribute(attr=name):
                if name.isidentifier():
                    self._bind(activation, name, value)


# ------------------------------------------------------------------ small questions
@dataclass(frozen=True, slots=True)
class _Entries:
    """A container as it was seen: it, and how long it was."""

    container: Any
    size: int


def _size_of(value: Any) -> int:
    return len(value)


def _same_entries(before: Any, now: Any) -> bool:
    return isinstance(before, _Entries) and before.container is now and before.size == len(now)


def _parts(result: Any) -> tuple[Any, ...]:
    return tuple(result) if isinstance(result, tuple | list) else (result,)


def _has_traced(result: Any) -> bool:
    return any(type(part) is Tracer for part in _parts(result))


def _gives_its_result(call: ast.Call, caller: _Activation) -> bool:
    """Is the value of this call what the last function under it returned? Not for `max(a, b)`, which compares."""
    match call.func:
        case ast.Name(name):
            scope = (caller.frame.f_locals, caller.frame.f_globals, caller.frame.f_builtins)
            found = next((space[name] for space in scope if name in space), None)
            plain = inspect.isbuiltin(found) or isinstance(found, type)
            return not plain or any(found is known for known in (abs, sum, pow, round))
        case ast.Attribute(attr=name):
            return name not in ("reduce", "accumulate", "map")
    return True


def _is_array(written: Written) -> bool:
    """Is this only another name for a captured array?"""
    return hole_index(written.expression) is not None


def _named_entries(name: str, value: Any) -> list[tuple[str, Tracer]]:
    """The traced entries of a container, each with a name: the key of a dict, or the container's name and a number."""
    if len(value) > _SHOWN_ENTRIES:
        return []
    if isinstance(value, dict):
        return [
            (key, part)
            for key, part in value.items()
            if type(part) is Tracer and isinstance(key, str) and key.isidentifier()
        ]
    return [(f"{name}{index}", part) for index, part in enumerate(value) if type(part) is Tracer]


def _agrees(read: Any, value: Any) -> bool:
    """Does what was read off the source equal what the variable holds?"""
    try:
        return type(read) is type(value) and bool(np.array_equal(read, value))
    except (ValueError, TypeError):
        return False
