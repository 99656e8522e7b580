"""Trainings of small networks: `fit` and NetworkClassifier beside scikit-learn's MLPClassifier and a PyTorch loop.

The same data in float32, architecture, batch size and Adam for all. What an epoch takes is (T(epochs) - T(1)) /
(epochs - 1), so that compiling, which is in T(1), is told apart; what a person waits for is T(epochs) as it is.
"""

import importlib.util
import itertools
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.harness.measure import spread
from benchmarks.harness.report import duration

Record = dict[str, Any]
Training = Callable[[int], float]  # of a number of epochs: trains anew and gives the accuracy
LEAST = 0.9  # a training that gets no further than this is none


@dataclass(frozen=True, slots=True)
class Task:
    """Data of scikit-learn, hidden layers, rows in a batch, and epochs."""

    data: str
    hidden: tuple[int, ...]
    size: int
    epochs: int

    @property
    def name(self) -> str:
        """The task in a line."""
        return f"{self.data}, {'-'.join(map(str, self.hidden))} hidden, batch {self.size}"


TASKS = (
    Task("breast_cancer", (100,), 200, 200),
    Task("breast_cancer", (32, 16), 32, 60),
    Task("digits", (100,), 200, 60),
    Task("digits", (64, 64), 32, 20),
)


def records(*, quick: bool, libraries: Sequence[str]) -> list[Record]:
    """Measures and prints the tasks."""
    if importlib.util.find_spec("sklearn") is None:
        print("scikit-learn is not installed: left out")
        return []
    makers = {"glassgrad": own, "NetworkClassifier": estimator, "scikit-learn": peer, "torch": loop}
    kept = [name for name in makers if name != "torch" or "torch" in libraries]
    found = []
    for task in TASKS[::2] if quick else TASKS:
        x, y = read(task.data)
        for record in compared(task, {name: makers[name](task, x, y) for name in kept}, 3 if quick else 9):
            found.append(record)
            print(f"{record['case']:46}{record['library']:19}{record['text']}", flush=True)
    return found


def compared(task: Task, trainings: dict[str, Training], rounds: int) -> list[Record]:
    """The trainings in turn, round by round, each for one epoch and for all of them."""
    accuracies = {name: train(task.epochs) for name, train in trainings.items()}  # warms up as well
    if wrong := {name: value for name, value in accuracies.items() if value < LEAST}:
        raise RuntimeError(f"{task.name}: these have not learnt: {wrong}")
    one, every = ({name: [] for name in trainings} for _ in "12")
    names = list(trainings)
    for index in range(rounds):
        turn = index % len(names)
        for name in names[turn:] + names[:turn]:
            time.sleep(0.05)  # threads of the library before come to rest
            one[name].append(seconds(trainings[name], 1))
            every[name].append(seconds(trainings[name], task.epochs))
    epoch = {n: [(b - a) / (task.epochs - 1) for a, b in zip(one[n], every[n], strict=True)] for n in names}
    return [_record(task, name, epoch, every, accuracies[name]) for name in names]


def seconds(train: Training, epochs: int) -> float:
    """How long a training takes."""
    began = time.perf_counter()
    train(epochs)
    return time.perf_counter() - began


def _record(task: Task, name: str, epoch: Any, every: Any, accuracy: float) -> Record:
    ratio = spread([theirs / ours for theirs, ours in zip(epoch[name], epoch["glassgrad"], strict=True)])
    whole = statistics.median(every[name])
    text = f"{duration(statistics.median(epoch[name])):>10} an epoch  "
    text += f"{ratio.median:5.3g}× [{ratio.low:.3g}, {ratio.high:.3g}]".ljust(24)
    return {
        "case": task.name,
        "library": name,
        "epoch": asdict(spread(epoch[name])),
        "ratio": asdict(ratio),
        "whole": whole,
        "accuracy": accuracy,
        "text": f"{text}{duration(whole):>9} for {task.epochs} epochs, accuracy {accuracy:.3f}",
    }


def read(name: str) -> tuple[np.ndarray, np.ndarray]:
    """A table of scikit-learn with columns of mean 0 and deviation 1, and its labels."""
    from sklearn import datasets

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    deviation = x.std(axis=0)
    return ((x - x.mean(axis=0)) / np.where(deviation > 0, deviation, 1)).astype(np.float32), y


# ------------------------------------------------------------------ each in its own way
def own(task: Task, x: np.ndarray, y: np.ndarray) -> Training:
    from glassgrad import nn, optim, train

    sizes = [x.shape[1], *task.hidden, int(y.max()) + 1]

    def training(epochs: int) -> float:
        model = nn.mlp(sizes, key=0)
        run = train.fit(
            model, (x, y), nn.cross_entropy, optim.adam(1e-3), epochs=epochs, batch_size=task.size, progress=False,
            store=False,
        )  # fmt: skip
        return float(np.mean(np.argmax(run.model(x), axis=1) == y))

    return training


def estimator(task: Task, x: np.ndarray, y: np.ndarray) -> Training:
    from glassgrad.sklearn import NetworkClassifier

    def training(epochs: int) -> float:
        model = NetworkClassifier(
            task.hidden, batch_size=task.size, epochs=epochs, patience=epochs, tolerance=0.0, random_state=0
        )
        return float(model.fit(x, y).score(x, y))

    return training


def peer(task: Task, x: np.ndarray, y: np.ndarray) -> Training:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    def training(epochs: int) -> float:
        model = MLPClassifier(
            task.hidden, batch_size=task.size, max_iter=epochs, n_iter_no_change=epochs, tol=0.0, alpha=0.0,
            random_state=0,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return float(model.fit(x, y).score(x, y))

    return training


def loop(task: Task, x: np.ndarray, y: np.ndarray) -> Training:
    import torch
    from torch import nn

    inputs, labels = torch.from_numpy(x), torch.from_numpy(y)
    sizes = [x.shape[1], *task.hidden, int(y.max()) + 1]

    def training(epochs: int) -> float:
        torch.manual_seed(0)
        layers = [part for pair in itertools.pairwise(sizes) for part in (nn.Linear(*pair), nn.ReLU())][:-1]
        model = nn.Sequential(*layers)
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
        loss = nn.CrossEntropyLoss()
        for _ in range(epochs):
            for rows in torch.randperm(len(inputs)).split(task.size):
                optimiser.zero_grad()
                loss(model(inputs[rows]), labels[rows]).backward()
                optimiser.step()
        with torch.no_grad():
            return float((model(inputs).argmax(dim=1) == labels).float().mean())

    return training
