"""What makes a run the run that it is: its configuration, and what of it a run that goes on must share. Floor 7."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.base.errors import CheckpointError
from glassgrad.base.naming import described
from glassgrad.base.trees import join, tree_places
from glassgrad.nn.layer import Layer
from glassgrad.nn.objective import Objective, Supervised
from glassgrad.train.store.plain import plain

_MAY_DIFFER = {"epochs", "patience", "tolerance", "statistics_every", "checkpoint_seconds", "checkpoint", "callbacks"}


def configuration_of(model: Layer, objective: Objective | Supervised, **settings: Any) -> dict[str, Any]:
    """The settings of a run in plain values; functions by their names, arrays by hashes."""
    learns = model.trainable()
    frozen = {path: value for path, value in model.parameters().items() if path not in learns}
    facts = {
        "model": _text_of(model),
        "frozen": {path: _hash(value) for path, value in frozen.items()},
        "loss": described(objective.loss) if isinstance(objective, Supervised) else repr(objective),
        "metrics": {
            name: described(metric)
            for name, metric in (objective.metrics if isinstance(objective, Supervised) else {}).items()
        },
    }
    found: dict[str, Any] = plain(facts | settings)
    return found


def check_same(now: dict[str, Any], before: dict[str, Any], folder: Path) -> None:
    """Raises CheckpointError where a checkpoint is of another run."""
    for name, value in now.items():
        if name not in _MAY_DIFFER and before.get(name) != value:
            raise CheckpointError(
                f"the checkpoint in {folder} is of a run with another {name.replace('_', ' ')}: "
                f"{_short(before.get(name))} then, {_short(value)} now",
                hint="resume=False begins anew and writes over it; or give another folder",
            )


def _text_of(model: Layer) -> str:
    """The model as it shows itself, and its functions that have no name to be found by."""
    hidden = {}
    for path, part in tree_places(model):
        for field in dataclasses.fields(part) if dataclasses.is_dataclass(part) else ():
            value = getattr(part, field.name, None)
            if field.metadata.get("static") and callable(value) and "<" in described(value):
                hidden[join(path, f".{field.name}")] = described(value)
    return repr(model) + "".join(f"\n{path} is {text}" for path, text in hidden.items())


def _hash(value: Any) -> str:
    array = np.ascontiguousarray(value)
    content = f"{array.dtype.str}{array.shape}".encode() + array.tobytes()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}…"
