"""What a native door expects and gives: the shapes of the argument and result trees, as data. Floor 4.

Leaves are numbered in the order of a walk from left to right; that is the order of `run`'s inputs and outputs.
"""

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from glassgrad.engines.cpu.native.layout import SCALARS


@dataclass(frozen=True, slots=True)
class Array:
    """An exact `np.ndarray` of this dtype and shape; as a result, one that owns its memory."""

    dtype: np.dtype
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A Python number or NumPy scalar of exactly this type; as a result, a NumPy scalar."""

    type: type


@dataclass(frozen=True, slots=True, eq=False)
class Same:
    """A Python value that must be this one (or, where it is a whole number or text, equal and of the same type)."""

    value: Any


@dataclass(frozen=True, slots=True)
class Branch:
    """A tuple, list or dict of exactly this type.

    `keys` are those of a dict, in the order of the parts; `order` is the order in which a resulting dict gets them.
    """

    type: type
    parts: tuple["Tree", ...]
    keys: tuple[Any, ...] = ()
    order: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of exactly this class whose attributes are the parts."""

    type: type
    names: tuple[str, ...]
    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Not an argument but this object, for example a captured array, read at each call."""

    value: Any
    part: "Tree"


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A context variable that must hold this value, set or by default."""

    variable: ContextVar[Any]
    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A result made by a Python function from its parts, given as positional arguments."""

    function: Any
    parts: tuple["Tree", ...]


Tree: TypeAlias = Array | Scalar | Same | Branch | Fields | Known | Variable | Made

_EQUAL_IS_SAME = (int, str, bytes, bool, type(None))  # not float: 0.0 equals -0.0


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled program behind a door: `run(inputs, outputs, arena, context)` and what goes in and comes out.

    `takes` are the positional arguments, then those named by `names`; `extra` are further inputs and conditions that
    are not arguments. `is_long` lets other Python threads run meanwhile; `after` is called where the
    run does not answer 0, and raises; `keep` is whatever must live as long as the program.

    `donated` are the leaves of the arguments that the caller gives up, by number: arrays that may be written into and
    share no memory with others of the call. `taken` are pairs of a result's leaf and the donated leaf that becomes it.
    """

    run: int
    takes: tuple[Tree, ...]
    gives: Tree
    names: tuple[str, ...] = ()
    extra: tuple[Tree, ...] = ()
    arena_bytes: int = 0
    context: int = 0
    is_long: bool = False
    after: Callable[[], object] | None = None
    keep: Any = None
    donated: frozenset[int] = frozenset()
    taken: tuple[tuple[int, int], ...] = ()


class NotDescribedError(Exception):
    """An argument that a native door does not know: the call goes through Python."""


def described(value: Any) -> Tree:
    """What an argument is, by an example; NotDescribedError where the door cannot look inside."""
    kind = type(value)
    if kind is np.ndarray and value.dtype.isnative:
        return Array(value.dtype, value.shape)
    if kind is int or kind is bool or kind in SCALARS:
        return Scalar(kind)
    if value is None:
        return Same(None)
    if isinstance(value, tuple) and (kind is tuple or getattr(kind, "_fields", None) is not None):
        return Branch(kind, tuple(described(part) for part in value))
    if kind is list:
        return Branch(list, tuple(described(part) for part in value))
    if kind in (dict, OrderedDict):
        keys = ordered_keys(value)
        order = tuple(keys.index(key) for key in value)
        return Branch(kind, tuple(described(value[key]) for key in keys), keys, order)
    if dataclasses.is_dataclass(kind):
        return _described_fields(value)
    raise NotDescribedError(kind)


def _described_fields(value: Any) -> Fields:
    """As `base.trees` takes dataclasses: a field marked static is kept as it is."""
    fields = dataclasses.fields(value)
    held = [getattr(value, field.name) for field in fields]
    parts = [
        Same(part) if field.metadata.get("static") else described(part)
        for field, part in zip(fields, held, strict=True)
    ]
    return Fields(type(value), tuple(field.name for field in fields), tuple(parts))


def ordered_keys(mapping: dict[Any, Any]) -> tuple[Any, ...]:
    """The keys in the order in which optree flattens: sorted where they can be, but as they are in an OrderedDict."""
    if isinstance(mapping, OrderedDict):
        return tuple(mapping)
    try:
        return tuple(sorted(mapping))
    except TypeError:
        return tuple(sorted(mapping, key=lambda key: (f"{type(key).__module__}.{type(key).__qualname__}", key)))


def maker(branch: Branch) -> Callable[..., Any]:
    """A function of the parts that makes a container which is no plain tuple, list or dict."""
    kind, keys = branch.type, branch.keys
    if issubclass(kind, dict):
        return lambda *parts: kind(zip(keys, parts, strict=True))
    return kind  # a named tuple


def leaves_of(trees: Sequence[Tree]) -> list[Array | Scalar]:
    """The arrays and numbers, from left to right."""
    found: list[Array | Scalar] = []
    todo = list(reversed(trees))
    while todo:
        match todo.pop():
            case Array() | Scalar() as leaf:
                found.append(leaf)
            case Branch(parts=parts) | Fields(parts=parts) | Made(parts=parts):
                todo.extend(reversed(parts))
            case Known(part=part):
                todo.append(part)
    return found


def is_equal_enough(found: Any, expected: Any) -> bool:
    """Is a static value the expected one?"""
    if found is expected:
        return True
    return type(found) is type(expected) and type(found) in _EQUAL_IS_SAME and found == expected


def equal_is_same(value: Any) -> bool:
    """Does equality of values of this type say that they are interchangeable?"""
    return type(value) in _EQUAL_IS_SAME
