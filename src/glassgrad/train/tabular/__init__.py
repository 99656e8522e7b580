"""Tables: reading, what to learn from which columns, preparation, splitting, training, metrics.

table = tabular.read("churn.csv")
plan = tabular.infer(table, "churned")
split = tabular.split(table, plan)
preparation = tabular.Preparation.fit(plan, split.train)
network = tabular.Network.train(preparation, split)
tabular.metrics(plan, preparation.truth(split.test), network.scores(split.test))
"""

from glassgrad.train.tabular.columns import KINDS, Column, Kind
from glassgrad.train.tabular.measuring import LARGER_IS_BETTER, NAMES, Metrics, baselines, metrics
from glassgrad.train.tabular.network import Network
from glassgrad.train.tabular.options import Options
from glassgrad.train.tabular.plan import Plan, infer
from glassgrad.train.tabular.preparation import Preparation
from glassgrad.train.tabular.range_test import RangeTest, range_test
from glassgrad.train.tabular.reading import read
from glassgrad.train.tabular.splitting import Split, split
from glassgrad.train.tabular.target import Target, Task

__all__ = [
    "KINDS",
    "LARGER_IS_BETTER",
    "NAMES",
    "Column",
    "Kind",
    "Metrics",
    "Network",
    "Options",
    "Plan",
    "Preparation",
    "RangeTest",
    "Split",
    "Target",
    "Task",
    "baselines",
    "infer",
    "metrics",
    "range_test",
    "read",
    "split",
]
