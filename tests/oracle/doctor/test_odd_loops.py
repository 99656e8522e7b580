"""A watched loop goes on as it would unwatched, whatever it does."""

import copy
import io
import time

import pytest

import glassgrad as gg

torch = pytest.importorskip("torch")
nn = torch.nn


def trained(model, optimizer, step, *, is_watched, steps=12):
    """The parameters after some steps of a person's own."""
    visit = gg.doctor.watch(model, optimizer, every=1) if is_watched else None
    if visit is not None:
        visit.__enter__()
    for number in range(steps):
        optimizer.zero_grad()
        step(model, number)
        optimizer.step()
    if visit is not None:
        visit.__exit__(None, None, None)
    return [parameter.detach().clone() for parameter in model.parameters()], visit


def both(build, step):
    """The same training watched and not; they agree bit for bit, NaN included."""
    found = []
    for is_watched in (False, True):
        torch.manual_seed(0)
        model = build()
        found.append(trained(model, torch.optim.SGD(model.parameters(), lr=0.01), step, is_watched=is_watched))
    (plain, _), (watched, visit) = found
    for one, other in zip(plain, watched, strict=True):
        assert torch.equal(one.nan_to_num(123.0), other.nan_to_num(123.0))
    return visit


X = torch.linspace(-1, 1, 64).reshape(16, 4)


def test_a_loss_of_nan_behind_batch_norm_is_traced_without_a_touch_of_the_pass():
    def step(model, number):
        loss = (model(X) ** 2).mean()
        (loss * float("nan") if number == 5 else loss).backward()

    visit = both(lambda: nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1)), step)
    assert visit.report().trace.bad is not None


def test_backward_of_an_iterator_of_losses():
    def step(model, _):
        output = model(X)
        torch.autograd.backward(loss for loss in [output.mean(), (output**2).mean()])

    both(lambda: nn.Linear(4, 1), step)


def test_a_checkpoint_that_goes_backward_within_a_backward_pass_is_no_loss():
    from torch.utils.checkpoint import checkpoint

    def step(model, _):
        hidden = checkpoint(model[0], X.clone().requires_grad_(), use_reentrant=True)
        (model[1](hidden) ** 2).mean().backward()

    visit = both(lambda: nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 1)), step)
    assert all(loss >= 0 for loss in visit.report().trace.losses)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script")
def test_a_model_that_takes_no_hooks_trains_unwatched_and_nothing_stays_behind():
    before = torch.autograd.backward
    model = nn.Sequential(torch.jit.script(nn.Linear(4, 4)), nn.Linear(4, 1))
    _, visit = trained(
        model,
        torch.optim.SGD(model.parameters(), lr=0.01),
        lambda model, _: (model(X) ** 2).mean().backward(),
        is_watched=True,
    )
    assert torch.autograd.backward is before
    assert visit.report() is not None


def test_hooks_on_what_outlives_a_pass_are_taken_away():
    made = []

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.start = nn.Parameter(torch.zeros(4))
            made.append(self.start)
            self.last = nn.Linear(4, 1)

        def forward(self, x):
            return self.last(torch.tanh(self.start) + torch.tanh(x))

    both(Model, lambda model, _: (model(X) ** 2).mean().backward())
    assert [start._backward_hooks or {} for start in made] == [{}, {}]


def test_an_evaluation_with_gradients_says_nothing_of_the_mode_of_training():
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.1), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with gg.doctor.watch(model, optimizer, every=1) as visit:
        for _ in range(30):
            model.train()
            optimizer.zero_grad()
            ((model(X) - X.sum(1, keepdim=True)) ** 2).mean().backward()
            optimizer.step()
        model.eval()
        float((model(X) ** 2).mean().detach())
    assert visit.report().trace.setup.is_training


def test_sparse_gradients_are_examined():
    model = nn.Sequential(nn.Embedding(20, 4, sparse=True), nn.Flatten(), nn.Linear(12, 2))
    data = (torch.arange(96).reshape(32, 3) % 20, torch.arange(32) % 2)
    report = gg.doctor.examine(
        model, nn.CrossEntropyLoss(), data, torch.optim.SGD(model.parameters(), lr=0.1), steps=30, seconds=8, seeds=1
    )
    assert len(report.trace.losses) == 30


def test_one_step_that_a_scaler_leaves_out_is_no_failure():
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with gg.doctor.watch(model, optimizer) as visit:
        for number in range(60):
            optimizer.zero_grad()
            loss = ((model(X) - X.sum(1, keepdim=True)) ** 2).mean()
            (loss * float("inf") if number == 7 else loss).backward()
            if number != 7:
                optimizer.step()
    assert visit.report().learning.course == "learns"


def test_a_backward_pass_may_begin_at_an_edge_of_the_graph():
    def step(model, number):
        torch.autograd.backward(torch.autograd.graph.get_gradient_edge((model(X) ** 2).mean()))

    visit = both(lambda: nn.Linear(4, 1), step)
    assert visit.trace().notes == ()


def test_a_visit_that_is_entered_again_counts_its_time_afresh():
    model = nn.Linear(4, 1)
    visit = gg.doctor.watch(model, torch.optim.SGD(model.parameters(), lr=0.01))
    with visit:
        pass
    first = visit.trace().seconds
    with visit:
        time.sleep(first + 0.05)
        assert visit.trace().seconds > first + 0.04


class Mapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, x):
        return torch.func.vmap(lambda row: self.second(torch.tanh(self.first(row))))(x)


def test_layers_within_a_transform_are_left_out_and_the_rest_is_sampled():
    visit = both(Mapped, lambda model, _: (model(X) ** 2).mean().backward())
    trace = visit.trace()
    assert trace.notes == ()
    assert len(trace.samples) == 12
    assert "first: within a transform of torch.func" in trace.samples[0].skipped
    assert all(weight.update > 0 for weight in trace.samples[0].weights)


def test_a_sample_that_cannot_be_made_is_paid_for_as_one_that_can(monkeypatch):
    opened = []

    def fails(session):
        opened.append(session)
        raise ValueError("no sample")

    monkeypatch.setattr("glassgrad.doctor.subjects.torch.session.Session.sample", fails)
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with gg.doctor.watch(model, optimizer, every=5) as visit:
        for _ in range(18):
            optimizer.zero_grad()
            (model(X) ** 2).mean().backward()
            optimizer.step()
    assert len(opened) == 4
    assert visit.trace().notes == ("after_step: ValueError: no sample",)


def test_a_model_is_copied_and_saved_while_it_is_watched():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    others = []
    with gg.doctor.watch(model, optimizer, every=1) as visit:
        file = io.BytesIO()
        torch.save(model, file)
        assert b"glassgrad" not in file.getvalue()
        file.seek(0)
        others += [copy.deepcopy(model), torch.load(file, weights_only=False)]
        for _ in range(3):
            optimizer.zero_grad()
            for one in (model, *others):
                expected = one(X)
            (model(X) ** 2).mean().backward()
            optimizer.step()
    trace = visit.trace()
    assert trace.notes == ()
    assert [link.path for link in trace.samples[0].links] == ["loss", "2", "1", "0"]
    for other in others:
        assert torch.equal(other(X), expected)
        torch.save(other, io.BytesIO())
