"""Every layer against PyTorch's: values, the gradients of the input and of every weight, and weights both ways."""

import copy
from functools import partial

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn
from glassgrad.base.errors import GlassgradError, UsageError

torch = pytest.importorskip("torch")
TOLERANCE = {np.float32: {"rtol": 2e-4, "atol": 2e-5}, np.float64: {"rtol": 1e-9, "atol": 1e-11}}
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def numbers(shape, dtype=np.float64, seed=3):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def theirs(kind, *args, dtype=np.float64, **options):
    """PyTorch's layer with weights (biases and statistics too) that are not those it begins with."""
    torch.manual_seed(0)
    module = kind(*args, **options).to(torch.float32 if dtype == np.float32 else torch.float64)
    with torch.no_grad():
        for name, value in [*module.named_parameters(), *module.named_buffers()]:
            if value.dtype.is_floating_point and (value.ndim == 1 or "running" in name):
                value.copy_(torch.rand(value.shape) + 0.5)
    return module


def gradients_of(module):
    """A copy of the module whose weights are the gradients; where two biases are one of ours, it counts once."""
    found = copy.deepcopy(module)
    with torch.no_grad():
        for (name, value), weight in zip(found.named_parameters(), module.parameters(), strict=True):
            gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad
            value.copy_(gradient)
            if "bias_hh" in name:
                size = len(value) // 3 if isinstance(module, torch.nn.GRU | torch.nn.GRUCell) else 0
                value[: 2 * size or len(value)] = 0
    return found


def agree(model, module, *arrays, ours=None, there=None):
    """Same values; for a random cotangent the same gradients; and weights that go both ways."""
    dtype = next((np.dtype(str(p.dtype)[6:]).type for p in module.parameters()), arrays[0].dtype.type)
    near = TOLERANCE[dtype]
    model = nn.from_torch(model, module)
    ours, there = ours or (lambda model, *x: model(*x)), there or (lambda module, *x: module(*x))
    tensors = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays]
    module.zero_grad()
    expected = there(module, *tensors)
    real = [place for place, x in enumerate(arrays) if x.dtype.kind == "f"]

    def called(model, *some):
        full = list(arrays)
        for place, x in zip(real, some, strict=True):
            full[place] = x
        return ours(model, *full)

    value, pull = gg.vjp(called, model, *[arrays[place] for place in real])
    assert value.dtype == dtype
    np.testing.assert_allclose(value, expected.detach().numpy(), **near)
    if dtype == np.float32:  # once for each case: compiling takes most of the time
        np.testing.assert_allclose(gg.jit(ours)(model, *arrays), value, **near)
    cotangent = numbers(value.shape, dtype, seed=9)
    expected.backward(torch.tensor(cotangent))
    of_model, *of_inputs = pull(cotangent)
    for place, gradient in zip(real, of_inputs, strict=True):
        np.testing.assert_allclose(gradient, tensors[place].grad.numpy(), **near, err_msg=f"input {place}")
    wanted = nn.from_torch(model, gradients_of(module)).parameters()
    found = of_model.parameters()
    for path in wanted:
        scale = 1 + np.abs(wanted[path]).max()
        np.testing.assert_allclose(found[path] / scale, wanted[path] / scale, **near, err_msg=path)
    back = nn.to_torch(model, copy.deepcopy(module))
    np.testing.assert_allclose(there(back, *tensors).detach().numpy(), expected.detach().numpy(), **near)
    return model


# ------------------------------------------------------------------ linear, embedding
@DTYPES
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3)])
def test_linear(dtype, bias, shape):
    module = theirs(torch.nn.Linear, 3, 4, bias=bias, dtype=dtype)
    agree(nn.Linear(3, 4, bias=bias, dtype=dtype, key=0), module, numbers(shape, dtype))


@DTYPES
@pytest.mark.parametrize("padding", [None, 2])
def test_embedding(dtype, padding):
    module = theirs(torch.nn.Embedding, 7, 3, padding_idx=padding, dtype=dtype)
    agree(nn.Embedding(7, 3, padding=padding, dtype=dtype, key=0), module, np.array([[1, 2, 2], [6, 0, 1]]))


# ------------------------------------------------------------------ convolution
@DTYPES
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "padding": 1},
        {"dilation": 2, "padding": 2, "groups": 2},
        {"padding": "same", "dilation": 2},
        {"padding": "valid", "bias": False},
        {"groups": 4, "stride": 2},
    ],
    ids=str,
)
def test_convolution(dtype, axes, options):
    window, space = (3, 2, 2)[:axes], (7, 6, 5)[:axes]
    module = theirs(getattr(torch.nn, f"Conv{axes}d"), 4, 4, window, dtype=dtype, **options)
    model = getattr(nn, f"Conv{axes}d")(4, 4, window, dtype=dtype, key=0, **options)
    agree(model, module, numbers((2, 4, *space), dtype))


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [1, (2, 1), "same"])
def test_padding_modes(mode, padding):
    module = theirs(torch.nn.Conv2d, 2, 3, (4, 3), padding=padding, padding_mode=mode)
    model = nn.Conv2d(2, 3, (4, 3), padding=padding, padding_mode=mode, key=0, dtype=np.float64)
    agree(model, module, numbers((2, 2, 6, 5)))


@DTYPES
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "padding": 1, "output_padding": 1},
        {"dilation": 2, "groups": 2},
        {"stride": 3, "bias": False},
    ],
    ids=str,
)
def test_transposed_convolution(dtype, axes, options):
    window, space = (3, 2, 2)[:axes], (4, 3, 2)[:axes]
    module = theirs(getattr(torch.nn, f"ConvTranspose{axes}d"), 4, 6, window, dtype=dtype, **options)
    model = getattr(nn, f"ConvTranspose{axes}d")(4, 6, window, dtype=dtype, key=0, **options)
    agree(model, module, numbers((2, 4, *space), dtype))


def test_convolution_without_batch():
    agree(nn.Conv2d(2, 3, 3, key=0, dtype=np.float64), theirs(torch.nn.Conv2d, 2, 3, 3), numbers((2, 5, 6)))


# ------------------------------------------------------------------ pooling
@DTYPES
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(("window", "stride", "padding"), [(2, None, 0), (3, 2, 1)])
@pytest.mark.parametrize("kind", ["Max", "Avg"])
def test_pooling(dtype, axes, window, stride, padding, kind):
    module = getattr(torch.nn, f"{kind}Pool{axes}d")(window, stride=stride, padding=padding)
    model = getattr(nn, f"{kind}Pool{axes}d")(window, stride=stride, padding=padding)
    agree(model, module, numbers((2, 3, *(7, 6, 5)[:axes]), dtype))


@DTYPES
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("size", [(1, 1, 1), (3, 2, 5), (7, 3, 1)])
@pytest.mark.parametrize("kind", ["Max", "Avg"])
def test_adaptive_pooling(dtype, axes, size, kind):
    module = getattr(torch.nn, f"Adaptive{kind}Pool{axes}d")(size[:axes])
    model = getattr(nn, f"Adaptive{kind}Pool{axes}d")(size[:axes])
    agree(model, module, numbers((2, 3, *(7, 6, 5)[:axes]), dtype))


# ------------------------------------------------------------------ normalisation
@DTYPES
@pytest.mark.parametrize("axes", [0, 1, 2, 3])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_in_evaluation(dtype, axes, affine):
    kind = getattr(torch.nn, f"BatchNorm{max(axes, 1)}d")
    module = theirs(kind, 3, affine=affine, dtype=dtype).eval()
    agree(nn.BatchNorm(3, affine=affine, dtype=dtype), module, numbers((4, 3, *(5, 3, 2)[:axes]), dtype))


@DTYPES
@pytest.mark.parametrize(("axes", "momentum"), [(0, 0.1), (2, 0.3), (3, 1.0)])
def test_batch_norm_in_training(dtype, axes, momentum):
    kind = getattr(torch.nn, f"BatchNorm{max(axes, 1)}d")
    module = theirs(kind, 3, momentum=momentum, dtype=dtype)
    model = nn.from_torch(nn.BatchNorm(3, momentum=momentum, dtype=dtype), module)
    x = numbers((4, 3, *(5, 3, 2)[:axes]), dtype)
    for _ in range(3):

        def trained(model, x):
            with nn.training() as happened:
                return model(x), happened.changes(model)

        value, pull, changes = gg.vjp(trained, model, x, has_aux=True)
        tensor = torch.tensor(x, requires_grad=True)
        module.zero_grad()
        expected = module(tensor)
        cotangent = numbers(value.shape, dtype, seed=8)
        expected.backward(torch.tensor(cotangent))
        of_model, of_x = pull(cotangent)
        near = TOLERANCE[dtype]
        np.testing.assert_allclose(value, expected.detach().numpy(), **near)
        np.testing.assert_allclose(of_x, tensor.grad.numpy(), **near)
        np.testing.assert_allclose(of_model.scale, module.weight.grad.numpy(), **near)
        np.testing.assert_allclose(of_model.shift, module.bias.grad.numpy(), **near)
        model = model.replace(changes)
        np.testing.assert_allclose(model.running_mean, module.running_mean.numpy(), **near)
        np.testing.assert_allclose(model.running_variance, module.running_var.numpy(), **near)
        x = x * 2 + 1


@DTYPES
@pytest.mark.parametrize("shape", [(5,), (3, 5)])
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"elementwise_affine": False}, {"eps": 0.1}], ids=str)
def test_layer_norm(dtype, shape, options):
    module = theirs(torch.nn.LayerNorm, shape, dtype=dtype, **options)
    ours = {"affine": options.get("elementwise_affine", True), "bias": options.get("bias", True)}
    model = nn.LayerNorm(shape, epsilon=options.get("eps", 1e-5), dtype=dtype, **ours)
    agree(model, module, numbers((2, 4, *shape), dtype))


@DTYPES
@pytest.mark.parametrize("epsilon", [None, 0.01])
def test_rms_norm(dtype, epsilon):
    module = theirs(torch.nn.RMSNorm, 5, eps=epsilon, dtype=dtype)
    agree(nn.RMSNorm(5, epsilon=epsilon, dtype=dtype), module, numbers((2, 4, 5), dtype))


@DTYPES
@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_norm(dtype, groups):
    module = theirs(torch.nn.GroupNorm, groups, 6, dtype=dtype)
    agree(nn.GroupNorm(groups, 6, dtype=dtype), module, numbers((2, 6, 3, 4), dtype))


def test_instance_norm():
    module = theirs(torch.nn.InstanceNorm2d, 4, affine=True)
    agree(nn.GroupNorm(4, 4, dtype=np.float64), module, numbers((2, 4, 3, 5)))


HALF = {
    "LayerNorm": (lambda: nn.LayerNorm(4, dtype=np.float16), lambda: torch.nn.LayerNorm(4, dtype=torch.half)),
    "RMSNorm": (lambda: nn.RMSNorm(4, dtype=np.float16), lambda: torch.nn.RMSNorm(4, dtype=torch.half)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4, dtype=np.float16), lambda: torch.nn.GroupNorm(2, 4, dtype=torch.half)),
}


@pytest.mark.parametrize("name", HALF)
def test_norms_of_half_precision(name):
    x = np.array([[300, -300, 100, -1000], [60000, -60000, 1, 2], [1e-3, 0, 2e-3, 1e-2]], np.float16)
    model, module = (make() for make in HALF[name])
    np.testing.assert_allclose(model(x), module(torch.tensor(x)).detach().numpy(), rtol=2e-3, atol=1e-3)


# ------------------------------------------------------------------ dropout
def test_dropout_keeps_the_mean_and_as_many_as_pytorch():
    x = np.ones((400, 500), np.float32)
    with nn.training(key=3):
        ours = nn.Dropout(0.3)(x)
    torch.manual_seed(0)
    expected = torch.nn.Dropout(0.3)(torch.tensor(x)).numpy()
    np.testing.assert_allclose(np.unique(ours), np.unique(expected), rtol=1e-6)
    assert abs(ours.mean() - expected.mean()) < 0.01
    assert abs((ours == 0).mean() - 0.3) < 0.005


# ------------------------------------------------------------------ recurrent
@DTYPES
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize(
    "options",
    [{}, {"layers": 2}, {"bidirectional": True}, {"layers": 2, "bidirectional": True}, {"bias": False}],
    ids=str,
)
def test_recurrent(dtype, kind, options):
    named = {"num_layers" if name == "layers" else name: value for name, value in options.items()}
    module = theirs(getattr(torch.nn, kind), 3, 4, batch_first=True, dtype=dtype, **named)
    model = getattr(nn, kind)(3, 4, key=0, dtype=dtype, **options)
    agree(model, module, numbers((2, 5, 3), dtype), there=lambda module, x: module(x)[0])


def test_recurrent_relu_without_batch():
    module = theirs(torch.nn.RNN, 3, 4, nonlinearity="relu", batch_first=True)
    model = nn.RNN(3, 4, key=0, activation="relu", dtype=np.float64)
    agree(model, module, numbers((5, 3)), there=lambda module, x: module(x)[0])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("both_ways", [False, True])
def test_recurrent_with_lengths_against_packed_sequences(kind, both_ways):
    lengths = np.array([5, 1, 3])
    module = theirs(getattr(torch.nn, kind), 3, 4, num_layers=2, bidirectional=both_ways, batch_first=True)
    model = getattr(nn, kind)(3, 4, key=0, layers=2, bidirectional=both_ways, dtype=np.float64)

    def packed(module, x):
        pack = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return torch.nn.utils.rnn.pad_packed_sequence(module(pack)[0], batch_first=True)[0]

    agree(model, module, numbers((3, 5, 3)), ours=lambda model, x: model(x, lengths=lengths), there=packed)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("lengths", [None, (5, 2)])
def test_the_last_state(kind, lengths):
    module = theirs(getattr(torch.nn, kind), 3, 4, num_layers=2, bidirectional=True, batch_first=True)
    model = nn.from_torch(getattr(nn, kind)(3, 4, key=0, layers=2, bidirectional=True, dtype=np.float64), module)
    x = numbers((2, 5, 3))
    given = torch.tensor(x)
    if lengths is not None:
        given = torch.nn.utils.rnn.pack_padded_sequence(given, lengths, batch_first=True)
    state = model.run(x, lengths=None if lengths is None else np.array(lengths))[1]
    ended = module(given)[1]
    for index, carry in enumerate(state):  # both go layer by layer, forwards before backwards
        found = carry if kind == "LSTM" else (carry,)
        wanted = ended if kind == "LSTM" else (ended,)
        for mine, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(mine, other[index].detach().numpy(), rtol=1e-9)


@DTYPES
@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize("bias", [True, False])
def test_cells(dtype, kind, bias):
    module = theirs(getattr(torch.nn, kind), 3, 4, bias=bias, dtype=dtype)
    model = getattr(nn, kind)(3, 4, bias=bias, dtype=dtype, key=0)
    if kind == "LSTMCell":
        agree(
            model,
            module,
            *(numbers(shape, dtype) for shape in ((2, 3), (2, 4), (2, 4))),
            ours=lambda model, x, h, c: np.concatenate(model(x, (h, c))),
            there=lambda module, x, h, c: torch.cat(module(x, (h, c))),
        )
    else:
        agree(model, module, numbers((2, 3), dtype), numbers((2, 4), dtype))


# ------------------------------------------------------------------ attention
def masks(heads=2):
    rng = np.random.default_rng(0)
    seen = rng.random((5, 5)) > 0.4
    seen[np.arange(5), np.arange(5)] = True
    real = np.array([[True] * 5, [True, True, True, False, False], [True] * 4 + [False]])
    each = np.broadcast_to(seen, (3, heads, 5, 5))
    return {
        "none": ({}, {}),
        "mask": ({"mask": seen}, {"attn_mask": torch.tensor(~seen)}),
        "causal": ({"causal": True}, {"attn_mask": torch.tensor(~np.tril(np.ones((5, 5), bool)))}),
        "padding": ({"padding": real}, {"key_padding_mask": torch.tensor(~real)}),
        "both": (
            {"padding": real, "causal": True},
            {
                "key_padding_mask": torch.tensor(~real),
                "attn_mask": torch.tensor(~np.tril(np.ones((5, 5), bool))),
            },
        ),
        "heads": ({"mask": each}, {"attn_mask": torch.tensor(~each).reshape(-1, 5, 5)}),
    }


@DTYPES
@pytest.mark.parametrize("case", ["none", "mask", "causal", "padding", "both", "heads"])
def test_attention(dtype, case):
    mine, other = masks()[case]
    module = theirs(torch.nn.MultiheadAttention, 8, 2, batch_first=True, dtype=dtype)
    agree(
        nn.MultiHeadAttention(8, 2, key=0, dtype=dtype),
        module,
        numbers((3, 5, 8), dtype),
        ours=lambda model, x: model(x, **mine),
        there=lambda module, x: module(x, x, x, **other)[0],
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [(8, 8), (6, 3)])
def test_attention_to_other_sequences(bias, sizes):
    sized = dict(zip(("kdim", "vdim"), sizes, strict=True))
    module = theirs(torch.nn.MultiheadAttention, 8, 4, bias=bias, batch_first=True, **sized)
    model = nn.MultiHeadAttention(
        8, 4, key=0, key_size=sizes[0], value_size=sizes[1], bias=bias, dtype=np.float64
    )  # fmt: skip
    arrays = numbers((3, 5, 8)), numbers((3, 7, sizes[0])), numbers((3, 7, sizes[1]))
    agree(model, module, *arrays, there=lambda module, q, k, v: module(q, k, v)[0])


@DTYPES
@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("case", ["none", "both"])
def test_encoder_block(dtype, norm_first, activation, case):
    mine, other = masks()[case]
    named = {{"attn_mask": "src_mask", "key_padding_mask": "src_key_padding_mask"}[k]: v for k, v in other.items()}
    facts = {"norm_first": norm_first, "activation": activation, "dropout": 0.0}
    module = theirs(torch.nn.TransformerEncoderLayer, 8, 2, 16, batch_first=True, dtype=dtype, **facts)
    model = nn.TransformerEncoderBlock(8, 2, hidden=16, key=0, dtype=dtype, **facts)
    agree(
        model,
        module,
        numbers((3, 5, 8), dtype),
        ours=lambda model, x: model(x, **mine),
        there=lambda module, x: module(x, **named),
    )


@DTYPES
@pytest.mark.parametrize("norm_first", [True, False])
def test_decoder_block(dtype, norm_first):
    facts = {"norm_first": norm_first, "dropout": 0.0}
    module = theirs(torch.nn.TransformerDecoderLayer, 8, 2, 16, batch_first=True, dtype=dtype, **facts)
    model = nn.TransformerDecoderBlock(8, 2, hidden=16, key=0, activation="relu", dtype=dtype, **facts)
    past = torch.tensor(~np.tril(np.ones((5, 5), bool)))
    real = np.array([[True] * 7, [True, True, True] + [False] * 4, [True] * 6 + [False]])
    agree(
        model,
        module,
        numbers((3, 5, 8), dtype),
        numbers((3, 7, 8), dtype, seed=4),
        ours=lambda model, x, memory: model(x, memory, memory_padding=real),
        there=lambda module, x, m: module(x, m, tgt_mask=past, memory_key_padding_mask=torch.tensor(~real)),
    )


# ------------------------------------------------------------------ whole models
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.features = torch.nn.Sequential(
            torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.MaxPool2d(2)
        )
        self.head = torch.nn.Linear(64, 3)

    def forward(self, x):
        return self.head(self.features(x).flatten(1))


def convolutional(dtype=np.float64, **options):
    features = [nn.Conv2d(1, 4, 3, padding=1, key=0, dtype=dtype, **options), nn.BatchNorm(4, dtype=dtype), nn.relu]
    return nn.Sequential(*features, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3, key=1, dtype=dtype))


def test_a_whole_model():
    agree(convolutional(), theirs(Net).eval(), numbers((2, 1, 8, 8)))


def test_a_stack_of_encoder_blocks_and_its_norm():
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, norm_first=True)
    module = theirs(
        torch.nn.TransformerEncoder, layer, 2, norm=torch.nn.LayerNorm(8), enable_nested_tensor=False
    )  # fmt: skip
    blocks = [
        nn.TransformerEncoderBlock(8, 2, hidden=16, activation="relu", key=key, dtype=np.float64) for key in (0, 1)
    ]
    agree(nn.Sequential(*blocks, nn.LayerNorm(8, dtype=np.float64)), module, numbers((3, 5, 8)))


def test_tied_weights_stay_tied():
    module = torch.nn.Sequential(torch.nn.Embedding(5, 3), torch.nn.Linear(3, 5, bias=False))
    module[1].weight = module[0].weight
    free = nn.Sequential(nn.Embedding(5, 3, key=0), nn.Linear(3, 5, bias=False, key=1))
    tied = nn.from_torch(nn.Shared(free, {"layers[1].weight": "layers[0].table.T"}), module)
    assert list(tied.parameters()) == ["model.layers[0].table"]
    x = np.array([[0, 4], [2, 2]])
    np.testing.assert_allclose(tied(x), module(torch.tensor(x)).detach().numpy(), rtol=1e-5)


def test_dtypes_are_kept_on_both_sides():
    module = torch.nn.Linear(3, 2, dtype=torch.float64)
    model = nn.from_torch(nn.Linear(3, 2, key=0), module)
    assert model.weight.dtype == np.float32
    assert nn.to_torch(model, module).weight.dtype == torch.float64
    half = torch.nn.Linear(3, 2, dtype=torch.bfloat16)
    np.testing.assert_array_equal(nn.from_torch(model, half).weight, half.weight.float().detach().numpy().T)


def between(*activations):
    return torch.nn.Sequential(torch.nn.Linear(3, 4), *activations, torch.nn.Linear(4, 2))


@pytest.mark.parametrize(
    ("ours", "theirs_"),
    [
        (nn.relu, torch.nn.ReLU()),
        (np.tanh, torch.nn.Tanh()),
        (nn.gelu_tanh, torch.nn.GELU("tanh")),
        (partial(nn.leaky_relu, slope=0.2), torch.nn.LeakyReLU(0.2)),
        (partial(nn.softplus, sharpness=2.0), torch.nn.Softplus(2.0)),
        (lambda x: np.maximum(x, 0), torch.nn.ReLU()),  # nobody knows what it is
        (nn.Residual(nn.Sequential(nn.hard_silu)), torch.nn.Hardswish()),
    ],
)
def test_activations_that_are_alike(ours, theirs_):
    model = nn.Sequential(nn.Linear(3, 4, key=0), ours, nn.Dropout(0.1), nn.Linear(4, 2, key=1))
    module = between(theirs_, torch.nn.Dropout(0.1))
    assert np.array_equal(nn.from_torch(model, module).layers[0].weight, module[0].weight.detach().numpy().T)


def test_activations_that_nobody_sees():
    class Two(nn.Layer):
        first: nn.Linear
        last: nn.Linear

    module = between(torch.nn.ReLU())
    model = nn.from_torch(Two(nn.Linear(3, 4, key=0), nn.Linear(4, 2, key=1)), module)
    assert np.array_equal(model.last.weight, module[2].weight.detach().numpy().T)


def test_the_row_of_the_padding():
    module = torch.nn.Embedding(4, 2, padding_idx=1)
    model = nn.Embedding(4, 2, key=0, padding=1)
    assert model.table[1].any()
    written, x = nn.to_torch(model, module), np.array([0, 1, 3])
    np.testing.assert_array_equal(written(torch.tensor(x)).detach().numpy(), model(x))
    np.testing.assert_array_equal(nn.from_torch(model, written)(x), model(x))
    torch.nn.init.ones_(module.weight)
    with pytest.raises(UsageError, match="other numbers than 0 in the row of its padding, 1"):
        nn.from_torch(model, module)


def test_models_and_modules_the_wrong_way_round():
    model, module = nn.Linear(3, 2, key=0), torch.nn.Linear(3, 2)
    for call in (nn.from_torch, nn.to_torch):
        with pytest.raises(UsageError, match="in this order"):
            call(module, model)
    with pytest.raises(UsageError, match="load_state_dict"):
        nn.from_torch(model, module.state_dict())


WRONG = {
    "kinds": (lambda: nn.Sequential(nn.Linear(3, 2, key=0)), lambda: torch.nn.Sequential(torch.nn.Conv1d(3, 2, 1)),
              "Linear at 'layers[0]' of the model stands where the module has Conv1d at '0'"),
    "count": (lambda: nn.mlp([3, 4, 2], key=0), lambda: torch.nn.Linear(3, 4),
              "the model has 2 layers with weights, and the module has 1"),
    "shape": (lambda: nn.mlp([3, 4, 2], key=0),
              lambda: torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 5)),
              "weight of Linear at 'layers[2]' and Linear at '1' differ: (4, 2) is needed, found (4, 5)"),
    "bias": (lambda: nn.Linear(3, 2, key=0, bias=False), lambda: torch.nn.Linear(3, 2),
             "Linear and Linear do not hold the same arrays: bias is in one of them only"),
    "epsilon": (lambda: nn.LayerNorm(3), lambda: torch.nn.LayerNorm(3, eps=0.1),
                "epsilon of LayerNorm is 1e-05, and of LayerNorm in the module 0.1"),
    "stride": (lambda: nn.Conv1d(3, 2, 1, key=0), lambda: torch.nn.Conv1d(3, 2, 1, stride=2),
               "stride of Conv1d is (1,), and of Conv1d in the module (2,)"),
    "time first": (lambda: nn.LSTM(3, 4, key=0), lambda: torch.nn.LSTM(3, 4),
                   "batch_first of LSTM is True, and of LSTM in the module False"),
    "time first in a block": (lambda: nn.TransformerEncoderBlock(4, 2, key=0, hidden=8),
                              lambda: torch.nn.TransformerEncoderLayer(4, 2, 8), "batch_first"),
    "max_norm": (lambda: nn.Embedding(4, 2, key=0), lambda: torch.nn.Embedding(4, 2, max_norm=0.1),
                 "max_norm of Embedding is None, and of Embedding in the module 0.1"),
    "padding": (lambda: nn.Embedding(4, 2, key=0, padding=0), lambda: torch.nn.Embedding(4, 2),
                "padding of Embedding is 0, and of Embedding in the module None"),
    "activation": (lambda: nn.mlp([3, 4, 2], key=0, activation="tanh"), lambda: between(torch.nn.ReLU()),
                   "the model has tanh at 'layers[1]', and the module relu at '1'"),
    "its number": (lambda: nn.mlp([3, 4, 2], key=0, activation="leaky_relu"),
                   lambda: between(torch.nn.LeakyReLU(0.2)), "the module leaky_relu(slope=0.2) at '1'"),
    "no activation": (lambda: nn.Sequential(nn.Linear(3, 4, key=0), nn.Linear(4, 2, key=0)),
                      lambda: between(torch.nn.ReLU()), "the model has no activation, and the module relu at '1'"),
    "at the end": (lambda: nn.mlp([3, 4, 2], key=0),
                   lambda: torch.nn.Sequential(*between(torch.nn.ReLU()), torch.nn.Softmax(-1)),
                   "the model has no activation, and the module softmax at '3'"),
    "no model": (lambda: torch.nn.Linear(3, 2), lambda: torch.nn.Linear(3, 2), "found Linear"),
    "unknown": (lambda: nn.Linear(3, 2, key=0), lambda: torch.nn.Sequential(torch.nn.PReLU()),
                "PReLU at '0' of the module holds a parameter 'weight'"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_named(case):
    model, module, message = WRONG[case]
    module = module()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    for copied in (nn.from_torch, nn.to_torch):
        with pytest.raises(GlassgradError) as caught:
            copied(model(), module)
        if case != "shape" or copied is nn.from_torch:
            assert message in str(caught.value)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
