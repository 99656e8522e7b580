"""A tracer stands for a value while a function is traced. It answers NumPy's protocols, so plain NumPy code runs.

Floor 3. Under `grad` a tracer knows its number, so `if x > 0` just runs; under `jit` and `vmap` and in the bodies of
loops it does not, and says so. Writing into a tracer (`out[i] = v`) gives it another node; a view writes through.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import ConcretizationError, ConversionError, LeakedTracerError, UnsupportedError
from glassgrad.base.source import user_place
from glassgrad.graph.node import Node, Workspace, threads_at_work, workspace
from glassgrad.ops.lifting import lift
from glassgrad.tracing.foreign import conversion_error, writes_into_plain_array
from glassgrad.tracing.registry import FUNCTIONS


@dataclass(frozen=True, slots=True)
class View:
    """How a view reads its base, and what the base becomes when the view is written.

    `look` is the same view of a plain array (for memory order, see dispatch/memory).
    """

    base: "Tracer"
    read: Callable[[Node], Node]
    write: Callable[[Node, Node], Node]
    look: Callable[[np.ndarray], np.ndarray]
    root: "Tracer"  # what all views are in the end views of

    def from_root(self) -> "list[View]":
        """The views that lead from the root to this one."""
        path: list[View] = []
        view: View | None = self
        while view is not None:
            path.append(view)
            view = view.base.alias
        path.reverse()
        return path


class Tracer:
    """A value that is being traced: an array or number with a shape and dtype, behind which stands a node."""

    __slots__ = ("_node", "_seen", "alias", "c_order", "version", "weak")
    __array_priority__ = 1000
    __hash__ = None  # type: ignore[assignment]  # as for arrays: == is elementwise

    def __init__(self, node: Node, weak: type | None = None, view: View | None = None) -> None:
        self._node = node
        self.weak = weak  # Python's number type, where the value is a Python number
        self.alias = view
        self.version = 0  # how often it was written
        self.c_order: bool | None = None  # in C order in memory? None: made here, in an order that is not known
        self._seen = view.root.version if view is not None else 0

    # ------------------------------------------------------------------ the node behind
    @property
    def node(self) -> Node:
        """The node this tracer stands for now."""
        view = self.alias
        if view is not None and view.root.version != self._seen:
            node = view.root._node  # noqa: SLF001 - another tracer's
            for step in view.from_root():
                node = step.read(node)
            self._node, self._seen = node, view.root.version
        return self._node

    def assign(self, node: Node) -> None:
        """Writes a value of the same shape and dtype into this array, and through it into what it is a view of."""
        view = self.alias
        if view is None:
            self._node = node
            self.version += 1
            return
        steps, root = view.from_root(), view.root
        before = [root._node]  # noqa: SLF001 - as above
        for step in steps[:-1]:
            before.append(step.read(before[-1]))
        written = node
        for step in reversed(steps):
            written = step.write(before.pop(), written)
        root._node = written  # noqa: SLF001 - as above
        root.version += 1
        self._node, self._seen = node, root.version

    # ------------------------------------------------------------------ what is known without numbers
    @property
    def aval(self) -> Aval:
        """Shape and dtype."""
        return self._node.aval

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        return self._node.aval.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._node.aval.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._node.aval.size

    @property
    def dtype(self) -> np.dtype:
        """The dtype."""
        return self._node.aval.dtype

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.aval.nbytes

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    # ------------------------------------------------------------------ numbers
    @property
    def value(self) -> Any:
        """The number behind this tracer, where it has one."""
        here = active_workspace()
        if here.evaluate is None:
            raise ConcretizationError(
                "this trace computes no numbers", hint="keep the value traced, and look at its number outside"
            )
        return here.evaluate([self.node], here.values)[0]

    def _number(self, what: str, instead: str) -> Any:
        try:
            return self.value
        except ConcretizationError:
            raise ConcretizationError(
                f"{what} needs the number of a traced value of shape {show_shape(self.shape)}, but here the value "
                "stands for many (under jit or vmap, or in the body of a loop or branch)",
                hint=instead,
            ) from None

    def __bool__(self) -> bool:
        return bool(
            self._number(
                "`if`, `while`, `and`, `or` or bool()",
                "use glassgrad.cond, np.where or glassgrad.while_loop for a choice that depends on values",
            )
        )

    def __int__(self) -> int:
        return int(self._number("int()", "keep it an array, or mark the argument static"))

    def __index__(self) -> int:
        if self.dtype.kind not in "iu":
            raise TypeError(f"only integer values can be an index, found {self.dtype}")
        return int(
            self._number(
                "a shape, an index or a range",
                "a length is known before the function is compiled if its argument is static: glassgrad.jit(f, "
                'static="n"); glassgrad.numpy.take and glassgrad.fori_loop take traced indices and bounds',
            )
        )

    def __float__(self) -> float:
        if writes_into_plain_array():
            raise conversion_error()
        raise ConversionError(
            "float() takes a number out of the chain, so its derivative would be lost",
            hint="drop the float(); use np.sin and friends instead of math.sin; or "
            "glassgrad.stop_gradient(x) if that is what is meant",
        )

    def __complex__(self) -> complex:
        if writes_into_plain_array():
            raise conversion_error()
        raise ConversionError(
            "complex() takes a number out of the chain, so its derivative would be lost",
            hint="drop the complex(); use NumPy's functions instead of cmath's",
        )

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        del dtype, copy
        raise conversion_error()

    def item(self) -> "Tracer":
        """The single element as a traced number."""
        return self.reshape(())  # type: ignore[no-any-return]  # methods are bound by dispatch/methods

    def tolist(self) -> Any:
        """Nested lists of traced numbers."""
        return self if not self.shape else [part.tolist() for part in self]

    # ------------------------------------------------------------------ NumPy's protocols
    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        del types
        implementation = FUNCTIONS.get(function)
        if implementation is None:
            name = f"{function.__module__}.{function.__name__}"
            raise UnsupportedError(
                f"{name} is not known to Glassgrad",
                hint="write it with functions that are (see the reference), or give its derivative "
                "with glassgrad.custom_derivative",
            )
        note_origin()
        return implementation(*args, **kwargs)

    if TYPE_CHECKING:  # bound from one table in operators.py and dispatch/methods.py

        def _operator(self, other: Any) -> Any: ...
        def __getattr__(self, name: str) -> Any: ...

    # ------------------------------------------------------------------ reading
    def __iter__(self) -> Iterator["Tracer"]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        for index in range(self.shape[0]):
            yield self[index]

    def __getitem__(self, key: Any) -> "Tracer":
        note_origin()
        return indexing["get"](self, key)  # type: ignore[no-any-return]  # see `indexing`

    def __setitem__(self, key: Any, value: Any) -> None:
        note_origin()
        indexing["set"](self, key, value)

    def __repr__(self) -> str:
        try:
            shown = np.array2string(np.asarray(self.value), separator=", ", threshold=20)
        except (ConcretizationError, LeakedTracerError):
            shown = f"shape={show_shape(self.shape)}"
        return f"Traced({shown}, dtype={self.dtype})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        return format(
            self._number(f"the format {spec!r}", "print(x) shows what is known; or format it outside of the function"),
            spec,
        )

    if TYPE_CHECKING:  # as above
        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _operator
        __pow__ = __rpow__ = __mod__ = __floordiv__ = __matmul__ = __rmatmul__ = _operator
        __lt__ = __le__ = __gt__ = __ge__ = _operator


# `get` and `set` of the brackets, and `assign` of `x += y`; filled by dispatch/indexing.
indexing: dict[str, Callable[..., Any]] = {}


# ------------------------------------------------------------------ the trace under way
def active_workspace() -> Workspace:
    """The workspace of the trace under way; an error where a tracer outlived its trace."""
    here = workspace()
    if here is None:
        raise _leaked()
    return here


def _leaked() -> LeakedTracerError:
    own, others = threading.current_thread().name, sorted(threads_at_work())
    if not others:
        return LeakedTracerError(
            "a traced value is used outside of the function that was traced",
            hint="return it from the function instead of storing it in a global or an attribute",
        )
    return LeakedTracerError(
        f"a traced value is used outside of the function that was traced: in thread {own!r}, which traces nothing, "
        f"while a trace is under way in {', '.join(map(repr, others))}; a trace belongs to one thread",
        hint="inside of a traced function call the others directly instead of in a pool (or use vmap); "
        "threads that each call grad or jit on plain arrays are fine",
    )


def note_origin() -> None:
    """Nodes made from here on come from the user's present line."""
    active_workspace().origin = user_place()


def to_node(value: Any, dtype: np.dtype | None = None) -> Node:
    """The node for a tracer, an array, a number or a nested list of those."""
    if type(value) is Tracer:
        return value.node
    if isinstance(value, Node):
        return value
    if isinstance(value, list | tuple) and any_traced(value):
        return FUNCTIONS[np.stack]([wrap(to_node(part)) for part in value]).node  # type: ignore[no-any-return]  # see FUNCTIONS
    return _lift_plain(value, dtype)


def _lift_plain(value: Any, dtype: np.dtype | None) -> Node:
    return lift(
        value if isinstance(value, np.ndarray | np.generic | complex | float | int | bool) else np.asarray(value), dtype
    )


def weak_type(value: Any) -> type | None:
    """Python's number type of a Python number, traced or not, which gives way in NumPy's promotion; None for arrays."""
    if type(value) is Tracer:
        return value.weak
    return type(value) if type(value) in (bool, int, float, complex) else None


def any_traced(values: Any) -> bool:
    """Is there a tracer in this nest of lists and tuples?"""
    stack = [values]
    while stack:
        top = stack.pop()
        if type(top) is Tracer:
            return True
        if isinstance(top, list | tuple):
            stack.extend(top)
    return False


def wrap(node: Node, view: View | None = None) -> Tracer:
    """The tracer for a node."""
    return Tracer(node, None, view)
