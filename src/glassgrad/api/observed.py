"""A function called, watched and differentiated: the common ground of source, explanation and drawing. Floor 5."""

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from glassgrad.api.derivatives import gradient_nodes
from glassgrad.api.pipeline import tracing
from glassgrad.base.avals import is_inexact, show_shape
from glassgrad.base.errors import DerivativeError, UsageError
from glassgrad.base.trees import Structure, flatten, flatten_with_paths, unflatten
from glassgrad.engines.source.bodies import all_graphs, carried_bindings, carried_operations
from glassgrad.engines.source.links import link_by_link
from glassgrad.engines.source.shifts import idle_extrema
from glassgrad.graph.node import Node, Workspace, fresh_serial, reachable
from glassgrad.ops.leaves import ones, zeros
from glassgrad.ops.lifting import lift
from glassgrad.ops.structure import cast
from glassgrad.tracing.naming import Names, name_values
from glassgrad.tracing.observe import Observation, observing
from glassgrad.tracing.trace import is_array, known_input
from glassgrad.tracing.tracer import Tracer, to_node
from glassgrad.transforms.reverse import cotangents_of

Wrt: TypeAlias = str | int | Sequence[str | int] | None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One array or number among the arguments: `params["W1"]`, called W1."""

    path: str
    value: Any
    node: Node | None  # None for what is not traced
    name: str = ""

    @property
    def access(self) -> ast.expr:
        """How the function's body reaches it."""
        return ast.parse(self.path, mode="eval").body


@dataclass(frozen=True, slots=True)
class Argument:
    """One parameter of the call with its value, as a tree."""

    name: str
    value: Any
    structure: Structure
    leaves: tuple[Leaf, ...]
    kind: Any = inspect.Parameter.POSITIONAL_OR_KEYWORD


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a gradient is asked of: a whole argument (a tree) or one leaf; `label` as it was asked."""

    label: str
    structure: Structure | None
    leaves: tuple[Leaf, ...]
    argument: Argument


@dataclass(frozen=True, slots=True)
class Observed:
    """A traced call with its gradient: nodes, names and what was seen."""

    function: Callable[..., Any]
    title: str
    signature: inspect.Signature | None
    arguments: tuple[Argument, ...]
    wanted: tuple[Wanted, ...]
    single: bool
    workspace: Workspace
    observation: Observation
    names: Names
    output: Node
    gradients: tuple[Node, ...]  # one for each wanted leaf, in order
    cotangents: Mapping[Node, Node]
    bodies: Mapping[Node, Node]  # what stands behind each link's placeholder
    boundary: int
    idle: tuple[Node, ...] = ()  # extrema that only shift: no derivative flows through them
    recorded: frozenset[Node] = frozenset()  # loops that took the place of the person's, to record what is needed

    def call(self, leaves: Sequence[Any]) -> Any:
        """The function's result with these values in the places of the arguments' leaves."""
        positional, keywords = _call_values(self.arguments, leaves)
        return self.function(*positional, **keywords)

    @property
    def leaves(self) -> dict[Node, Leaf]:
        """The arguments' leaves by their nodes."""
        return {leaf.node: leaf for argument in self.arguments for leaf in argument.leaves if leaf.node is not None}

    @property
    def wanted_leaves(self) -> tuple[Leaf, ...]:
        """The leaves whose gradients are asked for."""
        return tuple(leaf for wanted in self.wanted for leaf in wanted.leaves)


def observe_gradient(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], wrt: Wrt
) -> Observed:
    """Calls the function once under watch and differentiates it with respect to `wrt` (by default the first argument).

    `wrt` names parameters ("W1", 0), leaves of trees ('params["W1"]', "layers[0].weight") or everything ("all").
    """
    if not callable(function):
        raise UsageError(f"a function is needed, found {type(function).__name__}")
    bound, signature = _bound(function, args, kwargs)
    with tracing() as here:
        try:
            return _observe(function, signature, bound, wrt, here, everything=True)
        except Exception as first:  # noqa: BLE001 - traced data may reach a place where only plain data works: trace less
            try:
                return _observe(function, signature, bound, wrt, here, everything=False)
            except Exception as second:
                raise second from first if type(second) is not type(first) else None


def _bound(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> tuple[list[tuple[str, Any, Any]], inspect.Signature | None]:
    """The arguments as (parameter, kind, value)."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        names = [
            (f"x{index}" if len(args) > 1 else "x", inspect.Parameter.POSITIONAL_ONLY, value)
            for index, value in enumerate(args)
        ]
        return [*names, *[(name, inspect.Parameter.KEYWORD_ONLY, value) for name, value in kwargs.items()]], None
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise UsageError(f"{_title(function)}{signature} cannot be called like this: {error}") from None
    bound.apply_defaults()  # a default is an argument too: its value must not be built in
    return [(name, signature.parameters[name].kind, value) for name, value in bound.arguments.items()], signature


def _title(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", None) or getattr(getattr(function, "func", None), "__name__", None)
    name = name or type(function).__name__
    return "function" if name == "<lambda>" or not name.isidentifier() else name


# ------------------------------------------------------------------ the call
def _observe(
    function: Callable[..., Any],
    signature: inspect.Signature | None,
    bound: list[tuple[str, Any, Any]],
    wrt: Wrt,
    here: Workspace,
    *,
    everything: bool,
) -> Observed:
    first_name = {bound[0][0]} if bound else set()
    plain = [_argument(name, kind, value, traced=None) for name, kind, value in bound]
    needed = {leaf.path for wanted in _wanted(plain, wrt, function)[0] for leaf in wanted.leaves} or first_name
    arguments = [_argument(name, kind, value, traced=None if everything else needed) for name, kind, value in bound]
    arguments = _with_names(arguments)
    wanted, single = _wanted(arguments, wrt, function)
    _check_differentiable(wanted)
    leaves = [_as_tracer(leaf) for argument in arguments for leaf in argument.leaves]
    positional, keywords = _call_values(arguments, leaves)
    with observing() as seen:
        result = function(*positional, **keywords)
    output = _scalar(result, _title(function))
    boundary = fresh_serial()
    inputs = [leaf.node for part in wanted for leaf in part.leaves if leaf.node is not None]
    idle = idle_extrema(output)
    cotangents = cotangents_of([output], [ones(output.aval)], [*inputs, *idle])  # it goes no further than these
    cotangents = {node: found for node, found in cotangents.items() if node not in idle}
    gradients = [cast(cotangents[x], x.dtype) if x in cotangents else zeros(x.aval) for x in inputs]
    recorded = _superseded(here)
    alive = [output, *recorded.values()]
    graphs = all_graphs(alive)
    seen.operations.update(carried_operations(seen.operations, graphs, here.notes.before))
    names = _names(arguments, seen, [*reachable(alive), *[x for graph in graphs for x in graph.nodes()]], here)
    links = link_by_link(cotangents, gradients, names.of, boundary, recorded)
    now = {links.bodies[old]: names.of[old] for old in recorded if old in names.of}
    names = Names({**names.of, **now}, names.aliases, names.depth)
    return Observed(
        function,
        _title(function),
        signature,
        tuple(arguments),
        wanted,
        single,
        here,
        seen,
        names,
        output,
        links.gradients,
        links.cotangents,
        links.bodies,
        boundary,
        tuple(idle),
        links.recorded,
    )


def _argument(name: str, kind: Any, value: Any, traced: set[str] | None) -> Argument:
    """The argument with fresh inputs for what can carry a derivative (for the paths in `traced` only, where given)."""
    paths, leaves, structure = flatten_with_paths(value)
    made = []
    for path, leaf in zip(paths, leaves, strict=True):
        full = f"{name}{'' if path[:1] in ('', '[') else '.'}{path}"
        chosen = is_array(leaf) and is_inexact(np.asarray(leaf).dtype) if not isinstance(leaf, Tracer) else True
        if chosen and (traced is None or full in traced):
            made.append(Leaf(full, leaf, known_input(leaf).node))
        elif isinstance(leaf, np.ndarray) and leaf.ndim:
            made.append(Leaf(full, leaf, lift(leaf)))
        else:
            made.append(Leaf(full, leaf, None))
    return Argument(name, value, structure, tuple(made), kind)


def _call_values(arguments: Sequence[Argument], leaves: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
    """What the function is called with when its arguments have these leaves."""
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    kinds = inspect.Parameter
    rest = iter(leaves)
    for argument in arguments:
        name, kind = argument.name, argument.kind
        value = unflatten(argument.structure, [next(rest) for _ in argument.leaves])
        if kind is kinds.VAR_POSITIONAL:
            positional.extend(value)
        elif kind is kinds.VAR_KEYWORD:
            keywords.update(value)
        elif kind is kinds.KEYWORD_ONLY:
            keywords[name] = value
        else:
            positional.append(value)
    return positional, keywords


def _as_tracer(leaf: Leaf) -> Any:
    if leaf.node is None or (isinstance(leaf.value, np.ndarray) and not is_inexact(leaf.value.dtype)):
        return leaf.value
    weak = type(leaf.value) if type(leaf.value) in (float, complex) else None
    return Tracer(leaf.node, weak)


def _scalar(result: Any, title: str) -> Node:
    if not is_array(result):
        raise DerivativeError(
            f"{title} returns {type(result).__name__}; a gradient needs a function of one number",
            hint="return the loss alone",
        )
    node = to_node(result)
    if node.shape != ():
        raise DerivativeError(
            f"{title} returns an array of shape {show_shape(node.shape)}; a gradient needs one number",
            hint="sum it: lambda *args: np.sum(f(*args))",
        )
    if node.dtype.kind == "c":
        raise DerivativeError(
            f"{title} returns a complex number; a gradient needs a real one",
            hint="take its real part or its absolute value",
        )
    return node


# ------------------------------------------------------------------ what is asked for
def _wanted(arguments: Sequence[Argument], wrt: Wrt, function: Callable[..., Any]) -> tuple[tuple[Wanted, ...], bool]:
    if wrt == "all" and all(argument.name != "all" for argument in arguments):
        whole = [argument for argument in arguments if any(_has_derivative(leaf) for leaf in argument.leaves)]
        return tuple(_whole(argument) for argument in whole), False
    single = wrt is None or isinstance(wrt, str | int)
    asked = [0] if wrt is None else [wrt] if isinstance(wrt, str | int) else list(wrt)
    if not arguments:
        raise UsageError(f"{_title(function)} was given no arguments to differentiate with respect to")
    return tuple(_one_wanted(arguments, key, function) for key in asked), single


def _one_wanted(arguments: Sequence[Argument], key: str | int, function: Callable[..., Any]) -> Wanted:
    if isinstance(key, int) and not isinstance(key, bool):
        slots = [slot for argument in arguments for slot in _slots(argument)]
        if -len(slots) <= key < len(slots):
            return _whole(slots[key])
    for argument in arguments:
        if argument.name == key:
            return _whole(argument)
    leaves = [(argument, leaf) for argument in arguments for leaf in argument.leaves]
    wanted = _spelling(str(key))
    for argument, leaf in leaves:
        if wanted in (_spelling(leaf.path), leaf.name) or wanted == _spelling(leaf.path.removeprefix(argument.name)):
            return Wanted(str(key), None, (leaf,), argument)
    ending = [(argument, leaf) for argument, leaf in leaves if _pieces(leaf.path)[-1] == key]
    if len(ending) == 1:
        return Wanted(str(key), None, (ending[0][1],), ending[0][0])
    listing = ", ".join(leaf.path for _, leaf in leaves[:12])
    raise UsageError(
        f"there is nothing called {key!r} among the arguments of {_title(function)}",
        hint=f"wrt takes parameter names, positions and paths: {listing}",
    )


def _slots(argument: Argument) -> list[Argument]:
    """The positions that a parameter takes: one, or as many as `*args` was given."""
    if argument.kind is not inspect.Parameter.VAR_POSITIONAL:
        return [argument]
    found = []
    for index, value in enumerate(argument.value):
        path = f"{argument.name}[{index}]"
        own = tuple(
            leaf for leaf in argument.leaves if leaf.path == path or leaf.path.startswith((f"{path}.", f"{path}["))
        )
        found.append(Argument(path, value, flatten(value)[1], own))
    return found


def _whole(argument: Argument) -> Wanted:
    return Wanted(argument.name, argument.structure, argument.leaves, argument)


def _spelling(path: str) -> str:
    return path.replace('"', "'").replace(" ", "").lstrip(".")


def _has_derivative(leaf: Leaf) -> bool:
    return is_array(leaf.value) and is_inexact(np.asarray(leaf.value).dtype)


def _check_differentiable(wanted: Sequence[Wanted]) -> None:
    for part in wanted:
        for leaf in part.leaves:
            if not isinstance(leaf.value, Tracer) and not _has_derivative(leaf):
                kind = np.asarray(leaf.value).dtype if is_array(leaf.value) else type(leaf.value).__name__
                raise UsageError(
                    f"{leaf.path} holds {kind} values, which have no derivative",
                    hint="write 3.0 instead of 3, or choose other arguments by wrt=",
                )


# ------------------------------------------------------------------ names
def _with_names(arguments: Sequence[Argument]) -> list[Argument]:
    """Each leaf with a short identifier: the end of its path, as long as needed to be the only one."""
    pieces = {leaf.path: _pieces(leaf.path) for argument in arguments for leaf in argument.leaves}
    lengths = dict.fromkeys(pieces, 1)
    while True:
        names = {path: _joined(parts[-lengths[path] :]) for path, parts in pieces.items()}
        count: dict[str, int] = {}
        for name in names.values():
            count[name] = count.get(name, 0) + 1
        longer = [
            path
            for path, name in names.items()
            if (count[name] > 1 or not name.isidentifier()) and lengths[path] < len(pieces[path])
        ]
        if not longer:
            break
        for path in longer:
            lengths[path] += 1
    return [
        Argument(
            argument.name,
            argument.value,
            argument.structure,
            tuple(Leaf(leaf.path, leaf.value, leaf.node, names[leaf.path]) for leaf in argument.leaves),
            argument.kind,
        )
        for argument in arguments
    ]


def _pieces(path: str) -> list[str]:
    """`layers[0].weight` -> layers, 0, weight."""
    text = path.replace("]", "").replace("'", "").replace('"', "").replace("[", ".")
    return [piece for piece in text.split(".") if piece]


def _joined(pieces: Sequence[str]) -> str:
    text = pieces[0]
    for piece in pieces[1:]:
        text += piece if piece.isdigit() and not text[-1].isdigit() else f"_{piece}"
    return "".join(c if c.isalnum() or c == "_" else "_" for c in text)


def _superseded(here: Workspace) -> dict[Node, Node]:
    """The results of loops that were replaced by recording ones -> the results that stand for them now."""
    found = {}
    for old in list(here.superseded):
        new = here.superseded[old]
        while new in here.superseded:
            new = here.superseded[new]
        found[old] = new
    here.superseded.clear()
    return found


def _names(arguments: Sequence[Argument], seen: Observation, alive: Sequence[Node], here: Workspace) -> Names:
    """Names of all values: arguments by their paths (by the loop's variable where the path is only numbers)."""
    bound = {binding.node for binding in seen.bindings}
    given: dict[Node, str] = {}
    for argument in arguments:
        for leaf in argument.leaves:
            numbered = leaf.path != argument.name and all(piece.isdigit() for piece in _pieces(leaf.path)[1:])
            if leaf.node is not None and not (numbered and leaf.node in bound):
                given.setdefault(leaf.node, leaf.name)
    parameters = {argument.name for argument in arguments}
    captured = [node for node in bound if node.op.name == "array"]
    bindings = carried_bindings(seen.bindings, dict.fromkeys([*alive, *captured]), here.notes.before)
    found = name_values(bindings, given, parameters)
    names = dict(found.of)
    for node, name in seen.arrays.items():
        if node not in names and name not in names.values() and name not in parameters:
            names[node] = name
    return Names(names, found.aliases, found.depth)


__all__ = ["Argument", "Leaf", "Observed", "Wanted", "Wrt", "gradient_nodes", "observe_gradient"]
