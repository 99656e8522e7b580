"""Runs of the doctor on copies: the person's objects stay as they were, and a run is the training it stands for."""

import copy
from math import isnan

import pytest

from glassgrad.doctor.subjects.torch import subject

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional


def data(count=128, features=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, features, generator=generator)
    return x, x.sum(1, keepdim=True)


def network(*, seed=0, activation=nn.Tanh):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 16), activation(), nn.Linear(16, 16), activation(), nn.Linear(16, 1))


def trained_by_hand(model, optimizer, steps):
    x, y = data()
    for step in range(steps):
        part = slice(32 * (step % 4), 32 * (step % 4) + 32)
        optimizer.zero_grad()
        F.mse_loss(model(x[part]), y[part]).backward()
        optimizer.step()


@pytest.mark.parametrize("samples", [(), (0, 3, 7)])
def test_a_run_is_the_persons_training_sampled_or_not(samples):
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    trace = subject(model, nn.MSELoss(), data(), optimizer).run(12, samples=samples)
    before = F.mse_loss(model(data()[0]), data()[1]).item()
    trained_by_hand(model, optimizer, 12)
    after = F.mse_loss(model(data()[0]), data()[1]).item()
    assert trace.before == pytest.approx(before, rel=1e-5)
    assert trace.after == pytest.approx(after, rel=1e-5)
    assert [sample.step for sample in trace.samples] == list(samples)


def test_nothing_of_the_persons_is_changed():
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    trained_by_hand(model, optimizer, 2)
    kept, state = copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict())
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    found = subject(model, nn.MSELoss(), data(), optimizer)
    found.run(5, seed=3, samples=(0, 2))
    found.fits_one_batch(5)
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())
    assert str(state) == str(optimizer.state_dict())
    assert not any(module._forward_hooks for module in model.modules())


def test_a_seed_is_a_fresh_start_of_the_same_kind():
    model = network()
    found = subject(model, nn.MSELoss(), data(), torch.optim.Adam(model.parameters(), lr=0.01))
    first, again, other = found.run(8, seed=1), found.run(8, seed=1), found.run(8, seed=2)
    assert first.losses == again.losses
    assert first.losses != other.losses


def test_the_gradient_at_each_link_is_that_of_autograd():
    model = network()
    x, y = data()
    trace = subject(model, nn.MSELoss(), (x[:32], y[:32]), torch.optim.SGD(model.parameters(), lr=0.1)).run(
        1, samples=(0,)
    )
    values = [x[:32].clone().requires_grad_()]
    for module in model:
        values.append(module(values[-1]))
    loss = F.mse_loss(values[-1], y[:32])
    norms = [gradient.norm().item() for gradient in torch.autograd.grad(loss, values)]
    links = trace.samples[0].links
    assert [link.path for link in links] == ["loss", "4", "3", "2", "1", "0"]
    assert [link.leaving for link in links] == pytest.approx(norms[::-1], rel=1e-4)
    assert [link.entering for link in links[1:]] == pytest.approx(norms[:0:-1], rel=1e-4)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.inner, self.last = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 1)

    def forward(self, x):
        h = self.first(x)
        return self.last(h + self.inner(h))


def test_what_leaves_a_link_is_its_own_share_beside_a_residual_link():
    torch.manual_seed(0)
    model = Residual()
    x, y = data(32)
    trace = subject(model, nn.MSELoss(), (x, y), torch.optim.SGD(model.parameters(), lr=0.1)).run(1, samples=(0,))
    h = model.first(x).detach().requires_grad_()
    inner = model.inner(h)
    loss = F.mse_loss(model.last(h.detach() + inner), y)
    (share,) = torch.autograd.grad(loss, h)
    link = {one.path: one for one in trace.samples[0].links}["inner"]
    assert link.leaving == pytest.approx(share.norm().item(), rel=1e-4)


def test_weights_updates_and_units():
    model = network(activation=nn.ReLU)
    with torch.no_grad():
        model[0].bias[:4] = -100.0
    trace = subject(model, nn.MSELoss(), data(), torch.optim.SGD(model.parameters(), lr=0.1)).run(1, samples=(0,))
    sample = trace.samples[0]
    weights = {one.path: one for one in sample.weights}
    assert weights["2.weight"].update == pytest.approx(0.1 * weights["2.weight"].gradient, rel=1e-4)
    assert weights["2.weight"].spectral == pytest.approx(torch.linalg.matrix_norm(model[2].weight, 2).item(), rel=2e-2)
    assert weights["0.bias"].zeros >= 0.25
    units = {one.path: one for one in sample.units}
    assert units["1"].dead >= 0.25
    assert units["1"].family == "activation"
    assert sample.output.shape == (32, 1)
    assert -1 <= sample.likeness <= 1
    assert "ReLU: " in {link.path: link for link in sample.links}["1"].formula


def test_gates_of_time_are_seen_through_a_recurrent_layer():
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.out = nn.RNN(3, 8, batch_first=True), nn.Linear(8, 1)

        def forward(self, x):
            return self.out(self.rnn(x)[0][:, -1])

    torch.manual_seed(0)
    model = Reader()
    x = torch.randn(32, 20, 3)
    trace = subject(model, nn.MSELoss(), (x, x[:, 0, :1]), torch.optim.SGD(model.parameters(), lr=0.1)).run(
        1, samples=(0,)
    )
    link = {one.path: one for one in trace.samples[0].links}["rnn"]
    assert link.family == "recurrence"
    assert len(link.time) == 20
    assert link.time[0] > 10 * link.time[-1] > 0


def test_a_cell_called_in_a_loop_is_one_link_along_time():
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.state, self.out = nn.Linear(3, 8), nn.Linear(8, 8), nn.Linear(8, 1)

        def forward(self, x):
            h = torch.zeros(len(x), 8)
            for t in range(x.shape[1]):
                h = torch.tanh(self.inner(x[:, t]) + self.state(h))
            return self.out(h)

    model = Reader()
    x = torch.randn(32, 12, 3)
    trace = subject(model, nn.MSELoss(), (x, x[:, 0, :1]), torch.optim.SGD(model.parameters(), lr=0.1)).run(
        1, samples=(0,)
    )
    links = {one.path: one for one in trace.samples[0].links}
    assert list(links) == ["loss", "out", "tanh", "state", "inner"]
    assert len(links["tanh"].time) == 12


class Logarithm(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)

    def forward(self, x):
        return torch.log(F.relu(self.a(x))).sum(1, keepdim=True)


def test_a_number_that_is_none_is_traced_to_the_operation():
    model = Logarithm()
    bad = subject(model, nn.MSELoss(), data(), torch.optim.SGD(model.parameters(), lr=0.1)).run(10).bad
    assert bad is not None
    assert (bad.step, bad.phase, bad.path) == (0, "forward", "log")
    assert bad.operation == "log"
    assert bad.says.startswith("log of 0 in ")
    assert ", test_running.py:" in bad.says


@pytest.mark.parametrize("where", ["input", "target"])
def test_no_numbers_in_the_data(where):
    model, (x, y) = network(), data()
    (x if where == "input" else y)[70, 0] = float("nan")
    bad = subject(model, nn.MSELoss(), (x, y), torch.optim.SGD(model.parameters(), lr=0.1)).run(10).bad
    assert (bad.step, bad.phase, bad.what) == (2, where, "nan")


class Root(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 1)

    def forward(self, x):
        return torch.sqrt((self.a(x) * 0) ** 2)


def test_a_backward_pass_without_a_number_is_traced_to_the_step_before():
    model = Root()
    bad = subject(model, nn.MSELoss(), data(), torch.optim.SGD(model.parameters(), lr=0.1)).run(10).bad
    assert (bad.step, bad.phase, bad.path) == (0, "backward", "sqrt")


def test_a_rate_that_leaves_the_numbers_behind_is_an_update():
    model = network()
    trace = subject(model, nn.MSELoss(), data(), torch.optim.SGD(model.parameters(), lr=1e38)).run(10)
    assert trace.bad is not None
    assert isnan(trace.losses[-1]) or trace.losses[-1] == float("inf")


def test_a_scheduler_goes_with_its_optimiser():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.0)
    trace = subject(model, nn.MSELoss(), data()[:2], [optimizer, scheduler]).run(9)
    assert trace.losses[1:5] == trace.losses[5:9]  # from the second step on the rate is 0
    assert optimizer.param_groups[0]["lr"] == 0.1
