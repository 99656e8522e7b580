"""Set-ups of our own: read, run afresh, sampled, and left as they were."""

import gc

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn, optim
from glassgrad.base.errors import UsageError
from glassgrad.doctor.subjects import own
from glassgrad.doctor.subjects.choosing import subject_of
from glassgrad.doctor.subjects.own.chain import Chain

ROWS = np.random.default_rng(0)
X = ROWS.normal(size=(128, 6)).astype(np.float32)
LABELS = (X[:, 0] > 0).astype(np.int64)


def classifier(*, bend=nn.sigmoid):
    return nn.Sequential(nn.Linear(6, 16, key=0), bend, nn.Linear(16, 8, key=1), np.tanh, nn.Linear(8, 2, key=2))


def subject(model=None, loss=nn.cross_entropy, data=None, optimizer=None):
    return own.subject(model or classifier(), loss, data or (X, LABELS), optimizer or optim.adam(0.02))


# ------------------------------------------------------------------ reading
def test_the_parts_stand_in_the_order_of_their_calls():
    parts = subject().setup().parts
    assert [part.kind for part in parts] == ["linear", "sigmoid", "linear", "tanh", "linear"]
    assert [part.path for part in parts] == [f"layers[{place}]" for place in range(5)]
    assert (parts[0].inputs, parts[0].outputs, parts[0].operation) == (6, 16, "Linear(6 → 16)")


def test_data_and_baseline():
    data = subject().setup().data
    assert (data.batch, data.batches, data.task, data.input_shape) == (32, 4, "classes", (6,))
    share = LABELS.mean()
    entropy = -(share * np.log(share) + (1 - share) * np.log1p(-share))
    assert data.baseline == pytest.approx(entropy, rel=1e-3)


def test_the_baseline_of_a_regression_is_the_variance():
    target = (3 + 2 * X[:, :1]).astype(np.float32)
    data = subject(nn.Linear(6, 1, key=0), nn.mse, (X, target)).setup().data
    assert data.baseline == pytest.approx(target.var(), rel=1e-3)


def test_an_optimiser_is_told_through_a_chain():
    chained = optim.chain(optim.clip_by_norm(1.0), optim.weight_decay(0.1), optim.sgd(0.5, momentum=0.9))
    (facts,) = subject(optimizer=chained).setup().optimizers
    assert (facts.name, facts.rate, facts.momentum, facts.decay) == ("sgd", 0.5, 0.9, 0.1)


class Written(nn.Layer):
    """A model with weights and bends of its own."""

    first: nn.Linear
    weight: nn.Array
    shift: nn.Array

    def __call__(self, x):
        hidden = np.maximum(self.first(x), 0)
        return 1 / (1 + np.exp(-(hidden @ self.weight + self.shift)))


def test_what_a_person_computes_between_layers_is_read_from_the_graph():
    model = Written(nn.Linear(6, 16, key=0), np.full((16, 1), 0.1, np.float32), np.zeros(1, np.float32))
    target = LABELS[:, None].astype(np.float32)
    found = subject(model, nn.mse, (X, target)).setup()
    assert [part.kind for part in found.parts] == ["linear", "relu", "linear", "sigmoid"]
    assert found.parts[2].path == "weight"
    assert found.parts[1].place is not None
    assert found.parts[1].place.startswith("test_own_subject.py:")
    assert {parameter.path: parameter.link for parameter in found.parameters}["shift"] == "weight"


# ------------------------------------------------------------------ running and sampling
def test_a_run_learns_and_changes_nothing_of_the_persons():
    model = classifier()
    before = {path: value.copy() for path, value in model.parameters().items()}
    trace = subject(model).run(60)
    assert len(trace.losses) == 60
    assert trace.after < 0.5 * trace.before
    assert trace.score_after > 0.9
    for path, value in model.parameters().items():
        np.testing.assert_array_equal(value, before[path])


def test_batches_of_one_example_are_scored_on_many_of_them():
    """The first eight examples are of class 0; a model that always says so is right for them alone."""
    order = np.argsort(LABELS, kind="stable")
    rows = [*order[:8], *order[-100:]]
    always = nn.Linear(6, 2, key=0).replace("weight", np.zeros((6, 2), np.float32)).replace("bias", np.float32([1, 0]))
    trace = subject(always, data=[(X[[row]], LABELS[[row]]) for row in rows], optimizer=optim.sgd(0.0)).run(1)
    assert trace.score_before == pytest.approx(8 / 64 + (LABELS[rows[8:64]] == 0).sum() / 64)


def test_a_sample_has_the_links_from_the_loss_backwards():
    (sample,) = subject().run(1, samples=(0,)).samples
    assert [link.path for link in sample.links] == ["loss", *[f"layers[{place}]" for place in (4, 3, 2, 1, 0)]]
    assert sample.links[0].entering == 1
    for above, below in zip(sample.links, sample.links[1:], strict=False):
        assert below.entering == pytest.approx(above.leaving, rel=1e-5)
    squashing = sample.links[4]
    assert squashing.formula.startswith("σ′ = σ(1 − σ) ≤ 0.25, here 0.2")
    assert squashing.gain <= 0.25


def test_gradients_and_updates_are_those_of_the_step():
    model = classifier()
    (sample,) = subject(model, optimizer=optim.sgd(0.5)).run(1, samples=(0,)).samples
    for weights in sample.weights:
        assert weights.update == pytest.approx(0.5 * weights.gradient, rel=1e-4)


def test_no_graph_of_a_run_outlives_it():
    def chains():
        gc.collect()
        return sum(type(one) is Chain for one in gc.get_objects())

    before = chains()
    found = subject()
    found.setup()
    found.run(2, samples=(0, 1))
    assert chains() > before
    del found
    assert chains() == before


def test_units_that_are_dead_are_counted():
    model = classifier(bend=nn.relu)
    model = model.replace("layers[0].bias", np.where(np.arange(16) < 4, -100, 0).astype(np.float32))
    (sample,) = subject(model).run(1, samples=(0,)).samples
    assert sample.units[1].dead == 0.25


def test_a_fresh_start_has_the_same_numbers_in_other_places():
    (first,) = subject().run(1, seed=1, samples=(0,)).samples
    (second,) = subject().run(1, seed=2, samples=(0,)).samples
    (plain,) = subject().run(1, samples=(0,)).samples
    for one, two, three in zip(first.weights, second.weights, plain.weights, strict=True):
        assert one.norm == pytest.approx(two.norm)
        assert one.norm == pytest.approx(three.norm)
    assert first.loss != second.loss


def test_the_first_bad_number_is_traced_to_its_op():
    model = nn.Sequential(nn.Linear(6, 16, key=0), nn.relu, np.log, nn.Linear(16, 2, key=1))
    trace = subject(model).run(5)
    assert (trace.bad.path, trace.bad.operation, trace.bad.what, trace.bad.step) == ("layers[2]", "log", "inf", 0)
    assert trace.bad.says.startswith("log of 0 in ")
    assert len(trace.losses) == 1


def test_a_bad_number_in_the_data_is_told_as_such():
    holed = X.copy()
    holed[3, 2] = np.nan
    trace = subject(data=(holed, LABELS)).run(5)
    assert trace.bad.phase == "input"
    assert "1 of 192" in trace.bad.says


def test_one_batch_is_fitted():
    before, after = subject().fits_one_batch(80)
    assert after < 0.3 * before


def test_the_gradient_by_the_state_along_time():
    x = ROWS.normal(size=(8, 12, 3)).astype(np.float32)
    y = (x[:, 0, 0] > 0).astype(np.int64)
    layer, last = nn.RNN(3, 5, key=0), nn.Linear(5, 2, key=1)
    (sample,) = subject(nn.Sequential(layer, nn.last, last), data=(x, y)).run(1, samples=(0,)).samples

    def loss(added):
        cell = layer.forward[0]
        state = cell.start((8,))
        for time in range(12):
            state = cell.step(state, cell.project(x[:, time])) + added[time]
        return nn.cross_entropy(last(state), y)

    by_hand = np.linalg.norm(gg.grad(loss)(np.zeros((12, 8, 5), np.float32)).reshape(12, -1), axis=1)
    assert sample.links[-1].family == "recurrence"
    assert sample.links[-1].time == pytest.approx(by_hand[::-1].tolist(), rel=1e-4)


# ------------------------------------------------------------------ losses
@pytest.mark.parametrize(
    ("loss", "name", "reduction"),
    [
        (nn.mse, "mse", "mean"),
        (lambda p, y: np.sum((p - y) ** 2), "mse", "sum"),
        (lambda p, y: np.mean(np.abs(p - y)), "mae", "mean"),
        (lambda p, y: np.mean((p - y) ** 4), "custom", "unknown"),
    ],
)
def test_a_loss_is_known_by_what_it_computes(loss, name, reduction):
    facts = subject(nn.Linear(6, 1, key=0), loss, (X, X[:, :1])).setup().loss
    assert (facts.name, facts.reduction) == (name, reduction)


def test_cross_entropy_written_by_hand():
    facts = subject(loss=lambda p, y: -np.mean(nn.log_softmax(p)[np.arange(len(y)), y])).setup().loss
    assert (facts.name, facts.reduction) == ("cross_entropy", "mean")


def test_an_activation_inside_of_the_loss_is_a_part():
    found = subject(loss=lambda p, y: nn.cross_entropy(nn.softmax(p), y)).setup()
    assert found.loss.name == "cross_entropy"
    assert found.parts[-1].path == "loss.softmax"


# ------------------------------------------------------------------ data
def test_batches_as_something_gives_them():
    pairs = [(X[at : at + 16], LABELS[at : at + 16]) for at in range(0, 64, 16)]
    data = subject(data=pairs).setup().data
    assert (data.batch, data.batches) == (16, 4)


def test_what_is_no_model_is_an_error():
    with pytest.raises(UsageError, match="examines a model"):
        subject_of("model", nn.mse, (X, X), None)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [(nn.Dropout(0.3), True), (nn.Dropout(0.0), False), (nn.BatchNorm(6), True), (nn.LayerNorm(6), False)],
)
def test_evaluation_matters_where_a_layer_computes_something_else_in_it(layer, expected):
    setup = subject(nn.Sequential(layer, nn.Linear(6, 2, key=0))).setup()
    assert any(part.is_changed_by_mode for part in setup.parts) is expected


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (lambda p, y: np.mean((p - y) ** 4), True),
        (lambda p, y: np.mean((p - y) ** 2), True),
        (lambda p, y: np.mean((p[:, 0] - y) ** 4), False),
        (lambda p, y: np.mean((y.reshape(-1, 1) - p) ** 4), False),
        (lambda p, y: np.mean((y.reshape(-1, 1) - p) ** 2), False),
    ],
)
def test_a_loss_that_reshapes_the_target_itself_does_not_broadcast(loss, expected):
    found = subject(nn.Linear(6, 1, key=0), loss, (X, X[:, 0])).setup()
    assert ("broadcasting" in found.events) is expected
