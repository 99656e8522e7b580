"""Reading and writing parts of arrays: `x[key]`, `x[key] += v`, `x[key] = v`, with or without index arrays. Floor 2.

The three rows are one another's transposes: what is read is added up again, what is written over gets nothing.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import ShapeError
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Batched, Linear, op
from glassgrad.ops.compare import equal
from glassgrad.ops.keys import (
    BACKWARDS,
    FULL,
    Cut,
    Key,
    Slot,
    are_disjoint,
    arrays_first,
    axes_reached,
    chosen,
    getter,
    key_maker,
    key_text,
    numpy_key,
    result_shape,
)
from glassgrad.ops.leaves import ARRAY, LITERAL, capture, is_literal, zeros
from glassgrad.ops.select import where
from glassgrad.ops.structure import cast, inverse_permutation, repeated, reshape, transpose


# ------------------------------------------------------------------ reading
def _index_aval(x: Aval, *indices: Aval, key: Key) -> Aval:
    return Aval(result_shape(x.shape, key, [index.shape for index in indices]), x.dtype)


def _index_compute(key: Key) -> Callable[..., Any]:
    if not any(type(entry) is Slot for entry in key):
        return getter(key)
    make_key = key_maker(key)
    return lambda x, *indices: x[make_key(*indices)]


def _batch_index(args: Sequence[Node], mapped: Sequence[bool], size: int, *, key: Key) -> Node:
    x, *indices = args
    if any(mapped[1:]) and not mapped[0]:
        indices, _ = _aligned(indices, mapped[1:])
        place = arrays_first(key) or 0
        read = index(x, key, indices)
        return transpose(read, (place, *[axis for axis in range(read.ndim) if axis != place]))
    new_key, indices, order = _with_batch_axis(key, indices, mapped[1:], size, x.ndim - 1)
    return transpose(index(x, new_key, indices), order)


INDEX = op(
    "index",
    "x, *indices -> y",
    infer=_index_aval,
    numpy=lambda *_, key: f"x[{key_text(key)}]",
    batching=Batched(_batch_index),
    compute=_index_compute,
    rule="selection",
    why="only the elements that are read reach the result: the derivative goes to their places, the rest gets zero",
    x=Linear(lambda ct, x, indices, key: unindex(ct, x, key, indices)),
)


def index(x: Node, key: Key, indices: Sequence[Node] = ()) -> Node:
    """`x[key]`. What was written there just before is taken from where it came from."""
    key = _shortest(key)
    if not key:
        return x
    if not indices:
        if x.op is LITERAL:
            return make(LITERAL, (), (*x.params[:2], ("shape", result_shape(x.shape, key))))
        if all(entry is None or entry == FULL for entry in key):
            return reshape(x, result_shape(x.shape, key))
        if x.op is INDEX_UPDATE:
            return _read_past_writes(x, key)
    return make(INDEX, (x, *indices), (("key", key),))


def _shortest(key: Key) -> Key:
    """The key without the whole axes at its end (which an ellipsis would take for its own)."""
    if Ellipsis not in key:
        while key and key[-1] == FULL:
            key = key[:-1]
    return key


_WRITES_LOOKED_AT = 3  # enough for recurrences that reach back three steps


def _read_past_writes(x: Node, key: Key) -> Node:
    for _ in range(_WRITES_LOOKED_AT):
        if x.op is not INDEX_UPDATE or len(x.inputs) > 2:
            break
        written: Key = x.param("key")
        if written == key:
            return x.inputs[1]
        if not are_disjoint(written, key, x.shape):
            break
        x = x.inputs[0]
    return make(INDEX, (x,), (("key", key),))


def unindex(ct: Node, x: Node, key: Key, indices: Sequence[Node]) -> Node:
    """The transpose of reading: `ct` put back to where it was read, among zeros."""
    if not indices:
        turned = _only_turns(key, x.shape)
        if turned is not None:
            return index(reshape(ct, x.shape), turned)
    return index_add(zeros(Aval(x.shape, ct.dtype)), ct, key, indices)


def _only_turns(key: Key, shape: tuple[int, ...]) -> Key | None:
    """The axes that the key turns round, as a key, where it reads every element; None where it does not."""
    turns: list[Cut] = []
    for entry in key:
        if entry is None:
            continue
        size = shape[len(turns)]
        if entry == FULL or (isinstance(entry, int) and size == 1):
            turns.append(FULL)
        elif entry == BACKWARDS:
            turns.append(BACKWARDS)
        elif isinstance(entry, Cut) and size >= 0 and chosen(entry, size) == range(size):
            turns.append(FULL)
        else:
            return None
    return tuple(turns)


# ------------------------------------------------------------------ adding to a part
def _write_aval(x: Aval, v: Aval, *indices: Aval, key: Key, unique: bool) -> Aval:
    del unique
    part = result_shape(x.shape, key, [index.shape for index in indices])
    if part != v.shape or x.dtype != v.dtype:
        raise ShapeError(
            f"the part [{key_text(key)}] of an array of shape {show_shape(x.shape)} and dtype {x.dtype} is "
            f"{show_shape(part)}, what is written has shape {show_shape(v.shape)} and dtype {v.dtype}"
        )
    return x


def index_add_at(x: np.ndarray, key: Any, v: np.ndarray) -> np.ndarray:
    """A copy of x with v added to the part at `key`, as often as it names a place."""
    out = np.array(x)
    np.add.at(out, key, v)
    return out


def index_add_to(x: np.ndarray, key: Any, v: np.ndarray) -> np.ndarray:
    """A copy of x with v added to the part at `key`, which names each place once."""
    out = np.array(x)
    out[key] += v
    return out


def _add_text(*_: Aval, key: Key, unique: bool) -> str:
    return f"index_add_to(x, {_as_value(key)}, v)" if unique else f"index_add_at(x, {_as_value(key)}, v)"


def _add_statement(*_: Aval, key: Key, unique: bool) -> str:
    return f"x[{key_text(key)}] += v" if unique else f"np.add.at(x, {_as_value(key)}, v)"


def _as_value(key: Key) -> str:
    """The key as an argument of a function."""
    return key_text(key) if key == (Slot(0),) else f"np.s_[{key_text(key)}]"


def _add_compute(key: Key, unique: bool) -> Callable[..., Any]:
    make_key = key_maker(key) if not unique or any(type(entry) is Slot for entry in key) else None
    if make_key is None:
        return _adder(key)

    def add_arrays(x: np.ndarray, v: Any, *indices: Any) -> np.ndarray:
        if unique:
            x[make_key(*indices)] += v
        else:
            np.add.at(x, make_key(*indices), v)
        return x

    return add_arrays


@lru_cache(maxsize=4096)
def _adder(key: Key) -> Callable[..., Any]:
    fixed = numpy_key(key)

    def add_fixed(x: np.ndarray, v: Any) -> np.ndarray:
        x[fixed] += v
        return x

    return add_fixed


def _batch_write(
    args: Sequence[Node], mapped: Sequence[bool], size: int, *, key: Key, unique: bool, write: Callable[..., Node]
) -> Node:
    x, v = [part if is_mapped else repeated(part, size) for part, is_mapped in zip(args[:2], mapped[:2], strict=True)]
    new_key, indices, order = _with_batch_axis(key, args[2:], mapped[2:], size, x.ndim - 1)
    return write(x, transpose(v, inverse_permutation(order)), new_key, indices, unique=unique)


def _batch_add(args: Sequence[Node], mapped: Sequence[bool], size: int, *, key: Key, unique: bool) -> Node:
    return _batch_write(args, mapped, size, key=key, unique=unique, write=index_add)


INDEX_ADD = op(
    "index_add",
    "x, v, *indices -> y",
    infer=_write_aval,
    numpy=_add_text,
    statement=_add_statement,
    kernels=(index_add_at, index_add_to),
    batching=Batched(_batch_add),
    compute=_add_compute,
    overwrites=True,
    accumulates=True,
    rule="sum rule",
    x=Linear(lambda ct: ct),
    v=Linear(lambda ct, indices, key: index(ct, key, indices)),
)


def index_add(x: Node, v: Node, key: Key, indices: Sequence[Node] = (), *, unique: bool | None = None) -> Node:
    """`x` with `v` added to the part at `key`; `unique` says that index arrays name no place twice."""
    if not key and is_literal(x, 0):
        return v
    key = _shortest(key)
    once = are_distinct(x.shape, key, indices) if unique is None else unique
    return make(INDEX_ADD, (x, cast(v, x.dtype), *indices), (("key", key), ("unique", once)))


def are_distinct(shape: tuple[int, ...], key: Key, indices: Sequence[Node]) -> bool:
    """Is it known that the index arrays name no place twice?"""
    if all(node.ndim == 0 for node in indices):
        return True
    if not all(node.op is ARRAY for node in indices):
        return False
    axes = [axes_reached(key[:place]) for place, entry in enumerate(key) if type(entry) is Slot]
    numbers = [entry.number for entry in key if type(entry) is Slot]
    flat: Any = 0
    for axis, number in zip(axes, numbers, strict=True):
        flat = flat * shape[axis] + indices[number].param("held").values % max(shape[axis], 1)
    places = np.ravel(flat)
    return bool((places[1:] > places[:-1]).all()) or len(np.unique(places)) == len(places)


# ------------------------------------------------------------------ writing over a part
def index_update_at(x: np.ndarray, key: Any, v: np.ndarray) -> np.ndarray:
    """A copy of x with v written over the part at `key`."""
    out = np.array(x)
    out[key] = v
    return out


def _update_compute(key: Key, unique: bool) -> Callable[..., Any]:
    del unique
    if not any(type(entry) is Slot for entry in key):
        return _setter(key)
    make_key = key_maker(key)

    def set_arrays(x: np.ndarray, v: Any, *indices: Any) -> np.ndarray:
        x[make_key(*indices)] = v
        return x

    return set_arrays


@lru_cache(maxsize=4096)
def _setter(key: Key) -> Callable[..., Any]:
    fixed = numpy_key(key)

    def set_fixed(x: np.ndarray, v: Any) -> np.ndarray:
        x[fixed] = v
        return x

    return set_fixed


def _batch_update(args: Sequence[Node], mapped: Sequence[bool], size: int, *, key: Key, unique: bool) -> Node:
    return _batch_write(args, mapped, size, key=key, unique=unique, write=index_update)


INDEX_UPDATE = op(
    "index_update",
    "x, v, *indices -> y",
    infer=_write_aval,
    statement=lambda *_, key, unique: f"x[{key_text(key)}] = v",
    numpy=lambda *_, key, unique: f"index_update_at(x, {_as_value(key)}, v)",
    kernels=(index_update_at,),
    batching=Batched(_batch_update),
    compute=_update_compute,
    overwrites=True,
    rule="writing over a part",
    why="what was written over no longer reaches the result, so its derivative is zero; what was written receives it",
    x=Linear(lambda ct, v, indices, key, unique: _what_stayed(ct, v, key, indices, unique=unique)),
    v=Linear(lambda ct, x, v, indices, key, unique: _what_came(ct, x, v, key, indices, unique=unique)),
)


def index_update(x: Node, v: Node, key: Key, indices: Sequence[Node] = (), *, unique: bool | None = None) -> Node:
    """`x` with `v` written over the part at `key`; where index arrays name a place twice, the last one counts."""
    key = _shortest(key)
    if x.op is INDEX_UPDATE and x.inputs[2:] == tuple(indices) and x.param("key") == key:
        if x.inputs[1] is v:
            return x
        x = x.inputs[0]  # what was written there before is lost
    once = are_distinct(x.shape, key, indices) if unique is None else unique
    return make(INDEX_UPDATE, (x, cast(v, x.dtype), *indices), (("key", key), ("unique", once)))


def _what_stayed(ct: Node, v: Node, key: Key, indices: Sequence[Node], *, unique: bool) -> Node:
    if not key:
        return zeros(ct.aval)
    # Read first what `v` will ask for: nodes run in the order they are made, and then `ct` may change in place.
    index(ct, key, indices)
    return index_update(ct, zeros(Aval(v.shape, ct.dtype)), key, indices, unique=unique)


def _what_came(ct: Node, x: Node, v: Node, key: Key, indices: Sequence[Node], *, unique: bool) -> Node:
    found = index(ct, key, indices)
    if unique:
        return found
    numbers = reshape(capture(_steps(v.aval.size)), v.shape)
    last = index(index_update(zeros(Aval(x.shape, numbers.dtype)), numbers, key, indices, unique=False), key, indices)
    return where(equal(last, numbers), found, zeros(found.aval))


@lru_cache(maxsize=64)
def _steps(size: int) -> np.ndarray:
    steps = np.arange(size)
    steps.flags.writeable = False
    return steps


# ------------------------------------------------------------------ a batch axis in front
def _aligned(indices: Sequence[Node], mapped: Sequence[bool]) -> tuple[list[Node], int]:
    """Index arrays with their batch axes on top of one another, and how many axes they have besides."""
    width = max([node.ndim - is_mapped for node, is_mapped in zip(indices, mapped, strict=True)], default=0)
    aligned = [
        reshape(node, (node.shape[0], *[1] * (width + 1 - node.ndim), *node.shape[1:])) if is_mapped else node
        for node, is_mapped in zip(indices, mapped, strict=True)
    ]
    return aligned, width


def _with_batch_axis(
    key: Key, indices: Sequence[Node], mapped: Sequence[bool], size: int, ndim: int
) -> tuple[Key, list[Node], tuple[int, ...]]:
    """The key for an array (of `ndim` axes) behind a batch axis, its index arrays, and the order of axes that brings
    the result's batch axis to the front.
    """
    new, width = _aligned(indices, mapped)
    place = arrays_first(key)
    result = ndim - axes_reached(key) + sum([entry is None or type(entry) is Cut for entry in key]) + width + 1
    if not any(mapped):
        key = (FULL, *key)
        batch_axis = width if arrays_first(key) == 0 else 0
        return key, new, (batch_axis, *[axis for axis in range(result) if axis != batch_axis])
    steps = reshape(capture(_steps(size)), (size, *[1] * width))
    key = (Slot(0), *[Slot(entry.number + 1) if type(entry) is Slot else entry for entry in key])
    before, own = range(1 + width, 1 + width + (place or 0)), range(1, 1 + width)
    rest = range(1 + width + (place or 0), result)
    return key, [steps, *new], (0, *before, *own, *rest)
