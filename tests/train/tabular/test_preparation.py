"""Splitting, preparing, saving: what the training part says holds for every other table."""

import json

import numpy as np
import polars as pl
import pytest

from glassgrad.base.errors import CheckpointError, TableError, UsageError
from glassgrad.train import tabular
from glassgrad.train.tabular import Preparation
from glassgrad.train.tabular.sealed import read_sealed, write_sealed
from tests.train.tabular.tables import customers


@pytest.fixture(scope="module")
def made():
    table = customers(600)
    plan = tabular.infer(table, "leaves")
    split = tabular.split(table, plan, seed=1)
    return table, plan, split, Preparation.fit(plan, split.train)


def test_the_parts_are_apart_and_have_the_classes_in_the_same_shares(made):
    table, _, split, _ = made
    rows = np.concatenate([split.rows[name] for name in ("train", "validation", "test")])
    assert sorted(rows) == [*range(len(table))]
    shares = [(part["leaves"] == "Yes").mean() for part in (split.train, split.validation, split.test)]
    assert np.ptp(shares) < 0.02
    assert table[split.rows["test"]].equals(split.test)


def test_a_class_of_one_row_stays_in_training_and_rows_without_a_target_are_left_out():
    table = pl.DataFrame({"x": np.arange(40.0) ** 2, "y": [None, "c"] + ["a", "b"] * 19})
    for seed in range(5):
        split = tabular.split(table, tabular.infer(table, "y"), seed=seed)
        assert "c" in split.train["y"].to_list()
        assert 0 not in np.concatenate([*split.rows.values()])


def test_in_the_order_of_time_the_last_rows_are_the_test():
    days = np.random.default_rng(0).permutation(50)
    when = [str(np.datetime64("2020-01-01") + int(day)) for day in days]
    table = pl.DataFrame({"when": when, "x": days * 1.5, "y": np.sin(days)})
    split = tabular.split(table, tabular.infer(table, "y", time_column="when"))
    ends = [part["when"] for part in (split.train, split.validation, split.test)]
    assert ends[0].max() < ends[1].min() <= ends[1].max() < ends[2].min()
    assert [len(part) for part in ends] == [35, 5, 10]
    wrong = table.with_columns(when=pl.lit("soon"))
    plan = tabular.infer(wrong, "y", time_column="when")
    with pytest.raises(TableError, match="neither dates nor numbers"):
        tabular.split(wrong, plan)


def test_the_order_of_time_is_that_of_the_moments_whatever_their_zones_are():
    hours = np.random.default_rng(0).permutation(90)
    zones = ["+12:00", "-1100", "Z", "+05:30", "-03:30"]
    east = [12, -11, 0, 5.5, -3.5]
    local = [np.datetime64("2020-01-01T00:00") + int(60 * (hour + east[i % 5])) for i, hour in enumerate(hours)]
    when = [f"{moment}{zones[i % 5]}" for i, moment in enumerate(local)]
    table = pl.DataFrame({"when": when, "x": hours * 1.5, "y": np.sin(hours)})
    split = tabular.split(table, tabular.infer(table, "y", time_column="when"))
    assert np.concatenate([hours[split.rows[part]] for part in split.rows]).tolist() == [*range(90)]
    assert split.notes == ()


def test_what_is_doubtful_about_the_order_of_time_is_said():
    days = [f"{i % 12 + 1:02d}/{i // 12 % 12 + 1:02d}/2020" for i in range(60)]
    table = pl.DataFrame({"when": days, "t": [3] * 60, "near": [i // 40 for i in range(60)], "y": np.sin(range(60))})
    said = {name: tabular.split(table, tabular.infer(table, "y", time_column=name)).notes for name in table.columns[:3]}
    assert "days and months might be swapped in 'when'" in said["when"][0]
    assert "all rows have the same time in 't'" in said["t"][0]
    assert said["near"] == ("20 rows have the same time in 'near', but are not all in the same part",)


def test_shares_that_leave_nothing():
    table = customers(100)
    plan = tabular.infer(table, "leaves")
    with pytest.raises(UsageError, match="leave no rows"):
        tabular.split(table, plan, test=0.5, validation=0.5)
    with pytest.raises(UsageError, match="is a share"):
        tabular.split(table, plan, test=-0.1)


def test_inputs_are_scaled_by_the_training_part_only(made):
    _, _, split, preparation = made
    x = preparation.inputs(split.train)
    assert x.dtype == np.float32
    assert x.shape == (len(split.train), len(preparation.feature_names))
    assert np.isfinite(x).all()
    numbers = x[:, :5]
    assert np.allclose(numbers.mean(0), 0, atol=1e-5)
    assert np.allclose(numbers.std(0), 1, atol=0.05)
    before = preparation.inputs(split.test[:3])
    strange = split.test.with_columns(monthly=pl.lit(1e9))
    assert np.array_equal(preparation.inputs(split.test[:3]), before)
    assert np.abs(preparation.inputs(strange)).max() <= 10


def test_unseen_levels_missing_columns_and_further_columns(made):
    _, _, split, preparation = made
    test = split.test.with_columns(contract=pl.lit("for ever"), more=pl.lit(1))
    x = preparation.inputs(test)
    levels = [place for place, name in enumerate(preparation.feature_names) if name.startswith("contract =")]
    assert not x[:, levels].any()
    assert any("contract: the training had no 'for ever'" in note for note in preparation.notes(test))
    with pytest.raises(TableError, match="no column 'tenure'"):
        preparation.inputs(split.test.drop("tenure"))
    with pytest.raises(TableError, match=r"held a number .* 'old'"):
        preparation.inputs(split.test.with_columns(age=pl.lit("old")))
    with pytest.raises(UsageError, match=r"polars\.DataFrame"):
        preparation.inputs([1, 2])
    assert len(preparation.inputs(split.test[:0])) == 0
    empty = preparation.inputs(split.test.with_columns(tenure=pl.lit(None)))
    assert np.isfinite(empty).all()


def test_numbers_and_codes_are_the_same_however_a_file_has_them():
    rows = 200
    table = pl.DataFrame({"code": [f"{n % 7:03d}" for n in range(rows)], "n": [str(n * 1.5) for n in range(rows)],
                          "y": np.sin(np.arange(rows))})  # fmt: skip
    preparation = Preparation.fit(tabular.infer(table, "y"), table)
    other = table.with_columns(pl.col("code").cast(pl.Int64), pl.col("n").cast(pl.Float64))
    assert np.array_equal(preparation.inputs(table), preparation.inputs(other))


def test_many_levels_have_few_inputs():
    draw = np.random.default_rng(0)
    table = pl.DataFrame({"city": [f"c{n}" for n in draw.zipf(1.3, 3000) % 500], "y": draw.normal(size=3000)})
    preparation = Preparation.fit(tabular.infer(table, "y"), table)
    assert len(preparation.feature_names) <= 33
    assert any("(rare)" in name for name in preparation.feature_names)


def test_targets_and_back(made):
    _, _, split, preparation = made
    y = preparation.targets(split.test)
    assert y.dtype == np.int64
    assert preparation.original(y).tolist() == split.test["leaves"].to_list()
    with pytest.raises(TableError, match="which no row of the training had"):
        preparation.targets(split.test.with_columns(leaves=pl.lit("perhaps")))
    with pytest.raises(TableError, match="no target 'leaves'"):
        preparation.targets(split.test.drop("leaves"))
    with pytest.raises(TableError, match="without a value"):
        preparation.targets(split.test.with_columns(leaves=pl.lit(None, pl.String)))
    numbers = pl.DataFrame({"x": np.arange(50.0) ** 2, "y": 100 + 7 * np.arange(50.0)})
    regression = Preparation.fit(tabular.infer(numbers, "y"), numbers)
    scaled = regression.targets(numbers)
    assert scaled.dtype == np.float32
    assert abs(scaled.mean()) < 1e-5
    assert np.allclose(regression.original(scaled), numbers["y"].to_numpy(), rtol=1e-6)


def test_what_is_saved_gives_the_same_bits(made, tmp_path):
    _, plan, split, preparation = made
    preparation.save(tmp_path / "p")
    again = Preparation.load(tmp_path / "p")
    assert again.plan == plan
    assert again.feature_names == preparation.feature_names
    assert again.inputs(split.test).tobytes() == preparation.inputs(split.test).tobytes()
    assert again.targets(split.test).tobytes() == preparation.targets(split.test).tobytes()
    assert {path.suffix for path in (tmp_path / "p").iterdir()} == {".json", ".safetensors"}


def test_a_damaged_preparation_is_an_error(made, tmp_path):
    preparation = made[3]
    preparation.save(tmp_path)
    path = tmp_path / "preparation.json"
    facts = read_sealed(path, "glassgrad preparation 1")
    steps = facts["parts"][0]["steps"]
    facts["parts"][0]["steps"] = {}
    path.write_text(json.dumps(facts))
    with pytest.raises(CheckpointError, match="damaged: it is not what was written"):
        Preparation.load(tmp_path)
    write_sealed(path, facts)
    with pytest.raises(CheckpointError, match="its numbers lack 'fill'"):
        Preparation.load(tmp_path)
    facts["parts"][0]["steps"] = steps
    steps["fill"] = {"fitted": "Popen", "state": {}}
    write_sealed(path, facts)
    with pytest.raises(CheckpointError, match="nothing that it is made of"):
        Preparation.load(tmp_path)
    path.write_text(path.read_text()[:100])
    with pytest.raises(CheckpointError, match="cannot be read"):
        Preparation.load(tmp_path)
    with pytest.raises(CheckpointError, match="cannot be read"):
        Preparation.load(tmp_path / "nowhere")


# ------------------------------------------------------------------ long tables
def long(rows):
    draw = np.random.default_rng(2)
    levels = np.array([f"w{place}" for place in range(300)])
    skewed = np.minimum(draw.zipf(1.4, rows), 300) - 1
    return pl.DataFrame(
        {
            "few": draw.choice(["a", "b", "c", None], rows).tolist(),
            "some": levels[:30][draw.integers(0, 30, rows)],
            "many": levels[skewed],
            "day": [f"2020-{n % 12 + 1:02d}-{n % 28 + 1:02d}" for n in range(rows)],
            "text": [f"{n % 500 / 4},5 %" for n in range(rows)],
            "x": draw.normal(size=rows),
            "y": draw.choice(["yes", "no"], rows),
        }
    )


def test_levels_are_as_frequent_as_a_count_of_all_rows_says():
    table = long(30_000)
    preparation = Preparation.fit(tabular.infer(table, "y"), table)
    counts = dict(table["many"].value_counts().iter_rows())
    frequent = sorted(counts, key=lambda level: (-counts[level], level))[:31]
    found = [name.removeprefix("many = ") for name in preparation.feature_names if name.startswith("many = ")]
    assert sorted(found) == sorted([*frequent, "(rare)"])
    rank = preparation.inputs(table)[:, preparation.feature_names.index("many by frequency")]
    assert np.corrcoef(rank, [counts[word] for word in table["many"]])[0, 1] < 0


def test_a_long_table_has_the_inputs_that_its_rows_have_one_by_one():
    table = long(10_000)
    preparation = Preparation.fit(tabular.infer(table, "y"), table)
    short = np.concatenate([preparation.inputs(table[start : start + 1000]) for start in range(0, 10_000, 1000)])
    assert np.array_equal(preparation.inputs(table), short)


def test_numbers_of_a_long_table_are_judged_by_a_part_of_it(monkeypatch):
    monkeypatch.setattr("glassgrad.train.tabular.parts.MOST_ROWS", 5000)
    table = long(20_000)
    far = table.with_columns(x=pl.when(pl.int_range(pl.len()) == 12_345).then(1e30).otherwise(pl.col("x")))
    inputs = Preparation.fit(tabular.infer(far, "y"), far).inputs(far)
    assert np.abs(inputs).max() <= 10
    place = Preparation.fit(tabular.infer(far, "y"), far).feature_names.index("x")
    assert abs(float(inputs[:, place].mean())) < 0.05
    assert abs(float(inputs[:, place].std()) - 1) < 0.05


def test_dates_to_predict_may_be_written_in_another_way():
    table = long(600)
    preparation = Preparation.fit(tabular.infer(table, "y"), table)
    days = table["day"].str.to_date()
    for form in ("%d.%m.%Y", "%d %b %Y", "%Y/%m/%d"):
        other = table.with_columns(day=days.dt.strftime(form))
        assert np.array_equal(preparation.inputs(other), preparation.inputs(table))
        assert any("day: here dates are written in another way" in note for note in preparation.notes(other))
    assert preparation.notes(table) == []
    swapped = table.with_columns(day=pl.Series(["03/04/2020", "05/06/2020"] * 300))  # nobody knows which is the month
    with pytest.raises(TableError, match="held a date"):
        preparation.inputs(swapped)
