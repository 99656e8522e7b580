"""vmap: a function of one example becomes a function of many. Floor 5."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from glassgrad.api.pipeline import deliver, tracing
from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.base.trees import Structure, Tree, flatten, unflatten
from glassgrad.graph.node import Node, fresh_serial, workspace
from glassgrad.ops.structure import repeated, transpose
from glassgrad.tracing.trace import abstract_input, called, is_array, output_node
from glassgrad.tracing.tracer import to_node
from glassgrad.transforms.batch import batch

Function = Callable[..., Any]


def vmap(function: Function, in_axes: Any = 0, out_axes: Any = 0) -> Function:
    """The function applied to each example along an axis, in one sweep.

    `in_axes` says for each argument (or each leaf of its tree) which axis counts the examples; None shares the value.
    `out_axes` says where that axis goes in the results.

    Raises ShapeError where an axis does not exist or the numbers of examples differ, UsageError where axes do not fit
    the arguments or results or nothing is mapped, ConcretizationError where the function asks for a number of one
    example (`if x > 0`), UnsupportedError for an operation without a batched form.

    >>> vmap(lambda x, y: x @ y, in_axes=(0, None))(np.ones((3, 2)), np.ones(2))
    array([2., 2., 2.])
    """

    @wraps(function)
    def over_examples(*args: Any, **kwargs: Any) -> Any:
        axes = in_axes if isinstance(in_axes, tuple | list) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise UsageError(f"vmap has in_axes for {len(axes)} arguments, and the call has {len(args)}")
        outermost = workspace() is None
        with tracing():
            since = fresh_serial()
            many: dict[Node, Node] = {}
            sizes: dict[str, int] = {}
            singles = []
            for position, (argument, axis) in enumerate(zip(args, axes, strict=True)):
                singles.append(_one_example(argument, axis, f"argument {position}", many, sizes))
            named = {
                name: _one_example(argument, 0, f"argument {name!r}", many, sizes) for name, argument in kwargs.items()
            }
            size = _common_size(sizes)
            leaves, structure = flatten(called(function, *singles, **named))
            batched = batch([output_node(leaf) for leaf in leaves], many, size)
            placed = _place(batched, _axes_of(out_axes, structure), size)
            return unflatten(structure, deliver(placed, since, outermost=outermost))

    return over_examples


def _one_example(argument: Tree, axis: Any, what: str, many: dict[Node, Node], sizes: dict[str, int]) -> Tree:
    """The argument with each mapped leaf replaced by a fresh input for one example."""
    if axis is None:
        return argument
    leaves, structure = flatten(argument)
    singles = []
    for leaf, one_axis in zip(leaves, _axes_of(axis, structure), strict=True):
        if one_axis is None or not is_array(leaf):
            singles.append(leaf)
            continue
        node = to_node(leaf)
        if not -node.ndim <= one_axis < node.ndim:
            raise ShapeError(
                f"vmap maps axis {one_axis} of {what}, which has shape {show_shape(node.shape)}",
                hint="in_axes=None for values that all examples share",
            )
        first = one_axis % node.ndim
        front = transpose(node, (first, *[a for a in range(node.ndim) if a != first]))
        sizes[what] = front.shape[0]
        single = abstract_input(Aval(front.shape[1:], front.dtype))
        many[single.node] = front
        singles.append(single)
    return unflatten(structure, singles)


def _axes_of(axes: Any, structure: Structure) -> list[int | None]:
    """One axis for each leaf, from an axis for all or a tree that is a prefix of the structure."""
    if axes is None or isinstance(axes, int):
        return [axes] * structure.num_leaves
    found: list[int | None] = []
    children, keys = structure.children(), structure.entries()
    if isinstance(axes, dict):
        parts = [axes[key] for key in keys if key in axes] if len(axes) == len(keys) else []
    else:
        parts = list(axes) if isinstance(axes, tuple | list) else []
    if not parts or len(parts) != len(children):
        names = ", ".join(str(key) for key in keys)
        raise UsageError(
            f"vmap's axes {axes!r} do not fit a value {f'with the parts {names}' if keys else 'that is one array'}",
            hint="an axis or None, for the whole value or for each of its parts",
        )
    for part, child in zip(parts, children, strict=True):
        found.extend(_axes_of(part, child))
    return found


def _common_size(sizes: dict[str, int]) -> int:
    if not sizes:
        raise UsageError("vmap has nothing to map: every in_axes is None")
    if len(set(sizes.values())) != 1:
        listing = ", ".join(f"{what}: {size}" for what, size in sizes.items())
        raise ShapeError(f"vmap finds different numbers of examples: {listing}")
    return next(iter(sizes.values()))


def _place(batched: list[tuple[Node, bool]], axes: list[int | None], size: int) -> list[Node]:
    placed = []
    for (node, mapped), axis in zip(batched, axes, strict=True):
        if axis is None:
            if mapped:
                raise UsageError("out_axes is None for a result that differs between examples")
            placed.append(node)
            continue
        full = node if mapped else repeated(node, size)
        if not -full.ndim <= axis < full.ndim:
            raise ShapeError(f"vmap has out_axes={axis} for results of shape {show_shape(full.shape)}")
        order = list(range(1, full.ndim))
        order.insert(axis % full.ndim, 0)
        placed.append(transpose(full, tuple(order)))
    return placed
