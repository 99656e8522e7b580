"""Whole Jacobians and Hessians, and derivatives of elementwise functions. Floor 5."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Literal

import numpy as np

from glassgrad.api.arguments import ArgNums, Call, choose
from glassgrad.api.derivatives import grad, split_by, trace_call
from glassgrad.api.linear import jvp
from glassgrad.api.pipeline import deliver, tracing
from glassgrad.base.errors import DerivativeError, UsageError
from glassgrad.base.trees import flatten, unflatten
from glassgrad.graph.node import Node, fresh_serial, workspace
from glassgrad.ops.leaves import array_leaf, input_node, ones, zeros
from glassgrad.ops.structure import cast, repeated, reshape, transpose
from glassgrad.tracing.trace import output_node
from glassgrad.transforms.batch import batch
from glassgrad.transforms.control import forget, settle
from glassgrad.transforms.forward import push
from glassgrad.transforms.reverse import pull

Function = Callable[..., Any]
Mode = Literal["forward", "reverse"]


def jacobian(
    function: Function, argnums: ArgNums = 0, *, mode: Mode | None = None, holomorphic: bool = False
) -> Function:
    """All derivatives of all results: for a result of shape R and an argument of shape A, an array of shape R + A.

    Forward mode where there are no more numbers going in than coming out, else reverse mode, unless `mode` says.
    For trees: the result's tree, with the argument's tree at each leaf.

    >>> jacobian(lambda x: x * np.array([1.0, 2.0]))(np.array([3.0, 4.0]))
    array([[1., 0.],
           [0., 2.]])
    """
    if mode not in (None, "forward", "reverse"):
        raise UsageError(f"mode is 'forward' or 'reverse', found {mode!r}")

    @wraps(function)
    def all_derivatives(*args: Any, **kwargs: Any) -> Any:
        call = Call(args, kwargs)
        chosen = choose(function, argnums, call)
        outermost = workspace() is None
        with tracing():
            since = fresh_serial()
            traced = trace_call(function, call, chosen)
            leaves, structure = flatten(traced.result)
            outputs = [output_node(leaf) for leaf in leaves]
            _check_kinds(outputs, traced.inputs, holomorphic=holomorphic)
            numbers_in, numbers_out = (sum(x.aval.size for x in group) for group in (traced.inputs, outputs))
            forward = mode == "forward" or (mode is None and numbers_in <= numbers_out)
            rows = (_by_columns if forward else _by_rows)(outputs, traced.inputs)
            count = len(traced.inputs)
            flat = deliver([node for row in rows for node in row], since, outermost=outermost)
        blocks = [
            split_by(traced.input_structures, flat[i * count : (i + 1) * count], single=chosen.single)
            for i in range(len(outputs))
        ]
        return unflatten(structure, blocks)

    return all_derivatives


def _check_kinds(outputs: Sequence[Node], inputs: Sequence[Node], *, holomorphic: bool) -> None:
    is_complex = any(node.dtype.kind == "c" for node in (*outputs, *inputs))
    if is_complex and not holomorphic:
        raise DerivativeError(
            "the Jacobian of a complex function",
            hint="holomorphic=True where it is holomorphic; else take real and imaginary parts",
        )


def _identity(size: int, shape: tuple[int, ...], dtype: np.dtype) -> Node:
    return array_leaf(np.eye(size, dtype=dtype).reshape(size, *shape))


def _by_rows(outputs: Sequence[Node], inputs: Sequence[Node]) -> list[list[Node]]:
    """One pull for each number that comes out, all at once."""
    rows = []
    for y in outputs:
        ct = input_node(y.aval)
        pulled = pull([y], [ct], inputs)
        size = y.aval.size
        found = [zeros(x.aval) if g is None else cast(g, x.dtype) for x, g in zip(inputs, pulled, strict=True)]
        many = batch(settle(found), {ct: _identity(size, y.shape, y.dtype)}, size)
        rows.append(
            [
                reshape(g if mapped else repeated(g, size), (*y.shape, *x.shape))
                for x, (g, mapped) in zip(inputs, many, strict=True)
            ]
        )
    return rows


def _by_columns(outputs: Sequence[Node], inputs: Sequence[Node]) -> list[list[Node]]:
    """One push for each number that goes in, all at once."""
    columns = []
    for x in inputs:
        move, size = input_node(x.aval), x.aval.size
        pushed = push(outputs, {x: move})
        found = [zeros(y.aval) if d is None else d for y, d in zip(outputs, pushed, strict=True)]
        found = settle(found)
        forget([move])
        many = batch(found, {move: _identity(size, x.shape, x.dtype)}, size)
        column = []
        for y, (d, mapped) in zip(outputs, many, strict=True):
            first = d if mapped else repeated(d, size)
            column.append(reshape(transpose(first, (*range(1, first.ndim), 0)), (*y.shape, *x.shape)))
        columns.append(column)
    return [list(row) for row in zip(*columns, strict=True)]


def hessian(function: Function, argnums: ArgNums = 0) -> Function:
    """All second derivatives of a scalar function, by forward mode over reverse mode.

    For one array argument of shape A the result has shape A + A.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 4.0]))
    array([[8., 6.],
           [6., 0.]])
    """
    return jacobian(grad(function, argnums), argnums, mode="forward")


def hvp(function: Function, primals: Any, vectors: Any) -> Any:
    """The Hessian of a scalar function times a vector, without forming the Hessian: the gradient pushed forward.

    `primals` is the tuple of arguments and `vectors` has the same shape; one argument may stand alone.

    >>> hvp(lambda x: x**3, 2.0, 1.0)
    np.float64(12.0)
    """
    if not isinstance(primals, tuple | list):
        return jvp(grad(function), (primals,), (vectors,))[1]
    return jvp(grad(function, tuple(range(len(primals)))), tuple(primals), tuple(vectors))[1]


def elementwise_grad(function: Function, argnums: ArgNums = 0) -> Function:
    """The derivative of each result with respect to the number at the same place, for functions that work
    elementwise; in general the sum of the rows of the Jacobian.

    >>> elementwise_grad(lambda x: x**2)(np.array([1.0, 2.0]))
    array([2., 4.])
    """

    @wraps(function)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        call = Call(args, kwargs)
        chosen = choose(function, argnums, call)
        outermost = workspace() is None
        with tracing():
            since = fresh_serial()
            traced = trace_call(function, call, chosen)
            outputs = [output_node(leaf) for leaf in flatten(traced.result)[0]]
            pulled = pull(outputs, [ones(y.aval) for y in outputs], traced.inputs)
            found = [
                zeros(x.aval) if g is None else cast(g, x.dtype) for x, g in zip(traced.inputs, pulled, strict=True)
            ]
            results = deliver(found, since, outermost=outermost)
        return split_by(traced.input_structures, results, single=chosen.single)

    return derivative
