"""Derivatives of functions: grad, value_and_grad, jvp, vjp and what is built of them. Floor 5."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from glassgrad.api.arguments import ArgNums, Call, Chosen, choose
from glassgrad.api.pipeline import deliver, tracing
from glassgrad.base.avals import is_inexact, show_shape
from glassgrad.base.errors import DerivativeError, DtypeError, UsageError
from glassgrad.base.trees import Structure, Tree, flatten, unflatten
from glassgrad.graph.node import Node, fresh_serial, workspace
from glassgrad.ops.leaves import ones, zeros
from glassgrad.ops.structure import cast
from glassgrad.tracing.trace import is_array, known_input
from glassgrad.tracing.tracer import Tracer, to_node
from glassgrad.transforms.reverse import pull

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Traced:
    """A function called on tracers: the chosen inputs, what came out, and what was said besides."""

    inputs: tuple[Node, ...]
    input_structures: tuple[Structure, ...]
    result: Any
    aux: Any


def trace_call(function: Function, call: Call, chosen: Chosen, *, has_aux: bool = False) -> Traced:
    """Calls the function with fresh inputs in place of the chosen arguments."""
    inputs: list[Node] = []
    structures = []
    new: dict[int | str, Any] = {}
    for key in chosen.keys:
        leaves, structure = flatten(call.get(key))
        fresh = [_differentiable_input(leaf, key) for leaf in leaves]
        inputs.extend(tracer.node for tracer in fresh)
        structures.append(structure)
        new[key] = unflatten(structure, fresh)
    changed = call.replaced(new)
    result = function(*changed.positional, **changed.keywords)
    aux = None
    if has_aux:
        if not (isinstance(result, tuple) and len(result) == 2):
            raise UsageError("has_aux=True needs a function that returns a pair (value, aux)")
        result, aux = result
    return Traced(tuple(inputs), tuple(structures), result, aux)


def _differentiable_input(leaf: Any, key: int | str) -> Tracer:
    if not is_array(leaf):
        raise UsageError(
            f"argument {key!r} holds a {type(leaf).__name__}, which has no derivative",
            hint="choose other arguments by argnums=",
        )
    tracer = known_input(leaf)
    if not is_inexact(tracer.dtype):
        raise DtypeError(
            f"argument {key!r} holds {tracer.dtype} values; a derivative needs real or complex ones",
            hint="write 3.0 instead of 3, or x.astype(float)",
        )
    return tracer


def split_by(structures: Sequence[Structure], leaves: Sequence[Any], *, single: bool) -> Any:
    """Leaves put back into the trees of the chosen arguments."""
    trees, start = [], 0
    for structure in structures:
        stop = start + structure.num_leaves
        trees.append(unflatten(structure, leaves[start:stop]))
        start = stop
    return trees[0] if single else tuple(trees)


def value_and_grad(
    function: Function, argnums: ArgNums = 0, *, has_aux: bool = False, holomorphic: bool = False
) -> Function:
    """The function's value together with its gradient.

    `argnums` names the arguments by position or parameter name; the gradient has the shape of the argument (a tuple
    of gradients where `argnums` is a tuple). With `has_aux` the function returns `(value, aux)` and the result is
    `((value, aux), gradient)`.

    >>> value_and_grad(lambda x: x**2)(3.0)
    (np.float64(9.0), np.float64(6.0))
    """
    _check_callable("value_and_grad", function)

    @wraps(function)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        call = Call(args, kwargs)
        outermost = workspace() is None
        chosen = choose(function, argnums, call)
        with tracing():
            since = fresh_serial()
            traced = trace_call(function, call, chosen, has_aux=has_aux)
            output = _scalar_output(traced.result, holomorphic=holomorphic)
            gradients = gradient_nodes(output, traced.inputs)
            aux_leaves, aux_structure = flatten(traced.aux)
            results = deliver_mixed([output, *gradients, *aux_leaves], since, outermost=outermost)
        value, rest = results[0], results[1:]
        gradient = split_by(traced.input_structures, rest[: len(gradients)], single=chosen.single)
        if has_aux:
            return (value, unflatten(aux_structure, rest[len(gradients) :])), gradient
        return value, gradient

    return value_and_gradient


def grad(function: Function, argnums: ArgNums = 0, *, has_aux: bool = False, holomorphic: bool = False) -> Function:
    """The gradient of a scalar function.

    For a complex argument the gradient of a real function is ∂f/∂x − i ∂f/∂y (JAX's convention), so a step downhill
    subtracts its conjugate; `holomorphic=True` gives the complex derivative of a holomorphic function.

    >>> grad(lambda x: x**3)(2.0)
    np.float64(12.0)
    """
    _check_callable("grad", function)
    both = value_and_grad(function, argnums, has_aux=has_aux, holomorphic=holomorphic)

    @wraps(function)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, result = both(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    return gradient


def _check_callable(name: str, function: object) -> None:
    if not callable(function):
        raise UsageError(
            f"{name} takes a function, found {type(function).__name__}",
            hint=f"{name}(f) is a function too: {name}(f)(x)",
        )


def gradient_nodes(output: Node, inputs: Sequence[Node]) -> list[Node]:
    """The gradient of a scalar node with respect to each input; zeros where it does not depend on it."""
    pulled = pull([output], [ones(output.aval)], inputs)
    return [zeros(x.aval) if g is None else cast(g, x.dtype) for x, g in zip(inputs, pulled, strict=True)]


def _scalar_output(result: Any, *, holomorphic: bool) -> Node:
    if not is_array(result):
        raise DerivativeError(
            f"grad needs a function that returns one number, found {type(result).__name__}",
            hint="return the loss alone; has_aux=True for (loss, other things); jacobian for several",
        )
    node = to_node(result)
    if node.shape != ():
        raise DerivativeError(
            f"grad needs a function that returns one number, found shape {show_shape(node.shape)}",
            hint="sum it (loss.sum()), or use jacobian, vjp or elementwise_grad",
        )
    if node.dtype.kind == "c" and not holomorphic:
        raise DerivativeError(
            "grad of a function with a complex result",
            hint="holomorphic=True where the function is holomorphic, or differentiate its real part",
        )
    if holomorphic and node.dtype.kind != "c":
        raise DerivativeError(f"holomorphic=True needs a complex result, found {node.dtype}")
    return node


def deliver_mixed(leaves: Sequence[Any], since: int, *, outermost: bool) -> list[Any]:
    """As `deliver`, for a mix of nodes, tracers and values that were never traced (passed through)."""
    nodes = {
        index: leaf if isinstance(leaf, Node) else leaf.node
        for index, leaf in enumerate(leaves)
        if isinstance(leaf, Node | Tracer)
    }
    values = dict(zip(nodes, deliver(list(nodes.values()), since, outermost=outermost), strict=True))
    return [values.get(index, leaf) for index, leaf in enumerate(leaves)]


__all__ = ["Tree", "grad", "gradient_nodes", "value_and_grad"]
