"""The door in plain Python: the same meaning as the native one, for Pythons that it does not know. Floor 4."""

import ctypes
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from types import MethodType
from typing import Any

import numpy as np

from glassgrad.engines.cpu.native.signature import (
    Array,
    Branch,
    Fields,
    Known,
    Made,
    Program,
    Same,
    Scalar,
    Tree,
    Variable,
    is_equal_enough,
    leaves_of,
    maker,
)
from glassgrad.engines.given_up import is_read_only, shares_memory

_RUN = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class PythonFunction:
    """Tries the programs of a door one after the other, and calls the Python function when none fits."""

    __slots__ = ("__dict__", "__weakref__", "_fallback", "_programs")

    def __init__(self, fallback: Callable[..., Any], programs: Callable[[], Sequence[Program]]) -> None:
        self._fallback = fallback
        self._programs = programs
        self.__qualname__ = self.__name__ = "compiled"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the first program that fits gives, or the function."""
        for program in self._programs():
            given = _inputs(program, args, kwargs)
            if given is not None:
                return _run(program, *given)
        return self._fallback(*args, **kwargs)

    def __get__(self, instance: Any, kind: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<compiled {self.__qualname__}>"

    def __reduce__(self) -> str:
        return self.__qualname__


def _inputs(
    program: Program, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[list[np.ndarray], list[Any]] | None:
    """The arguments as contiguous arrays, and as they are; None where they do not fit."""
    if len(args) != len(program.takes) - len(program.names) or tuple(kwargs) != program.names:
        return None
    found: list[Any] = []
    given = [*args, *kwargs.values(), *[None] * len(program.extra)]
    for tree, value in zip((*program.takes, *program.extra), given, strict=True):
        if not _take(tree, value, found):
            return None
    if program.donated and (is_read_only(found, program.donated) or shares_memory(found, program.donated)):
        return None
    return [np.require(value, requirements=["C", "A"]) for value in found], found


def _take(tree: Tree, value: Any, found: list[Any]) -> bool:
    """Appends the arrays and numbers of a value; False where it does not fit."""
    match tree:
        case Array(dtype, shape):
            if type(value) is not np.ndarray or value.dtype != dtype or value.shape != shape:
                return False
            found.append(value)
            return True
        case Scalar(kind):
            if not _is_exactly(value, kind) or (kind is int and not -(2**63) <= value < 2**63):
                return False
            found.append(value)
            return True
        case Same(expected):
            return is_equal_enough(value, expected)
        case Variable(variable, expected):
            return _held_by(variable) is expected
        case Known(known, part):
            return _take(part, known, found)
        case Fields(kind, names, parts):
            return _is_exactly(value, kind) and all(
                _take(part, getattr(value, name, None), found) for name, part in zip(names, parts, strict=True)
            )
        case Branch(kind, parts, keys):
            if not _is_exactly(value, kind) or len(value) != len(parts) or any(key not in value for key in keys):
                return False
            items = [value[key] for key in keys] if keys else value
            return all(_take(part, item, found) for part, item in zip(parts, items, strict=True))
        case _:
            return False


def _is_exactly(value: Any, kind: type) -> bool:
    return type(value) is kind


_NOTHING = object()


def _held_by(variable: ContextVar[Any]) -> Any:
    try:
        return variable.get()
    except LookupError:
        return _NOTHING


def _run(program: Program, arrays: list[np.ndarray], given: list[Any]) -> Any:
    taken = {result: given[leaf] for result, leaf in program.taken if arrays[leaf] is given[leaf]}
    results = [_result(leaf, taken.get(place)) for place, leaf in enumerate(leaves_of((program.gives,)))]
    arena = np.empty(program.arena_bytes + 64, np.uint8)
    start = -arena.ctypes.data % 64
    failed = _RUN(program.run)(_pointers(arrays), _pointers(results), arena[start:].ctypes.data, program.context)
    if failed and program.after is not None:
        program.after()
    return _build(program.gives, iter(results))


def _result(leaf: Array | Scalar, given_up: np.ndarray | None) -> np.ndarray:
    """Memory for a result: that which is given up, if it fits, or new."""
    if not isinstance(leaf, Array):
        return np.empty((), leaf.type)
    fits = given_up is not None and given_up.shape == leaf.shape and given_up.dtype is leaf.dtype
    return given_up if given_up is not None and fits else np.empty(leaf.shape, leaf.dtype)


def _pointers(arrays: list[np.ndarray]) -> Any:
    return (ctypes.c_void_p * max(len(arrays), 1))(*[array.ctypes.data for array in arrays])


def _build(tree: Tree, results: Any) -> Any:
    """The tree of results, whose leaves come from the iterator."""
    match tree:
        case Array():
            return next(results)
        case Scalar():
            return next(results)[()]
        case Same(value):
            return value
        case Branch(kind, parts, keys):
            built = [_build(part, results) for part in parts]
            if kind not in (tuple, list, dict):
                return maker(tree)(*built)
            order = tree.order or range(len(built))
            return {keys[index]: built[index] for index in order} if kind is dict else kind(built)
        case Fields(kind, names, parts):
            whole: Any = object.__new__(kind)
            for name, part in zip(names, parts, strict=True):
                object.__setattr__(whole, name, _build(part, results))
            return whole
        case Made(function, parts):
            return function(*[_build(part, results) for part in parts])
        case _:
            raise TypeError(f"{type(tree).__name__} is not a result")
