"""Reading a set-up: its parts in the order of their calls, parameters, loss, optimiser, data, wiring. Floor 7."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import nan, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from glassgrad.api.pipeline import tracing
from glassgrad.base.errors import GlassgradError
from glassgrad.base.trees import Tree, flatten, map_leaves
from glassgrad.doctor.measured.parts import last_kind
from glassgrad.doctor.measured.setup import DataFacts, OptimizerFacts, Parameter, Part, Setup, is_bias
from glassgrad.doctor.subjects.constants import best_constant
from glassgrad.doctor.subjects.data_facts import BATCHES, data_facts
from glassgrad.doctor.subjects.loss_trials import behind_activation
from glassgrad.doctor.subjects.own.batches import Batches
from glassgrad.doctor.subjects.own.chain import Chain, Piece
from glassgrad.doctor.subjects.own.forward import Forward, forward_of, quiet
from glassgrad.doctor.subjects.own.kinds import is_changed_by_mode
from glassgrad.doctor.subjects.own.loss_facts import loss_facts
from glassgrad.doctor.subjects.own.sampling import owner_of
from glassgrad.doctor.subjects.own.spreading import spreads
from glassgrad.doctor.subjects.own.wired import stepped_paths
from glassgrad.doctor.subjects.wiring import broadcasts, without_gradient
from glassgrad.engines import reference
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, apart
from glassgrad.nn.objective import Objective
from glassgrad.nn.parts import places
from glassgrad.ops.leaves import ones
from glassgrad.optim.made import Made
from glassgrad.optim.optimizer import Optimizer, Transformation
from glassgrad.optim.rates import rates
from glassgrad.tracing.trace import is_array, known_input
from glassgrad.transforms.reverse import cotangents_of

if TYPE_CHECKING:
    from glassgrad.doctor.subjects.own.subject import OwnSubject


def read(subject: "OwnSubject") -> Setup:
    """The set-up."""
    model, values = subject.model, subject.batches.values[0]
    with quiet(), tracing(), apart() as here:
        known = {path: known_input(value) for path, value in model.parameters().items()}
        batch = map_leaves(lambda leaf: known_input(leaf) if is_array(leaf) else leaf, values)
        found = forward_of(model.replace(known), subject.loss, batch, known, 0)
        learning = model.trainable()
        ends = [known[path].node for path in learning]
        bar = cotangents_of([found.loss], [ones(found.loss.aval)], ends)
        reached = {path for path in learning if known[path].node in bar}
        chain = found.chain()
        evaluate = _evaluation(subject, found, here.values)
        shape = chain.predictions[0].shape if chain.predictions else ()
        target = _array(values[1:])
        steps = tuple(spreads(found.loss, chain.predictions, target.shape))
        whole = next((one for one in subject.batches.values if _is_usable(one, values)), values)
        tried = partial(evaluate, values=whole)
        loss = loss_facts(_written(subject.loss), tried, shape, _array(whole[1:]))
        inside = behind_activation(tried, shape, _array(whole[1:])) if loss.name == "custom" else None
        name = loss.name if inside is None else "custom"  # what the loss is given is not what its name says
        parts = tuple([_part(piece) for piece in chain.pieces])
        baseline = partial(_baseline, subject.batches.values, shape, last_kind(parts), evaluate)
        data = _data(subject.batches, name, chain, baseline)
    if inside is not None:
        loss = replace(loss, name=inside[1], reduction="mean" if inside[2] == "mean" else "sum")
        parts += (Part(f"loss.{inside[0]}", inside[0], inside[0], "activation", place=loss.place),)
    parameters = _parameters(model, chain, set(learning), stepped_paths(subject.optimizer, learning))
    called = {piece.path for piece in chain.pieces}
    cut = [parameter.path for parameter in parameters if parameter.link in called]
    wiring = without_gradient(learning, reached, cut)
    if loss.place is not None and broadcasts(loss.name, shape, target.shape, steps):
        wiring.append("broadcasting")  # losses of ours do not
    facts = optimizer_facts(subject.optimizer, learning, subject.rate_factor)
    return Setup("glassgrad", type(model).__name__, parts, parameters, loss, facts, data, wiring=tuple(wiring))


def _written(loss: Any) -> Any:
    return loss.function if isinstance(loss, Objective) else loss


def _is_usable(values: tuple[Tree, ...], like: tuple[Tree, ...]) -> bool:
    """Are the targets of this batch numbers, and of the shape of the batch that was traced?"""
    target = _array(values[1:])
    return target.shape == _array(like[1:]).shape and (target.dtype.kind != "f" or bool(np.isfinite(target).all()))


def _evaluation(subject: "OwnSubject", found: Forward, known: dict[Node, Any]) -> Any:
    """The loss as a function of a prediction and a batch: called, or for an objective read from the graph."""
    if not isinstance(subject.loss, Objective):
        return lambda prediction, values: subject.loss(prediction, *values[1:])
    predictions, first = found.predictions(), subject.batches.values[0]

    def evaluate(prediction: np.ndarray, values: tuple[Tree, ...]) -> Any:
        if len(predictions) != 1 or values is not first:
            raise ValueError("an objective is known beside the batch that it was traced with")
        (value,) = reference.compile_graph(Graph(predictions, (found.loss,)), dict(known))(
            prediction.astype(predictions[0].dtype)
        )
        return value

    return evaluate


# ------------------------------------------------------------------ data
def _data(batches: Batches, loss: str, chain: Chain, baseline: Callable[[Sequence[Any]], float]) -> DataFacts:
    """The facts of the first batches."""
    seen = batches.values[:BATCHES]
    inputs, targets = [_array(values[:1]) for values in seen], [_array(values[1:]) for values in seen]
    are_indices = any(piece.kind == "embedding" for piece in chain.pieces[:2])
    dtypes = str(inputs[0].dtype), str(targets[0].dtype)
    numbers = inputs if are_indices else [array.astype(np.float64) for array in inputs]
    return data_facts(
        numbers,
        targets if len(seen[0]) > 1 else [],
        loss=loss,
        batches=len(batches) if batches.is_whole else 0,
        dtypes=dtypes,
        channels_first=inputs[0].ndim >= 4 or any("conv" in piece.kind for piece in chain.pieces[:1]),
        baseline=baseline(targets) if len(seen[0]) > 1 else nan,
    )


def _array(part: tuple[Tree, ...]) -> np.ndarray:
    """The first array of a part of a batch."""
    leaves = flatten(part)[0]
    return np.asarray(leaves[0]) if leaves else np.zeros(0)


def _baseline(
    values: Sequence[tuple[Tree, ...]], shape: tuple[int, ...], last: str, evaluate: Any, targets: Sequence[np.ndarray]
) -> float:
    if not shape:
        return nan

    def loss_of(constant: np.ndarray, place: int) -> float:
        given = np.broadcast_to(constant, (len(targets[place]), *shape[1:])).astype(np.float32)
        try:
            with quiet():
                return float(evaluate(given, values=values[place]))
        except Exception:  # noqa: BLE001 - a loss may refuse a prediction that is not its own
            return nan

    return best_constant(targets, shape[1:], last, loss_of)


# ------------------------------------------------------------------ parts and parameters
def _part(piece: Piece) -> Part:
    inputs, outputs = fans(piece)
    has_modes = is_changed_by_mode(piece.layer)
    return Part(piece.path, piece.operation, piece.kind, piece.family, inputs, outputs, piece.place, has_modes)


def fans(piece: Piece) -> tuple[int, int]:
    """How many numbers go into each unit of a link with weights, and come out of it."""
    if piece.family not in ("weights", "recurrence") or not piece.inputs or not piece.outputs:
        return 0, 0
    weight = getattr(piece.layer, "weight", None)
    if weight is not None and len(weight.shape) > 2:  # (out, in, *window)
        return int(prod(weight.shape[1:])), int(weight.shape[0])
    first, last = piece.inputs[0].shape, piece.outputs[0].shape
    if piece.kind == "embedding":
        return int(piece.layer.table.shape[-2]), int(piece.layer.table.shape[-1])
    return (first[-1] if first else 1), (last[-1] if last else 1)


def _parameters(model: Any, chain: Chain, learning: set[str], stepped: set[str]) -> tuple[Parameter, ...]:
    found = []
    for place in places(model):
        if place.kind not in ("parameter", "frozen"):
            continue
        array = np.asarray(place.value)
        has = bool(array.size) and array.dtype.kind == "f"
        found.append(
            Parameter(
                place.path,
                owner_of(place.path, chain),
                tuple(array.shape),
                place.path in learning,
                place.path in stepped,
                float(np.std(array, dtype=np.float64)) if has else float("nan"),
                float(np.mean(array, dtype=np.float64)) if has else float("nan"),
                is_bias(place.path, array.ndim),
            )
        )
    return tuple(found)


# ------------------------------------------------------------------ optimisers
def optimizer_facts(optimizer: Optimizer, learning: dict[str, Any], factor: float) -> tuple[OptimizerFacts, ...]:
    """The facts of an optimiser, also behind transformations in a chain."""
    parts = _chained(optimizer)
    maker = next((part for part in reversed(parts) if isinstance(part, Optimizer)), optimizer)
    decay = sum(_setting(part, 0, "amount") for part in parts if _name(part) == "weight_decay")
    inner = maker.made
    name, settings = _name(maker), dict(inner.settings) if isinstance(inner, Made) else {}
    momentum = settings.get("momentum", 0.9 if name in ("momentum", "nesterov") else 0.0)
    some = dict(learning) or {"nothing": np.zeros(1)}  # it has a rate, also where it moves nothing
    try:
        found = [float(rate) for rate in rates(optimizer.start(some)).values()]
    except GlassgradError:  # its patterns may fit nothing of it
        found = []
    rate = found[0] * factor if found else float("nan")
    decay += float(settings.get("weight_decay", 0.0) or 0.0)
    return (OptimizerFacts(name, repr(optimizer), rate, float(momentum), float(decay), None),)


def _chained(part: Any) -> list[Optimizer | Transformation]:
    if isinstance(part.made, Made) and part.made.maker.__name__ == "chain":
        return [inner for one in part.made.numbers for inner in _chained(one)]
    return [part]


def _name(part: Any) -> str:
    return part.made.maker.__name__ if isinstance(part.made, Made) else str(part.made).partition("(")[0]


def _setting(part: Any, place: int, name: str) -> float:
    made = part.made
    return float(made.numbers[place]) if len(made.numbers) > place else float(made.settings.get(name, 0.0))
