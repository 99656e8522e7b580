"""A node is one value of a graph: an op applied to inputs. Immutable; within a workspace equal nodes are one object.

Floor 1. Nodes are numbered as they are made, so inputs always have smaller numbers than their users: sorting by
number is a topological order, and what was made before x cannot depend on x.
"""

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, TypeAlias

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.base.source import Place
from glassgrad.graph.notes import Backward, Notes
from glassgrad.graph.op import Op

Params: TypeAlias = tuple[tuple[str, Any], ...]
Evaluator: TypeAlias = Callable[["Sequence[Node]", dict["Node", Any]], list[Any]]

_next_serial = itertools.count().__next__


class Node:
    """One value: `op` applied to `inputs` with static `params`; `aval` is its shape and dtype.

    For an op of several outputs, `aval` is a tuple and the values are read off by `project` nodes.
    """

    __slots__ = ("__weakref__", "aval", "inputs", "op", "params", "serial")

    def __init__(self, op: Op, inputs: "tuple[Node, ...]", params: Params, aval: Any) -> None:
        self.op = op
        self.inputs = inputs
        self.params = params
        self.aval: Aval = aval  # for an op of several outputs a tuple of them: see `avals`
        self.serial = _next_serial()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return self.aval.shape

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the value."""
        return self.aval.dtype

    @property
    def avals(self) -> tuple[Aval, ...]:
        """Shapes and dtypes of all outputs."""
        return self.aval if self.op.multiple else (self.aval,)  # type: ignore[return-value]  # as stored

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.aval.shape)

    def param(self, name: str) -> Any:
        """One static parameter by name."""
        for key, value in self.params:
            if key == name:
                return value
        raise KeyError(name)

    def __repr__(self) -> str:
        return f"<{self.op.name} #{self.serial} {self.aval}>"

    # Operators, so that rules read like mathematics; `operators` is filled by the op table.
    def __add__(self, other: Any) -> "Node":
        return operators["add"](self, other)

    def __radd__(self, other: Any) -> "Node":
        return operators["add"](other, self)

    def __sub__(self, other: Any) -> "Node":
        return operators["subtract"](self, other)

    def __rsub__(self, other: Any) -> "Node":
        return operators["subtract"](other, self)

    def __mul__(self, other: Any) -> "Node":
        return operators["multiply"](self, other)

    def __rmul__(self, other: Any) -> "Node":
        return operators["multiply"](other, self)

    def __truediv__(self, other: Any) -> "Node":
        return operators["divide"](self, other)

    def __rtruediv__(self, other: Any) -> "Node":
        return operators["divide"](other, self)

    def __pow__(self, other: Any) -> "Node":
        return operators["power"](self, other)

    def __rpow__(self, other: Any) -> "Node":
        return operators["power"](other, self)

    def __matmul__(self, other: Any) -> "Node":
        return operators["matmul"](self, other)

    def __neg__(self) -> "Node":
        return operators["negative"](self)

    def __lt__(self, other: Any) -> "Node":
        return operators["less"](self, other)

    def __le__(self, other: Any) -> "Node":
        return operators["less_equal"](self, other)

    def __gt__(self, other: Any) -> "Node":
        return operators["greater"](self, other)

    def __ge__(self, other: Any) -> "Node":
        return operators["greater_equal"](self, other)

    @property
    def T(self) -> "Node":
        """The value with its axes reversed."""
        return operators["transpose"](self)


operators: dict[str, Callable[..., Node]] = {}
_SERIAL = attrgetter("serial")


class Workspace:
    """What one piece of graph-making shares: its nodes, their notes, the arrays it captured, the numbers it computed.

    `evaluate` turns nodes into numbers; it is handed in by the floor that has an engine.
    """

    __slots__ = ("captured", "evaluate", "nodes", "notes", "origin", "superseded", "values")

    def __init__(self, evaluate: Evaluator | None = None) -> None:
        self.nodes: dict[tuple[Op, tuple[Node, ...], Params], Node] = {}
        self.notes = Notes()
        self.captured: dict[int, Node] = {}
        self.values: dict[Node, Any] = {}
        self.evaluate = evaluate
        self.origin: Place | Backward | None = None
        self.superseded: dict[Node, Node] = {}  # a loop's result -> the same result of a loop that also records


class _Current(threading.local):
    workspace: Workspace | None = None


_current = _Current()
_at_work: dict[int, str] = {}  # the threads that make nodes now, for error messages


def workspace() -> Workspace | None:
    """The workspace in which this thread is making nodes, or None."""
    return _current.workspace


@contextmanager
def working(place: Workspace | None = None) -> Iterator[Workspace]:
    """Makes nodes in this workspace (a fresh one unless given) for the duration of the `with` block."""
    before = _current.workspace
    _current.workspace = now = place or Workspace()
    if before is None:
        _at_work[threading.get_ident()] = threading.current_thread().name
    try:
        yield now
    finally:
        _current.workspace = before
        if before is None:
            _at_work.pop(threading.get_ident(), None)


def threads_at_work() -> list[str]:
    """The names of the threads in which nodes are being made."""
    return list(_at_work.values())


@contextmanager
def apart() -> Iterator[Workspace]:
    """A workspace inside the present one that does not share its nodes: for the body of a loop or a branch."""
    outer = _current.workspace
    inner = Workspace(outer.evaluate if outer else None)
    if outer is not None:
        inner.notes, inner.captured, inner.values = outer.notes, outer.captured, outer.values
    with working(inner):
        yield inner


def make(op: Op, inputs: tuple[Node, ...], params: Params = ()) -> Node:
    """The node for `op` applied to `inputs`: an equal one made before in this workspace, or a new one."""
    here = _current.workspace
    if here is None:
        return Node(op, inputs, params, op.infer(*[n.aval for n in inputs], **dict(params)))
    key = (op, inputs, params)
    found = here.nodes.get(key)
    if found is None:
        found = Node(op, inputs, params, op.infer(*[n.aval for n in inputs], **dict(params)))
        here.nodes[key] = found
        if here.origin is not None:
            here.notes.origins[found] = here.origin
    return found


def apply(op: Op, *inputs: Node, **params: Any) -> Node:
    """As `make`, with params as keywords."""
    return make(op, inputs, tuple(sorted(params.items())) if len(params) > 1 else tuple(params.items()))


def fresh_serial() -> int:
    """A number larger than every node's made so far and smaller than those to come."""
    return _next_serial()


def reachable(outputs: Sequence[Node], since: int = -1) -> list[Node]:
    """Every node that `outputs` depend on and that was made after `since`, inputs before users."""
    seen = {node for node in outputs if node.serial > since}
    stack = list(seen)
    while stack:
        for node in stack.pop().inputs:
            if node not in seen and node.serial > since:
                seen.add(node)
                stack.append(node)
    return sorted(seen, key=_SERIAL)
