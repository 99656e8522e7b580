"""What is inferred of columns and targets, and said in words."""

import json

import numpy as np
import polars as pl
import pytest

from glassgrad.base.errors import TableError, UsageError
from glassgrad.train import tabular
from glassgrad.train.tabular import Plan
from tests.train.tabular.tables import customers

ROWS = 60
COLUMNS = {
    "whole numbers": ([*range(5, 5 + ROWS)][::-1], "number"),
    "numbers as text": ([f"{n * 1234.5:,.1f}" for n in range(1, ROWS + 1)], "number"),
    "comma for a point": ([f"{n},5" for n in range(ROWS)], "number"),
    "percent": ([f"{n % 17} %" for n in range(ROWS)], "number"),
    "money": ([f"${n * 3}" for n in range(ROWS)], "number"),
    "a word among numbers": ([*map(str, range(4, ROWS * 2 + 2, 2)), "many"], "number"),
    "yes or no": (["yes", "no"] * (ROWS // 2), "category"),
    "truth": ([True, False] * (ROWS // 2), "category"),
    "customer_id": ([n * 7 + 3 for n in range(ROWS)], "identifier"),
    "line": ([*range(1, ROWS + 1)], "identifier"),
    "uuid": ([f"{n:08x}-77" for n in range(ROWS)], "identifier"),
    "customerId": ([n // 2 * 2 * 7 + n % 3 for n in range(ROWS)], "identifier"),  # nearly one for each row
    "region_id": ([n % 7 * 3 for n in range(ROWS)], "category"),
    "names": ([f"w{n if n % 6 else 0} of v{n if n % 6 else 0}" for n in range(ROWS)], "text"),
    "zip": ([10000 + n % 9 for n in range(ROWS)], "category"),
    "codes": ([f"{n % 9:03d}" for n in range(ROWS)], "category"),
    "remarks": ([f"the customer said {n} words to us" for n in range(ROWS)], "text"),
    "one": (["EUR"] * ROWS, "constant"),
    "nothing": ([None] * ROWS, "missing"),
    "ISO dates": ([f"2020-01-{n % 28 + 1:02d}" for n in range(ROWS)], "date"),
    "dates and times": ([f"2020-01-{n % 28 + 1:02d}T12:30:00Z" for n in range(ROWS)], "date"),
    "dotted dates": ([f"{n % 28 + 1}.2.2020" for n in range(ROWS)], "date"),
    "day first": ([f"{n % 28 + 1}/02/2020" for n in range(ROWS)], "date"),
    "month in words": ([f"{n % 28 + 1} Mar 2020" for n in range(ROWS)], "date"),
    "compact dates": ([20200101 + n % 28 for n in range(ROWS)], "date"),
    "half words": ([str(n) if n % 2 else f"w{n % 6}" for n in range(ROWS)], "category"),
}


def table_of(**columns):
    target = np.random.default_rng(3).permutation(["a", "b"] * (ROWS // 2))
    return pl.DataFrame({**columns, "filler": [n**1.5 for n in range(ROWS)], "target": target}, strict=False)


@pytest.mark.parametrize("name", COLUMNS)
def test_kinds_of_columns(name):
    values, kind = COLUMNS[name]
    plan = tabular.infer(table_of(**{name: values}), "target")
    assert plan.columns[0].kind == kind, plan.columns[0]
    assert any(name in line and kind in line for line in plan.lines())


def shuffled(values):
    return np.random.default_rng(5).permutation(values).tolist()


DRAWN = np.random.default_rng(4)
WHOLE = {
    "numbers of rows, mixed": (shuffled(range(1000)), "identifier"),
    "numbers of rows with gaps": (shuffled(range(5, 3005, 3)), "identifier"),
    "numbers given out, some of them twice": ([*range(990), *range(10)], "identifier"),
    "numbers given out in a wide range": (DRAWN.choice(10_000, 1000, replace=False).tolist(), "identifier"),
    "even chance": (DRAWN.integers(0, 3000, 1000).tolist(), "number"),
    "a wide range by chance": (DRAWN.integers(0, 10**7, 1000).tolist(), "number"),
    "amounts": (DRAWN.lognormal(10, 1, 1000).round().tolist(), "number"),
    "a grid": ([*range(0, 10**6, 1000)], "number"),
    "words of three rows each": ([f"w{n // 3}" for n in range(1000)], "text"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_numbers_that_name_rows_are_told_from_numbers_to_calculate_with(name):
    values, kind = WHOLE[name]
    table = pl.DataFrame({"x": values, "z": DRAWN.normal(size=1000), "y": ["a", "b"] * 500})
    column = tabular.infer(table, "y").columns[0]
    assert column.kind == kind, column
    assert tabular.infer(table, "y", kinds={"x": "category"}).columns[0].kind == "category"


def test_what_is_odd_is_said():
    plan = tabular.infer(table_of(x=COLUMNS["a word among numbers"][0], m=COLUMNS["half words"][0]), "target")
    said = "\n".join(plan.lines())
    assert "x: 1 value ('many') is no numbers and count as missing" in said or "'many'" in said
    assert "mixed: " in said


def test_days_and_months_that_might_be_swapped_are_said():
    table = table_of(day=[f"{n % 12 + 1:02d}/{(n * 5) % 12 + 1:02d}/2020" for n in range(ROWS)])
    assert "swapped" in tabular.infer(table, "target").warnings[0]


def test_a_copy_of_the_target_is_left_out_and_what_determines_it_is_said():
    table = table_of().with_columns(again=pl.col("target"), told=pl.col("target").replace({"a": "x", "b": "y"}))
    plan = tabular.infer(table, "target")
    kinds = {column.name: column.kind for column in plan.columns}
    assert kinds["again"] == "copy of the target"
    assert kinds["told"] == "category"
    assert any("told: it determines the target" in warning for warning in plan.warnings)
    numbers = pl.DataFrame({"y": np.arange(50.0) ** 1.5, "x": np.sin(np.arange(50.0))}).with_columns(k=pl.col("y") * 3)
    assert any("another unit" in warning for warning in tabular.infer(numbers, "y").warnings)


TARGETS = {
    "words": (["a", "b", "c"] * 20, "classification"),
    "two numbers": ([0.5, 1.5] * 30, "classification"),
    "few whole numbers": ([0, 1, 2] * 20, "classification"),
    "fractions": ([n / 7 for n in range(60)], "regression"),
    "many whole numbers": ([*range(60)], "regression"),
    "numbers as text": ([f"${n},000.5" for n in range(60)], "regression"),
    "truth": ([True, False] * 30, "classification"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_tasks(name):
    values, task = TARGETS[name]
    table = pl.DataFrame({"x": np.arange(60.0) ** 2, "y": values})
    assert tabular.infer(table, "y").task == task


NO_TARGETS = {
    "one value": (["a"] * 60, "'a' in every row"),
    "no value": ([None] * 60, "no value in any row"),
    "too many classes": ([f"name {n}" for n in range(60)], "too many classes"),
    "dates as words": ([f"2020-{n % 12 + 1:02d}-{n % 28 + 1:02d}" for n in range(60)], "holds dates"),
    "dates": (["2020-01-01"] * 30 + ["2020-01-02"] * 30, None),
}


@pytest.mark.parametrize("name", NO_TARGETS)
def test_targets_of_which_nothing_can_be_learnt(name):
    values, message = NO_TARGETS[name]
    table = pl.DataFrame({"x": np.arange(60.0) ** 2, "y": values})
    if message is None:
        assert tabular.infer(table, "y").task == "classification"
        return
    with pytest.raises(TableError, match=message):
        tabular.infer(table, "y")


def test_names_that_are_not_there():
    table = table_of()
    with pytest.raises(TableError, match="no target 'Target'") as caught:
        tabular.infer(table, "Target")
    assert "did you mean 'target'" in (caught.value.hint or "")
    with pytest.raises(TableError, match="no column 'z'"):
        tabular.infer(table, "target", kinds={"z": "number"})
    with pytest.raises(UsageError, match="of the kind"):
        tabular.infer(table, "target", kinds={"filler": "wish"})  # type: ignore[dict-item]
    with pytest.raises(TableError, match="no column is left"):
        tabular.infer(table.select("target"), "target")
    with pytest.raises(UsageError, match="no task"):
        tabular.infer(table, "target", task="guess")  # type: ignore[arg-type]
    with pytest.raises(TableError, match="has no numbers"):
        tabular.infer(table, "target", task="regression")


def test_kinds_overrule():
    table = table_of(zip=COLUMNS["zip"][0], line=COLUMNS["line"][0])
    plan = tabular.infer(table, "target", kinds={"zip": "number", "line": "number", "filler": "left out"})
    assert [column.kind for column in plan.columns] == ["number", "number", "left out"]


def test_rows_without_a_target_and_lonely_classes_are_said():
    table = pl.DataFrame({"x": np.arange(22.0) ** 2, "y": ["a", "b"] * 9 + ["c", None, None, None]})
    plan = tabular.infer(table, "y")
    assert any("3 rows without a value of 'y'" in note for note in plan.notes)
    assert any("'c' belongs to one row only" in note for note in plan.notes)


def test_a_plan_goes_through_json():
    plan = tabular.infer(customers(300), "leaves")
    again = Plan.from_dict(json.loads(json.dumps(plan.to_dict())))
    assert again == plan
    assert again.lines() == plan.lines()
    with pytest.raises(TableError, match="no plan"):
        Plan.from_dict({"format": "else"})


def test_a_target_whose_squares_are_no_numbers_is_refused():
    table = pl.DataFrame({"x": np.arange(30.0) ** 2, "y": [*np.sin(np.arange(29.0)), 1.797e308]})
    with pytest.raises(TableError, match=r"1\.797e\+308 in row 30"):
        tabular.infer(table, "y")


# ------------------------------------------------------------------ numbers beyond all others
def far(**changes):
    """A table of 60 rows with some cells changed: {column: {row: value}}."""
    draw = np.random.default_rng(1)
    columns = {"x": draw.normal(size=ROWS).tolist(), "z": draw.normal(size=ROWS).tolist()}
    columns["y"] = [a * 2 + b for a, b in zip(columns["x"], columns["z"], strict=True)]
    for name, cells in changes.items():
        for row, value in cells.items():
            columns[name][row] = value
    return pl.DataFrame(columns, strict=False)


@pytest.mark.parametrize("value", [1e20, -1e300, 1.7e308, 999999.0])
def test_one_number_far_beyond_all_others_is_told_and_ends_where_they_end(value):
    usual, table = far(), far(x={7: value})
    plan = tabular.infer(table, "y")
    assert f"x: 1 value is far beyond all others, it is {value:.6g} in row 8" in plan.warnings[0]
    preparation = tabular.Preparation.fit(plan, table)
    before = tabular.Preparation.fit(tabular.infer(usual, "y"), usual).inputs(usual)
    assert np.abs(preparation.inputs(table) - before)[np.arange(ROWS) != 7].max() < 0.3
    assert tabular.infer(usual, "y").warnings == []


def test_heavy_tails_are_no_outliers():
    table = pl.DataFrame({"x": np.exp(np.linspace(-8, 16, 400)), "w": [0.0] * 390 + [*range(10)], "y": range(400)})
    assert tabular.infer(table, "y").warnings == []


def test_infinite_cells_are_missing_and_told():
    table = far(x={3: np.inf, 9: -np.inf})
    plan = tabular.infer(table, "y")
    assert plan.columns[0].kind == "number"
    assert plan.warnings == ["x: 2 values are infinite, the first in row 4, and count as missing"]
    names = tabular.Preparation.fit(plan, table).feature_names
    assert names == ("x", "z", "x is missing")


def test_infinite_cells_of_a_text_file_are_missing(tmp_path):
    words = {10: "inf", 20: "-Infinity", 30: "1e400"}
    far(x={}).with_columns(
        pl.Series("x", [words.get(row, f"{value:.3f}") for row, value in enumerate(far()["x"])])
    ).write_csv(tmp_path / "a.csv")
    plan = tabular.infer(tabular.read(tmp_path / "a.csv"), "y")
    assert plan.columns[0].kind == "number"
    assert "3 values are infinite, the first in row 11" in plan.warnings[0]


def test_a_target_with_odd_cells_says_which(tmp_path):
    table = far(y={3: np.inf, 4: None, 9: 1e20})
    notes = tabular.infer(table, "y").notes
    assert notes[0] == "1 row without a value of 'y' will not be used"
    assert notes[1] == "1 row with inf as 'y', no number, will not be used"
    assert "y: 1 value is far beyond all others, it is 1e+20 in row 10" in notes[2]
    numbers = [f"{value:.2f}" for value in far()["y"]]
    words = far().with_columns(y=pl.Series(["n/k", *numbers[1:]]))
    assert tabular.infer(words, "y").notes == ("1 row with 'n/k' as 'y', no number, will not be used",)
    many = far().with_columns(y=pl.Series([word if row % 9 else "n/k" for row, word in enumerate(numbers)]))
    with pytest.raises(TableError, match="too many classes") as caught:
        tabular.infer(many, "y")
    assert "'n/k' none: task='regression' leaves out these 7 rows" in caught.value.hint
    truth = far().with_columns(y=pl.Series([0.0, 1.0, np.inf] * 20))
    assert tabular.infer(truth, "y").classes == ("0", "1")


def test_words_that_cost_a_column_of_numbers_are_named():
    cells = [f"{value:.4f}" if row % 5 else f"w{row % 3}" for row, value in enumerate(far()["x"])]
    plan = tabular.infer(far().with_columns(x=pl.Series(cells)), "y")
    assert plan.columns[0].kind == "text"
    assert "80% of its values are numbers, 'w0', 'w2', 'w1' are none; so it is left out" in plan.warnings[0]


@pytest.mark.parametrize("as_text", [True, False])
def test_whole_numbers_of_many_digits_stay_apart(as_text):
    big = [2**53 + row % 2 for row in range(ROWS)]
    cells = [str(10**20 + number) for number in big] if as_text else big
    table = pl.DataFrame({"big": cells, "z": far()["z"], "y": ["b" if row % 2 else "a" for row in range(ROWS)]})
    plan = tabular.infer(table, "y")
    assert plan.columns[0].kind == "category"
    preparation = tabular.Preparation.fit(plan, table)
    assert len(np.unique(preparation.inputs(table)[:, preparation.feature_names.index(f"big = {cells[0]}")])) == 2


def test_numbers_far_outside_of_the_training_are_told_at_predictions():
    preparation = tabular.Preparation.fit(tabular.infer(far(), "y"), far())
    assert preparation.notes(far()) == []
    found = preparation.notes(far(x={5: 1e30, 6: 1.7e308}))
    assert len(found) == 1
    assert "x: 2 values far outside of what the training had" in found[0]
    assert "the first 1e+30 in row 6" in found[0]
    assert np.isfinite(preparation.inputs(far(x={5: 1e30, 6: -1.7e308}))).all()


# ------------------------------------------------------------------ words of a person, words in cells
@pytest.mark.parametrize(
    ("kind", "cells", "said"),
    [
        ("number", ["red", "blue"] * 30, "is to be a number, and 60 of its 60 values are none, such as 'red', 'blue'"),
        ("date", [1.5, 2.5] * 30, "is to be a date, and 60 of its 60 values are none, such as 1.5, 2.5"),
    ],
)
def test_a_kind_that_the_cells_are_not_of_is_refused(kind, cells, said):
    with pytest.raises(TableError, match=said):
        tabular.infer(far().with_columns(x=pl.Series(cells)), "y", kinds={"x": kind})


def test_the_target_has_no_kind():
    with pytest.raises(UsageError, match="'y' is the target"):
        tabular.infer(far(), "y", kinds={"y": "left out"})


def test_classes_that_are_alike_or_mean_nothing_are_told():
    table = far().with_columns(y=pl.Series(["Yes", "yes", "no", "No", "-", "maybe"] * 10))
    notes = tabular.infer(table, "y").notes
    assert "'No', 'no' are different classes: are they meant to be?" in notes
    assert "'Yes', 'yes' are different classes: are they meant to be?" in notes
    assert "'-' is a class like the others: leave the cell empty where nothing is known" in notes
    assert tabular.infer(far().with_columns(y=pl.Series(["a", "b", "c"] * 20)), "y").notes == ()


def test_numbers_with_a_unit_that_are_left_out_are_told():
    table = far().with_columns(x=pl.Series([f"{value:.4f} CHF" for value in far()["x"]]))
    plan = tabular.infer(table, "y")
    assert not plan.columns[0].is_used
    assert "numbers with a unit" in plan.warnings[0]
    names = pl.Series([f"K{row:05d}" for row in range(ROWS)])
    assert tabular.infer(table.with_columns(x=names), "y").warnings == []
