"""What the doctor reads off a set-up of PyTorch's without training it."""

import pytest

from glassgrad.base.errors import UsageError
from glassgrad.doctor.subjects.torch import is_mine, subject

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional


def sums(count=128, features=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, features, generator=generator)
    return x, (x.sum(1, keepdim=True) > 0).float()


class Written(nn.Module):
    """As people write models: activations as functions."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, x):
        return torch.sigmoid(self.b(F.relu(self.a(x))))


def of(model, loss, data=None, **options):
    return subject(model, loss, data or sums(), torch.optim.Adam(model.parameters(), lr=0.01, **options))


def test_only_modules_are_torchs():
    assert is_mine(nn.Linear(2, 2))
    assert not is_mine(lambda x: x)


def test_functions_of_a_forward_are_parts_with_the_line_they_stand_on():
    setup = of(Written(), nn.BCELoss()).setup()
    assert [part.kind for part in setup.parts] == ["linear", "relu", "linear", "sigmoid"]
    assert all(part.place is not None and part.place.startswith("test_reading.py:") for part in setup.parts)
    assert setup.parts[0].operation == "Linear(4 → 8)"
    assert setup.parts[0].path == "a"
    assert setup.model == "Written"
    assert setup.count == 4 * 8 + 8 + 8 + 1


@pytest.mark.parametrize(
    ("loss", "name", "reduction"),
    [
        (nn.BCELoss(), "binary_cross_entropy", "mean"),
        (nn.BCELoss(reduction="sum"), "binary_cross_entropy", "sum"),
        (F.mse_loss, "mse", "mean"),
        (lambda p, y: ((p - y) ** 2).mean(), "mse", "mean"),
        (lambda p, y: ((p - y) ** 2).sum(), "mse", "sum"),
        (lambda p, y: (p - y).abs().mean(), "mae", "mean"),
        (lambda p, y: -(y * torch.log(p + 1e-12) + (1 - y) * torch.log(1 - p)).mean(), "binary_cross_entropy", "mean"),
        (lambda p, y: (p - y).pow(4).mean(), "custom", "unknown"),
    ],
)
def test_a_loss_is_known_by_its_class_or_by_what_it_does(loss, name, reduction):
    found = of(Written(), loss).setup().loss
    assert (found.name, found.reduction) == (name, reduction)


def clipped(prediction, target):
    p = prediction.clamp(1e-7, 1 - 1e-7)
    return -(target * p.log() + (1 - target) * (1 - p).log()).mean()


def normalised(prediction, target):
    p = prediction / prediction.sum(-1, keepdim=True)
    return -(target * p.clamp(1e-7, 1 - 1e-7).log()).sum(-1).mean()


def picked(prediction, target):
    return -torch.log(prediction[torch.arange(len(target)), target]).mean()


@pytest.mark.parametrize(
    ("loss", "units", "labels", "name"),
    [
        (clipped, 1, "numbers", "binary_cross_entropy"),
        (normalised, 3, "rows", "cross_entropy_probabilities"),
        (picked, 3, "labels", "cross_entropy_probabilities"),
    ],
)
def test_a_loss_of_probabilities_is_known_also_where_the_model_gives_none(loss, units, labels, name):
    model = nn.Sequential(nn.Linear(4, units), nn.ReLU())
    x, y = sums()
    classes = torch.arange(len(x)) % 3
    targets = {"numbers": 1000 * y, "rows": F.one_hot(classes, 3).float(), "labels": classes}[labels]
    assert of(model, loss, (100 * x, targets)).setup().loss.name == name


def test_a_constant_is_one_that_the_last_activation_gives():
    model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(-1))
    classes = torch.arange(96) % 3
    data = of(model, picked, (torch.randn(96, 4), classes)).setup().data
    assert data.baseline == pytest.approx(float(torch.log(torch.tensor(3.0))), abs=2e-3)


def test_an_activation_inside_the_loss_is_the_last_part():
    model = nn.Sequential(nn.Linear(4, 2))
    x, y = sums()
    setup = of(model, lambda p, y: F.mse_loss(F.softmax(p, 1), y), (x, torch.cat([y, 1 - y], 1))).setup()
    assert setup.loss.name == "mse"
    assert [part.kind for part in setup.parts] == ["linear", "softmax"]


def test_the_data_and_what_a_constant_would_reach():
    setup = of(Written(), nn.BCELoss()).setup()
    data = setup.data
    assert data is not None
    assert (data.task, data.batch, data.batches, data.input_shape) == ("binary", 32, 4, (4,))
    share = sums()[1].mean()
    assert data.baseline == pytest.approx(float(F.binary_cross_entropy(share, share)), rel=1e-3)


def test_labels_of_classes_are_counted_and_their_baseline_is_the_entropy():
    x = torch.randn(96, 4)
    y = torch.arange(96) % 3
    data = of(nn.Linear(4, 3), nn.CrossEntropyLoss(), (x, y)).setup().data
    assert data.task == "classes"
    assert data.labels == ((0.0, 32), (1.0, 32), (2.0, 32))
    assert data.baseline == pytest.approx(float(torch.log(torch.tensor(3.0))), abs=2e-3)


def wired(change):
    model = Written()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss, data = nn.MSELoss(), sums()
    model, loss, data, optimizer = change(model, loss, data, optimizer) or (model, loss, data, optimizer)
    return set(subject(model, loss, data, optimizer).setup().events)


def freeze(model, loss, data, optimizer):
    model.a.requires_grad_(False)


def forget_a_layer(model, loss, data, optimizer):
    return model, loss, data, torch.optim.SGD(model.b.parameters(), lr=0.1)


def evaluate(model, loss, data, optimizer):
    return nn.Sequential(model, nn.Dropout()).eval(), loss, data, optimizer


def broadcast(model, loss, data, optimizer):
    return model, loss, (data[0], data[1][:, 0]), optimizer


class Cut(Written):
    def forward(self, x):
        return self.b(F.relu(self.a(x)).detach())


def detach(model, loss, data, optimizer):
    model = Cut()
    return model, loss, data, torch.optim.SGD(model.parameters(), lr=0.1)


class Unused(Written):
    def __init__(self):
        super().__init__()
        self.spare = nn.Linear(3, 3)


def leave_unused(model, loss, data, optimizer):
    model = Unused()
    return model, loss, data, torch.optim.SGD(model.parameters(), lr=0.1)


@pytest.mark.parametrize(
    ("change", "events"),
    [
        (lambda *them: None, set()),
        (freeze, {"frozen"}),
        (forget_a_layer, {"not_in_optimizer"}),
        (evaluate, {"eval_mode"}),
        (broadcast, {"broadcasting"}),
        (detach, {"detached"}),
        (leave_unused, {"grad_none"}),
    ],
)
def test_wiring(change, events):
    assert wired(change) == events


def test_a_model_that_fails_says_so_in_its_own_words():
    model = nn.Linear(5, 1)
    with pytest.raises(UsageError, match=r"the model fails on a batch of shape \(32, 4\)"):
        of(model, nn.MSELoss()).setup()


@pytest.mark.parametrize(
    ("data", "says"),
    [(3, "data is a DataLoader"), ([], "no batch"), ((torch.ones(3), torch.ones(4)), "numbers of rows")],
)
def test_data_that_is_none(data, says):
    model = nn.Linear(4, 1)
    with pytest.raises(Exception, match=says):
        subject(model, nn.MSELoss(), data, torch.optim.SGD(model.parameters(), lr=0.1))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.Dropout(0.3), True),
        (nn.Dropout(0.0), False),
        (nn.BatchNorm1d(4), True),
        (nn.BatchNorm1d(4, track_running_stats=False), False),
        (nn.Sequential(nn.Unflatten(1, (2, 2)), nn.InstanceNorm1d(2), nn.Flatten()), False),
        (nn.Sequential(nn.Unflatten(1, (2, 2)), nn.InstanceNorm1d(2, track_running_stats=True), nn.Flatten()), True),
    ],
)
def test_evaluation_matters_where_a_layer_computes_something_else_in_it(layer, expected):
    setup = of(nn.Sequential(layer, nn.Linear(4, 1)).eval(), nn.MSELoss()).setup()
    assert any(part.is_changed_by_mode for part in setup.parts) is expected
    assert ("eval_mode" in setup.events) is expected


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (lambda p, y: ((p - y) ** 4).mean(), True),
        (lambda p, y: (y * torch.log(torch.sigmoid(p))).mean(), True),
        (F.mse_loss, True),
        (lambda p, y: ((p[:, 0] - y) ** 4).mean(), False),
        (lambda p, y: ((y.view(-1, 1) - p) ** 4).mean(), False),
        (lambda p, y: ((y.view(-1, 1) - p) ** 2).mean(), False),
        (lambda p, y: F.mse_loss(p, y.unsqueeze(1)), False),
        (lambda p, y: torch.maximum(0.3 * (y.unsqueeze(1) - p), -0.7 * (y.unsqueeze(1) - p)).mean(), False),
    ],
)
@pytest.mark.filterwarnings("ignore:Using a target size")
def test_a_loss_that_reshapes_the_target_itself_does_not_broadcast(loss, expected):
    import glassgrad as gg

    x, y = sums()
    flat = y[:, 0]
    model = nn.Linear(4, 1)
    assert ("broadcasting" in of(model, loss, (x, flat)).setup().events) is expected
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    with gg.doctor.watch(model, optimizer) as visit:
        for _ in range(2):
            optimizer.zero_grad()
            loss(model(x), flat).backward()
            optimizer.step()
    assert ("broadcasting" in visit.trace().setup.events) is expected
