"""The store of runs: `.glassgrad/runs.db`, an SQLite file that any number of processes may write at once.

`record` and `open(...).begin` give a `RunWriter` to a training; `open(...).runs()` and `.run(id)` read.
"""

from glassgrad.train.store.compare import Difference, differences
from glassgrad.train.store.fingerprint import fingerprint
from glassgrad.train.store.records import STATUSES, RunRecord
from glassgrad.train.store.store import PLACE, Store, open, record
from glassgrad.train.store.summary import Summary, goal_of
from glassgrad.train.store.writer import RunWriter, StoreWarning

__all__ = [
    "PLACE",
    "STATUSES",
    "Difference",
    "RunRecord",
    "RunWriter",
    "Store",
    "StoreWarning",
    "Summary",
    "differences",
    "fingerprint",
    "goal_of",
    "open",
    "record",
]
