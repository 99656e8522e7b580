"""Set-ups that nobody would draw on a blackboard: they are examined, or refused with a reason."""

import numpy as np
import pytest

from glassgrad import nn, optim, train
from glassgrad.base.errors import GlassgradError, ShapeError, UsageError
from glassgrad.doctor.diagnosing import diagnosed
from glassgrad.doctor.subjects import own

X = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32)
LABELS = (X[:, 0] > 0).astype(np.int64)
ADAM = optim.adam(0.01)


class Two(nn.Layer):
    """Two inputs and a dict of outputs."""

    left: nn.Linear
    right: nn.Linear

    def __call__(self, a, b):
        hidden = np.tanh(self.left(a) + self.right(b))
        return {"scores": hidden, "size": np.sum(hidden**2)}


class Turns(nn.Layer):
    """One weight, used three times."""

    weight: nn.Array

    def __call__(self, x):
        for _ in range(3):
            x = nn.gelu(x @ self.weight)
        return x.mean(axis=1)


def penalised(model, x, y):
    return nn.cross_entropy(model(x), y) + 1e-3 * sum(np.sum(part**2) for part in model.parameters().values())


SET_UPS = {
    "nothing to learn": (nn.Sequential(nn.relu), nn.mse, (X, X)),
    "frozen": (nn.mlp([6, 8, 2], key=0).freeze(), nn.cross_entropy, (X, LABELS)),
    "one row": (nn.mlp([6, 8, 2], key=0), nn.cross_entropy, (X[:1], LABELS[:1])),
    "indices": (nn.Sequential(nn.Embedding(9, 4, key=0), nn.Flatten(), nn.Linear(12, 2, key=1)), nn.cross_entropy,
                (np.arange(192).reshape(64, 3) % 9, LABELS)),
    "two inputs": (Two(nn.Linear(6, 2, key=0), nn.Linear(6, 2, key=1)), lambda p, y: nn.cross_entropy(p["scores"], y),
                   [((X[:32], X[32:]), LABELS[:32])]),
    "an objective": (nn.mlp([6, 8, 2], key=0), train.Objective(penalised), (X, LABELS)),
    "one weight in three places": (Turns(np.eye(6, dtype=np.float32)), nn.mse, (X, X[:, 0])),
    "shared": (nn.Shared(nn.mlp([6, 6, 6, 2], key=0), {"layers[2].weight": "layers[0].weight"}), nn.cross_entropy,
               (X, LABELS)),
    "no targets": (nn.mlp([6, 3, 6], key=0), lambda p: np.mean(p**2), (X,)),
    "weights of examples": (nn.mlp([6, 8, 1], key=0), lambda p, y, w: np.mean(w * (p - y) ** 2),
                            (X, X[:, :1], np.abs(X[:, 1:2]))),
    "lists": (nn.mlp([1, 8, 1], key=0), nn.mse, ([[1.0], [2.0], [3.0]], [[1.0], [4.0], [9.0]])),
    "a generator": (nn.mlp([6, 8, 2], key=0), nn.cross_entropy, ((X[at : at + 8], LABELS[at : at + 8])
                                                               for at in range(0, 64, 8))),
}  # fmt: skip


@pytest.mark.parametrize("name", SET_UPS)
def test_it_is_examined(name):
    subject = own.subject(*SET_UPS[name], ADAM)
    trace = subject.run(25, samples=(0, 24))
    report = diagnosed(trace)
    assert len(trace.losses) == 25
    assert len(trace.samples) == 2
    assert report.verdict in ("healthy", "slow but flowing", "sick", "unknown")
    assert str(report)


@pytest.mark.parametrize(
    ("loss", "data", "error", "says"),
    [
        (lambda p, y: (p - y) ** 2, (X, X[:, :2]), ShapeError, "one number"),
        (nn.cross_entropy, [], UsageError, "no batch"),
        (nn.cross_entropy, (X[:, :5], LABELS), ShapeError, "6 numbers"),
        (nn.cross_entropy, (X, np.array(["a"] * 64)), UsageError, "numbers"),
        (nn.cross_entropy, (X, LABELS[:10]), ShapeError, "numbers of rows"),
        (nn.cross_entropy, (X, LABELS + 5), GlassgradError, "labels from 0 to 1"),
        ("mse", (X, X), UsageError, "loss is a function"),
    ],
)
def test_it_is_refused_with_a_reason(loss, data, error, says):
    with pytest.raises(error, match=says):
        own.subject(nn.mlp([6, 8, 2], key=0), loss, data, ADAM).run(2)


def test_an_optimiser_that_was_not_made_is_refused():
    with pytest.raises(UsageError, match="function adam that makes one"):
        own.subject(nn.mlp([6, 8, 2], key=0), nn.cross_entropy, (X, LABELS), optim.adam)
