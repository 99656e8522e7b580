"""Models of torch.compile, watched: the same numbers, no second compilation, and what is seen from outside."""

import copy

import pytest

import glassgrad as gg

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1))


def whole(model):
    return torch.compile(model, backend="aot_eager")


def a_part(model):
    return nn.Sequential(torch.compile(model[:3], backend="aot_eager"), model[3])


def in_place(model):
    model.compile(backend="aot_eager")
    return model


def train(model, steps=20, **watching):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    y = x.sum(1, keepdim=True)

    def loop():
        for _ in range(steps):
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()

    if not watching:
        return loop()
    with gg.doctor.watch(model, optimizer, **watching) as visit:
        loop()
    return visit


@pytest.fixture(autouse=True)
def _compiled_afresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def compilations(training):
    """(what a training gives, how much was compiled in it)."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    found = training()
    return found, dict(torch._dynamo.utils.counters["frames"])


@pytest.mark.parametrize("compiled", [whole, a_part, in_place])
def test_a_compiled_model_is_watched_from_outside(compiled):
    mine, theirs = network(), network()
    _, expected = compilations(lambda: train(compiled(mine)))
    visit, found = compilations(lambda: train(compiled(theirs), every=5))
    assert found == expected
    for name, value in mine.state_dict().items():
        assert torch.equal(value, theirs.state_dict()[name]), name
    trace = visit.trace()
    assert len(trace.losses) == 20
    assert len(trace.samples) == 4
    assert trace.notes == ("a compiled model is watched from outside: loss, prediction and weights, without its links",)
    for sample in trace.samples:
        assert sample.skipped == ()
        assert all(weight.update > 0 and weight.gradient is not None for weight in sample.weights)
    assert visit.report().verdict in ("healthy", "slow but flowing")
    assert "From the loss to the loss" not in " ".join(str(visit.report()).split())


def test_the_gradient_by_the_prediction_and_the_prediction_are_seen():
    seen = train(whole(network()), every=5).trace().samples[-1]
    plain = train(copy.deepcopy(network()), every=5).trace().samples[-1]
    assert [link.path for link in seen.links] == ["loss"]
    assert seen.links[0].leaving == pytest.approx(plain.links[0].leaving, rel=1e-3)
    assert seen.output.std == pytest.approx(plain.output.std, rel=1e-3)
    assert [weight.path for weight in seen.weights] == [weight.path for weight in plain.weights]


def test_the_hooks_of_a_compiled_model_are_taken_away():
    model = whole(network())
    train(model, every=5)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


class CompiledInside(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(4, 16), nn.Linear(16, 1)
        self.between = torch.compile(lambda x: torch.tanh(x) * 2, backend="eager")

    def forward(self, x):
        return self.second(self.between(self.first(x)))


class Pieces:
    """A training that calls compiled functions of its own."""

    def __init__(self, model, *, loss=F.mse_loss, compiles_step=False):
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        self.loss = loss
        self.compiles_step = compiles_step

    def train(self, steps=6):
        x = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
        for _ in range(steps):
            self.optimizer.zero_grad()
            self.loss(self.model(x), x.sum(1, keepdim=True)).backward()
            step = torch.compile(self.optimizer.step, backend="eager") if self.compiles_step else self.optimizer.step
            step()


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # of PyTorch's own compiler
@pytest.mark.parametrize(
    "pieces",
    [
        lambda: Pieces(CompiledInside()),
        lambda: Pieces(network(), loss=torch.compile(lambda p, y: F.mse_loss(torch.tanh(p), y), backend="eager")),
        lambda: Pieces(network(), compiles_step=True),
    ],
)
def test_compiled_functions_of_a_watched_training_go_on(pieces):
    mine = pieces()
    mine.train()
    torch._dynamo.reset()
    theirs = pieces()
    with gg.doctor.watch(theirs.model, theirs.optimizer, every=2) as visit:
        theirs.train()
    for one, other in zip(mine.model.parameters(), theirs.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert visit.trace().notes == ()
    assert len(visit.trace().losses) == 6
