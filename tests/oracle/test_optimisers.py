"""1,000 steps of each optimiser against PyTorch's: on the parameters of a network and on ill-conditioned quadratics."""

import functools

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import optim

torch = pytest.importorskip("torch")
STEPS = 1000

# Ours, PyTorch's class, its settings.
PAIRS = {
    "sgd": (optim.sgd(0.05), "SGD", {"lr": 0.05}),
    "sgd, decay": (optim.sgd(0.05, weight_decay=0.1), "SGD", {"lr": 0.05, "weight_decay": 0.1}),
    "momentum": (optim.momentum(0.02), "SGD", {"lr": 0.02, "momentum": 0.9}),
    "dampening": (
        optim.sgd(0.02, momentum=0.8, dampening=0.3, weight_decay=0.01),
        "SGD",
        {"lr": 0.02, "momentum": 0.8, "dampening": 0.3, "weight_decay": 0.01},
    ),
    "nesterov": (optim.nesterov(0.02), "SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True}),
    "adagrad": (optim.adagrad(0.05), "Adagrad", {"lr": 0.05}),
    "adagrad, all": (
        optim.adagrad(0.05, rate_decay=0.01, initial=0.1, eps=1e-3, weight_decay=0.02),
        "Adagrad",
        {"lr": 0.05, "lr_decay": 0.01, "initial_accumulator_value": 0.1, "eps": 1e-3, "weight_decay": 0.02},
    ),
    "rmsprop": (optim.rmsprop(0.01), "RMSprop", {"lr": 0.01}),
    "rmsprop, centred": (optim.rmsprop(0.01, centered=True, eps=1e-2), "RMSprop", {"lr": 0.01, "centered": True, "eps": 1e-2}),
    "rmsprop, all": (
        optim.rmsprop(0.01, decay=0.9, eps=1e-2, momentum=0.5, centered=True, weight_decay=0.02),
        "RMSprop",
        {"lr": 0.01, "alpha": 0.9, "eps": 1e-2, "momentum": 0.5, "centered": True, "weight_decay": 0.02},
    ),
    "adam": (optim.adam(0.01), "Adam", {"lr": 0.01}),
    "adam, all": (
        optim.adam(0.01, betas=(0.4, 0.9), eps=1e-3, weight_decay=0.1, amsgrad=True),
        "Adam",
        {"lr": 0.01, "betas": (0.4, 0.9), "eps": 1e-3, "weight_decay": 0.1, "amsgrad": True},
    ),
    "adamw": (optim.adamw(0.01), "AdamW", {"lr": 0.01}),
    "adamw, all": (
        optim.adamw(0.01, betas=(0.8, 0.99), eps=1e-4, weight_decay=0.3, amsgrad=True),
        "AdamW",
        {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.3, "amsgrad": True},
    ),
    "nadam": (optim.nadam(0.01), "NAdam", {"lr": 0.01}),
    "nadam, decoupled": (
        optim.nadam(0.01, betas=(0.8, 0.99), weight_decay=0.1, momentum_decay=1e-2, decoupled=True),
        "NAdam",
        {
            "lr": 0.01,
            "betas": (0.8, 0.99),
            "weight_decay": 0.1,
            "momentum_decay": 1e-2,
            "decoupled_weight_decay": True,
        },
    ),
    "nadam, decay": (optim.nadam(0.01, weight_decay=0.1), "NAdam", {"lr": 0.01, "weight_decay": 0.1}),
    "adafactor": (optim.adafactor(0.05), "Adafactor", {"lr": 0.05}),
    "adafactor, all": (
        optim.adafactor(0.1, beta2_decay=-0.5, eps=(1e-4, 1e-2), threshold=1.5, weight_decay=0.1),
        "Adafactor",
        {"lr": 0.1, "beta2_decay": -0.5, "eps": (1e-4, 1e-2), "d": 1.5, "weight_decay": 0.1},
    ),
}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def wide():
    """PyTorch keeps its counters and NAdam's product of momenta in its default dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def network(dtype):
    random = np.random.default_rng(3)
    draw = lambda *shape: random.normal(size=shape).astype(dtype)
    parameters = {"W1": draw(3, 8), "b1": draw(8), "W2": draw(2, 8, 1), "b2": draw(1), "scale": np.array(1.2, dtype)}
    return parameters, draw(20, 3), draw(20, 1)


def loss(p, x, y, tanh=np.tanh):
    hidden = tanh(x @ p["W1"] + p["b1"])
    out = (hidden @ p["W2"][0] + hidden * hidden @ p["W2"][1] + p["b2"]) * p["scale"]
    return ((out - y) ** 2).mean()


def ours(optimizer, gradient, parameters, steps=STEPS):
    """All steps as one compiled loop."""

    def step(carry, _):
        parameters, state = carry
        updates, state = optimizer.update(gradient(parameters), state, parameters)
        return (optim.apply(parameters, updates), state), None

    run = gg.jit(lambda parameters, state: gg.scan(step, (parameters, state), None, steps)[0][0])
    return run(parameters, optimizer.start(parameters))


def theirs(make, gradient, parameters, steps=STEPS):
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    optimizer = make(list(tensors.values()))
    for _ in range(steps):
        gradient(tensors)
        optimizer.step()
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}


def compared(name, parameters, our_gradient, their_gradient, rtol, atol):
    optimizer, kind, settings = PAIRS[name]
    found = ours(optimizer, our_gradient, parameters)
    expected = theirs(lambda tensors: getattr(torch.optim, kind)(tensors, **settings), their_gradient, parameters)
    for path, value in found.items():
        assert value.dtype == parameters[path].dtype
        np.testing.assert_allclose(value, expected[path], rtol=rtol, atol=atol, err_msg=path)


def by_backward(function, tensors):
    for tensor in tensors.values():
        tensor.grad = None
    function(tensors).backward()


@pytest.mark.parametrize("name", PAIRS)
def test_a_network_in_float64(name, wide):
    parameters, x, y = network(np.float64)
    tx, ty = torch.tensor(x), torch.tensor(y)
    compared(
        name,
        parameters,
        gg.grad(lambda p: loss(p, x, y)),
        functools.partial(by_backward, lambda p: loss(p, tx, ty, torch.tanh)),
        1e-8,
        1e-9,
    )


@pytest.mark.parametrize("name", PAIRS)
def test_a_network_in_float32(name):
    parameters, x, y = network(np.float32)
    tx, ty = torch.tensor(x), torch.tensor(y)
    compared(
        name,
        parameters,
        gg.grad(lambda p: loss(p, x, y)),
        functools.partial(by_backward, lambda p: loss(p, tx, ty, torch.tanh)),
        1e-3,
        1e-3,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", PAIRS)
def test_an_ill_conditioned_quadratic(name, dtype, wide):
    """Curvatures from 1e-4 to 10, minimum at ones."""
    curvature = np.logspace(-4, 1, 12).reshape(3, 4).astype(dtype)
    parameters = {"x": np.full((3, 4), -1.0, dtype), "y": np.array([2.0, -3.0], dtype)}
    c = torch.tensor(curvature)
    mine = gg.grad(lambda p: np.sum(curvature * (p["x"] - 1.0) ** 2) + np.sum((p["y"] - 1.0) ** 4) / 40.0)
    their = lambda p: (c * (p["x"] - 1.0) ** 2).sum() + ((p["y"] - 1.0) ** 4).sum() / 40.0
    rtol = 2e-4 if dtype == np.float32 else 1e-9
    compared(name, parameters, mine, functools.partial(by_backward, their), rtol, rtol)
