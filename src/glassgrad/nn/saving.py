"""One model in a file: its arrays, and what it is made of, so that no other model takes them by mistake. Floor 6."""

import dataclasses
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import CheckpointError, UsageError
from glassgrad.base.naming import described, name_of
from glassgrad.base.tensors import Checkpoint, read, write
from glassgrad.base.trees import flatten_with_paths, tree_places
from glassgrad.nn.layer import Layer

Model = TypeVar("Model", bound=Layer)
Places = list[tuple[str, str, dict[str, str]]]  # of layers: path, class, static fields

_KIND = "model"
_NOTHING: tuple[str, dict[str, str]] = ("nothing", {})
_HINT = "nn.load fills a model that is made as the saved one was"


def save(path: Path | str, model: Layer) -> None:
    """Writes the arrays of a model into a file, whole or not at all.

    The file is in the safetensors format: arrays by path, and in its header as JSON what the model is made of. Nothing
    in it is code. Raises CheckpointError where it cannot be written.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> model = nn.Sequential(nn.Linear(3, 2, key=0), nn.tanh)
    >>> nn.save(file, model)
    >>> again = nn.load(file, like=nn.Sequential(nn.Linear(3, 2, key=1), nn.tanh))
    >>> np.array_equal(again.layers[0].weight, model.layers[0].weight)
    True
    """
    if not isinstance(model, Layer):
        raise UsageError(
            f"nn.save takes a path and a layer, found {type(model).__name__}",
            hint="nn.save(path, model)" if isinstance(path, Layer) else None,
        )
    write(_as_path(path), Checkpoint(_arrays(model), {"kind": _KIND, "layers": _layers(model)}))


def load(path: Path | str, like: Model) -> Model:
    """The model in a file that `save` wrote, or `fit` as the best of a run (best.safetensors in its folder).

    `like` is a model made as that one was made; what it has learnt does not matter. The result is `like` with the
    arrays of the file, bit for bit, and freezes what it freezes. Raises CheckpointError where the file is damaged, of
    something else, or of a model that is made otherwise; the message says where they differ.
    """
    if not isinstance(like, Layer):
        raise UsageError(
            f"nn.load takes a path and a layer to be filled, found {type(like).__name__}",
            hint="nn.load(path, like=model), with a model made as the saved one was",
        )
    place = _as_path(path)
    found = read(place)
    if found.facts.get("kind") == "run":
        raise CheckpointError(
            f"{place} holds the state of a run", hint="train.fit goes on from it; best.safetensors beside it is a model"
        )
    is_whole = found.facts.get("kind") == _KIND
    if is_whole:
        _check_same(place, found.facts["layers"], _layers(like))
    _check_arrays(place, found.arrays, _arrays(like) if is_whole else like.parameters() | like.states())
    return like.replace(found.arrays)


def _as_path(path: Any) -> Path:
    if not isinstance(path, str | Path):
        raise UsageError(f"a path is a text or a Path, found {type(path).__name__}")
    return Path(path)


def _arrays(model: Layer) -> dict[str, np.ndarray]:
    """All its numbers by path: parameters, running statistics, tables that nothing changes."""
    paths, leaves, _ = flatten_with_paths(model)
    return {path: np.asarray(leaf) for path, leaf in zip(paths, leaves, strict=True)}


def _layers(model: Layer) -> Places:
    """What a model is made of, in words that another process gives it too."""
    found = []
    for path, part in tree_places(model):
        if isinstance(part, Layer):
            fixed = [field.name for field in dataclasses.fields(part) if field.metadata.get("static")]
            facts = {name: _said(getattr(part, name)) for name in fixed if name != "frozen"}
            found.append((path, type(part).__name__, facts))
    return found


def _said(value: Any) -> str:
    """Functions by their name alone: where it stands may be another module by then."""
    name = name_of(value)
    return described(value) if name is None else name.rpartition(".")[2]


def _check_same(place: Path, saved: Places, given: Places) -> None:
    """Raises CheckpointError where the file says that its model was made of something else."""
    then, now = ({path: (kind, facts) for path, kind, facts in layers} for layers in (saved, given))
    for path in {**then, **now}:
        (kind, facts), (other, fixed) = then.get(path, _NOTHING), now.get(path, _NOTHING)
        differing = [name for name in facts if name in fixed and facts[name] != fixed[name]]
        if kind != other or differing:
            raise CheckpointError(
                f"{place} holds another model: {repr(path) if path else 'it'} is {_listing(kind, facts, differing)} "
                f"there, and {_listing(other, fixed, differing)} in the model given",
                hint=_HINT,
            )


def _listing(kind: str, facts: dict[str, str], names: list[str]) -> str:
    return f"{kind}({', '.join(f'{name}={facts[name]}' for name in names)})" if names else kind


def _check_arrays(place: Path, saved: dict[str, np.ndarray], given: dict[str, Any]) -> None:
    """Raises CheckpointError where arrays are missing, too many, or of another shape or dtype."""
    held = {name: f"{array.dtype}{show_shape(array.shape)}" for name, array in saved.items()}
    needed = {name: f"{np.result_type(array)}{show_shape(np.shape(array))}" for name, array in given.items()}
    for name in [*needed, *held]:
        if held.get(name) != needed.get(name):
            raise CheckpointError(
                f"{place} holds another model: {name} is {held.get(name, 'missing')} there, and "
                f"{needed.get(name, 'missing')} in the model given",
                hint=_HINT,
            )
