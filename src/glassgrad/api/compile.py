"""jit and checkpoint: functions kept as graphs. Floor 5."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import wraps
from threading import Lock
from typing import Any, Protocol, overload

from glassgrad.api.arguments import ArgNums, both_spellings
from glassgrad.api.donation import check_donated, donated_leaves
from glassgrad.api.inspector import Inspector
from glassgrad.api.pipeline import as_result, deliver, own, tracing
from glassgrad.api.traced_call import Plain, signature_of, trace_call
from glassgrad.base.collector import collector_held_back
from glassgrad.base.errors import UsageError
from glassgrad.base.settings import current
from glassgrad.base.trees import Structure, unflatten
from glassgrad.engines import reference
from glassgrad.engines.choice import compile_graph, entry_for
from glassgrad.graph.graph import Graph, inline
from glassgrad.graph.node import Node, apart, fresh_serial, reachable, workspace
from glassgrad.ops.leaves import Held, outputs_of
from glassgrad.tracing.body import trace_inside
from glassgrad.tracing.tracer import Tracer, to_node
from glassgrad.transforms.control.call import make_call
from glassgrad.transforms.simplify import simplify

Function = Callable[..., Any]
_KEPT_VERSIONS = 256  # of one function
_LOOKS = 4  # of one version that are offered to the native door


@dataclass(frozen=True, slots=True)
class Compiled:
    """One traced version of a function: for these shapes, dtypes and static values."""

    graph: Graph
    outside: list[Node]
    structure: Structure
    program: Callable[..., list[Any]]
    captured: list[Held]
    lasts: bool  # or does it stand on values of the trace in which it was made?

    def is_stale(self) -> bool:
        """Was an array of the surroundings written into since its numbers were taken?"""
        return not all(held.still_holds() for held in self.captured)

    def run(self, leaves: Sequence[Any], given_up: Collection[int]) -> Any:
        """The result for these arrays; the memory of those at the positions `given_up` may become the result's."""
        values = [*leaves, *[node.param("held").values for node in self.outside]]
        if given_up:
            check_donated(values, given_up, [held.array for held in self.captured])
        results = self.program(*values)
        if not isinstance(self.program, reference.Program):  # its results are new arrays, or those given up
            return unflatten(self.structure, [as_result(result) for result in results])
        lent = [value for position, value in enumerate(values) if position not in given_up]
        lent += [value for _, value in self.program.constants]
        return unflatten(self.structure, own(results, lent))

    def traced(self, leaves: Sequence[Any]) -> Any:
        """The result as part of the trace that runs."""
        with tracing():
            outputs = inline(self.graph, [*[to_node(leaf) for leaf in leaves], *self.outside])
            return unflatten(self.structure, [Tracer(node) for node in outputs])


class Versions:
    """The versions of one function by signature, the last used last; several threads may ask."""

    def __init__(self) -> None:
        self.known: dict[Any, Compiled] = {}
        self._again: dict[Any, int] = {}
        self._lock = Lock()

    def get(self, signature: Any) -> Compiled | None:
        """The version for this signature, if there is one."""
        with self._lock:
            version = self.known.pop(signature, None)
            if version is not None:
                self.known[signature] = version
            return version

    def looks_different(self, signature: Any) -> bool:
        """Has a call that came through Python, though its version is known, a look of its own?

        It may give a NumPy number where an array without axes was given before. There are few such looks; calls that
        come through Python for other reasons come often.
        """
        with self._lock:
            count = self._again[signature] = self._again.get(signature, 0) + 1
            return count <= _LOOKS

    def keep(self, signature: Any, version: Compiled) -> None:
        """Adds a version; where there are too many, the one that was not used for the longest time is forgotten."""
        with self._lock:
            self.known[signature] = version
            while len(self.known) > _KEPT_VERSIONS:
                oldest = next(iter(self.known))
                del self.known[oldest]
                self._again.pop(oldest, None)


class CompiledFunction(Protocol):
    """A function under jit: called like the function, and open to a look inside."""

    inspect: Inspector
    cache: dict[Any, Compiled]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result."""


@overload
def jit(function: Function, *, static: ArgNums = (), donate: ArgNums = ()) -> CompiledFunction: ...
@overload
def jit(
    function: None = None, *, static: ArgNums = (), donate: ArgNums = ()
) -> Callable[[Function], CompiledFunction]: ...
def jit(function: Function | None = None, *, static: ArgNums = (), donate: ArgNums = ()) -> Any:
    """The function traced once for each set of shapes and dtypes, simplified, and run as a whole.

    `static` names arguments (positions or names) that are Python values to the function, not arrays: a new value
    means a new trace. Inside, values have no numbers: `if x > 0` is an error that suggests `cond`.

    `donate` names arguments that the caller gives up, as a training step gives up its old parameters: a result of the
    same shape and dtype may then be that very array, written over, and the call needs no memory for a second one. What
    such an array holds after the call is not said. It is an error to donate a read-only array, or one whose memory
    another array of the call has too. Inside of another transform, and on the reference engine, nothing is taken.

    >>> jit(lambda x: x * x + 1.0)(3.0)
    np.float64(10.0)
    >>> weights = np.ones(3)
    >>> weights = jit(lambda w, g: w - 0.5 * g, donate=0)(weights, np.ones(3))
    >>> weights
    array([0.5, 0.5, 0.5])
    """
    if function is None:
        return lambda f: jit(f, static=static, donate=donate)
    if not callable(function):
        raise UsageError(f"jit takes a function, found {type(function).__name__}", hint="jit(f)(x), or @jit before def")
    fixed, donated = both_spellings(function, static, "static"), both_spellings(function, donate, "donate")
    _check_apart(donated, fixed)
    versions = Versions()

    @wraps(function)
    def compiled(*args: Any, **kwargs: Any) -> Any:
        if current().surroundings is not None:
            return function(*args, **kwargs)
        leaves, weak, structure, signature = signature_of(args, kwargs, fixed)
        given_up = donated_leaves(args, kwargs, fixed, donated)
        version = versions.get(signature)
        is_new = version is None or version.is_stale()
        if version is None or is_new:
            version = _compile(function, structure, list(zip(leaves, weak, strict=True)), args, kwargs, fixed, given_up)
            if version.lasts:
                versions.keep(signature, version)
        if workspace() is None:
            result = version.run(leaves, given_up)
            if version.lasts and entry is not None and (is_new or versions.looks_different(signature)):
                entry.offer(
                    version.program, (args, kwargs), result, fixed=fixed, outside=version.outside, donated=given_up
                )
            return result
        return version.traced(leaves)

    entry = entry_for(compiled, function, current().engine)
    found: Any = compiled if entry is None else entry.function
    found.cache = versions.known
    found.inspect = Inspector(Plain(function, frozenset(fixed)))
    return found


def _check_apart(donated: set[int | str], fixed: set[int | str]) -> None:
    if donated & fixed:
        raise UsageError(
            f"argument {min(map(repr, donated & fixed))} is both static and in donate",
            hint="a static argument is a Python value: only arrays have memory to give up",
        )


def _compile(
    function: Function,
    structure: Structure,
    leaves: Sequence[tuple[Any, type | None]],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    fixed: set[Any],
    donated: frozenset[int],
) -> Compiled:
    outermost = workspace() is None
    with tracing(), apart(), collector_held_back():
        found = trace_call(function, structure, leaves, args, kwargs, fixed)
        if outermost:
            _follow_captured()
        graph = found.graph
        # What runs is simplified; what an outer trace differentiates stays as traced.
        program = compile_graph(Graph(graph.inputs, tuple(simplify(graph.outputs))), current().engine, donated)
        here = workspace()
        known = set(here.captured.values()) if here is not None else set()
    captured = [node.param("held") for node in known.intersection([*found.outside, *reachable(graph.outputs)])]
    return Compiled(graph, found.outside, found.structure, program, captured, known.issuperset(found.outside))


def _follow_captured() -> None:
    """Arrays of the surroundings that the function did not write into are read anew at each call."""
    here = workspace()
    for leaf in here.captured.values() if here is not None else ():
        leaf.param("held").follow()


def checkpoint(function: Function) -> Function:
    """The same function, whose inside is not kept for reverse mode but computed again: less memory, more time.

    >>> grad(checkpoint(lambda x: np.sin(np.sin(x))))(0.0)
    np.float64(1.0)
    """

    @wraps(function)
    def computed_again(*args: Any, **kwargs: Any) -> Any:
        outermost = workspace() is None
        with tracing():
            since = fresh_serial()
            body, given = trace_inside(lambda *inner: function(*inner[:-1], **inner[-1]), (*args, kwargs))
            call = make_call(body.graph, [*given, *body.outside])
            return unflatten(body.structure, deliver(outputs_of(call), since, outermost=outermost))

    return computed_again
