"""Edits of a model: activations, initialisation, normalisation, residual links, the end of the model. Floor 7."""

from collections.abc import Sequence
from copy import copy
from itertools import takewhile
from typing import Any

import numpy as np

from glassgrad.base.trees import tree_places
from glassgrad.doctor.measured.setup import Part, Setup
from glassgrad.doctor.subjects.own.kinds import NORMS
from glassgrad.doctor.subjects.own.surgery import layers_of, spliced, swapped
from glassgrad.doctor.subjects.subject import Cannot
from glassgrad.nn.activations import ACTIVATIONS
from glassgrad.nn.composition import Function, Residual, Sequential
from glassgrad.nn.dropout import Dropout
from glassgrad.nn.initialisers import default_for, fans_of, glorot_uniform, orthogonal
from glassgrad.nn.linear import Linear
from glassgrad.nn.normalisation import BatchNorm, LayerNorm
from glassgrad.nn.recurrent.cells import GRUCell, LSTMCell
from glassgrad.random.keys import key, split

_ENDS = ("softmax", "log_softmax")


def with_activation(model: Any, setup: Setup, name: str) -> Any:
    """Other hidden activations; added after hidden weights where there are none."""
    new = ACTIVATIONS[name]
    parts = [part for part in setup.parts if part.family in ("weights", "activation", "recurrence", "attention")]
    last = _last_weights(parts)
    known = dict(tree_places(model))
    changes: dict[str, list[Any]] = {}
    for place, part in enumerate(parts[:last]):
        layer = known.get(part.path)
        if part.family == "activation" and part.kind not in _ENDS and isinstance(layer, Function):
            changes[part.path] = [Function(new)]
        follows = parts[place + 1]
        if part.family == "weights" and part.kind != "embedding" and layer is not None and follows.family == "weights":
            changes[part.path] = [layer, Function(new)]
    changed = spliced(model, changes)
    found = swapped(changed, _has_activation, lambda layer: _with_field(layer, new))
    if not changes and found is changed:
        raise Cannot("no hidden activation of this model stands as a layer that could be replaced")
    return found


def _has_activation(layer: Any) -> bool:
    return type(layer).__name__ in ("FeedForward", "RNNCell")


def _with_field(layer: Any, function: Any) -> Any:
    new = copy(layer)
    object.__setattr__(new, "activation", function)  # the copy was made here and nobody has it yet
    return new


def _last_weights(parts: Sequence[Part]) -> int:
    """The place of the last part with weights; what follows is the end of the model."""
    places = [place for place, part in enumerate(parts) if part.family in ("weights", "recurrence", "attention")]
    if not places:
        raise Cannot("the model has no weights")
    return places[-1]


# ------------------------------------------------------------------ initialisation
def initialised(model: Any, setup: Setup) -> Any:
    """Weights drawn afresh for the activation that follows; biases 0, scales 1."""
    following = _following(setup)
    changes: dict[str, Any] = {}
    keys = iter(split(key(20_11), 4096))
    own = dict(layers_of(model))
    arrays = model.parameters()
    for parameter in setup.parameters:
        owner, _, name = parameter.path.rpartition(".")
        layer, old = own.get(owner), np.asarray(arrays[parameter.path])
        changes[parameter.path] = _fresh(layer, name, old, following.get(parameter.link), next(keys), parameter.is_bias)
    return model.replace({path: np.asarray(value, arrays[path].dtype) for path, value in changes.items()})


def _following(setup: Setup) -> dict[str, str | None]:
    """The activation after each part."""
    found: dict[str, str | None] = {}
    waiting: list[str] = []
    for part in setup.parts:
        if part.family == "activation":
            found.update(dict.fromkeys(waiting, part.kind))
            waiting = []
        elif part.family in ("weights", "recurrence", "attention"):
            found.update(dict.fromkeys(waiting, None))
            waiting = [part.path]
    return found


def _fresh(layer: Any, name: str, old: np.ndarray, bend: str | None, drawn: Any, is_bias: bool) -> Any:
    if isinstance(layer, NORMS):
        return np.ones_like(old) if name == "scale" else np.zeros_like(old)
    if isinstance(layer, LSTMCell) and name == "bias":
        return np.repeat(np.array([0.0, 1.0, 0.0, 0.0]), layer.size)
    if name == "hidden_weight":
        size = old.shape[0]
        return np.concatenate(
            [orthogonal(one, (size, size), dtype=old.dtype) for one in split(drawn, max(old.shape[1] // size, 1))], 1
        )
    if is_bias or old.ndim < 2:
        return np.zeros_like(old) if is_bias else old
    if name == "input_weight":
        return glorot_uniform(drawn, old.shape, fans=(old.shape[0], old.shape[0]), dtype=old.dtype)
    if name == "table":
        return np.asarray(np.random.default_rng(int(drawn[1])).normal(0, 1, old.shape))
    draw = default_for(bend if bend in ACTIVATIONS else None)
    fans = (
        fans_of(old.shape)
        if old.ndim == 2
        else (int(np.prod(old.shape[1:])), old.shape[0] * int(np.prod(old.shape[2:])))
    )
    return draw(drawn, old.shape, fans=fans, dtype=old.dtype)


# ------------------------------------------------------------------ normalisation and residual links
def normalised(model: Any, setup: Setup) -> Any:
    """Batch norm after hidden convolutions, layer norm after other hidden layers with weights."""
    known = dict(tree_places(model))
    parts = [part for part in setup.parts if part.family != "other"]
    changes: dict[str, list[Any]] = {}
    for place, part in enumerate(parts[: _last_weights(parts)]):
        layer = known.get(part.path)
        if part.family not in ("weights", "recurrence") or part.kind == "embedding" or layer is None:
            continue
        if parts[place + 1].family == "normalisation":
            continue
        dtype = next(iter(layer.parameters().values())).dtype
        norm = BatchNorm(part.outputs, dtype=dtype) if "conv" in part.kind else LayerNorm(part.outputs, dtype=dtype)
        changes[part.path] = [layer, norm]
    if not changes:
        raise Cannot("there is no hidden layer with weights that stands as a layer and has no normalisation yet")
    return spliced(model, changes)


def with_residuals(model: Any, setup: Setup) -> Any:
    """Each hidden layer whose input and output have one size, with its activation, around a shortcut."""
    known = dict(tree_places(model))
    parts = list(setup.parts)
    hidden = [part for part in parts if part.family != "other"]
    last = hidden[_last_weights(hidden)].path
    changes: dict[str, list[Any]] = {}
    for place, part in enumerate(parts):
        if part.path == last:
            break
        layer = known.get(part.path)
        if not isinstance(layer, Linear) or part.inputs != part.outputs:
            continue
        block, inside = [layer], parts[place + 1 :]
        for follower in inside:
            if follower.family not in ("activation", "normalisation") or not _are_neighbours(part.path, follower.path):
                break
            block.append(known[follower.path])
            changes[follower.path] = []
        changes[part.path] = [Residual(Sequential(*block))]
    if not changes:
        raise Cannot("no hidden layer gives as many numbers as it takes, so no input can be added to its output")
    return spliced(model, changes)


def _are_neighbours(first: str, second: str) -> bool:
    """Do both stand in one `Sequential`?"""
    return first.rpartition("[")[0] == second.rpartition("[")[0] and first.endswith("]")


# ------------------------------------------------------------------ the end of the model
def with_last_activation(model: Any, setup: Setup, name: str | None) -> Any:
    """The model with this activation at its end, in place of those that are there, or without any."""
    known = dict(tree_places(model))
    ends = list(takewhile(lambda part: part.family == "activation" or part.kind == "log", reversed(setup.parts)))
    exchanged = list(takewhile(lambda part: isinstance(known.get(part.path), Function), ends))
    if exchanged:
        new: list[Any] = [] if name is None else [Function(ACTIVATIONS[name])]
        return spliced(model, {part.path: new if part is exchanged[0] else [] for part in exchanged})
    if ends and ends[0].family == "activation":
        raise Cannot(f"{ends[0].operation} at the end is part of the model's own code{_at(ends[0])}")
    if name is None:
        raise Cannot("the model has no activation at its end")
    added = Function(ACTIVATIONS[name])
    return Sequential(*model.layers, added) if isinstance(model, Sequential) else Sequential(model, added)


def _at(part: Part) -> str:
    return f" ({part.place})" if part.place else ""


def widened(model: Any, setup: Setup, units: int) -> Any:
    """The model whose last layer gives so many numbers."""
    weights = [part for part in setup.parts if part.family in ("weights", "recurrence")]
    layer = dict(tree_places(model)).get(weights[-1].path) if weights else None
    if weights and weights[-1].path == "model":
        layer = model
    if not isinstance(layer, Linear):
        raise Cannot("the last layer is no nn.Linear, so its number of outputs cannot be changed")
    inputs = layer.weight.shape[-2]
    new = Linear(inputs, units, key=key(7), bias=layer.bias is not None, dtype=layer.weight.dtype)
    return spliced(model, {weights[-1].path: [new]})


# ------------------------------------------------------------------ smaller ones
def with_open_gates(model: Any) -> Any:
    """Forget gates of LSTMs and update gates of GRUs with a bias of 1."""

    def opened(cell: Any) -> Any:
        bias = np.array(cell.bias)
        bias[cell.size : 2 * cell.size] = 1
        return cell.replace("bias", bias)

    def is_meant(layer: Any) -> bool:
        return isinstance(layer, LSTMCell | GRUCell) and layer.bias is not None

    if not any(is_meant(layer) for _, layer in layers_of(model)):
        raise Cannot("the model has no LSTM or GRU with biases")
    return swapped(model, is_meant, opened)


def with_dropout_times(model: Any, factor: float) -> Any:
    """All dropout rates times a factor."""
    return swapped(
        model,
        lambda layer: isinstance(layer, Dropout) and layer.rate > 0,
        lambda layer: Dropout(layer.rate * factor, axes=layer.axes),
    )


def has_dropout(model: Any) -> bool:
    """Does anything drop?"""
    return any(isinstance(layer, Dropout) and layer.rate > 0 for _, layer in layers_of(model))
