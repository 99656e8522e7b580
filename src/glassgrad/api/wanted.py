"""A call's arguments as trees of leaves with names, and which of them a gradient is asked of. Floor 5."""

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from glassgrad.base.avals import is_inexact
from glassgrad.base.errors import UsageError
from glassgrad.base.trees import Structure, flatten, flatten_with_paths, unflatten
from glassgrad.graph.node import Node
from glassgrad.ops.lifting import lift
from glassgrad.tracing.trace import is_array, known_input
from glassgrad.tracing.tracer import Tracer

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
    given: bool = True  # False for a default


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a gradient is asked of: a whole argument (a tree) or one leaf; `label` as it was asked."""

    label: str
    structure: Structure | None
    leaves: tuple[Leaf, ...]
    argument: Argument


# ------------------------------------------------------------------ the call's arguments
def bound_arguments(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> tuple[list[tuple[str, Any, Any]], inspect.Signature | None, set[str]]:
    """The arguments as (parameter, kind, value), defaults too; the signature; and which arguments were given."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        names = [
            (f"x{index}" if len(args) > 1 else "x", inspect.Parameter.POSITIONAL_ONLY, value)
            for index, value in enumerate(args)
        ]
        words = [(name, inspect.Parameter.KEYWORD_ONLY, value) for name, value in kwargs.items()]
        return [*names, *words], None, {name for name, _, _ in (*names, *words)}
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise UsageError(f"{title_of(function)}{signature} cannot be called like this: {error}") from None
    given = set(bound.arguments)
    if not isinstance(function, np.ufunc):  # whose options may not be given all together
        bound.apply_defaults()  # a default is an argument too: its value must not be built in
    taken = [(name, signature.parameters[name].kind, value) for name, value in bound.arguments.items()]
    return taken, signature, given


def title_of(function: Callable[..., Any]) -> str:
    """The function's name, `function` for a lambda."""
    name = getattr(function, "__name__", None) or getattr(getattr(function, "func", None), "__name__", None)
    name = name or type(function).__name__
    return "function" if name == "<lambda>" or not name.isidentifier() else name


def argument_of(name: str, kind: Any, value: Any, traced: set[str] | None, *, given: bool) -> Argument:
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
    return Argument(name, value, structure, tuple(made), kind, given)


def call_values(arguments: Sequence[Argument], leaves: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
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


def as_tracer(leaf: Leaf) -> Any:
    """The leaf as the function is traced with it: a tracer, or itself where it is not traced."""
    if leaf.node is None or (isinstance(leaf.value, np.ndarray) and not is_inexact(leaf.value.dtype)):
        return leaf.value
    weak = type(leaf.value) if type(leaf.value) in (float, complex) else None
    return Tracer(leaf.node, weak)


# ------------------------------------------------------------------ what is asked for
def what_is_wanted(
    arguments: Sequence[Argument], wrt: Wrt, function: Callable[..., Any]
) -> tuple[tuple[Wanted, ...], bool]:
    """What the gradient is asked of, and whether that is one thing (and not a tuple of one)."""
    if wrt == "all" and all(argument.name != "all" for argument in arguments):
        whole = [
            argument
            for argument in arguments
            if argument.given and any(_has_derivative(leaf) for leaf in argument.leaves)
        ]
        return tuple(_whole(argument) for argument in whole), False
    single = wrt is None or isinstance(wrt, str | int)
    if not (wrt is None or isinstance(wrt, str | int | Sequence)):
        raise UsageError(f"wrt={wrt!r} names no argument", hint="wrt takes parameter names, positions and paths")
    asked = [0] if wrt is None else [wrt] if isinstance(wrt, str | int) else list(wrt)
    if not arguments:
        raise UsageError(f"{title_of(function)} was given no arguments to differentiate with respect to")
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
    ending = [(argument, leaf) for argument, leaf in leaves if pieces_of(leaf.path)[-1] == key]
    if len(ending) == 1:
        return Wanted(str(key), None, (ending[0][1],), ending[0][0])
    listing = ", ".join(leaf.path for _, leaf in leaves[:12])
    raise UsageError(
        f"there is nothing called {key!r} among the arguments of {title_of(function)}",
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


def check_differentiable(wanted: Sequence[Wanted]) -> None:
    """An error where something without a derivative is asked for."""
    for part in wanted:
        for leaf in part.leaves:
            if not isinstance(leaf.value, Tracer) and not _has_derivative(leaf):
                kind = np.asarray(leaf.value).dtype if is_array(leaf.value) else type(leaf.value).__name__
                raise UsageError(
                    f"{leaf.path} holds {kind} values, which have no derivative",
                    hint="write 3.0 instead of 3, or choose other arguments by wrt=",
                )


# ------------------------------------------------------------------ names
def with_names(arguments: Sequence[Argument]) -> list[Argument]:
    """Each leaf with a short identifier: the end of its path, as long as needed to be the only one."""
    pieces = {leaf.path: pieces_of(leaf.path) for argument in arguments for leaf in argument.leaves}
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
            argument.given,
        )
        for argument in arguments
    ]


def pieces_of(path: str) -> list[str]:
    """`layers[0].weight` -> layers, 0, weight."""
    text = path.replace("]", "").replace("'", "").replace('"', "").replace("[", ".")
    return [piece for piece in text.split(".") if piece]


def _joined(pieces: Sequence[str]) -> str:
    text = pieces[0]
    for piece in pieces[1:]:
        text += piece if piece.isdigit() and not text[-1].isdigit() else f"_{piece}"
    return "".join(c if c.isalnum() or c == "_" else "_" for c in text)
