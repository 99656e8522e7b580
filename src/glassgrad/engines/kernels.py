"""A row's NumPy text as a callable. Floor 4.

The text is a row's own (never a user's); it is compiled once for each op, and once for each shape where the text
depends on it.
"""

import importlib
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node
from glassgrad.graph.op import Op
from glassgrad.ops.lifting import ufunc_of

Kernel = Callable[..., Any]


def kernel(node: Node) -> Kernel:
    """The function that computes this node's value from its inputs' values."""
    op = node.op
    if op.overwrites:
        return partial(_on_a_copy, overwriting_kernel(node))
    if op.compute is not None:
        return op.compute(**dict(node.params))
    if op.ufunc is not None:
        return _ufunc(op)
    text = numpy_text(op, tuple([x.aval for x in node.inputs]), node.params)
    compiled = _compiled(op, text, tuple([name for name, _ in node.params]))
    return partial(compiled, **dict(node.params)) if node.params else compiled


def overwriting_kernel(node: Node) -> Kernel:
    """As `kernel`, for an op that changes its first input's array (which must be writable) and gives it back."""
    assert node.op.compute is not None
    return node.op.compute(**dict(node.params))


def _on_a_copy(change: Kernel, x: Any, *others: Any) -> Any:
    return change(np.array(x), *others)


def numpy_text(op: Op, avals: tuple[Aval, ...], params: tuple[tuple[str, Any], ...]) -> str:
    """The row's NumPy text for inputs of these shapes."""
    return op.numpy if isinstance(op.numpy, str) else op.numpy(*avals, **dict(params))


@lru_cache(maxsize=1024)
def _ufunc(op: Op) -> Kernel:
    return ufunc_of(op)


@lru_cache(maxsize=4096)
def _compiled(op: Op, text: str, params: tuple[str, ...]) -> Kernel:
    names = {"np": np} | {function.__name__: function for function in op.kernels}
    if "scipy." in text:
        names["scipy"] = _scipy(text)
    keywords = (
        f", *, {', '.join(params)}" if params and not op.variadic else (f", {', '.join(params)}" if params else "")
    )
    code = compile(f"lambda {', '.join(op.inputs)}{keywords}: {text}", f"<glassgrad {op.name}>", "eval")
    return eval(code, names)  # type: ignore[no-any-return]  # noqa: S307 - the text of a row of our own


def _scipy(text: str) -> Any:
    """The scipy package, with the modules imported that the text names."""
    for module in ("special", "linalg"):
        if f"scipy.{module}" in text:
            importlib.import_module(f"scipy.{module}")
    return importlib.import_module("scipy")
