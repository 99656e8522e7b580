"""Activations against PyTorch: values and gradients, at the corners too."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.nn.activations import ACTIVATIONS, softplus

torch = pytest.importorskip("torch")
functional = torch.nn.functional
THEIRS = {
    "elu": functional.elu,
    "gelu": functional.gelu,
    "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "glu": functional.glu,
    "hard_sigmoid": functional.hardsigmoid,
    "hard_silu": functional.hardswish,
    "hard_tanh": functional.hardtanh,
    "identity": lambda x: x * 1,
    "leaky_relu": functional.leaky_relu,
    "linear": lambda x: x * 1,
    "log_sigmoid": functional.logsigmoid,
    "log_softmax": lambda x: functional.log_softmax(x, -1),
    "mish": functional.mish,
    "relu": functional.relu,
    "relu6": functional.relu6,
    "selu": functional.selu,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "softmax": lambda x: functional.softmax(x, -1),
    "softplus": functional.softplus,
    "softsign": functional.softsign,
    "tanh": torch.tanh,
}
CORNERS = [-3.0, -1.0, 0.0, 1.0, 3.0, 6.0]


def test_every_one_has_a_peer():
    assert set(THEIRS) == set(ACTIVATIONS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_values_and_gradients(name, dtype):
    rng = np.random.default_rng(4)
    x = np.concatenate([rng.normal(scale=3, size=18), CORNERS]).reshape(4, 6).astype(dtype)
    tensor = torch.tensor(x, requires_grad=True)
    expected = THEIRS[name](tensor)
    value, pull = gg.vjp(ACTIVATIONS[name], x)
    rtol = 1e-5 if dtype == np.float32 else 1e-11
    rtol = max(rtol, 1e-7 if name == "hard_sigmoid" else 0)  # PyTorch's 1/6 is a float32 there
    np.testing.assert_allclose(value, expected.detach().numpy(), rtol=rtol, atol=rtol)
    ct = rng.normal(size=value.shape).astype(dtype)
    expected.backward(torch.tensor(ct))
    np.testing.assert_allclose(pull(ct)[0], tensor.grad.numpy(), rtol=rtol, atol=rtol)


def test_sharp_softplus():
    x = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(softplus(x, 2.5), functional.softplus(torch.tensor(x), beta=2.5).numpy(), rtol=1e-12)
