"""A model's evaluation as a graph to be written down, for any number of examples where it can be. Floor 7.

A size that stands for any number of examples is found by trying: the model is traced with one large prime in its
place and then with another; where both give the same text, with the prime (or a multiple of it) read as "batch", no
number in it depends on how many examples there are.
"""

import keyword
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from glassgrad.api.pipeline import tracing
from glassgrad.api.traced_call import signature_of, trace_call
from glassgrad.base.errors import GlassgradError, UsageError
from glassgrad.base.trees import flatten, flatten_with_paths, tree_places
from glassgrad.graph.node import Node, apart, reachable, workspace
from glassgrad.graph.notes import Notes
from glassgrad.nn import parts
from glassgrad.nn.calls import evaluating, observing
from glassgrad.nn.layer import Layer
from glassgrad.ops.leaves import ARRAY
from glassgrad.tracing.trace import is_array
from glassgrad.tracing.tracer import Tracer
from glassgrad.train.export.gates import open_gates
from glassgrad.transforms.simplify import simplify

Written = TypeVar("Written")

_PRIMES = (9973, 9967)  # no size of a network is a multiple of both


@dataclass(frozen=True, slots=True)
class Network:
    """The graph of a model's evaluation: its inputs and results, its arrays, and names for all of them."""

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    names: dict[Node, str]  # of inputs and weights, and of the results of layers
    weights: dict[Node, np.ndarray]
    learned: frozenset[Node]  # the weights that are parameters, and no statistics or constants
    notes: Notes
    batch: int | None  # the size that stands for the number of examples, if any
    title: str

    def nodes(self) -> list[Node]:
        """Every node of the graph, inputs before users."""
        return reachable(self.outputs)

    def is_batch(self, size: int) -> bool:
        """Does this size count examples (or a multiple of them)?"""
        return self.batch is not None and size > 0 and size % self.batch == 0

    def shown(self, shape: Sequence[int]) -> str:
        """A shape as people read it: `(batch, 3)`."""
        sizes = [self.size_text(size) for size in shape]
        return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"

    def size_text(self, size: int) -> str:
        """A size as it is written: a number, `batch`, or `6 * batch`."""
        if not self.is_batch(size) or self.batch is None:
            return str(size)
        count = size // self.batch
        return "batch" if count == 1 else f"{count} * batch"


# ------------------------------------------------------------------ any number of examples
def written(model: Layer, inputs: Any, write: Callable[[Network], Written]) -> Written:
    """What `write` makes of the model, for any number of examples; for that of the inputs where it cannot be."""
    if not isinstance(model, Layer):
        raise UsageError(f"a model is a layer of glassgrad.nn, found {type(model).__name__}")
    if workspace() is not None:
        raise UsageError("a model is exported with its arrays, found a call inside of a trace")
    given = _given(model, inputs)
    try:
        found = [_with_network(model, _resized(given, size), size, write) for size in _PRIMES]
    except GlassgradError:
        found = []  # what it does depends on how many there are; if it is another error, it comes again
    if found and found[0] == found[1]:
        return found[0]
    return _with_network(model, _resized(given, None), None, write)


def _given(model: Layer, inputs: Any) -> list[Any]:
    """The inputs as arrays, or for a shape of them as shape and dtype."""
    several = isinstance(inputs, list) or (isinstance(inputs, tuple) and not _is_shape(inputs))
    dtype = next((np.result_type(value) for value in model.parameters().values()), np.dtype(np.float32))
    given = [(part, dtype) if _is_shape(part) else np.asarray(part) for part in (inputs if several else [inputs])]
    if not given:
        raise UsageError("a model is exported with examples of its inputs, found none")
    return given


def _is_shape(part: Any) -> bool:
    sizes = part[1:] if isinstance(part, tuple) and part[:1] == (None,) else part
    return isinstance(part, tuple) and all(type(size) is int for size in sizes)


def _resized(given: Sequence[Any], size: int | None) -> list[np.ndarray]:
    """The inputs as arrays; those with as many examples as the first have `size` of them."""
    shapes = [part[0] if isinstance(part, tuple) else part.shape for part in given]
    found = []
    for part, shape in zip(given, shapes, strict=True):
        new = list(shape)
        if size is not None and shape and shapes[0] and shape[0] == shapes[0][0]:
            new[0] = size
        plain = tuple([1 if number is None else number for number in new])
        dtype = part[1] if isinstance(part, tuple) else part.dtype
        is_same = not isinstance(part, tuple) and plain == part.shape
        found.append(part if is_same else np.broadcast_to(np.zeros((), dtype), plain))
    return found


# ------------------------------------------------------------------ the traced call
@dataclass(slots=True)
class _LayerNames:
    """Names the result of each layer by where the layer stands: `layers_0`."""

    paths: dict[int, str] = field(default_factory=dict)
    names: dict[Node, str] = field(default_factory=dict)

    def entered(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Nothing is known yet."""

    def left(self, layer: Any, result: Any) -> None:
        """The innermost layer that gave a value names it."""
        if isinstance(result, Tracer) and self.paths.get(id(layer)):
            self.names.setdefault(result.node, _identifier(self.paths[id(layer)]))


def _with_network(
    model: Layer, inputs: list[np.ndarray], batch: int | None, write: Callable[[Network], Written]
) -> Written:
    watch = _LayerNames()

    def called(model: Any, inputs: Sequence[Any]) -> Any:
        watch.paths.update({id(part): path for path, part in tree_places(model) if isinstance(part, Layer)})
        return [leaf for leaf in flatten(model(*inputs))[0] if leaf is not None]

    arguments = (model, inputs)
    leaves, weak, structure, _ = signature_of(arguments, {}, ())
    paths = [path for path, leaf in zip(*flatten_with_paths(model)[:2], strict=True) if is_array(leaf)]
    with tracing(), apart() as here, evaluating(), observing(watch):
        found = trace_call(called, structure, list(zip(leaves, weak, strict=True)), arguments, {}, ())
        if not found.graph.outputs:
            raise UsageError(f"{type(model).__name__} gives no array")
        here.notes.names.update(watch.names)
        outputs = tuple(simplify(open_gates(simplify(found.graph.outputs))))
        nodes = reachable(outputs)
        given = found.graph.inputs[len(paths) : len(paths) + len(inputs)]
        held = [(node, path, leaf) for node, path, leaf in zip(found.graph.inputs, paths, leaves, strict=False)]
        alive = set(nodes)
        weights = {node: np.asarray(leaf) for node, _, leaf in held if node in alive}
        names = {node: "x" if len(given) == 1 else f"x{place}" for place, node in enumerate(given, start=1)}
        _name(names, [(node, path) for node, path, _ in held if node in alive])
        for node in nodes:
            if node.op is ARRAY and not is_made(node.param("held").values):
                weights[node] = node.param("held").values
        _name(names, [(node, "constant") for node in weights if node not in names])
        _name(names, [(node, here.notes.names[node]) for node in nodes if node in here.notes.names])
        kinds = [place.kind for place in parts.places(model) if is_array(place.value)]
        learned = frozenset(
            node for (node, _, _), kind in zip(held, kinds, strict=True) if kind in ("parameter", "frozen")
        )
        network = Network(given, outputs, names, weights, learned, here.notes, batch, type(model).__name__)
        if batch is not None and any(network.is_batch(size) for array in weights.values() for size in array.shape):
            raise UsageError("an array depends on the number of examples")
        return write(network)


def is_made(array: np.ndarray) -> bool:
    """Is this array written as what it is made by? Those of equal elements, and those that count up."""
    return array.size > 0 and array.dtype.kind in "fiub" and (is_uniform(array) or is_counting(array))


def is_uniform(array: np.ndarray) -> bool:
    """Are all elements equal?"""
    return bool(np.all(array == array.flat[0]))


def is_counting(array: np.ndarray) -> bool:
    """Are the elements 0, 1, 2 …?"""
    return array.dtype.kind in "iu" and np.array_equal(array.ravel(), np.arange(array.size))


def _identifier(path: str) -> str:
    """`layers[0].weight` as `layers_0_weight`."""
    name = re.sub(r"\W+", "_", path).strip("_")
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"part_{name}"


_TAKEN = frozenset(("np", "scipy", "torch", "functional", "weights", "Path", "batch", "predict", "self", "x", "value"))


def _name(names: dict[Node, str], wanted: Sequence[tuple[Node, str]]) -> None:
    """Gives each node a name that no other has."""
    used = {*names.values(), *_TAKEN}
    for node, path in wanted:
        if node in names:
            continue
        name = base = _identifier(path)
        number = 1
        while name in used:
            number += 1
            name = f"{base}_{number}"
        used.add(name)
        names[node] = name
