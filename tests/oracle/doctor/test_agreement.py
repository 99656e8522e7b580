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
    return subjects(model, module, loss, y, optimizers, x=x)


def subjects(model, module, loss, y, optimizers, *, x=X):
    tensors = [(torch.tensor(a), torch.tensor(b)) for a, b in batches(x, y)]
    first = own.subject(model, loss[0], batches(x, y), optimizers[0])
    return first, theirs.subject(module, loss[1], tensors, optimizers[1](module.parameters()))


def put(tensor, array):
    with torch.no_grad():
        tensor.copy_(torch.tensor(np.asarray(array)).reshape(tensor.shape))


def put_linear(module, layer):
    put(module.weight, layer.weight.T)
    put(module.bias, layer.bias)


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


class Reader(nn.Layer):
    rnn: nn.LSTM
    head: nn.Linear

    def __init__(self):
        self.rnn, self.head = nn.LSTM(3, 5, key=0), nn.Linear(5, 2, key=1)

    def __call__(self, x):
        return self.head(self.rnn(x)[:, -1])


class TheirReader(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.head = torch.nn.LSTM(3, 5, batch_first=True), torch.nn.Linear(5, 2)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


class Transformer(nn.Layer):
    first: nn.Linear
    attention: nn.MultiHeadAttention
    norm: nn.LayerNorm
    head: nn.Linear

    def __init__(self):
        self.first, self.attention = nn.Linear(3, 8, key=0), nn.MultiHeadAttention(8, 2, key=1)
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 2, key=2)

    def __call__(self, x):
        h = self.first(x)
        return self.head(nn.gelu(self.norm(h + self.attention(h))).mean(1))


class TheirTransformer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.attention = torch.nn.Linear(3, 8), torch.nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm, self.head = torch.nn.LayerNorm(8), torch.nn.Linear(8, 2)

    def forward(self, x):
        h = self.first(x)
        h = self.norm(h + self.attention(h, h, h, need_weights=False)[0])
        return self.head(torch.nn.functional.gelu(h).mean(1))


def convolutions():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, key=0), nn.BatchNorm(4), nn.relu, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 2, key=1)
    )
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
        torch.nn.Linear(36, 2),
    )  # fmt: skip
    put(module[0].weight, model.layers[0].weight)
    put(module[0].bias, model.layers[0].bias)
    put_linear(module[5], model.layers[5])
    x = np.random.default_rng(1).normal(size=(192, 1, 8, 8)).astype(np.float32)
    return subjects(model, module, CROSS_ENTROPY, (x.mean((1, 2, 3)) > 0).astype(np.int64), sgd(0.1), x=x)


def recurrence():
    model, module = Reader(), TheirReader()
    cell = model.rnn.forward[0]
    put(module.rnn.weight_ih_l0, cell.input_weight.T)
    put(module.rnn.weight_hh_l0, cell.hidden_weight.T)
    put(module.rnn.bias_ih_l0, cell.bias)
    put(module.rnn.bias_hh_l0, np.zeros(20, np.float32))
    put_linear(module.head, model.head)
    x = np.random.default_rng(1).normal(size=(192, 12, 3)).astype(np.float32)
    return subjects(model, module, CROSS_ENTROPY, (x[:, 0, 0] > 0).astype(np.int64), sgd(0.1), x=x)


def attention():
    model, module = Transformer(), TheirTransformer()
    parts = [model.attention.query, model.attention.key, model.attention.value]
    put(module.attention.in_proj_weight, np.concatenate([part.weight.T for part in parts]))
    put(module.attention.in_proj_bias, np.concatenate([part.bias for part in parts]))
    put_linear(module.attention.out_proj, model.attention.output)
    put_linear(module.first, model.first)
    put_linear(module.head, model.head)
    x = np.random.default_rng(1).normal(size=(192, 7, 3)).astype(np.float32)
    return subjects(model, module, CROSS_ENTROPY, (x[:, 0, 0] > 0).astype(np.int64), sgd(0.1), x=x)


def our_clipped(p, y):
    p = np.clip(p, 1e-3, 1 - 1e-3)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def their_clipped(p, y):
    p = p.clamp(1e-3, 1 - 1e-3)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


def clipped():
    y = LABELS[:, None].astype(np.float32)
    return both([12, "relu", 1, "sigmoid"], (our_clipped, their_clipped), y, sgd(0.1), x=20 * X)


def one_unit():
    return both([12, "relu", 1, "softmax"], MSE, LABELS[:, None].astype(np.float32), sgd(0.1))


def shares():
    ours = lambda p, y: -np.mean(np.sum(y * np.log(p + 1e-9), -1))  # noqa: E731 - as people write it
    other = lambda p, y: -(y * (p + 1e-9).log()).sum(-1).mean()  # noqa: E731
    return both([12, "tanh", 2, "softmax"], (ours, other), np.eye(2, dtype=np.float32)[LABELS], sgd(0.1))


def summed():
    ours = lambda p, y: nn.cross_entropy(p, y, reduction="sum")  # noqa: E731
    return both([12, "tanh", 2], (ours, torch.nn.CrossEntropyLoss(reduction="sum")), LABELS, sgd(0.001))


@pytest.mark.parametrize("network", [convolutions, recurrence, attention, clipped, one_unit, shares, summed])
def test_the_ledger_reads_alike(network):
    one, two = (diagnosed(subject.run(8, samples=(0, 7))) for subject in network())
    np.testing.assert_allclose(one.trace.losses, two.trace.losses, rtol=1e-3)
    setup, other = one.trace.setup, two.trace.setup
    assert (setup.loss.name, setup.loss.reduction) == (other.loss.name, other.loss.reduction)
    assert [(part.kind, part.family) for part in setup.parts] == [(part.kind, part.family) for part in other.parts]
    assert setup.data.baseline == pytest.approx(other.data.baseline, rel=1e-3)
    assert one.trace.score_after == pytest.approx(two.trace.score_after, abs=0.01)
    for mine, their in zip(one.trace.samples, two.trace.samples, strict=True):
        assert [link.formula for link in mine.links] == [link.formula for link in their.links]
        assert [link.gain for link in mine.links] == pytest.approx(
            [link.gain for link in their.links], rel=5e-3, abs=1e-9, nan_ok=True
        )
        assert (mine.output.classes, mine.output.units) == (their.output.classes, their.output.units)
        units = [(unit.count, unit.dead, unit.saturated, unit.alike) for unit in mine.units]
        assert units == [
            (unit.count, *(pytest.approx(share, abs=0.01) for share in (unit.dead, unit.saturated, unit.alike)))
            for unit in their.units
        ]
    assert one.verdict == two.verdict
    assert [(symptom.name, symptom.step) for symptom in one.symptoms] == [
        (symptom.name, symptom.step) for symptom in two.symptoms
    ]
    assert [(cause.name, cause.title) for cause in one.causes[:1]] == [
        (cause.name, cause.title) for cause in two.causes[:1]
    ]


UNSAFE = {
    "log": (lambda p, y: np.mean(np.log(p)), lambda p, y: p.log().mean()),
    "div": (lambda p, y: np.mean(1 / p), lambda p, y: (1 / p).mean()),
    "acos": (lambda p, y: np.mean(np.arccos(p + 3)), lambda p, y: (p + 3).acos().mean()),
    "sqrt": (lambda p, y: np.mean(np.sqrt(p - 1)), lambda p, y: (p - 1).sqrt().mean()),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_the_first_bad_number_is_told_alike(name):
    pair = both([12, "relu", 2, "relu"], UNSAFE[name], LABELS, sgd(0.1))
    one, two = (diagnosed(subject.run(8, samples=(0,))) for subject in pair)
    mine, their = one.trace.bad, two.trace.bad
    assert (mine.step, mine.phase, mine.what, mine.operation) == (their.step, their.phase, their.what, their.operation)
    assert mine.says == their.says
    assert one.causes[0].name == "unsafe-log"
    assert one.causes[0].title == two.causes[0].title


@pytest.mark.parametrize("place", [0, 1])
def test_nan_in_the_data_is_told_alike(place):
    data = [X.copy(), NUMBERS.copy()]
    data[place][3, 0] = np.nan
    pair = both([12, "relu", 1], MSE, data[1], sgd(0.1), x=data[0])
    one, two = (subject.run(8, samples=(0,)).bad for subject in pair)
    assert one == two


def test_a_score_for_each_class_stands_where_the_loss_wants_it():
    """PyTorch's cross-entropy takes classes behind the examples, ours last: (32, 3, 5) is (32, 5, 3)."""
    x = RANDOM.normal(size=(96, 5, 4)).astype(np.float32)
    y = (x[..., 0] > 0).astype(np.int64) + (x[..., 1] > 0)
    model, linear = nn.Linear(4, 3, key=0), torch.nn.Linear(4, 3)
    put_linear(linear, model)

    class Turned(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = linear

        def forward(self, x):
            return self.linear(x).transpose(1, 2)

    one, two = (subject.run(8, samples=(0,)) for subject in subjects(model, Turned(), CROSS_ENTROPY, y, sgd(0.1), x=x))
    np.testing.assert_allclose(one.losses, two.losses, rtol=1e-4)
    assert one.samples[0].output.units == two.samples[0].output.units == 3
    assert one.samples[0].output.classes == two.samples[0].output.classes
    assert one.setup.data.baseline == pytest.approx(two.setup.data.baseline, rel=1e-4)
    assert one.score_after == two.score_after
