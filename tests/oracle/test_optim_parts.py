"""Schedules, clipping, averages and plateaus against PyTorch's."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import optim
from glassgrad.optim import schedules

torch = pytest.importorskip("torch")
lr_scheduler = torch.optim.lr_scheduler


def rates_of(make, steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)
    schedule = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return np.array(found)


SCHEDULES = {
    "step": (schedules.step(0.5, every=7, factor=0.3), lambda o: lr_scheduler.StepLR(o, 7, 0.3)),
    "steps": (schedules.step(0.5, at=(3, 20, 21)), lambda o: lr_scheduler.MultiStepLR(o, [3, 20, 21])),
    "exponential": (schedules.exponential(0.5, 0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    "cosine": (schedules.cosine(0.5, 40, end=0.1), lambda o: lr_scheduler.CosineAnnealingLR(o, 40, 0.1)),
    "linear": (schedules.linear(0.1, 0.5, 11), lambda o: lr_scheduler.LinearLR(o, 0.2, 1.0, 11)),
    "one cycle": (schedules.one_cycle(0.5, 40), lambda o: lr_scheduler.OneCycleLR(o, 0.5, 40, cycle_momentum=False)),
    "one cycle, straight": (
        schedules.one_cycle(0.5, 40, rising=0.2, start=5.0, end=10.0, straight=True),
        lambda o: lr_scheduler.OneCycleLR(o, 0.5, 40, None, None, 0.2, "linear", False, 0, 0, 5.0, 10.0),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name):
    schedule, make = SCHEDULES[name]
    expected = rates_of(make, 40)
    np.testing.assert_allclose(schedule(np.arange(40)), expected, rtol=1e-11)
    np.testing.assert_allclose([schedule(np.int64(count)) for count in range(40)], expected, rtol=1e-11)
    np.testing.assert_allclose(gg.jit(schedule)(np.int64(17)), expected[17], rtol=1e-11)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        ({"patience": 1, "cooldown": 2, "factor": 0.5}, {"patience": 1, "cooldown": 2, "factor": 0.5}),
        (
            {"patience": 0, "relative": False, "threshold": 0.2},
            {"patience": 0, "threshold_mode": "abs", "threshold": 0.2},
        ),
        ({"patience": 2, "largest": True, "smallest": 0.01}, {"patience": 2, "mode": "max", "min_lr": 0.01}),
        ({"patience": 0, "largest": True, "relative": False}, {"patience": 0, "mode": "max", "threshold_mode": "abs"}),
    ],
)
def test_plateaus(ours, theirs):
    losses = np.random.default_rng(4).uniform(0.5, 2.0, 60) + np.linspace(1.0, 0.0, 60)
    parameter = torch.nn.Parameter(torch.ones(1))
    their_optimizer = torch.optim.SGD([parameter], lr=0.5)
    their_plateau = lr_scheduler.ReduceLROnPlateau(their_optimizer, **theirs)
    optimizer, plateau = optim.sgd(0.5), optim.Plateau(**ours)
    state, watch = optimizer.start(np.ones(1)), plateau.start()
    compiled = gg.jit(plateau.update)
    for loss in losses:
        traced = compiled(watch, state, loss)
        watch, state = plateau.update(watch, state, loss)
        their_plateau.step(loss)
        expected = their_optimizer.param_groups[0]["lr"]
        np.testing.assert_allclose(optim.rates(state)["rate"], expected, rtol=1e-12)
        np.testing.assert_allclose(optim.rates(traced[1])["rate"], expected, rtol=1e-12)


@pytest.mark.parametrize("limit", [0.5, 3.0, 1e3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clipping(limit, dtype):
    random = np.random.default_rng(5)
    gradients = {"a": random.normal(size=(4, 3)).astype(dtype), "b": np.asarray(random.normal(), dtype)}
    zeros = {path: np.zeros_like(value) for path, value in gradients.items()}
    for ours, theirs in [
        (optim.clip_by_norm(limit), torch.nn.utils.clip_grad_norm_),
        (optim.clip_by_value(limit), torch.nn.utils.clip_grad_value_),
    ]:
        tensors = [torch.nn.Parameter(torch.tensor(value)) for value in zeros.values()]
        for tensor, value in zip(tensors, gradients.values(), strict=True):
            tensor.grad = torch.tensor(value)
        theirs(tensors, limit)
        found, _ = ours.update(gradients, ours.start(zeros), zeros)
        for value, tensor in zip(found.values(), tensors, strict=True):
            np.testing.assert_allclose(value, tensor.grad.numpy(), rtol=1e-6 if dtype == np.float32 else 1e-13)
            assert value.dtype == dtype


def test_the_mean_of_the_parameters():
    parameter = torch.nn.Parameter(torch.tensor([3.0, -1.0], dtype=torch.float64))
    their_optimizer = torch.optim.SGD([parameter], lr=0.1)
    holder = torch.nn.ParameterList([parameter])
    mean = torch.optim.swa_utils.AveragedModel(holder, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    optimizer = optim.ema(optim.sgd(0.1), 0.9)
    x = np.array([3.0, -1.0])
    state = optimizer.start(x)
    for _ in range(50):
        updates, state = optimizer.update(2.0 * x, state, x)
        x = optim.apply(x, updates)
        parameter.grad = 2.0 * parameter.detach()
        their_optimizer.step()
        mean.update_parameters(holder)
        np.testing.assert_allclose(optim.averaged(state), mean.module[0].detach().numpy(), rtol=1e-12)


def test_accumulated_gradients_make_the_step_of_the_large_batch():
    gradients = np.random.default_rng(6).normal(size=(12, 5))
    parameter = torch.nn.Parameter(torch.ones(5, dtype=torch.float64))
    theirs = torch.optim.Adam([parameter], lr=0.1)
    optimizer = optim.accumulate(optim.adam(0.1), 4)
    x = np.ones(5)
    state = optimizer.start(x)
    for number, gradient in enumerate(gradients, 1):
        updates, state = optimizer.update(gradient, state, x)
        x = optim.apply(x, updates)
        (torch.tensor(gradient) @ parameter / 4).backward()
        if number % 4 == 0:
            theirs.step()
            theirs.zero_grad()
        np.testing.assert_allclose(x, parameter.detach().numpy(), rtol=1e-12)
