"""Permutation importance: how much worse a network gets when a column is shuffled. Floor 7.

L. Breiman, Random Forests (Machine Learning 45, 2001), section 10, with the loss instead of the errors.
"""

from typing import Any

import numpy as np

from glassgrad.train.report.findings import Importance
from glassgrad.train.tabular.measuring import metrics
from glassgrad.train.tabular.network import Network

_MOST_COLUMNS, _MOST_ROWS, _SHUFFLES = 100, 1000, 3


def importance(network: Network, table: Any, seed: int) -> tuple[Importance, ...]:
    """Of each column that the network sees; nothing where there are too many columns or no rows."""
    plan = network.preparation.plan
    columns = plan.used
    if len(columns) > _MOST_COLUMNS or len(table) < 2:
        return ()
    generator = np.random.default_rng(seed)
    if len(table) > _MOST_ROWS:
        table = table[np.sort(generator.choice(len(table), _MOST_ROWS, replace=False))]
    truth = network.preparation.truth(table)
    measure = "log_loss" if plan.task == "classification" else "rmse"

    def loss(rows: Any) -> float:
        return float(metrics(plan, truth, network.scores(rows))[measure] or 0.0)

    usual = loss(table)
    found = []
    for column in columns:
        cells = table[column.name]
        rises = [
            loss(table.with_columns(cells[generator.permutation(len(table))].alias(column.name))) - usual
            for _ in range(_SHUFFLES)
        ]
        found.append(Importance(column.name, float(np.mean(rises)), float(np.std(rises))))
    return tuple(one for one in found if np.isfinite(one.loss))
