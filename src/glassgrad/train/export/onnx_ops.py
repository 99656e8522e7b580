"""Rows of the op table as operators of ONNX: elementwise, products, windows, reductions, shapes. Floor 7."""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any, TypeAlias

import numpy as np

from glassgrad.base.errors import UnsupportedError
from glassgrad.graph.node import Node
from glassgrad.ops.contract import parts
from glassgrad.ops.leaves import LITERAL, literal_value
from glassgrad.ops.structure import BROADCAST
from glassgrad.train.export.onnx_writer import OnnxWriter

Operator: TypeAlias = Callable[[OnnxWriter, Node], str]

_ELEMENTWISE = {
    "absolute": "Abs",
    "add": "Add",
    "arccos": "Acos",
    "arccosh": "Acosh",
    "arcsin": "Asin",
    "arcsinh": "Asinh",
    "arctan": "Atan",
    "arctanh": "Atanh",
    "ceil": "Ceil",
    "cos": "Cos",
    "cosh": "Cosh",
    "divide": "Div",
    "equal": "Equal",
    "erf": "Erf",
    "exp": "Exp",
    "expit": "Sigmoid",
    "floor": "Floor",
    "greater": "Greater",
    "greater_equal": "GreaterOrEqual",
    "isinf": "IsInf",
    "isnan": "IsNaN",
    "less": "Less",
    "less_equal": "LessOrEqual",
    "log": "Log",
    "logical_and": "And",
    "logical_not": "Not",
    "logical_or": "Or",
    "logical_xor": "Xor",
    "maximum": "Max",
    "minimum": "Min",
    "multiply": "Mul",
    "negative": "Neg",
    "power": "Pow",
    "rint": "Round",
    "sign": "Sign",
    "sin": "Sin",
    "sinh": "Sinh",
    "softplus": "Softplus",
    "sqrt": "Sqrt",
    "subtract": "Sub",
    "tan": "Tan",
    "tanh": "Tanh",
    "where": "Where",
}
_REDUCTIONS = {
    "logsumexp": "ReduceLogSumExp",
    "max": "ReduceMax",
    "mean": "ReduceMean",
    "min": "ReduceMin",
    "prod": "ReduceProd",
    "sum": "ReduceSum",
}


# ------------------------------------------------------------------ element by element
def operands(writer: OnnxWriter, node: Node) -> list[str]:
    """The inputs of an elementwise row; ONNX broadcasts them by itself, as NumPy does."""
    bare = [_bare(x) for x in node.inputs]
    shapes = [() if x.op is LITERAL else x.shape for x in bare]
    if np.broadcast_shapes(*shapes) != node.shape:
        bare, shapes = list(node.inputs), [x.shape for x in node.inputs]
    return [_number(writer, x) if not shape else writer.value(x) for x, shape in zip(bare, shapes, strict=True)]


def _bare(x: Node) -> Node:
    while x.op is BROADCAST:
        x = x.inputs[0]
    return x


def _number(writer: OnnxWriter, x: Node) -> str:
    if x.op is LITERAL:
        return writer.constant(np.asarray(literal_value(x)), "number")
    return writer.value(x)


def _elementwise(writer: OnnxWriter, node: Node) -> str:
    return writer.emit(_ELEMENTWISE[node.op.name], *operands(writer, node))


def _like(writer: OnnxWriter, node: Node, number: float) -> str:
    return writer.constant(np.asarray(number, node.dtype), "number")


def _normal_distribution(writer: OnnxWriter, node: Node) -> str:
    (x,) = operands(writer, node)
    share = writer.emit("Erf", writer.emit("Mul", x, _like(writer, node, sqrt(0.5))))
    return writer.emit("Mul", writer.emit("Add", share, _like(writer, node, 1)), _like(writer, node, 0.5))


def _expm1(writer: OnnxWriter, node: Node) -> str:
    return writer.emit("Sub", writer.emit("Exp", *operands(writer, node)), _like(writer, node, 1))


def _log1p(writer: OnnxWriter, node: Node) -> str:
    return writer.emit("Log", writer.emit("Add", *operands(writer, node), _like(writer, node, 1)))


def _not_equal(writer: OnnxWriter, node: Node) -> str:
    return writer.emit("Not", writer.emit("Equal", *operands(writer, node)))


def _is_finite(writer: OnnxWriter, node: Node) -> str:
    (x,) = operands(writer, node)
    return writer.emit("Not", writer.emit("Or", writer.emit("IsNaN", x), writer.emit("IsInf", x)))


def _cast(writer: OnnxWriter, node: Node) -> str:
    return writer.cast(writer.value(node.inputs[0]), node.dtype)


def _same(writer: OnnxWriter, node: Node) -> str:
    return writer.value(node.inputs[0])


# ------------------------------------------------------------------ products and windows
def _contract(writer: OnnxWriter, node: Node) -> str:
    left, right, out = parts(node.param("spec"))
    names = [writer.value(x) for x in node.inputs]
    lead = left[:-2]
    columns = left[-1:] + right[-1:]
    if len(left) >= 2 and out == lead + left[-2] + right[-1:] and right in (columns, lead + columns):
        return writer.emit("MatMul", *names)
    return writer.emit("Einsum", *names, equation=f"{left},{right}->{out}")


def _ends(padding: Sequence[tuple[int, int]]) -> list[int]:
    return [low for low, _ in padding] + [high for _, high in padding]


def _windows(node: Node) -> dict[str, Any]:
    return {
        "strides": list(node.param("stride")),
        "dilations": list(node.param("dilation")),
        "group": node.param("groups"),
    }


def _convolution(writer: OnnxWriter, node: Node) -> str:
    names = [writer.value(x) for x in node.inputs]
    return writer.emit("Conv", *names, pads=_ends(node.param("padding")), **_windows(node))


def _transposed(writer: OnnxWriter, node: Node) -> str:
    weight, y = node.inputs
    facts = zip(
        *(node.param("space"), y.shape[2:], weight.shape[2:]),
        *(node.param("stride"), node.param("dilation"), node.param("padding")),
        strict=True,
    )
    more = [
        size + low + high - (count - 1) * step - gap * (taps - 1) - 1
        for size, count, taps, step, gap, (low, high) in facts
    ]
    pads = _ends(node.param("padding"))
    return writer.emit(
        "ConvTranspose", writer.value(y), writer.value(weight), pads=pads, output_padding=more, **_windows(node)
    )


def _pool(writer: OnnxWriter, node: Node) -> str:
    facts: dict[str, Any] = {
        "kernel_shape": list(node.param("window")),
        "strides": list(node.param("stride")),
        "pads": _ends(node.param("padding")),
    }
    if node.op.name == "avg_pool":
        facts["count_include_pad"] = int(node.param("count_padding"))
    kind = "MaxPool" if node.op.name == "max_pool" else "AveragePool"
    return writer.emit(kind, writer.value(node.inputs[0]), **facts)


# ------------------------------------------------------------------ along axes
def _reduction(writer: OnnxWriter, node: Node) -> str:
    axes = writer.numbers(node.param("axes"))
    return writer.emit(_REDUCTIONS[node.op.name], writer.value(node.inputs[0]), axes, keepdims=0)


def _along(kind: str) -> Operator:
    def written(writer: OnnxWriter, node: Node) -> str:
        axes = node.param("axes")
        if len(axes) != 1:
            raise UnsupportedError(f"ONNX has {kind} along one axis, found {axes}")
        return writer.emit(kind, writer.value(node.inputs[0]), axis=axes[0])

    return written


def _place(kind: str) -> Operator:
    def written(writer: OnnxWriter, node: Node) -> str:
        return writer.emit(kind, writer.value(node.inputs[0]), axis=node.param("axis"), keepdims=0)

    return written


# ------------------------------------------------------------------ shapes
def _broadcast(writer: OnnxWriter, node: Node) -> str:
    return writer.emit("Expand", writer.value(node.inputs[0]), writer.shape(node.shape))


def _reshape(writer: OnnxWriter, node: Node) -> str:
    dynamic = [writer.network.is_batch(size) for size in node.shape]
    if sum(dynamic) <= 1 and 0 not in node.shape:
        shape = writer.numbers([-1 if is_batch else size for size, is_batch in zip(node.shape, dynamic, strict=True)])
    else:
        shape = writer.shape(node.shape)
    return writer.emit("Reshape", writer.value(node.inputs[0]), shape)


def _transpose(writer: OnnxWriter, node: Node) -> str:
    return writer.emit("Transpose", writer.value(node.inputs[0]), perm=list(node.param("axes")))


def _concatenate(writer: OnnxWriter, node: Node) -> str:
    return writer.emit("Concat", *[writer.value(x) for x in node.inputs], axis=node.param("axis"))


def _stack(writer: OnnxWriter, node: Node) -> str:
    axis = node.param("axis")
    several = [writer.emit("Unsqueeze", writer.value(x), writer.numbers([axis])) for x in node.inputs]
    return writer.emit("Concat", *several, axis=axis)


OPERATORS: dict[str, Operator] = {
    **dict.fromkeys(_ELEMENTWISE, _elementwise),
    **dict.fromkeys(_REDUCTIONS, _reduction),
    "argmax": _place("ArgMax"),
    "argmin": _place("ArgMin"),
    "avg_pool": _pool,
    "broadcast": _broadcast,
    "cast": _cast,
    "concatenate": _concatenate,
    "contract": _contract,
    "conv": _convolution,
    "conv_input": _transposed,
    "expm1": _expm1,
    "isfinite": _is_finite,
    "log1p": _log1p,
    "log_softmax": _along("LogSoftmax"),
    "mark": _same,
    "max_pool": _pool,
    "ndtr": _normal_distribution,
    "not_equal": _not_equal,
    "reshape": _reshape,
    "softmax": _along("Softmax"),
    "stack": _stack,
    "stop_gradient": _same,
    "transpose": _transpose,
}
