"""Networks for tables: how well they predict by default, and how long an epoch takes, beside scikit-learn and PyTorch.

The quality is the mean over five splits (two when quick) of accuracy, or R² in a regression. scikit-learn's networks,
with their own defaults, get the rows of the validation as well: once prepared as ours, and once as numbers as they are.
"""

import importlib.util
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

Record = dict[str, Any]
TABLES = ("breast cancer", "digits", "wine", "diabetes", "customers")
# Rows, inputs, classes; hidden units; rows in a step.
EPOCHS = {
    "digits, batch 200": (1437, 64, 10, 100, 200),
    "digits, batch 32": (1437, 64, 10, 100, 32),
    "customers, batch 200": (5600, 80, 2, 100, 200),
    "customers, batch 64": (5600, 80, 2, 100, 64),
    "wine, batch 32": (142, 13, 3, 100, 32),
}


def records(*, quick: bool, libraries: Sequence[str]) -> list[Record]:
    """Measures and prints everything of this group."""
    found = []
    for part in (quality, epochs):
        for record in part(quick, libraries):
            found.append(record)
            print(f"{record['case']:34}{record['library']:34}{record['text']}", flush=True)
    return found


# ------------------------------------------------------------------ how well
def quality(quick: bool, libraries: Sequence[str]) -> Iterator[Record]:
    """Accuracy or R² on the test part, the mean over splits."""
    if importlib.util.find_spec("polars") is None:
        print("polars is not installed: nothing is learnt from tables")
        return
    for name in TABLES[2:] if quick else TABLES:
        scores: dict[str, list[float]] = {}
        for seed in range(2 if quick else 5):
            for model, score in _scores(name, seed).items():
                scores.setdefault(model, []).append(score)
        for model, values in scores.items():
            mean = statistics.mean(values)
            yield {"case": name, "library": model, "score": mean, "values": values, "text": f"{mean:.4f}"}


def _scores(name: str, seed: int) -> dict[str, float]:
    import polars as pl
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    from glassgrad.train import tabular

    table, target = _table(name)
    plan = tabular.infer(table, target)
    split = tabular.split(table, plan, seed=seed)
    preparation = tabular.Preparation.fit(plan, split.train)
    metric = "accuracy" if plan.task == "classification" else "r2"
    network = tabular.Network.train(preparation, split, tabular.Options(seed=seed), progress=False)
    baselines = tabular.baselines(plan, split, preparation)
    found = {"glassgrad": network.metrics(split.test)[metric]} | {
        model: one[metric] for model, one in list(baselines.items())[1:]
    }
    seen = pl.concat([split.train, split.validation])
    truth = preparation.truth(split.test)

    def peer(inputs: Callable[[Any], np.ndarray]) -> float:
        if plan.task == "classification":
            model = MLPClassifier(random_state=seed).fit(inputs(seen), preparation.truth(seen))
            return tabular.metrics(plan, truth, model.predict_proba(inputs(split.test)))[metric]
        model = MLPRegressor(random_state=seed).fit(inputs(seen), preparation.truth(seen))
        return tabular.metrics(plan, truth, model.predict(inputs(split.test)))[metric]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its defaults end before it has converged
        prepared = tabular.Preparation.fit(plan, seen)
        found["scikit-learn, prepared inputs"] = peer(prepared.inputs)
        if name != "customers":  # words are nothing to it
            found["scikit-learn, inputs as they are"] = peer(lambda rows: rows.drop(target).to_numpy())
    return found


def _table(name: str) -> tuple[Any, str]:
    import polars as pl
    from sklearn import datasets

    if name == "customers":
        from tests.train.tabular.tables import customers

        return customers(7000), "leaves"
    data = getattr(datasets, f"load_{name.replace(' ', '_')}")()
    columns = {f"x{place}": column for place, column in enumerate(data.data.T)}
    return pl.DataFrame(columns | {"target": data.target}), "target"


# ------------------------------------------------------------------ how long
def epochs(quick: bool, libraries: Sequence[str]) -> Iterator[Record]:
    """Seconds of an epoch with Adam: the same sizes, the same batches; the median of rounds in turn."""
    makers = {"glassgrad": _ours, "scikit-learn": _sklearn}
    makers |= {"torch": _torch} if "torch" in libraries else {}
    for name, sizes in EPOCHS.items():
        draw = np.random.default_rng(0)
        rows, inputs, classes, hidden, batch = sizes
        x = draw.normal(size=(rows, inputs)).astype(np.float32)
        y = np.argmax(x @ draw.normal(size=(inputs, classes)) + draw.normal(size=(rows, classes)), axis=1)
        rounds: dict[str, list[float]] = {library: [] for library in makers}
        for _ in range(3 if quick else 7):
            for library, seconds in makers.items():
                rounds[library].append(seconds(x, y, hidden, batch, 10))
        ours = statistics.median(rounds["glassgrad"])
        for library, values in rounds.items():
            middle = statistics.median(values)
            ratio = "" if library == "glassgrad" else f"   {middle / ours:.2f} times ours"
            yield {
                "case": f"epoch, {name}",
                "library": library,
                "seconds": middle,
                "text": f"{middle * 1e3:.2f} ms{ratio}",
            }


def _ours(x: np.ndarray, y: np.ndarray, hidden: int, batch: int, count: int) -> float:
    from glassgrad import nn, optim
    from glassgrad.nn.perceptron import mlp
    from glassgrad.train import fit

    model = mlp([x.shape[1], hidden, int(y.max()) + 1], key=0)
    run = fit(
        model,
        (x, y),
        nn.cross_entropy,
        optim.adam(1e-3),
        epochs=count + 1,
        batch_size=batch,
        last="pad",
        progress=False,
    )
    return float(np.mean(run.history["seconds"][1:]))  # the first epoch compiles


def _sklearn(x: np.ndarray, y: np.ndarray, hidden: int, batch: int, count: int) -> float:
    from sklearn.neural_network import MLPClassifier

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((hidden,), batch_size=batch, max_iter=count, tol=0.0, n_iter_no_change=count + 1)
        began = time.perf_counter()
        model.fit(x, y)
    return (time.perf_counter() - began) / count


def _torch(x: np.ndarray, y: np.ndarray, hidden: int, batch: int, count: int) -> float:
    import torch

    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
    model = torch.nn.Sequential(
        torch.nn.Linear(x.shape[1], hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, int(y.max()) + 1)
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loss_of, seconds = torch.nn.CrossEntropyLoss(), []
    for _ in range(count + 1):
        began, total = time.perf_counter(), 0.0
        order = torch.randperm(len(inputs))
        for start in range(0, len(inputs), batch):
            chosen = order[start : start + batch]
            optimizer.zero_grad()
            loss = loss_of(model(inputs[chosen]), targets[chosen])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        seconds.append(time.perf_counter() - began)
    return float(np.mean(seconds[1:]))
