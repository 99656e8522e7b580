"""Training on tables: better than simple models, the same again, saved, and with a rate that is found."""

import numpy as np
import polars as pl
import pytest

from glassgrad.base.errors import CheckpointError, DomainError, ShapeError, TableError, UsageError
from glassgrad.train import tabular
from glassgrad.train.run import EpochEnded, Stepped
from glassgrad.train.tabular import Network, Options, Preparation
from tests.train.tabular.tables import customers


def trained(table, target, **options):
    plan = tabular.infer(table, target)
    split = tabular.split(table, plan)
    preparation = Preparation.fit(plan, split.train)
    return Network.train(preparation, split, Options(**options), progress=False), split


@pytest.fixture(scope="module")
def curve():
    draw = np.random.default_rng(0)
    x, side = draw.uniform(-2, 2, 500), draw.choice(["left", "right"], 500)
    y = 1000 + 50 * np.sin(2 * x) * np.where(side == "left", 1, -1) + draw.normal(0, 3, 500)
    return pl.DataFrame({"x": x, "side": side, "y": y})


def test_a_curve_is_learnt_where_a_line_fails(curve):
    network, split = trained(curve, "y", rate=5e-3, epochs=120)
    found = network.metrics(split.test)
    line = tabular.baselines(network.preparation.plan, split, network.preparation)["linear regression"]
    assert found["r2"] > 0.9
    assert line["r2"] < 0.5
    assert 950 < network.predict(split.test).mean() < 1050


def test_customers_are_told_from_each_other_and_the_run_is_the_same_again(tmp_path):
    table = customers(800)
    network, split = trained(table, "leaves", epochs=8, hidden=(32,))
    found = network.metrics(split.test)
    majority = tabular.baselines(network.preparation.plan, split, network.preparation)["majority"]
    assert found["roc_auc"] > 0.7 > majority["roc_auc"] == 0.5
    assert np.allclose(network.scores(split.test).sum(axis=1), 1)
    assert set(network.predict(split.test)) <= {"Yes", "No"}
    again, _ = trained(table, "leaves", epochs=8, hidden=(32,))
    assert again.scores(split.test).tobytes() == network.scores(split.test).tobytes()
    network.save(tmp_path)
    loaded = Network.load(tmp_path)
    assert loaded.scores(split.test).tobytes() == network.scores(split.test).tobytes()
    assert len(loaded.predict(split.test[:0])) == 0
    text = (tmp_path / "network.json").read_text()
    changed = text.replace("relu", "tanh")
    for damaged, said in ((text[:20], "cannot be read"), ("{}", "is no glassgrad"), (changed, "damaged")):
        (tmp_path / "network.json").write_text(damaged)
        with pytest.raises(CheckpointError, match=rf"network\.json.*{said}"):
            Network.load(tmp_path)


def test_a_rate_that_is_found_is_a_good_one(curve):
    network, split = trained(curve, "y", rate="auto", epochs=100)
    assert network.range_test is not None
    assert 3e-4 < network.range_test.rate < 3e-2
    assert network.options.rate == network.range_test.rate
    assert network.metrics(split.test)["r2"] > 0.6


def test_a_target_that_is_noise_gets_a_modest_rate():
    draw = np.random.default_rng(1)
    table = pl.DataFrame({"x": draw.normal(size=300), "y": draw.normal(size=300)})
    network, _ = trained(table, "y", rate="auto", epochs=2, hidden=(8,))
    assert network.range_test is not None
    assert 1e-5 < network.range_test.rate <= 0.1


def test_few_rows_are_enough_to_run():
    table = pl.DataFrame({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1], "xor": [0, 1, 1, 0]})
    plan = tabular.infer(table, "xor")
    split = tabular.split(table, plan, test=0.0, validation=0.0)
    network = Network.train(Preparation.fit(plan, split.train), split, Options(rate=0.02, epochs=150, dropout=0.0))
    assert network.predict(table).tolist() == ["0", "1", "1", "0"]
    with pytest.raises(TableError, match="no rows to measure"):
        network.metrics(split.test)


def test_options_that_cannot_be_meant():
    for wrong in ({"optimizer": "magic"}, {"activation": "magic"}, {"hidden": (0,)}, {"batch_size": 0}):
        with pytest.raises(UsageError):
            Options(**wrong)
    for wrong in ({"rate": -1.0}, {"dropout": 1.0}, {"clip": -1.0}, {"patience": -1}):
        with pytest.raises(DomainError):
            Options(**wrong)


def test_metrics_are_those_of_scikit_learn():
    from sklearn import metrics as sk

    draw = np.random.default_rng(0)
    table = pl.DataFrame({"x": np.arange(60.0) ** 2, "y": ["a", "b", "c"] * 20})
    plan = tabular.infer(table, "y")
    truth, scores = draw.integers(0, 3, 200), draw.dirichlet([1, 1, 1], 200)
    found = tabular.metrics(plan, truth, scores)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, scores.argmax(1)))
    assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, scores.argmax(1)))
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(truth, scores, multi_class="ovr"))
    assert found["log_loss"] == pytest.approx(sk.log_loss(truth, scores))
    assert tabular.metrics(plan, np.zeros(5, int), scores[:5])["roc_auc"] is None
    with pytest.raises(ShapeError, match="is needed"):
        tabular.metrics(plan, truth, scores[:, :2])
    numbers = tabular.infer(pl.DataFrame({"x": np.arange(60.0) ** 2, "y": np.arange(60) / 7}), "y")
    a, b = draw.normal(size=50), draw.normal(size=50)
    found = tabular.metrics(numbers, a, b)
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(a, b))
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(a, b))
    assert found["r2"] == pytest.approx(sk.r2_score(a, b))


# ------------------------------------------------------------------ what is chosen where nobody says
def test_a_small_table_is_learnt_from_with_the_rows_of_the_validation():
    table = customers(200)
    network, split = trained(table, "leaves", epochs=3)
    assert network.learnt_from == ("train", "validation")
    assert (network.run.epoch, network.run.step) == (3, 3 * -(-(len(split.train) + len(split.validation)) // 64))
    assert network.run.monitor == "loss"
    for asked in ({"patience": 5}, {"patience": 0}):
        watched, _ = trained(table, "leaves", epochs=3, **asked)
        assert (watched.learnt_from, watched.run.monitor) == (("train",), "validation loss")


def test_the_rows_that_the_scores_are_of_are_never_learnt_from():
    table = customers(200)
    plan = tabular.infer(table, "leaves")
    split = tabular.split(table, plan, test=0.0)
    network = Network.train(Preparation.fit(plan, split.train), split, Options(epochs=2), progress=False)
    assert network.learnt_from == ("train",)


@pytest.fixture(scope="module")
def boards():
    """A pattern of squares, which strong regularisation wipes out."""
    x = np.random.default_rng(0).uniform(-1, 1, (1600, 2))
    black = (np.floor(2 * x[:, 0]) + np.floor(2 * x[:, 1])) % 2 == 0
    return pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": np.where(black, "black", "white")})


def test_the_validation_decides_between_several_networks(boards, tmp_path):
    network, split = trained(boards, "y", epochs=40)
    assert [one.manner for one in network.candidates] == ["strong", "light", "deep"]
    (kept,) = [one for one in network.candidates if one.is_kept]
    assert kept.loss == min(one.loss for one in network.candidates) == network.run.best[1]
    assert kept.manner != "strong"
    network.save(tmp_path)
    assert Network.load(tmp_path).scores(split.test).tobytes() == network.scores(split.test).tobytes()


def test_only_what_is_left_open_is_chosen():
    assert Options().manners(1000) == ("strong", "light", "deep")
    assert Options(hidden=(8,)).manners(1000) == ("strong", "light")
    assert Options(dropout=0.1, weight_decay=0.1).manners(1000) == ("strong", "deep")
    assert Options(hidden=(8,), dropout=0.1, weight_decay=0.1).manners(1000) == ("strong",)
    assert Options().manners(999) == Options().manners(200_000) == ("strong",)
    given = Options(hidden=(48,), dropout=0.25, weight_decay=0.5).decided(2000, 1e-3, "deep")
    assert (given.hidden, given.dropout, given.weight_decay) == ((48,), 0.25, 0.5)


def test_several_trainings_that_are_broken_off_in_the_second_go_on_to_the_same_network(boards, tmp_path):
    plan = tabular.infer(boards, "y")
    split = tabular.split(boards, plan)
    preparation = Preparation.fit(plan, split.train)
    asked = {"options": Options(epochs=4), "progress": False, "store": False}
    whole = Network.train(preparation, split, checkpoint=tmp_path / "whole", **asked)
    runs = []

    def stop(event):
        if isinstance(event, EpochEnded) and event.run not in runs:
            runs.append(event.run)
        if len(runs) == 2 and event.run.epoch == 2:
            raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError, match="the power"):
        Network.train(preparation, split, callbacks=[stop], checkpoint=tmp_path / "broken", **asked)
    assert not (tmp_path / "broken/deep").exists()
    steps = []
    resumed = Network.train(
        preparation, split, callbacks=[lambda event: steps.append(event.run) if isinstance(event, Stepped) else None],
        checkpoint=tmp_path / "broken", **asked,
    )  # fmt: skip
    assert resumed.scores(split.test).tobytes() == whole.scores(split.test).tobytes()
    assert [(one.manner, one.loss, one.epochs) for one in resumed.candidates] == [
        (one.manner, one.loss, one.epochs) for one in whole.candidates
    ]
    assert len({id(run) for run in steps}) == 2  # the first was over


def test_a_network_without_room_in_memory_is_refused_with_its_size(boards):
    with pytest.raises(UsageError, match=r"a network of 10,000,600,002 parameters takes 240.0 GB"):
        trained(boards, "y", hidden=(100_000, 100_000), epochs=1)
