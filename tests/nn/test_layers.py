"""Layers: compiled as run, with gradients that finite differences bear out, in both precisions, and their refusals."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn
from glassgrad.base.errors import DtypeError, OutOfRangeError, ShapeError, UsageError

RANDOM = np.random.default_rng(0)


def drawn(*shape, dtype=np.float32):
    return RANDOM.normal(size=shape).astype(dtype)


def apart(*shape, dtype=np.float32):
    """No two closer than one: a small step changes no maximum."""
    return RANDOM.permutation(np.prod(shape)).reshape(shape).astype(dtype)


LAYERS = {
    "Linear": (lambda d: nn.Linear(6, 4, key=0, dtype=d), (5, 6)),
    "Linear without bias": (lambda d: nn.Linear(6, 4, key=0, bias=False, activation="relu", dtype=d), (2, 3, 6)),
    "Conv1d": (lambda d: nn.Conv1d(3, 4, 3, key=0, stride=2, padding=1, dtype=d), (2, 3, 9)),
    "Conv1d circular": (lambda d: nn.Conv1d(2, 4, 3, key=0, padding=1, padding_mode="circular", dtype=d), (2, 2, 5)),
    "Conv2d": (lambda d: nn.Conv2d(4, 6, (3, 2), key=0, groups=2, dilation=(2, 1), dtype=d), (2, 4, 7, 6)),
    "Conv2d same reflect": (
        lambda d: nn.Conv2d(1, 2, 3, key=0, padding="same", padding_mode="reflect", dtype=d), (2, 1, 5, 4),
    ),
    "Conv3d": (lambda d: nn.Conv3d(2, 2, 2, key=0, padding="same", dtype=d), (1, 2, 3, 4, 5)),
    "ConvTranspose1d": (lambda d: nn.ConvTranspose1d(3, 2, 4, key=0, stride=2, padding=1, dtype=d), (2, 3, 5)),
    "ConvTranspose2d": (lambda d: nn.ConvTranspose2d(4, 2, 3, key=0, groups=2, stride=2, dtype=d), (1, 4, 3, 4)),
    "ConvTranspose3d": (lambda d: nn.ConvTranspose3d(1, 2, 2, key=0, stride=2, dtype=d), (1, 1, 2, 2, 3)),
    "MaxPool2d": (lambda d: nn.MaxPool2d(3, stride=2, padding=1), (2, 2, 7, 6)),
    "AvgPool2d": (lambda d: nn.AvgPool2d((2, 3)), (2, 2, 6, 7)),
    "AvgPool1d": (lambda d: nn.AvgPool1d(3, stride=1), (2, 2, 6)),
    "MaxPool3d": (lambda d: nn.MaxPool3d(2), (1, 2, 4, 4, 4)),
    "GlobalAvgPool": (lambda d: nn.GlobalAvgPool(), (2, 3, 4, 5)),
    "GlobalMaxPool": (lambda d: nn.GlobalMaxPool(), (2, 3, 4, 5)),
    "AdaptiveAvgPool2d": (lambda d: nn.AdaptiveAvgPool2d((3, 2)), (2, 3, 7, 8)),
    "AdaptiveMaxPool1d": (lambda d: nn.AdaptiveMaxPool1d(4), (2, 3, 7)),
    "LayerNorm": (lambda d: nn.LayerNorm((3, 4), dtype=d), (5, 3, 4)),
    "RMSNorm": (lambda d: nn.RMSNorm(4, dtype=d), (5, 3, 4)),
    "GroupNorm": (lambda d: nn.GroupNorm(2, 4, dtype=d), (3, 4, 2, 3)),
    "BatchNorm": (lambda d: nn.BatchNorm(4, dtype=d), (6, 4)),
    "BatchNorm of images": (lambda d: nn.BatchNorm(3, affine=False, dtype=d), (2, 3, 4, 5)),
    "Residual": (lambda d: nn.Residual(nn.Sequential(nn.Linear(4, 4, key=0, dtype=d), np.tanh)), (3, 4)),
    "Flatten": (lambda d: nn.Flatten(), (3, 4, 2)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_compiles_and_has_gradients(name, dtype):
    make, shape = LAYERS[name]
    layer, x = make(dtype), (apart if "Max" in name else drawn)(*shape, dtype=dtype)

    def objective(layer, x, weights):
        with nn.training(0) as happened:
            value = np.sum(layer(x) * weights)
        return value, happened.changes(layer)

    y = layer(x)
    assert y.dtype == dtype
    assert np.allclose(gg.jit(lambda layer, x: layer(x))(layer, x), y, rtol=1e-4, atol=1e-5)
    weights = drawn(*y.shape, dtype=dtype)
    both = gg.value_and_grad(objective, (0, 1), has_aux=True)
    (value, changes), (by_layer, by_x) = gg.jit(both)(layer, x, weights)
    (plain_value, plain_changes), (plain_by_layer, plain_by_x) = both(layer, x, weights)
    assert np.allclose(value, plain_value, rtol=1e-4, atol=1e-4)
    assert by_x.dtype == dtype
    assert np.allclose(by_x, plain_by_x, rtol=1e-3, atol=1e-4)
    assert changes.keys() == plain_changes.keys()
    for path, gradient in by_layer.parameters().items():
        assert gradient.dtype == dtype, path
        assert np.allclose(gradient, plain_by_layer.parameters()[path], rtol=1e-3, atol=1e-4), path
    if dtype == np.float64:
        parameters = layer.parameters()
        gg.check_gradients(lambda x: objective(layer, x, weights)[0], x)
        if parameters:
            gg.check_gradients(lambda p: objective(layer.replace(p), x, weights)[0], parameters)


@pytest.mark.parametrize(
    "name", [name for name in LAYERS if name.startswith(("Conv", "MaxPool", "AvgPool", "Adaptive"))]
)
def test_layers_over_space_take_one_example(name):
    make, shape = LAYERS[name]
    layer, x = make(np.float32), drawn(*shape)
    assert np.allclose(layer(x[0]), layer(x)[0], rtol=1e-5, atol=1e-6)


def test_linear_refuses_what_does_not_fit():
    layer = nn.Linear(4, 2, key=0)
    assert layer.headline() == "Linear(4 → 2)"
    with pytest.raises(ShapeError, match=r"takes 4 numbers along the last axis, found \(3, 5\)"):
        layer(drawn(3, 5))
    with pytest.raises(ShapeError, match="Flatten"):
        layer(drawn(3, 5, 5))
    for size in (0, -1, 2.5, True):
        with pytest.raises(UsageError, match="not a whole number from 1"):
            nn.Linear(size, 2, key=0)


def test_weights_are_drawn_for_the_activation_that_follows():
    deviation = {name: nn.Linear(400, 400, key=0, activation=name).weight.std() for name in ("relu", "tanh")}
    assert abs(deviation["relu"] / np.sqrt(2 / 400) - 1) < 0.02
    assert abs(deviation["tanh"] / np.sqrt(1 / 400) - 1) < 0.02
    convolution = nn.Conv2d(16, 32, 3, key=0, activation="relu").weight
    assert abs(convolution.std() / np.sqrt(2 / (16 * 9)) - 1) < 0.05
    assert not np.array_equal(nn.Linear(3, 3, key=0).weight, nn.Linear(3, 3, key=1).weight)
    assert nn.Linear(3, 3, key=0, initialiser="zeros").weight.any() == np.False_


def test_embedding():
    layer = nn.Embedding(5, 3, key=0, padding=2)
    indices = np.array([[0, 2], [4, 4]])
    rows = layer(indices)
    assert np.array_equal(rows[1, 0], layer.table[4])
    assert not rows[0, 1].any()
    gradient = gg.grad(lambda layer: np.sum(layer(indices)))(layer).table
    assert np.array_equal(gradient.sum(1), [3, 0, 0, 0, 6])
    assert layer.scores(drawn(7, 3)).shape == (7, 5)
    with pytest.raises(DtypeError, match="whole numbers"):
        layer(indices.astype(float))
    for wrong, said in ((5, r"from 0 to 4, found 5"), (np.array([[0, -1]]), r"from 0 to 4, found -1 at \(0, 1\)")):
        for run in (lambda wrong: layer(wrong), lambda wrong: gg.grad(lambda layer: np.sum(layer(wrong)))(layer)):
            with pytest.raises(OutOfRangeError, match=said):
                run(wrong)
    for wrong in (5, -1):
        with pytest.raises(OutOfRangeError):
            gg.jit(layer)(np.array([wrong]))


def test_embedding_of_indices_that_are_not_known_yet():
    layer, indices = nn.Embedding(300, 3, key=0, padding=2), np.array([0, 2, 4, 250], np.uint8)
    expected = layer.table[indices] * (indices != 2)[:, None]
    for run in (gg.jit(layer), gg.jit(lambda i: layer(i)), gg.vmap(lambda i: layer(i)), lambda i: layer(i.tolist())):
        np.testing.assert_array_equal(run(indices), expected)
    np.testing.assert_array_equal(gg.scan(lambda carry, i: (carry, layer(i)), 0.0, indices)[1], expected)


def test_batch_norm_trains_on_the_batch_and_evaluates_on_the_running_values():
    layer, x = nn.BatchNorm(3, dtype=np.float64), drawn(50, 3, dtype=np.float64) * 2 + 1
    assert np.allclose(layer(x), x / np.sqrt(1 + 1e-5))
    for _ in range(200):
        with nn.training() as happened:
            y = layer(x)
        layer = layer.replace(happened.changes(layer))
    assert np.allclose(y.mean(0), 0)
    assert np.allclose(layer.running_mean, x.mean(0))
    assert np.allclose(layer.running_variance, x.var(0, ddof=1))
    assert set(layer.trainable()) == {"scale", "shift"}
    with pytest.raises(ShapeError, match="more than one number"), nn.training():
        layer(x[:1])
    with pytest.raises(ShapeError, match="under vmap"):
        gg.vmap(layer)(x)


def test_sequential_is_a_list_of_layers():
    model = nn.Sequential(nn.Linear(3, 4, key=0), np.tanh, nn.Dropout(0.1), nn.Linear(4, 2, key=1))
    assert [type(layer).__name__ for layer in model] == ["Linear", "Function", "Dropout", "Linear"]
    assert len(model[1:3]) == 2
    assert list(model.parameters()) == [
        "layers[0].weight", "layers[0].bias", "layers[3].weight", "layers[3].bias",
    ]  # fmt: skip
    with pytest.raises(UsageError, match=r"Flatten\(…\) makes the layer"):
        nn.Sequential(nn.Flatten)
    with pytest.raises(UsageError, match="a layer or a function is needed"):
        nn.Sequential(3)
    with pytest.raises(UsageError, match=r"nn.Sequential\(\*layers\)"):
        nn.Sequential([nn.Flatten()])
    with pytest.raises(UsageError, match=r"nn.activation_of\(name\) finds it"):
        nn.Sequential("relu")
    with pytest.raises(ShapeError, match="Linear takes 1 number along the last axis"):
        nn.Linear(1, 2, key=0)(3.0)


def test_residual_refuses_another_shape():
    with pytest.raises(ShapeError, match="shortcut="):
        nn.Residual(nn.Linear(3, 4, key=0))(drawn(2, 3))
    layer = nn.Residual(nn.Linear(3, 4, key=0), shortcut=nn.Linear(3, 4, key=1))
    assert layer(drawn(2, 3)).shape == (2, 4)


def test_shared_parameters_have_one_gradient():
    class Language(nn.Layer):
        embedding: nn.Embedding
        output: nn.Linear

        def __call__(self, indices):
            return self.output(self.embedding(indices))

    free = Language(nn.Embedding(7, 4, key=0), nn.Linear(4, 7, key=1, bias=False))
    tied = nn.Shared(free, {"output.weight": "embedding.table.T"})
    assert list(tied.parameters()) == ["model.embedding.table"]
    indices = np.array([1, 2, 3])
    assert np.allclose(tied(indices), free.embedding(indices) @ free.embedding.table.T)
    gradient = gg.jit(gg.grad(lambda model: np.sum(model(indices) ** 2)))(tied).model.embedding.table
    whole = gg.grad(lambda model: np.sum(model(indices) ** 2))(tied.whole())
    assert np.allclose(gradient, whole.embedding.table + whole.output.weight.T, rtol=1e-5)
    with pytest.raises(UsageError, match="the shapes differ"):
        nn.Shared(free, {"output.weight": "embedding.table"})
    with pytest.raises(UsageError, match="no part"):
        nn.Shared(free, {"out.weight": "embedding.table"})


@pytest.mark.parametrize(("length", "count"), [(7, 3), (8, 4), (5, 5), (3, 5), (1, 1)])
def test_adaptive_windows(length, count):
    x = drawn(2, 3, length, dtype=np.float64)
    ends = [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]
    assert np.allclose(nn.AdaptiveAvgPool1d(count)(x), np.stack([x[..., a:b].mean(-1) for a, b in ends], -1))
    assert np.allclose(nn.AdaptiveMaxPool1d(count)(x), np.stack([x[..., a:b].max(-1) for a, b in ends], -1))


@pytest.mark.parametrize(
    ("layer", "shape", "said", "hint"),
    [
        (nn.Conv2d(3, 4, 3, key=0), (8, 28, 28, 3), r"Conv2d takes \(batch, 3, \*space\)", "np.moveaxis(x, -1, 1)"),
        (nn.Conv2d(3, 4, 3, key=0), (28, 28, 3), r"found \(28, 28, 3\)", "np.moveaxis(x, -1, 0)"),
        (nn.Conv1d(3, 4, 3, key=0), (8, 28, 3), "Conv1d takes .* with an axis of space", "np.moveaxis(x, -1, 1)"),
        (
            nn.ConvTranspose2d(3, 4, 3, key=0),
            (8, 9, 9, 3),
            r"ConvTranspose2d takes \(batch, 3",
            "np.moveaxis(x, -1, 1)",
        ),
        (nn.Conv2d(1, 4, 3, key=0), (8, 28, 28), r"Conv2d takes \(batch, 1", "x[:, None]"),
        (nn.Conv2d(1, 4, 3, key=0), (28, 28), r"Conv2d takes \(batch, 1", "x[None]"),
        (nn.Conv2d(4, 4, 3, key=0, groups=2), (8, 2, 9, 9), r"Conv2d takes \(batch, 4", ""),
        (nn.BatchNorm(3), (8, 28, 28, 3), "BatchNorm takes", "np.moveaxis(x, -1, 1)"),
        (nn.GroupNorm(1, 3), (8, 28, 3), "GroupNorm takes", "np.moveaxis(x, -1, 1)"),
    ],
)
def test_channels_at_another_place(layer, shape, said, hint):
    for run in (layer, gg.jit(lambda layer, x: layer(x))):
        with pytest.raises(ShapeError, match=said) as caught:
            run(np.ones(shape, np.float32)) if run is layer else run(layer, np.ones(shape, np.float32))
        assert hint in str(caught.value)
