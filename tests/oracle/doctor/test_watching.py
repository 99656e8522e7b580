"""`watch` around loops as people write them: the same numbers, little time, and what goes wrong in the loop is seen."""

import copy
import threading
import warnings

import pytest

import glassgrad as gg
from glassgrad.base.errors import UsageError

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional


def data(count=64):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(count, 4, generator=generator)
    return x, x.sum(1, keepdim=True)


def network(**options):
    torch.manual_seed(0)
    layers = [nn.Linear(4, 16), nn.BatchNorm1d(16), nn.Sigmoid(), nn.Dropout(0.1), nn.Linear(16, 16), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(16, 1))


def plain(model, optimizer, steps=40):
    x, y = data()
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()


def accumulating(model, optimizer, steps=30):
    x, y = data()
    for step in range(steps):
        part = slice(32 * (step % 2), 32 * (step % 2) + 32)
        (F.mse_loss(model(x[part]), y[part]) / 2).backward()
        if step % 2:
            optimizer.step()
            optimizer.zero_grad(set_to_none=False)


def scaled(model, optimizer, steps=30):
    x, y = data()
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    for _ in range(steps):
        optimizer.zero_grad()
        scaler.scale(F.mse_loss(model(x), y)).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()


def evaluating(model, optimizer, steps=30):
    x, y = data()
    for _ in range(steps):
        model.train()
        optimizer.zero_grad()
        with torch.device("cpu"):
            F.mse_loss(model(x), y).backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            model(x[:5])


def run(loop, model=None, *, watched=True, every=None):
    model = model or network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    torch.manual_seed(1)
    if not watched:
        loop(model, optimizer)
        return model, None
    with gg.doctor.watch(model, optimizer, every=every) as visit:
        loop(model, optimizer)
    return model, visit


class RandomSlopes(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(4, 16), nn.Linear(16, 1)
        self.slopes = nn.RReLU()

    def forward(self, x):
        return self.second(F.rrelu(self.slopes(self.first(x)), training=True))


@pytest.mark.parametrize(
    ("loop", "model"),
    [(plain, network), (accumulating, network), (scaled, network), (evaluating, network), (plain, RandomSlopes)],
)
def test_the_watched_training_computes_the_same_numbers(loop, model):
    mine, _ = run(loop, model(), watched=False)
    theirs, visit = run(loop, model(), every=2)
    assert all(torch.equal(one, other) for one, other in zip(mine.parameters(), theirs.parameters(), strict=True))
    assert all(torch.equal(one, other) for one, other in zip(mine.buffers(), theirs.buffers(), strict=True))
    trace = visit.trace()
    assert trace.notes == ()
    assert all(sample.skipped == () for sample in trace.samples)
    assert len(trace.samples) >= 5
    assert set(trace.setup.wiring) <= {"eval_mode"}


def test_nothing_is_left_behind():
    backward, scale = torch.autograd.backward, torch.amp.GradScaler.scale
    model, visit = run(plain)
    assert torch.autograd.backward is backward
    assert torch.amp.GradScaler.scale is scale
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.overrides._get_current_function_mode() is None
    assert visit.trace().seconds > 0


def test_losses_links_and_weights_are_those_of_the_loop():
    losses = []

    def loop(model, optimizer):
        x, y = data()
        for _ in range(5):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            losses.append(loss.item())
            loss.backward()
            optimizer.step()

    _, visit = run(loop, every=1)
    trace = visit.trace()
    assert trace.losses == pytest.approx(losses)
    assert [sample.step for sample in trace.samples] == [0, 1, 2, 3, 4]
    sample = trace.samples[0]
    assert [link.path for link in sample.links] == ["loss", "6", "5", "4", "3", "2", "1", "0"]
    assert sample.links[0].operation == "F.mse_loss"
    assert sample.links[0].place.startswith("test_watching.py:")
    assert all(weight.update > 0 for weight in sample.weights if weight.gradient > 1e-7)
    assert trace.setup.loss.name == "mse"
    assert trace.setup.data.task == "regression"
    assert trace.setup.data.baseline == pytest.approx(float(data()[1].var(correction=0)), rel=1e-3)


def test_a_scaled_loss_is_told_unscaled():
    _, visit = run(scaled, every=1)
    trace = visit.trace()
    _, reference = run(plain, every=1)
    assert trace.losses[0] == pytest.approx(reference.trace().losses[0])
    first, other = trace.samples[0].links[0], reference.trace().samples[0].links[0]
    assert first.leaving == pytest.approx(other.leaving, rel=1e-3)


def test_several_backward_passes_make_one_step():
    _, visit = run(accumulating, every=1)
    trace = visit.trace()
    assert len(trace.losses) == 15
    assert all(len(link.time) == 0 for sample in trace.samples for link in sample.links)


def test_a_closure_is_seen_once_a_step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1)
    x, y = data()

    def closure():
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        return loss

    with gg.doctor.watch(model, optimizer, every=1) as visit:
        for _ in range(4):
            optimizer.step(closure)
    trace = visit.trace()
    assert len(trace.losses) == 4
    assert trace.losses[0] > trace.losses[-1]
    assert all(weight.update > 0 for weight in trace.samples[0].weights if weight.path.endswith("weight"))
    assert trace.notes == ()


class Gan:
    def __init__(self):
        torch.manual_seed(0)
        self.generator = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4))
        self.critic = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
        self.of_generator = torch.optim.Adam(self.generator.parameters(), lr=0.01)
        self.of_critic = torch.optim.Adam(self.critic.parameters(), lr=0.01)

    def train(self, steps=12):
        real = data()[0]
        for _ in range(steps):
            self.of_critic.zero_grad()
            fake = self.generator(torch.randn(64, 2))
            right = F.binary_cross_entropy_with_logits(self.critic(real), torch.ones(64, 1))
            wrong = F.binary_cross_entropy_with_logits(self.critic(fake.detach()), torch.zeros(64, 1))
            (right + wrong).backward()
            self.of_critic.step()
            self.of_generator.zero_grad()
            F.binary_cross_entropy_with_logits(self.critic(fake), torch.ones(64, 1)).backward()
            self.of_generator.step()


def test_two_models_and_two_optimisers():
    gan = Gan()
    with gg.doctor.watch([gan.generator, gan.critic], [gan.of_generator, gan.of_critic], every=1) as visit:
        gan.train()
    trace = visit.trace()
    assert trace.notes == ()
    assert len(trace.losses) == 12
    assert "gradients_kept" not in trace.setup.wiring
    updated = {weight.path for weight in trace.samples[2].weights if weight.update}
    assert {"0.0.weight", "1.0.weight"} <= updated


def test_nested_visits_each_see_their_own():
    gan = Gan()
    with (
        gg.doctor.watch(gan.generator, gan.of_generator, every=1) as outer,
        gg.doctor.watch(gan.critic, gan.of_critic, every=1) as inner,
    ):
        gan.train()
    for visit in (outer, inner):
        trace = visit.trace()
        assert trace.notes == ()
        assert len(trace.losses) == 12
        assert "gradients_kept" not in trace.setup.wiring
    assert torch.overrides._get_current_function_mode() is None


def never_cleared(model, optimizer):
    x, y = data()
    for _ in range(20):
        F.mse_loss(model(x), y).backward()
        optimizer.step()


def never_stepped(model, optimizer):
    x, y = data()
    for _ in range(20):
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()


def left_in_evaluation(model, optimizer):
    model.eval()
    plain(model, optimizer, 10)


def broadcasting(model, optimizer):
    x, y = data()
    for _ in range(10):
        optimizer.zero_grad()
        ((model(x) - y[:, 0]) ** 2).mean().backward()
        optimizer.step()


@pytest.mark.parametrize(
    ("loop", "event"),
    [
        (never_cleared, "gradients_kept"),
        (never_stepped, "no_step"),
        (left_in_evaluation, "eval_mode"),
        (broadcasting, "broadcasting"),
    ],
)
def test_wiring_of_the_loop_is_seen(loop, event):
    _, visit = run(loop)
    assert visit.trace().setup.events == (event,)


def test_parameters_that_no_optimiser_holds_or_no_gradient_reaches():
    class Cut(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.spare = nn.Linear(4, 8), nn.Linear(8, 1), nn.Linear(2, 2)

        def forward(self, x):
            return self.b(torch.tanh(self.a(x)).detach())

    model = Cut()
    optimizer = torch.optim.SGD([*model.a.parameters(), *model.b.parameters()], lr=0.1)
    with gg.doctor.watch(model, optimizer) as visit:
        plain(model, optimizer, 5)
    setup = visit.trace().setup
    assert {"not_in_optimizer", "detached"} <= set(setup.events)
    cut = next(part for part in setup.parts if part.kind == "detach")
    assert cut.place.startswith("test_watching.py:")


def test_gradients_are_kept_also_where_some_parameters_have_none():
    class Cut(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(4, 8), nn.Linear(8, 1)

        def forward(self, x):
            return self.b(torch.tanh(self.a(x)).detach())

    _, visit = run(never_cleared, Cut())
    assert set(visit.trace().setup.wiring) == {"detached", "gradients_kept"}


def test_a_number_that_is_none_is_traced():
    class Logarithm(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(4, 4)

        def forward(self, x):
            return torch.log(F.relu(self.a(x))).sum(1, keepdim=True)

    _, visit = run(lambda model, optimizer: plain(model, optimizer, 3), Logarithm())
    bad = visit.trace().bad
    assert (bad.step, bad.phase, bad.path) == (0, "forward", "log")


def test_an_exception_in_the_loop_comes_out_and_the_report_stays():
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    visit = gg.doctor.watch(model, optimizer)

    def loop():
        plain(model, optimizer, 5)
        model(torch.ones(3, 7))

    with pytest.raises(RuntimeError, match="shapes"), visit:
        loop()
    assert len(visit.trace().losses) == 5
    assert visit.report().verdict == "unknown"
    assert torch.overrides._get_current_function_mode() is None


def test_what_the_watch_cannot_read_is_noted_and_the_training_goes_on(monkeypatch):
    from glassgrad.doctor.subjects.torch import recording

    def fails(*arguments):
        raise ValueError("no units today")

    monkeypatch.setattr(recording, "measure", fails)
    mine, _ = run(plain, watched=False)
    theirs, visit = run(plain)
    assert all(torch.equal(one, other) for one, other in zip(mine.parameters(), theirs.parameters(), strict=True))
    assert any("no units today" in one for one in visit.trace().samples[0].skipped)


def test_a_parallel_models_names_are_those_of_the_model():
    model = network()
    parallel = nn.DataParallel(model)
    optimizer = torch.optim.Adam(parallel.parameters(), lr=0.01)
    with gg.doctor.watch(parallel, optimizer) as visit:
        plain(parallel, optimizer, 5)
    trace = visit.trace()
    assert all(not weight.path.startswith("module.") for weight in trace.samples[0].weights)
    assert trace.samples[0].links[1].path == "6"


def test_tied_weights_and_parameters_without_a_gradient():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.spare = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
            self.b.weight = self.a.weight

        def forward(self, x):
            return self.b(torch.tanh(self.a(x))).sum(1, keepdim=True)

    _, visit = run(lambda model, optimizer: plain(model, optimizer, 5), Tied())
    trace = visit.trace()
    weights = {weight.path: weight for weight in trace.samples[0].weights}
    assert "b.weight" not in weights
    assert weights["spare.weight"].gradient is None
    assert "grad_none" in trace.setup.wiring
    assert trace.notes == ()


def test_a_training_in_a_thread_of_its_own():
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    other = copy.deepcopy(model)
    of_other = torch.optim.Adam(other.parameters(), lr=0.01)
    found = []

    def work():
        with gg.doctor.watch(other, of_other, every=1) as inner:
            plain(other, of_other, 10)
        found.append(inner.trace())

    thread = threading.Thread(target=work)
    with gg.doctor.watch(model, optimizer, every=1) as visit:
        thread.start()
        plain(model, optimizer, 10)
        thread.join()
    for trace in (visit.trace(), found[0]):
        assert len(trace.losses) == 10
        assert trace.notes == ()


def test_a_healthy_loop_is_called_so():
    model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))
    _, visit = run(lambda model, optimizer: plain(model, optimizer, 300), model)
    report = visit.report()
    assert report.is_healthy, report.title


def test_what_is_no_module_or_no_optimiser():
    model = network()
    with pytest.raises(UsageError, match="found str"):
        gg.doctor.watch("model", None)
    with pytest.raises(UsageError, match="the optimizer is one of"):
        gg.doctor.watch(model, "adam")
    with pytest.raises(UsageError, match="at least 1 step"):
        gg.doctor.watch(model, torch.optim.Adam(model.parameters()), every=0)


class OneLayer(nn.Module):
    """A layer called five times: on its own output, on parts of the input, or both in turn."""

    def __init__(self, how):
        super().__init__()
        torch.manual_seed(0)
        self.how, self.first, self.again, self.last = how, nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, x):
        x = self.first(x)
        if self.how == "along time":
            h = x
            for _ in range(5):
                h = torch.tanh(self.again(h) + x)
        elif self.how == "a deep tower each":
            h = sum(torch.sin(torch.cos(torch.sin(self.again(torch.tanh(x * part))))) for part in range(1, 6))
        else:
            h = torch.stack([self.again(x * part) for part in range(1, 6)]).sum(0)
        return self.last(h)


@pytest.mark.parametrize(("how", "steps"), [("along time", 5), ("side by side", 0), ("a deep tower each", 0)])
def test_a_layer_called_again_is_along_time_where_it_is_given_its_own_output(how, steps):
    model = OneLayer(how)
    _, visit = run(lambda model, optimizer: plain(model, optimizer, 1), model, every=1)
    trace = visit.trace()
    link = next(link for link in trace.samples[0].links if link.path == "again")
    assert trace.notes == ()
    assert len(link.time) == steps
    gradients = []
    again = OneLayer(how)
    again.again.register_full_backward_hook(lambda module, given, by_output: gradients.append(by_output[0].norm()))
    x, y = data()
    F.mse_loss(again(x.clone().requires_grad_()), y).backward()
    if steps:
        assert link.time == pytest.approx([float(one) for one in gradients], rel=1e-4)
    else:
        assert link.entering == pytest.approx(float(torch.stack(gradients).norm()), rel=1e-4)


def test_a_cell_that_is_called_on_two_sequences_has_no_time_of_its_own():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.GRUCell(4, 4), nn.Linear(4, 1)

        def forward(self, x):
            return self.out(self.cell(x) + self.cell(2 * x))

    _, visit = run(lambda model, optimizer: plain(model, optimizer, 1), Two(), every=1)
    assert next(link for link in visit.trace().samples[0].links if link.path == "cell").time == ()


# ------------------------------------------------------------------ which tensor is the target
@pytest.mark.parametrize("squeezed", [True, False])
def test_the_target_is_what_the_loss_compares_with_not_an_index_on_the_way(squeezed):
    torch.manual_seed(0)
    x, actions = torch.randn(64, 8), torch.zeros(64, 1, dtype=torch.long)
    values = 2 * x[:, 0]
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    with gg.doctor.watch(model, optimizer) as visit, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(100):
            chosen = model(x).gather(1, actions)
            loss = F.mse_loss(chosen.squeeze(1) if squeezed else chosen, values)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    report = visit.report()
    assert report.verdict == ("healthy" if squeezed else "sick")
    assert [cause.name for cause in report.causes[:1]] == ([] if squeezed else ["broadcasting"])
    assert report.trace.setup.data.targets.std == pytest.approx(float(values.std(unbiased=False)), rel=1e-4)


def test_of_two_networks_against_each_other_no_loss_tells_how_it_goes():
    torch.manual_seed(0)
    maker = nn.Sequential(nn.Linear(4, 16), nn.LeakyReLU(0.2), nn.Linear(16, 2))
    judge = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    ours, theirs = (torch.optim.Adam(model.parameters(), lr=1e-3) for model in (maker, judge))
    one, zero = torch.ones(32, 1), torch.zeros(32, 1)
    bce = nn.BCEWithLogitsLoss()
    with gg.doctor.watch([maker, judge], [ours, theirs]) as visit:
        for _ in range(60):
            theirs.zero_grad()
            (bce(judge(torch.randn(32, 2) + 2), one) + bce(judge(maker(torch.randn(32, 4)).detach()), zero)).backward()
            theirs.step()
            ours.zero_grad()
            bce(judge(maker(torch.randn(32, 4))), one).backward()
            ours.step()
    report = visit.report()
    assert report.verdict == "unknown"
    assert "adversarial" in report.learning.reason
    assert report.trace.setup.data is None


def test_a_loop_without_a_backward_pass_is_told_so_and_no_nan_is_made_up():
    model = nn.Linear(4, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    x = torch.randn(32, 4)
    with gg.doctor.watch(model, optimizer) as visit:
        for _ in range(30):
            optimizer.zero_grad()
            F.mse_loss(model(x), x[:, :1])
            optimizer.step()
    report = visit.report()
    assert report.trace.bad is None
    assert report.causes[0].title == "No backward pass is made"
    assert "nan" not in {symptom.name for symptom in report.symptoms}
