"""Networks of every kind, with weights that are not those they begin with, for the tests of export."""

import numpy as np

from glassgrad import nn


def randomised(model, seed=0):
    """The model with other weights; variances stay above 0."""
    rng = np.random.default_rng(seed)
    values = {**model.parameters(), **model.states()}
    return model.replace(
        {
            path: (rng.uniform(0.5, 1.5, value.shape) if "varia" in path else rng.normal(size=value.shape) / 2).astype(
                value.dtype
            )
            for path, value in values.items()
        }
    )


class TwoInputs(nn.Layer):
    left: nn.Linear
    right: nn.Linear

    def __call__(self, a, b):
        joined = np.concatenate([self.left(a), self.right(b)], axis=1)
        return joined, np.sum(joined, axis=1)


class Positioned(nn.Layer):
    table: nn.Embedding
    block: nn.TransformerEncoderBlock

    def __call__(self, tokens):
        x = self.table(tokens)
        return self.block(x + nn.positions(x.shape[1], x.shape[2]), causal=True)[:, -1]


class ByLengths(nn.Layer):
    gru: nn.GRU
    head: nn.Linear

    def __call__(self, x):
        lengths = np.sum(x[..., 0] > 0, axis=1)
        return self.head(nn.last(self.gru(x, lengths=lengths + 1), lengths + 1))


class AgainstTheMean(nn.Layer):
    """Its result depends on how many examples there are."""

    inner: nn.Linear

    def __call__(self, x):
        return self.inner(x - np.mean(x, axis=0))


NETWORKS = {
    "perceptron": (lambda: nn.mlp([3, 8, 2], key=0, batch_norm=True, dropout=0.5), (5, 3)),
    "deep": (lambda: nn.mlp([3, 16, 16, 2], key=0, activation="silu"), (5, 3)),
    "convolution": (
        lambda: nn.Sequential(
            *(nn.Conv2d(1, 4, 3, key=0, padding="same"), nn.BatchNorm(4), nn.relu, nn.MaxPool2d(2)),
            *(nn.Residual(nn.Conv2d(4, 4, (3, 2), key=1, padding="same", groups=2)), nn.AvgPool2d(2, padding=1)),
            *(nn.Flatten(), nn.Linear(36, 3, key=2), nn.softmax),
        ),
        (5, 1, 8, 8),
    ),
    "pooling": (
        lambda: nn.Sequential(
            *(nn.Conv1d(2, 4, 3, key=0, stride=2, dilation=2), nn.gelu, nn.MaxPool1d(3, stride=2, padding=1)),
            *(nn.AdaptiveAvgPool1d(2), nn.GroupNorm(2, 4), nn.GlobalMaxPool(), nn.log_softmax),
        ),
        (5, 2, 24),
    ),
    "padding modes": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 3, 3, key=0, padding=1, padding_mode="reflect"),
            nn.Conv2d(3, 2, 3, key=1, padding=1, padding_mode="circular"),
        ),
        (2, 2, 5, 6),
    ),
    "transposed": (
        lambda: nn.Sequential(
            nn.ConvTranspose2d(2, 4, 3, key=0, stride=2, padding=1, output_padding=1), nn.elu,
            nn.ConvTranspose2d(4, 1, 2, key=1, stride=3, groups=1), nn.hard_silu,
        ),
        (2, 2, 4, 3),
    ),
    "rnn": (lambda: nn.Sequential(nn.RNN(3, 4, key=0), nn.last, nn.Linear(4, 1, key=1)), (5, 6, 3)),
    "lstm": (lambda: nn.Sequential(nn.LSTM(3, 4, key=0, layers=2), nn.last, nn.Linear(4, 1, key=1)), (5, 6, 3)),
    "gru both ways": (lambda: nn.GRU(3, 4, key=0, bidirectional=True), (5, 6, 3)),
    "lengths": (lambda: ByLengths(nn.GRU(3, 4, key=0), nn.Linear(4, 2, key=1)), (5, 6, 3)),
    "transformer": (
        lambda: Positioned(nn.Embedding(10, 8, key=0), nn.TransformerEncoderBlock(8, 2, key=1)),
        np.arange(30).reshape(5, 6) % 10,
    ),
    "smooth": (
        lambda: nn.Sequential(
            *(nn.RMSNorm(3), nn.mish, nn.selu, nn.softplus, nn.gelu_tanh, nn.log_sigmoid, nn.softsign),
            nn.Linear(3, 3, key=0),
        ),
        (5, 3),
    ),
    "bent": (
        lambda: nn.Sequential(
            *(nn.LayerNorm(3), nn.leaky_relu, nn.relu6, nn.hard_tanh, nn.hard_sigmoid, nn.Linear(3, 4, key=0), nn.glu),
        ),
        (5, 3),
    ),
    "tied": (
        lambda: nn.Shared(
            nn.Sequential(nn.Linear(3, 4, key=0, bias=False), nn.tanh, nn.Linear(4, 3, key=1, bias=False)),
            {"layers[2].weight": "layers[0].weight.T"},
        ),
        (5, 3),
    ),
    "float64": (lambda: nn.mlp([3, 4, 2], key=0, activation="sigmoid", dtype=np.float64), (5, 3)),
}  # fmt: skip


def examples(shape, dtype, count=None, seed=1):
    """Numbers for an input like this one, as many examples as asked for."""
    rng = np.random.default_rng(seed)
    if isinstance(shape, np.ndarray):
        return rng.integers(0, 10, (count or len(shape), *shape.shape[1:]))
    return rng.normal(size=(count or shape[0], *shape[1:])).astype(dtype)


def made(name):
    """A network by name, with the example of its input and the dtype of its parameters."""
    make, shape = NETWORKS[name]
    model = randomised(make())
    return model, shape, next((value.dtype for value in model.parameters().values()), np.dtype(np.float32))
