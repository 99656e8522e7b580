"""The same network in both frameworks: the same facts, the same numbers, the same verdict."""

import numpy as np
import pytest

from glassgrad import nn, optim
from glassgrad.doctor.diagnosing import diagnosed
from glassgrad.doctor.subjects import own
from glassgrad.doctor.subjects import torch as theirs

torch = pytest.importorskip("torch")

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(192, 6)).astype(np.float32)
LABELS = (X[:, 0] * X[:, 1] > 0).astype(np.int64)
NUMBERS = (X[:, :1] + 0.5 * X[:, 1:2] ** 2).astype(np.float32)
BENDS = {
    "relu": (nn.relu, torch.nn.ReLU),
    "sigmoid": (nn.sigmoid, torch.nn.Sigmoid),
    "tanh": (np.tanh, torch.nn.Tanh),
    "softmax": (nn.softmax, lambda: torch.nn.Softmax(dim=-1)),
}


def batches(x, y):
    return [(x[at : at + 32], y[at : at + 32]) for at in range(0, len(x), 32)]


def both(words, loss, y, optimizers, *, x=X):
    """The two subjects: `words` are sizes of linear layers and names of activations."""
    width, ours, other = x.shape[1], [], []
    for place, word in enumerate(words):
        if isinstance(word, int):
            ours.append(nn.Linear(width, word, key=place))
            other.append(torch.nn.Linear(width, word))
            width = word
        else:
            ours.append(BENDS[word][0])
            other.append(BENDS[word][1]())
    model, module = nn.Sequential(*ours), torch.nn.Sequential(*other)
    with torch.no_grad():
        for mine, their in zip(model.layers, module, strict=True):
            if isinstance(mine, nn.Linear):
                their.weight.copy_(torch.tensor(mine.weight.T))
                their.bias.copy_(torch.tensor(mine.bias))
    tensors = [(torch.tensor(a), torch.tensor(b)) for a, b in batches(x, y)]
    first = own.subject(model, loss[0], batches(x, y), optimizers[0])
    return first, theirs.subject(module, loss[1], tensors, optimizers[1](module.parameters()))


CROSS_ENTROPY = (nn.cross_entropy, torch.nn.CrossEntropyLoss())
MSE = (nn.mse, torch.nn.MSELoss())


def sgd(rate):
    return optim.sgd(rate), lambda parameters: torch.optim.SGD(parameters, lr=rate)


def adam(rate):
    return optim.adam(rate), lambda parameters: torch.optim.Adam(parameters, lr=rate)


@pytest.mark.parametrize(
    ("words", "loss", "y"),
    [
        ([16, "sigmoid", 8, "tanh", 2], CROSS_ENTROPY, LABELS),
        ([16, "relu", 8, "relu", 1], MSE, NUMBERS),
        ([16, "relu", 2, "softmax"], CROSS_ENTROPY, LABELS),
    ],
)
def test_a_step_is_measured_alike(words, loss, y):
    ours, other = both(words, loss, y, sgd(0.1))
    one, two = ours.run(12, samples=(0, 11)), other.run(12, samples=(0, 11))
    np.testing.assert_allclose(one.losses, two.losses, rtol=2e-4)
    assert one.before == pytest.approx(two.before, rel=1e-4)
    assert one.score_after == two.score_after
    assert one.setup.data.baseline == pytest.approx(two.setup.data.baseline, rel=1e-3)
    assert one.setup.data.task == two.setup.data.task
    assert [part.kind for part in one.setup.parts] == [part.kind for part in two.setup.parts]
    for mine, their in zip(one.samples, two.samples, strict=True):
        assert len(mine.links) == len(their.links)
        for a, b in zip(mine.links[:-1], their.links[:-1], strict=True):
            assert a.family == b.family
            assert (a.entering, a.leaving) == pytest.approx((b.entering, b.leaving), rel=1e-3, abs=1e-9)
        for a, b in zip(mine.units, their.units, strict=True):
            assert (a.mean, a.std, a.dead, a.zeros) == pytest.approx(
                (b.mean, b.std, b.dead, b.zeros), rel=1e-2, abs=1e-4
            )
        for a, b in zip(mine.weights, their.weights, strict=True):
            assert (a.gradient, a.update) == pytest.approx((b.gradient, b.update), rel=1e-3, abs=1e-9)
        assert mine.likeness == pytest.approx(their.likeness, abs=1e-3)
        assert mine.noise == pytest.approx(their.noise, rel=1e-2, abs=1e-3)


@pytest.mark.parametrize(
    ("words", "loss", "y", "optimizers"),
    [
        ([24, "relu", 24, "relu", 2], CROSS_ENTROPY, LABELS, adam(0.01)),
        ([*[12, "sigmoid"] * 12, 2], CROSS_ENTROPY, LABELS, sgd(0.1)),
        ([24, "relu", 24, "relu", 2], CROSS_ENTROPY, LABELS, sgd(1e-6)),
        ([24, "relu", 1, "softmax"], MSE, LABELS[:, None].astype(np.float32), adam(0.01)),
        ([24, "relu", 1], MSE, 1e4 * NUMBERS, sgd(0.1)),
    ],
    ids=["healthy", "vanishing", "slow", "one-unit-softmax", "explodes"],
)
def test_the_verdict_is_the_same(words, loss, y, optimizers):
    ours, other = both(words, loss, y, optimizers)
    steps, samples = 150, (0, 1, 8, 75, 149)
    one, two = diagnosed(ours.run(steps, samples=samples)), diagnosed(other.run(steps, samples=samples))
    assert one.verdict == two.verdict
    assert one.learning.course == two.learning.course
    assert [cause.name for cause in one.causes[:1]] == [cause.name for cause in two.causes[:1]]
    assert [symptom.name for symptom in one.symptoms[:1]] == [symptom.name for symptom in two.symptoms[:1]]
