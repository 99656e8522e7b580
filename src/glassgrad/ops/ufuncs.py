"""How elementwise rows are declared: those that are a NumPy or SciPy ufunc, and those of our own. Floor 2."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import DtypeError, ShapeError
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import OPS, Elementwise, Op, op
from glassgrad.ops.lifting import Operand, broadcast_shapes, common_dtype, elementwise, lift, like_ufunc
from glassgrad.ops.structure import broadcast, cast


def ufunc_row(name: str, ufunc: str, sign: str = "x -> y", *, numpy: str | None = None, **facets: Any) -> Op:
    """A row that is a NumPy or SciPy ufunc, `ufunc` by its full name (`np.exp`, `scipy.special.erf`).

    `facets` are what `op` takes besides: the forms by input, rule, why, domain, kinks, javascript …
    """
    inputs, _, _ = sign.partition(" -> ")
    text = numpy or f"{ufunc}({inputs})"
    infer = facets.pop("infer", None) or like_ufunc(name)
    return op(name, sign, infer=infer, numpy=text, batching=Elementwise(), ufunc=ufunc, **facets)


def function_of(name: str) -> Callable[..., Node]:
    """An elementwise row as a function for rules: `exp(x)`, `multiply(x, 2)`. The row may be declared later."""

    def call(*operands: Operand, **params: Any) -> Node:
        row = OPS[name]
        return apply_own(row, operands, params) if row.ufunc is None else elementwise(row, operands)

    call.__name__ = name
    return call


def functions_of(names: str) -> tuple[Callable[..., Node], ...]:
    """Several rows as functions, named in one line: `"sin cos"`."""
    return tuple([function_of(name) for name in names.split()])


# ------------------------------------------------------------------ rows of our own
def alike(name: str) -> Callable[..., Aval]:
    """The `infer` of an elementwise row of our own: inputs of one shape and one inexact dtype, and so the result."""

    def infer(*avals: Aval) -> Aval:
        return checked_alike(name, *avals)

    return infer


def checked_alike(name: str, *avals: Aval) -> Aval:
    """The common aval of inputs that must be alike, and real or complex."""
    first = avals[0]
    for other in avals[1:]:
        if other.shape != first.shape:
            shapes = " and ".join(show_shape(a.shape) for a in avals)
            raise ShapeError(f"{name} needs inputs of one shape, found {shapes}")
        if other.dtype != first.dtype:
            raise DtypeError(f"{name} needs inputs of one dtype, found {first.dtype} and {other.dtype}")
    if first.dtype.kind not in "fc":
        raise DtypeError(f"{name} takes real or complex numbers, found {first.dtype}", hint="x.astype(float)")
    return first


def own_row(
    name: str, numpy: str, sign: str = "x -> y", *, infer: Callable[..., Aval] | None = None, **facets: Any
) -> Op:
    """An elementwise row that is no ufunc: `numpy` is its text; inputs and result have one shape and dtype."""
    return op(name, sign, infer=infer or alike(name), numpy=numpy, batching=Elementwise(), **facets)


def apply_own(row: Op, operands: Sequence[Operand], params: Mapping[str, Any]) -> Node:
    """A row of our own on operands as a person writes them: whole numbers become float64, the rest is promoted."""
    dtype = common_dtype(*operands)
    if dtype.kind not in "fc":
        dtype = np.dtype(np.float64)
    nodes = [lift(operand, dtype) for operand in operands]
    shape = broadcast_shapes(row.name, [node.shape for node in nodes])
    return make(row, tuple([broadcast(cast(n, dtype), shape) for n in nodes]), tuple(sorted(params.items())))
