"""What operators and ufuncs do to tracers: rows of the table, promoted and broadcast as NumPy does. Floor 3.

Importing this module binds them to the class.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from glassgrad.base.errors import UnsupportedError
from glassgrad.base.source import user_place
from glassgrad.graph.node import make
from glassgrad.graph.op import OPS, Op
from glassgrad.ops.lifting import elementwise, loop_dtypes
from glassgrad.ops.structure import cast
from glassgrad.tracing.registry import FUNCTIONS, UFUNCS
from glassgrad.tracing.tracer import Tracer, active_workspace, indexing, note_origin, to_node, weak_type, wrap


# ------------------------------------------------------------------ elementwise application
def unary(row: Op, x: Tracer) -> Tracer:
    """A row of one input."""
    note_origin()
    node = x.node
    if node.aval.dtype.kind in "fc":
        return Tracer(make(row, (node,)), x.weak)
    return Tracer(elementwise(row, (node,), (x.weak,)))


def binary(row: Op, x: Any, y: Any) -> Tracer:
    """A row of two inputs, as for an operator: a Python number stays one among its like."""
    active_workspace().origin = user_place()
    a, b = _operand(x), _operand(y)
    a_weak, b_weak = weak_type(x), weak_type(y)
    traced_number = (a_weak is not None and type(x) is Tracer) or (b_weak is not None and type(y) is Tracer)
    node = elementwise(row, (a, b), (a_weak, b_weak) if traced_number else None)
    return Tracer(node, None if a_weak is None or b_weak is None else _NUMBER_TYPES[node.aval.dtype.kind])


_NUMBER_TYPES: dict[str, type] = {"b": bool, "i": int, "f": float, "c": complex}  # of operations on Python's numbers


def _operand(value: Any) -> Any:
    if type(value) is Tracer:
        return value.node
    if isinstance(value, np.ndarray | np.generic | complex | float | int | bool):
        return value
    return to_node(value)


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: dict[str, Any]) -> Any:
    """A NumPy or SciPy ufunc on traced values."""
    active_workspace().origin = user_place()
    if not options and method == "__call__":
        row = _row_alone(ufunc)
        if row is not None:
            return _apply_row(row, inputs)
    if method != "__call__":
        return UFUNCS[f"{method}"](ufunc, *inputs, **options) if method in UFUNCS else _refuse_method(ufunc, method)
    if options.get("out") is not None:
        raise _refuse_out(ufunc, inputs, options["out"])
    if options.get("where", True) is not True:
        raise UnsupportedError(
            f"{ufunc.__name__}(…, where=mask) leaves elements undefined where the mask is false",
            hint=f"np.where(mask, np.{ufunc.__name__}(…), 0.0)",
        )
    options = {key: value for key, value in options.items() if key not in ("out", "where", "casting", "order", "subok")}
    dtype = options.pop("dtype", None)
    if dtype is not None and np.dtype(dtype).kind in "fc":  # NumPy casts the operands, not the result
        inputs = [wrap(cast(to_node(value), np.dtype(dtype))) for value in inputs]
    special = UFUNCS.get(ufunc.__name__)
    if special is not None:
        result = special(*inputs, **options)
    else:
        row = _row_alone(ufunc)
        if row is None:
            raise UnsupportedError(
                f"the ufunc {ufunc.__name__} is not known to Glassgrad",
                hint="give its derivative with glassgrad.custom_derivative",
            )
        result = _apply_row(row, inputs)
    return result if dtype is None else wrap(cast(result.node, np.dtype(dtype)))


@lru_cache(maxsize=1024)
def _row_alone(ufunc: np.ufunc) -> Op | None:
    """The row that the ufunc is, where it is a row and nothing besides."""
    row = OPS.get(_ROW_NAMES.get(ufunc.__name__, ufunc.__name__))
    return None if row is None or row.ufunc is None or ufunc.__name__ in UFUNCS else row


def _apply_row(row: Op, inputs: Sequence[Any]) -> Tracer:
    """The row applied to operands; at once where they are arrays of one shape and dtype that need no cast."""
    if type(inputs[0]) is Tracer and type(inputs[-1]) is Tracer and len(inputs) <= 2:
        nodes = tuple([value.node for value in inputs])
        aval = nodes[0].aval
        if aval.dtype.kind == "f" and nodes[-1].aval == aval and _takes_as_is(row, aval.dtype):
            return Tracer(make(row, nodes))
    return Tracer(elementwise(row, [_operand(value) for value in inputs], [weak_type(value) for value in inputs]))


@lru_cache(maxsize=4096)
def _takes_as_is(row: Op, dtype: np.dtype) -> bool:
    """Do all inputs of the row take arrays of this dtype without a cast?"""
    count = len(row.inputs)
    return set(loop_dtypes(row, (dtype,) * count)[:count]) == {dtype}


_ROW_NAMES = {"true_divide": "divide", "float_power": "power", "conj": "conjugate", "abs": "absolute"}


def _refuse_out(ufunc: np.ufunc, inputs: Sequence[Any], out: Any) -> UnsupportedError:
    """`np.exp(x, out=y)`; and `y += x` on a plain array y, which NumPy passes on as `np.add(y, x, out=(y,))`."""
    (target,) = out if isinstance(out, tuple) and len(out) == 1 else (out,)
    if inputs and inputs[0] is target and not isinstance(target, Tracer):
        return UnsupportedError(
            f"a traced value cannot be written into a plain NumPy array in place ({ufunc.__name__}): "
            "its derivative would be lost",
            hint="make a new array: y = y + x instead of y += x; or start from np.zeros_like(x)",
        )
    return UnsupportedError(
        f"{ufunc.__name__}(…, out=…) writes into an array that is being traced",
        hint=f"use the result: y = np.{ufunc.__name__}(…); or y[...] = np.{ufunc.__name__}(…)",
    )


def _refuse_method(ufunc: np.ufunc, method: str) -> Any:
    known = ", ".join(name for name in ("reduce", "accumulate", "outer") if name in UFUNCS)
    raise UnsupportedError(
        f"np.{ufunc.__name__}.{method} is not known to Glassgrad",
        hint=_INSTEAD.get(method, f"the methods of ufuncs that take traced values: {known}"),
    )


_INSTEAD = {
    "reduceat": "reduce each part: np.stack([np.sum(part) for part in np.split(x, starts)])",
}


# ------------------------------------------------------------------ operators, bound from one table
_BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "pow": "power",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "left_shift",
    "rshift": "right_shift",
}
_COMPARE = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal"}


def _bind_operators() -> None:
    for short, name in (_BINARY | _COMPARE).items():
        setattr(Tracer, f"__{short}__", _operator(name, swapped=False))
    for short, name in _BINARY.items():
        setattr(Tracer, f"__r{short}__", _operator(name, swapped=True))
        setattr(Tracer, f"__i{short}__", _in_place(name))
    for method, function in _OTHERS.items():
        setattr(Tracer, method, function)


def _operator(name: str, *, swapped: bool) -> Callable[[Tracer, Any], Any]:
    def straight(self: Tracer, other: Any) -> Any:
        return binary(OPS[name], self, other) if _takes(other) else NotImplemented

    def reflected(self: Tracer, other: Any) -> Any:
        return binary(OPS[name], other, self) if _takes(other) else NotImplemented

    return reflected if swapped else straight


def _takes(other: Any) -> bool:
    return other is not None and not isinstance(other, str | dict | set)


def _in_place(name: str) -> Callable[[Tracer, Any], Any]:
    """`x += y`: an array is written in place, as in NumPy; a number is rebound."""

    def update(self: Tracer, other: Any) -> Any:
        result = binary(OPS[name], self, other)
        if not self.shape:
            return result
        indexing["assign"](self, result)
        return self

    return update


def _matrix_product(self: Tracer, other: Any) -> Any:
    note_origin()
    return UFUNCS["matmul"](self, other)


def _reflected_matrix_product(self: Tracer, other: Any) -> Any:
    note_origin()
    return UFUNCS["matmul"](other, self)


def _matrix_product_in_place(self: Tracer, other: Any) -> Tracer:
    indexing["assign"](self, self @ other)
    return self


def _array_ufunc(self: Tracer, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    return apply_ufunc(ufunc, method, inputs, options)


# What is not a row of two inputs.
_OTHERS: dict[str, Callable[..., Any]] = {
    "__array_ufunc__": _array_ufunc,
    "__neg__": lambda self: unary(OPS["negative"], self),
    "__pos__": lambda self: self,
    "__invert__": lambda self: unary(OPS["invert"], self),
    "__abs__": lambda self: apply_ufunc(np.absolute, "__call__", (self,), {}),
    "__round__": lambda self, digits=0: FUNCTIONS[np.round](self, digits),
    "__divmod__": lambda self, other: apply_ufunc(np.divmod, "__call__", (self, other), {}),
    "__rdivmod__": lambda self, other: apply_ufunc(np.divmod, "__call__", (other, self), {}),
    "__matmul__": _matrix_product,
    "__rmatmul__": _reflected_matrix_product,
    "__imatmul__": _matrix_product_in_place,
}

_bind_operators()
