"""Training: `fit` makes a run of a model, data, a loss and an optimiser; `store` keeps runs, `export` writes networks.

Names are loaded when they are first used: to list the runs of a store takes no engine.

>>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
>>> run = train.fit(nn.Linear(1, 1, key=0), (x, 3 * x + 1), nn.mse, optim.adam(0.1), epochs=30)
>>> bool(run.history["loss"][-1] < 0.01)
True
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glassgrad.base.tensors import Checkpoint
    from glassgrad.nn.objective import Objective
    from glassgrad.train import export, store
    from glassgrad.train.callbacks import OnPlateau, Remembering
    from glassgrad.train.checkpoint import Checkpoints
    from glassgrad.train.data import Arrays, Batch, Order, Parquet, Prefetched, Source, Stream
    from glassgrad.train.fitting import fit
    from glassgrad.train.history import History, Layers, Series
    from glassgrad.train.precision import Precision
    from glassgrad.train.run import (
        Callback,
        Ended,
        EpochEnded,
        Event,
        FailedTrainingWarning,
        Run,
        Started,
        Stepped,
        Timings,
    )

_WHERE = {  # the imports above; tests/train/test_names.py holds them together
    "Arrays": "train.data",
    "Batch": "train.data",
    "Callback": "train.run",
    "Checkpoint": "base.tensors",
    "Checkpoints": "train.checkpoint",
    "Ended": "train.run",
    "EpochEnded": "train.run",
    "Event": "train.run",
    "FailedTrainingWarning": "train.run",
    "History": "train.history",
    "Layers": "train.history",
    "Objective": "nn.objective",
    "OnPlateau": "train.callbacks",
    "Order": "train.data",
    "Parquet": "train.data",
    "Precision": "train.precision",
    "Prefetched": "train.data",
    "Remembering": "train.callbacks",
    "Run": "train.run",
    "Series": "train.history",
    "Source": "train.data",
    "Started": "train.run",
    "Stepped": "train.run",
    "Stream": "train.data",
    "Timings": "train.run",
    "fit": "train.fitting",
}

__all__ = [
    "Arrays",
    "Batch",
    "Callback",
    "Checkpoint",
    "Checkpoints",
    "Ended",
    "EpochEnded",
    "Event",
    "FailedTrainingWarning",
    "History",
    "Layers",
    "Objective",
    "OnPlateau",
    "Order",
    "Parquet",
    "Precision",
    "Prefetched",
    "Remembering",
    "Run",
    "Series",
    "Source",
    "Started",
    "Stepped",
    "Stream",
    "Timings",
    "export",
    "fit",
    "store",
]


def __getattr__(name: str) -> Any:
    if name in ("export", "store"):
        return importlib.import_module(f"glassgrad.train.{name}")
    if name not in _WHERE:
        raise AttributeError(f"module 'glassgrad.train' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"glassgrad.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
