"""Clipping of gradients: each number, the norm of all together, or each unit's by its weights. Floor 6."""

from collections.abc import Callable
from typing import Any

import numpy as np

from glassgrad.base.trees import Tree, flatten
from glassgrad.optim.leaves import each
from glassgrad.optim.made import Made, made
from glassgrad.optim.optimizer import State, Transformation, Update
from glassgrad.optim.paths import dotted_paths
from glassgrad.optim.rates import checked_number


def clip_by_value(limit: float) -> Transformation:
    """Each number of the gradients between −limit and limit, as PyTorch's `clip_grad_value_`.

    >>> optimizer = optim.chain(optim.clip_by_value(0.5), optim.sgd(1.0))
    >>> x = np.zeros(3)
    >>> optimizer.update(np.array([0.1, -3.0, 9.0]), optimizer.start(x), x)[0]
    array([-0.1,  0.5, -0.5])
    """
    limit = checked_number(limit, "the limit of clip_by_value")

    def update(gradients: Tree, state: State, parameters: Tree) -> tuple[Tree, State]:
        return each(lambda p, g: (np.clip(g, -limit, limit),), 1, parameters, gradients=gradients)[0], state

    return _stateless(update, made(clip_by_value, limit))


def clip_by_norm(limit: float) -> Transformation:
    """All gradients made smaller by one factor where their norm together is above the limit (arXiv:1211.5063).

    The factor is min(1, limit / (norm + 1e-6)), as in PyTorch's `clip_grad_norm_`.

    >>> optimizer = optim.chain(optim.clip_by_norm(1.0), optim.sgd(1.0))
    >>> parameters = {"a": np.zeros(1), "b": np.zeros(1)}
    >>> gradients = {"a": np.array([30.0]), "b": np.array([40.0])}
    >>> updates, _ = optimizer.update(gradients, optimizer.start(parameters), parameters)
    >>> updates["a"].round(6), updates["b"].round(6)
    (array([-0.6]), array([-0.8]))
    """
    limit = checked_number(limit, "the limit of clip_by_norm")

    def update(gradients: Tree, state: State, parameters: Tree) -> tuple[Tree, State]:
        factor = np.minimum(1.0, limit / (global_norm(gradients) + 1e-6))
        return each(lambda p, g: (_scaled(g, factor),), 1, parameters, gradients=gradients)[0], state

    return _stateless(update, made(clip_by_norm, limit))


def clip_adaptive(
    limit: float = 0.01, *, eps: float = 1e-3, axes: Callable[[str, Any], tuple[int, ...] | None] | None = None
) -> Transformation:
    """Each unit's gradient made smaller where its norm is above `limit` times that of the unit's weights.

    Adaptive gradient clipping (Brock and others, arXiv:2102.06171, equation 3). A unit is what feeds one output: a
    column of a matrix (inputs, outputs), a filter of a convolution (outputs, inputs, *space); a vector is one unit.
    `axes(path, parameter)` says otherwise: the axes that the norm is taken over, None for all. Norms of weights count
    as at least `eps`. The paper leaves the last layer as it is: `masked(clip_adaptive(), …)`.

    >>> optimizer = optim.chain(optim.clip_adaptive(0.1), optim.sgd(1.0))
    >>> w = np.array([[3.0, 0.0], [4.0, 2.0]])
    >>> gradient = np.array([[0.0, 0.1], [2.0, 0.1]])
    >>> optimizer.update(gradient, optimizer.start(w), w)[0]
    array([[-0. , -0.1],
           [-0.5, -0.1]])
    """
    limit = checked_number(limit, "the limit of clip_adaptive")
    checked_number(eps, "the eps of clip_adaptive")

    def update(gradients: Tree, state: State, parameters: Tree) -> tuple[Tree, State]:
        leaves, structure = flatten(parameters)
        over = [(axes or unit_axes)(path, leaf) for path, leaf in zip(dotted_paths(structure), leaves, strict=True)]
        rest = iter(over)

        def move(p: Any, g: Any) -> tuple[Any]:
            along = next(rest)
            most = limit * np.maximum(_norm(p, along), eps)
            norm = _norm(g, along)
            return (_scaled(g, np.where(norm > most, most / np.maximum(norm, 1e-6), 1.0)),)

        return each(move, 1, parameters, gradients=gradients)[0], state

    return _stateless(update, made(clip_adaptive, limit, eps=eps, axes=axes))


def unit_axes(path: str, parameter: Any) -> tuple[int, ...] | None:
    """The axes over which one unit's weights lie, in the layouts of `glassgrad.nn`."""
    match np.ndim(parameter):
        case 0 | 1:
            return None
        case 2:
            return (0,)
        case axes:
            return tuple(range(1, axes))


def global_norm(tree: Tree) -> Any:
    """The Euclidean norm of all numbers of a tree together, a float64.

    >>> optim.global_norm({"a": np.array([3.0]), "b": (np.array(4.0, np.float32), None)})
    np.float64(5.0)
    """
    squares = [np.sum(_squares(leaf)) for leaf in flatten(tree)[0]]
    return np.sqrt(sum(squares, start=np.float64(0.0)))


def _squares(values: Any) -> Any:
    """In 64 bits: those of half precision end at 256, those of float32 at 1.8e19, and a gradient may explode."""
    wide = (np.asarray(values) if isinstance(values, int | float) else values).astype(np.float64)
    return wide * wide


def _norm(values: Any, axes: tuple[int, ...] | None) -> Any:
    return np.sqrt(np.sum(_squares(values), axis=axes, keepdims=axes is not None))


def _scaled(values: Any, factor: Any) -> Any:
    """The values times a factor, at their dtype; the factor of a large norm is too small for half precision."""
    wide = np.promote_types(values.dtype, np.float32)
    return (values.astype(wide) * factor.astype(wide)).astype(values.dtype)


def _stateless(update: Update, recipe: Made) -> Transformation:
    return Transformation(lambda parameters: (), update, recipe)
