"""From operands as a person writes them to operands as a row takes them: numbers become literals, dtypes are
promoted as NumPy promotes them, shapes are broadcast explicitly. Floor 2.
"""

import importlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from glassgrad.base.avals import Aval, plain_array
from glassgrad.base.errors import DtypeError, ShapeError
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import OPS, Op
from glassgrad.ops.leaves import capture, literal
from glassgrad.ops.structure import broadcast, cast

Operand: TypeAlias = Node | np.ndarray | np.generic | complex | bool


# ------------------------------------------------------------------ dtypes
@lru_cache(maxsize=512)
def ufunc_of(row: Op) -> np.ufunc:
    """The ufunc that an elementwise row is (SciPy is imported only when a row of its is used)."""
    module, _, name = (row.ufunc or "").rpartition(".")
    return getattr(importlib.import_module("numpy" if module == "np" else module), name)  # type: ignore[no-any-return]  # by name


@lru_cache(maxsize=8192)
def loop_dtypes(row: Op, kinds: tuple[Any, ...]) -> tuple[np.dtype, ...]:
    """The dtypes at which NumPy runs this ufunc: inputs, then outputs. Python's number types are weak (NEP 50)."""
    ufunc = ufunc_of(row)
    try:
        return ufunc.resolve_dtypes((*kinds, *[None] * ufunc.nout))
    except TypeError as error:
        shown = ", ".join(str(kind) if isinstance(kind, np.dtype) else kind.__name__ for kind in kinds)
        raise DtypeError(f"{row.name} does not take {shown}") from error


def like_ufunc(row_name: str) -> Callable[..., Aval]:
    """The `infer` of an elementwise row that is a ufunc: one shape, at the ufunc's loop dtypes."""
    known: dict[tuple[Aval, ...], Aval] = {}

    def infer(*avals: Aval) -> Aval:
        found = known.get(avals)
        if found is None:
            shape = avals[0].shape
            if any(other.shape != shape for other in avals[1:]):
                raise ShapeError(f"{row_name} needs equal shapes, found {', '.join(str(a.shape) for a in avals)}")
            found = Aval(shape, loop_dtypes(OPS[row_name], tuple([a.dtype for a in avals]))[-1])
            if len(known) > _REMEMBERED:
                known.clear()
            known[avals] = found
        return found

    return infer


_REMEMBERED = 4096  # a bound on the shapes that a row remembers


# ------------------------------------------------------------------ lifting
def lift(value: Operand, dtype: np.dtype | None = None) -> Node:
    """The node for a value: itself, a captured array, or a literal (of `dtype`, where the value is a Python number)."""
    if isinstance(value, Node):
        return value
    if isinstance(value, np.ndarray):
        return cast(capture(value), value.dtype.newbyteorder("="))
    if isinstance(value, np.generic):
        return literal(value, value.dtype)
    if dtype is None:
        return literal(value, plain_array(value).dtype)
    if not _fits(value, dtype):
        raise OverflowError(  # the first words as NumPy says it
            f"Python integer {value} out of bounds for {dtype}; hint: a number with a point, as in 1e30, makes floats"
        )
    return literal(value, dtype)


def _fits(value: object, dtype: np.dtype) -> bool:
    """Is this no Python integer beyond the whole numbers of this dtype?"""
    if dtype.kind not in "iu" or type(value) is not int:
        return True
    bits = 8 * dtype.itemsize
    return 0 <= value < 1 << bits if dtype.kind == "u" else -1 << bits - 1 <= value < 1 << bits - 1


def broadcast_shapes(row_name: str, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The common shape, or an error that shows the shapes."""
    first = shapes[0]
    for shape in shapes:
        if shape != first:
            break
    else:
        return first
    width = max(len(shape) for shape in shapes)
    common = []
    for axis in range(width):
        sizes = {shape[axis - width + len(shape)] for shape in shapes if axis - width + len(shape) >= 0} - {1}
        if len(sizes) > 1:
            listing = " and ".join(str(shape) for shape in shapes)
            raise ShapeError(f"{row_name}: shapes {listing} do not broadcast together", hint=_broadcast_hint(shapes))
        common.append(sizes.pop() if sizes else 1)
    return tuple(common)


def _broadcast_hint(shapes: Sequence[tuple[int, ...]]) -> str | None:
    if len(shapes) == 2:
        a, b = sorted(shapes, key=len)
        if len(a) == 1 and len(b) >= 1 and a[0] in b[:-1]:
            return f"shapes are matched from the right; {(*a, 1)} would be spread along the last axis: x[:, None]"
        if a[::-1] == b:
            return "one is the transpose of the other; did you mean `.T`?"
    return "sizes must be equal or 1, matched from the right"


def elementwise(row: Op, operands: Sequence[Operand], weak: Sequence[type | None] | None = None) -> Node:
    """The row applied to operands as a person writes them: promoted, broadcast.

    `weak[i]` is Python's number type where operand i is a traced Python number.
    """
    if len(operands) == 2 and weak is None:
        direct = _same_or_number(row, operands[0], operands[1])
        if direct is not None:
            return direct
    kinds: list[Any] = []
    for index, operand in enumerate(operands):
        if weak is not None and weak[index] is not None:
            kinds.append(weak[index])
        elif isinstance(operand, Node | np.ndarray | np.generic):
            kinds.append(operand.dtype)
        else:
            kinds.append(type(operand))
    if all(type(kind) is type for kind in kinds):  # NumPy resolves Python numbers alone at their default dtype
        kinds = [np.dtype(kind) for kind in kinds]
    dtypes = loop_dtypes(row, tuple([np.dtype(bool) if kind is bool else kind for kind in kinds]))
    if int in kinds and row.name in _COMPARISONS:
        settled = _compared_beyond(row, operands, dtypes)
        if settled is not None:
            return settled
    nodes = [lift(operand, dtype) for operand, dtype in zip(operands, dtypes, strict=False)]
    shape = broadcast_shapes(row.name, [node.aval.shape for node in nodes])
    return make(row, tuple([broadcast(cast(n, d), shape) for n, d in zip(nodes, dtypes, strict=False)]))


_COMPARISONS = frozenset({"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"})


def _compared_beyond(row: Op, operands: Sequence[Operand], dtypes: Sequence[np.dtype]) -> Node | None:
    """A comparison with a whole number that no value of the dtype reaches: the same for all values, as in NumPy."""
    for number, other, dtype in zip(operands, operands[::-1], dtypes, strict=False):
        if not _fits(number, dtype):
            pair = (number, 0) if number is operands[0] else (0, number)
            return literal(ufunc_of(row)(*pair), np.dtype(bool), np.shape(other))
    return None


def _same_or_number(row: Op, x: Operand, y: Operand) -> Node | None:
    """The short way for what almost every node is: real operands of one shape and dtype, or one and a number."""
    if type(x) is Node:
        aval = x.aval
        if aval.dtype.kind == "f":
            if type(y) is Node:
                return make(row, (x, y)) if y.aval == aval else None
            if type(y) is float or type(y) is int:
                return make(row, (x, literal(y, aval.dtype, aval.shape)))
    elif type(y) is Node and (type(x) is float or type(x) is int):
        aval = y.aval
        if aval.dtype.kind == "f":
            return make(row, (literal(x, aval.dtype, aval.shape), y))
    return None


def rule_function(row: Op) -> Callable[..., Node]:
    """The row as a function for rules: `multiply(x, 2)`."""

    def call(*operands: Operand) -> Node:
        return elementwise(row, operands)

    call.__name__ = row.name
    return call


def common_dtype(*operands: Operand) -> np.dtype:
    """The dtype that NumPy promotes these to, Python's numbers being weak."""
    kinds = [x.dtype if isinstance(x, Node | np.ndarray | np.generic) else x for x in operands]
    return np.result_type(*kinds)
