"""Looking inside of compiled functions: what a call compiles to, and where its time goes. Floor 5."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from glassgrad.api.pipeline import tracing
from glassgrad.api.traced_call import Plain, signature_of, trace_call
from glassgrad.api.wanted import bound_arguments, title_of
from glassgrad.base.errors import UsageError
from glassgrad.base.settings import current
from glassgrad.base.trees import Structure, flatten_with_paths, paths_of
from glassgrad.engines.source.bodies import all_graphs, carried_bindings
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, apart, reachable, workspace
from glassgrad.graph.notes import Notes
from glassgrad.tracing.naming import name_values
from glassgrad.tracing.observation import Observation
from glassgrad.tracing.observe import observing
from glassgrad.tracing.trace import is_array
from glassgrad.transforms.simplify import simplify

if TYPE_CHECKING:
    from glassgrad.engines.cpu.report.inspection import Inspection
    from glassgrad.engines.cpu.report.profile import Profile


@dataclass(frozen=True, slots=True)
class Watched:
    """A call traced under watch: its graph with the person's names in `notes`, and the numbers that it was given."""

    title: str
    graph: Graph
    notes: Notes
    names: Mapping[Node, str]  # of the graph's inputs
    results: Sequence[str]
    values: Sequence[Any]
    seconds: dict[str, float]


def inspected(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], fixed: Collection[int | str]
) -> "Inspection":
    """What the call compiles to, as an `Inspection`."""
    from glassgrad.engines.cpu.report.inspection import inspection_of

    found = watched(function, args, kwargs, fixed)
    return inspection_of(
        found.graph, found.notes, found.names, found.results, title=found.title, engine=current().engine,
        seconds=found.seconds,
    )  # fmt: skip


def profile(function: Callable[..., Any], *args: Any, seconds: float = 1.0, **kwargs: Any) -> "Profile":
    """Runs the compiled function again and again for about so many `seconds`, and tells where the time goes.

    The result prints as a table: each step with its time, share, GFLOP/s and GB/s beside what this machine can do at
    most, and which of its bounds the step has come up to. `function` may be plain or under `jit`. The function's
    results are as without a profile; its arguments are not changed.

    >>> import numpy as np
    >>> found = profile(lambda x: np.exp(x).sum(), np.ones(1000), seconds=0.01)
    >>> found.steps[0].name
    'k0'
    """
    from glassgrad.engines.cpu.report.profile import profile_of

    if not 0.0 <= seconds < math.inf:
        raise UsageError(f"profile runs for so many seconds, found {seconds!r}", hint="profile(f, x, seconds=1.0)")
    if not callable(function):
        raise UsageError(f"profile takes a function, found {type(function).__name__}", hint="profile(f, x), not f(x)")
    plain = getattr(getattr(function, "inspect", None), "of", None)
    fixed: Collection[int | str] = frozenset()
    if isinstance(plain, Plain):
        function, fixed = plain.function, plain.fixed
    found = watched(function, args, kwargs, fixed)
    return profile_of(
        found.graph, found.notes, found.names, found.results, found.values, title=found.title, engine=current().engine,
        seconds=seconds,
    )  # fmt: skip


def watched(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], fixed: Collection[int | str]
) -> Watched:
    """Traces the call as `jit` does, and watches what the person calls each value."""
    if workspace() is not None:
        raise UsageError(
            "a look inside of a function is for a call with numbers, found one inside of a trace",
            hint="call inspect or profile outside of grad, vmap, jit and the bodies of loops",
        )
    leaves, weak, structure, _ = signature_of(args, dict(kwargs), fixed)
    seconds: dict[str, float] = {}
    with tracing(), apart() as here:
        start = perf_counter()
        with observing() as seen:
            found = trace_call(function, structure, list(zip(leaves, weak, strict=True)), args, dict(kwargs), fixed)
        seconds["trace"] = perf_counter() - start
        start = perf_counter()
        graph = Graph(found.graph.inputs, tuple(simplify(found.graph.outputs)))
        seconds["simplify"] = perf_counter() - start
        given = dict(zip(graph.inputs, _paths(function, args, kwargs, fixed), strict=False))
        values = [*leaves, *[node.param("held").values for node in found.outside]]
        notes = here.notes
        _name_outside(graph, found.outside, given, seen)
        notes.names.update(_names(graph, given, seen, notes))
    return Watched(title_of(function), graph, notes, given, _results(found.structure), values, seconds)


def _paths(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], fixed: Collection[int | str]
) -> list[str]:
    """What the person calls each array of the arguments, in the order in which they are given to the program."""
    bound, _, _ = bound_arguments(function, args, kwargs)
    names: list[str] = []
    for name, kind, value in bound:
        if kind is kind.VAR_POSITIONAL:
            names += [f"{name}[{place}]" for place in range(len(value))]
        elif kind in (kind.POSITIONAL_ONLY, kind.POSITIONAL_OR_KEYWORD):
            names.append(name)
    positional = [(names[place], arg) for place, arg in enumerate(args) if place not in fixed]
    named = [(name, value) for name, value in sorted(kwargs.items()) if name not in fixed]
    found = []
    for name, value in [*positional, *named]:
        paths, parts, _ = flatten_with_paths(value)
        joints = ["" if path[:1] in ("", "[") else "." for path in paths]
        found += [name + joint + path for joint, path, part in zip(joints, paths, parts, strict=True) if is_array(part)]
    return [_spelled(path) for path in found]


def _spelled(path: str) -> str:
    """A path with the quotes that C has for text."""
    return path if '"' in path else path.replace("'", '"')


def _name_outside(graph: Graph, outside: Sequence[Node], given: dict[Node, str], seen: Observation) -> None:
    """Names for arrays of the surroundings that the program is given as inputs."""
    taken = set(given.values())
    inputs = graph.inputs[len(graph.inputs) - len(outside) :]
    for number, (node, known) in enumerate(zip(inputs, outside, strict=True)):
        name = seen.arrays.get(known, "")
        given[node] = name if name and name not in taken else f"captured{number}"
        taken.add(given[node])


def _names(graph: Graph, given: Mapping[Node, str], seen: Observation, notes: Notes) -> dict[Node, str]:
    alive = list(reachable(graph.outputs))
    alive += [node for inner in all_graphs(graph.outputs) for node in inner.nodes()]
    bindings = carried_bindings(seen.bindings, dict.fromkeys(alive), notes.before)
    return dict(name_values(bindings, given).of)


def _results(structure: Structure) -> list[str]:
    """`result`, `result[0]`, `result.weight`."""
    return [_spelled(f"result{'' if path[:1] in ('', '[') else '.'}{path}") for path in paths_of(structure)]
