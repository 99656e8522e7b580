"""Derivatives that a person states: custom_derivative, and stop_gradient. Floor 5."""

import inspect
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

import numpy as np

from glassgrad.api.pipeline import deliver, tracing
from glassgrad.base.avals import aval_of
from glassgrad.base.errors import UsageError
from glassgrad.base.trees import Tree, flatten, map_leaves, unflatten
from glassgrad.graph.node import Node, apply, fresh_serial, workspace
from glassgrad.ops.barriers import HOST, stopped
from glassgrad.ops.leaves import outputs_of
from glassgrad.tracing.body import trace_inside
from glassgrad.tracing.trace import is_array
from glassgrad.tracing.tracer import Tracer, to_node
from glassgrad.transforms.control.call import CustomRule, make_custom

Function = Callable[..., Any]


def stop_gradient(tree: Tree) -> Tree:
    """The same values, which derivatives take as constants.

    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    return map_leaves(lambda leaf: Tracer(stopped(leaf.node)) if isinstance(leaf, Tracer) else leaf, tree)


class custom_derivative:  # noqa: N801 - used as a decorator, like property
    """A function with a derivative rule of the person's own, forwards or backwards; the other mode is derived from it.

    >>> @custom_derivative
    ... def safe_sqrt(x):
    ...     return np.sqrt(x)
    >>> @safe_sqrt.pullback
    ... def _(ct, result, x):
    ...     return ct / (2 * np.maximum(result, 0.1))
    >>> grad(safe_sqrt)(0.0)
    np.float64(5.0)

    `pullback(ct, result, *args)` gives the cotangent of the argument, or a tuple with one for each (None for zero).
    `tangent(tangents, result, *args)` gives the result's tangent from the tuple of the arguments' tangents.
    With `custom_derivative(f, traced=False)` the function itself is not traced but called with plain arrays, so it may
    do anything (call C code, read a table); its results must then be arrays.
    """

    def __init__(self, function: Function, *, traced: bool = True) -> None:
        self.function = function
        self.traced = traced
        self.name: str = getattr(function, "__name__", type(function).__name__)
        self._pullback: Function | None = None
        self._tangent: Function | None = None
        update_wrapper(self, function)

    def pullback(self, rule: Function) -> Function:
        """Declares the reverse rule."""
        self._pullback = rule
        return rule

    def tangent(self, rule: Function) -> Function:
        """Declares the forward rule."""
        self._tangent = rule
        return rule

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's value; its rule is used when it is differentiated."""
        args, kwargs = self._by_position(args, kwargs)
        outermost = workspace() is None
        if outermost and not self.traced:
            return self.function(*args, **kwargs)
        with tracing():
            since = fresh_serial()
            function = self._inside if self.traced else self._on_host
            body, given = trace_inside(lambda *inner: function(inner, kwargs), args)
            rule = _Rule(self, args, body.structure, len(given), kwargs)
            node = make_custom(body.graph, [*given, *body.outside], rule.over_nodes())
            return unflatten(body.structure, deliver(outputs_of(node), since, outermost=outermost))

    def _by_position(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments that a position can hold at their positions: those are what the rule answers for."""
        try:
            bound = inspect.signature(self.function).bind(*args, **kwargs)
        except ValueError:  # a built-in function without a signature
            return tuple(args), kwargs
        return bound.args, bound.kwargs

    def _inside(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        return self.function(*args, **kwargs)

    def _on_host(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """A node that calls the function with plain arrays when it runs."""
        leaves, structure = flatten(args)
        arrays = [leaf for leaf in leaves if isinstance(leaf, Tracer)]
        plain = [leaf.value if isinstance(leaf, Tracer) else leaf for leaf in leaves]
        results, result_structure = flatten(self.function(*unflatten(structure, plain), **kwargs))

        def run(*values: Any) -> list[Any]:
            given = iter(values)
            full = [next(given) if isinstance(leaf, Tracer) else leaf for leaf in leaves]
            found, _ = flatten(self.function(*unflatten(structure, full), **kwargs))
            return [np.asarray(y) for y in found]

        node = apply(HOST, *[leaf.node for leaf in arrays], function=run, avals=tuple(aval_of(y) for y in results))
        return unflatten(result_structure, [Tracer(y) for y in outputs_of(node)])


class _Rule:
    """A person's rule between trees of traced values and lists of nodes."""

    def __init__(
        self, owner: custom_derivative, args: Sequence[Any], structure: Any, own: int, kwargs: dict[str, Any]
    ) -> None:
        self.owner, self.args, self.structure, self.own, self.kwargs = owner, args, structure, own, kwargs

    def over_nodes(self) -> CustomRule:
        pullback = self._pullback if self.owner._pullback is not None else None  # noqa: SLF001 - one unit with its owner
        tangent = self._tangent if self.owner._tangent is not None else None  # noqa: SLF001
        return CustomRule(self.owner.name, pullback, tangent)

    def _arguments(self, inputs: Sequence[Node]) -> list[Any]:
        """The call's arguments with these nodes in place of its arrays."""
        given = iter(inputs)
        rebuilt = []
        for argument in self.args:
            leaves, structure = flatten(argument)
            rebuilt.append(unflatten(structure, [Tracer(next(given)) if is_array(leaf) else leaf for leaf in leaves]))
        return rebuilt

    def _pullback(self, cts: Sequence[Node], inputs: Sequence[Node], outputs: Sequence[Node]) -> list[Node | None]:
        rule = self.owner._pullback  # noqa: SLF001
        assert rule is not None
        ct, result = (unflatten(self.structure, [Tracer(node) for node in group]) for group in (cts, outputs))
        found = rule(ct, result, *self._arguments(inputs[: self.own]), **self.kwargs)
        if len(self.args) == 1 and not (isinstance(found, tuple) and len(found) == 1):
            found = (found,)
        if not isinstance(found, tuple) or len(found) != len(self.args):
            raise UsageError(
                f"the pullback of {self.owner.name} must give {len(self.args)} cotangents",
                hint="a tuple with one for each argument, None for zero",
            )
        nodes: list[Node | None] = []
        for argument, given in zip(self.args, found, strict=True):
            count = sum(is_array(leaf) for leaf in flatten(argument)[0])
            leaves = flatten(given)[0] if given is not None else [None] * count
            nodes.extend(None if leaf is None else to_node(leaf) for leaf in leaves)
        return [*nodes, *[None] * (len(inputs) - self.own)]

    def _tangent(self, moves: Sequence[Node], inputs: Sequence[Node], outputs: Sequence[Node]) -> list[Node | None]:
        rule = self.owner._tangent  # noqa: SLF001
        assert rule is not None
        result = unflatten(self.structure, [Tracer(node) for node in outputs])
        found = rule(
            tuple(self._arguments(moves[: self.own])), result, *self._arguments(inputs[: self.own]), **self.kwargs
        )
        return [to_node(leaf) for leaf in flatten(found)[0]]
