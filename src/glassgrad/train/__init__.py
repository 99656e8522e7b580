"""Training: `fit` makes a run of a model, data, a loss and an optimiser; checkpoints, data, history.

>>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
>>> run = train.fit(nn.Linear(1, 1, key=0), (x, 3 * x + 1), nn.mse, optim.adam(0.1), epochs=30)
>>> bool(run.history["loss"][-1] < 0.01)
True
"""

from glassgrad.train.checkpoint import Checkpoint, Checkpoints
from glassgrad.train.data import Arrays, Batch, Order, Parquet, Prefetched, Source, Stream
from glassgrad.train.fit import fit
from glassgrad.train.history import History, Layers, Series
from glassgrad.train.objective import Objective
from glassgrad.train.precision import Precision
from glassgrad.train.run import Callback, Ended, EpochEnded, Event, Run, Started, Stepped, Timings

__all__ = [
    "Arrays",
    "Batch",
    "Callback",
    "Checkpoint",
    "Checkpoints",
    "Ended",
    "EpochEnded",
    "Event",
    "History",
    "Layers",
    "Objective",
    "Order",
    "Parquet",
    "Precision",
    "Prefetched",
    "Run",
    "Series",
    "Source",
    "Started",
    "Stepped",
    "Stream",
    "Timings",
    "fit",
]
