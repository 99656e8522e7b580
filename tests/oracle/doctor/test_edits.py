"""Edits of PyTorch set-ups: each does to the copy what it says, and runs."""

import pytest

from glassgrad.doctor.subjects import edits
from glassgrad.doctor.subjects.subject import Cannot
from glassgrad.doctor.subjects.torch import subject

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional


def sums(count=128, scale=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 4, generator=generator)
    return x * scale, x.sum(1, keepdim=True)


def chain(*, activation=nn.Sigmoid, depth=4):
    torch.manual_seed(0)
    layers = [nn.Linear(4, 16), activation()]
    for _ in range(depth):
        layers += [nn.Linear(16, 16), activation()]
    return nn.Sequential(*layers, nn.Linear(16, 1))


class Written(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 1)

    def forward(self, x):
        return torch.sigmoid(self.c(torch.sigmoid(self.b(F.relu(self.a(x))))))


def of(model, loss=None, data=None, optimizer=None):
    return subject(
        model, loss or nn.MSELoss(), data or sums(), optimizer or torch.optim.SGD(model.parameters(), lr=0.1)
    )


def kinds(found):
    return [part.kind for part in found.setup().parts]


@pytest.mark.parametrize(
    "edit",
    [
        edits.ScaleInputs(),
        edits.ScaleTargets(),
        edits.Rate(0.1),
        edits.NewOptimizer("adam", 0.01),
        edits.Activation("relu"),
        edits.Initialise(),
        edits.Normalise(),
        edits.Residual(),
        edits.Clip(1.0),
        edits.Warmup(5),
        edits.LastActivation("sigmoid"),
        edits.NewLoss("huber"),
        edits.StepAll(),
        edits.TrainMode(),
        edits.Longer(2),
        edits.BatchSize(2),
    ],
    ids=lambda edit: type(edit).__name__,
)
@pytest.mark.parametrize("make", [chain, Written])
def test_every_edit_runs_and_is_said_in_code(edit, make):
    found = of(make())
    trace = found.edited(edit).run(3, seed=1, samples=(0,))
    assert len(trace.losses) == (6 if isinstance(edit, edits.Longer) else 3)
    assert trace.bad is None
    assert found.code(edit).strip()


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (edits.LastActivation(None), "no activation at the end"),
        (edits.MeanLoss(), "not known to be a sum"),
        (edits.MatchShapes(), "one shape"),
        (edits.ClearGradients(), "your own loop"),
        (edits.NoDecay(), "neither weight decay nor a dropout"),
        (edits.GateBias(), "no LSTM or GRU"),
        (edits.DropRows(), "every number in the data is one"),
        (edits.NewLoss("cross_entropy"), "cross_entropy"),
    ],
    ids=lambda edit: type(edit).__name__,
)
def test_an_edit_that_cannot_be_made_says_why(edit, says):
    found = of(chain()) if not isinstance(edit, edits.NewLoss) else of(chain(), data=(sums()[0], torch.ones(128, 3)))
    with pytest.raises(Cannot, match=says):
        found.edited(edit)


def test_activations_are_replaced_whether_layers_or_functions():
    assert kinds(of(chain(depth=1)).edited(edits.Activation("relu"))) == ["linear", "relu"] * 2 + ["linear"]
    found = kinds(of(Written()).edited(edits.Activation("tanh")))
    assert found == ["linear", "tanh", "linear", "tanh", "linear", "sigmoid"]


def test_activations_are_added_where_there_are_none():
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 1))
    edited = of(model).edited(edits.Activation("relu"))
    x = sums()[0]
    with torch.no_grad():
        expected = model[1](torch.relu(model[0](x)))
    assert torch.equal(edited.learner.model(x), expected)


def test_normalisation_stands_behind_every_hidden_layer_and_learns():
    edited = of(chain()).edited(edits.Normalise())
    names = [name for name, _ in edited.learner.model.named_parameters()]
    assert sum("added_norm.weight" in name for name in names) == 5
    trace = edited.run(2, samples=(0,))
    updates = {one.path: one.update for one in trace.samples[0].weights}
    assert all(updates[name] > 0 for name in names if "added_norm" in name)


def test_a_residual_link_adds_what_goes_in():
    model = chain(depth=1)
    edited = of(model).edited(edits.Residual())
    x = sums()[0]
    with torch.no_grad():
        hidden = model[1](model[0](x))
        expected = model[4](hidden + model[3](model[2](hidden)))
    assert torch.allclose(edited.learner.model(x), expected)


def test_the_last_activation_goes_wherever_it_stands():
    assert kinds(of(Written()).edited(edits.LastActivation(None)))[-1] == "linear"
    inside = of(nn.Sequential(nn.Linear(4, 1)), lambda p, y: F.mse_loss(torch.sigmoid(p), y))
    assert kinds(inside) == ["linear", "sigmoid"]
    assert kinds(inside.edited(edits.LastActivation(None))) == ["linear"]
    assert kinds(of(Written()).edited(edits.LastActivation("softmax")))[-2:] == ["linear", "softmax"]


def test_a_new_loss_casts_its_targets_and_may_let_the_model_grow():
    x, y = sums()
    labels = (y > 0).float()
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    found = of(model, nn.MSELoss(), (x, labels)).edited(edits.NewLoss("cross_entropy", 2))
    assert found.setup().loss.name == "cross_entropy"
    trace = found.run(200, seed=0)
    assert trace.score_after > 0.9
    assert all(one.is_stepped for one in found.setup().parameters)
    assert model[2].out_features == 1


def test_both_edits_of_a_classifier_of_one_unit_with_softmax_teach_it():
    torch.manual_seed(0)
    x, y = sums()
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1), nn.Softmax(1))
    found = of(model, nn.BCELoss(), (x, (y > 0).float()), torch.optim.Adam(model.parameters(), lr=0.02))
    edited = found.edited(edits.LastActivation(None), edits.NewLoss("binary_cross_entropy_logits"))
    assert found.run(40, seed=0).score_after < 0.7
    assert edited.run(40, seed=0).score_after > 0.9


def test_scaled_inputs_and_targets_have_mean_0_and_deviation_1():
    x, y = sums(scale=100.0)
    found = of(chain(), data=(x + 50, 1000 * y)).edited(edits.ScaleInputs(), edits.ScaleTargets())
    data = found.setup().data
    assert all(abs(one.mean) < 1e-4 and one.std == pytest.approx(1, abs=1e-3) for one in data.features)
    assert (data.targets.mean, data.targets.std) == pytest.approx((0, 1), abs=1e-3)


def weighed(prediction, target, weight, scale=None):
    loss = (weight * (prediction - target) ** 2).mean()
    return loss if scale is None else scale * loss


def test_joined_batches_have_all_targets_of_their_examples():
    x, y = sums()
    weight = torch.arange(128.0)[:, None]
    batches = [(x[place], y[place], weight[place]) for place in torch.arange(128).split(32)]
    joined = of(chain(), weighed, batches).edited(edits.BatchSize(2)).batches
    assert [len(batch.inputs) for batch in joined] == [64, 64]
    assert torch.equal(joined[1].target, y[64:])
    assert torch.equal(joined[1].more[0], weight[64:])


@pytest.mark.parametrize("differ", [False, True])
def test_what_has_no_row_for_each_example_is_the_same_in_joined_batches(differ):
    x, y = sums()
    scales = torch.tensor([2.0, 3.0 if differ else 2.0])
    parts = torch.arange(128).split(64)
    batches = [(x[part], y[part], y[part], scale) for part, scale in zip(parts, scales, strict=True)]
    found = of(chain(), weighed, batches)
    if differ:
        with pytest.raises(Cannot, match="which differ"):
            found.edited(edits.BatchSize(2))
    else:
        assert found.edited(edits.BatchSize(2)).batches[0].more[1] == 2


def test_rows_whose_further_targets_are_no_numbers_are_dropped():
    x, y = sums()
    weight = torch.ones(128, 1)
    weight[5] = float("nan")
    found = of(chain(), weighed, [(x, y, weight)]).edited(edits.DropRows())
    assert [batch.count for batch in found.batches] == [127]


def test_one_batch_is_fitted_without_an_option_that_the_optimiser_lacks():
    class Plain(torch.optim.Optimizer):
        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                assert set(group) == {"params", "lr"}
                for parameter in group["params"]:
                    parameter.sub_(group["lr"] * parameter.grad)

    model = chain(depth=0)
    before, after = of(model, optimizer=Plain(model.parameters(), {"lr": 0.1})).fits_one_batch(20)
    assert after < before


def test_rows_with_no_numbers_are_dropped():
    x, y = sums()
    x[3, 1] = float("nan")
    assert of(chain(), data=(x, y)).run(2).bad is not None
    found = of(chain(), data=(x, y)).edited(edits.DropRows())
    assert found.run(4).bad is None
    assert found.setup().data.nan_inputs == 0


def test_gates_start_open():
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.out = nn.LSTM(4, 6, batch_first=True), nn.Linear(6, 1)

        def forward(self, x):
            return self.out(self.lstm(x)[0][:, -1])

    x = torch.randn(64, 5, 4)
    model = of(Reader(), data=(x, x[:, 0, :1])).edited(edits.GateBias()).learner.model
    total = model.lstm.bias_ih_l0 + model.lstm.bias_hh_l0
    assert torch.equal(total[6:12], torch.ones(6))


def test_what_an_optimiser_does_not_hold_is_given_to_it():
    model = chain()
    model[0].requires_grad_(False)
    found = of(model, optimizer=torch.optim.SGD(model[4:].parameters(), lr=0.1))
    assert {"frozen", "not_in_optimizer"} <= set(found.setup().events)
    assert found.edited(edits.StepAll()).setup().events == ()


def test_the_persons_set_up_stays_as_it_was():
    model = chain()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = of(model)
    for edit in (edits.Activation("relu"), edits.Normalise(), edits.Initialise(), edits.Rate(3)):
        found.edited(edit).run(2)
    assert kinds(found) == ["linear", "sigmoid"] * 5 + ["linear"]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert found.learner.optimizers[0].param_groups[0]["lr"] == 0.1
