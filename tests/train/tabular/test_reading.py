"""Files of every kind of trouble: the right table, or an error that says what and where."""

import random

import numpy as np
import polars as pl
import pytest

from glassgrad.base.errors import TableError, UsageError
from glassgrad.train import tabular
from glassgrad.train.tabular.cells import as_numbers
from glassgrad.train.tabular.delimited import read_delimited


@pytest.fixture
def written(tmp_path):
    def written(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


GOOD = {
    "commas": ("a,b\n1,x\n2,y\n", [(1, "x"), (2, "y")]),
    "semicolons": ("a;b\n1;x\n2;y\n", [(1, "x"), (2, "y")]),
    "tabs": ("a\tb\n1\tx\n2\ty\n", [(1, "x"), (2, "y")]),
    "bars": ("a|b\n1|x,y\n2|y,z\n", [(1, "x,y"), (2, "y,z")]),
    "Windows line ends": ("a,b\r\n1,x\r\n2,y\r\n", [(1, "x"), (2, "y")]),
    "old Mac line ends": ("a,b\r1,x\r2,y", [(1, "x"), (2, "y")]),
    "no last line end": ("a,b\n1,x\n2,y", [(1, "x"), (2, "y")]),
    "blank lines": ("\na,b\n1,x\n\n\n2,y\n\n", [(1, "x"), (2, "y")]),
    "byte order mark": ("\ufeffa,b\n1,x\n2,ü\n".encode(), [(1, "x"), (2, "ü")]),
    "Latin-1": ("a,b\n1,x\n2,ü\n".encode("latin-1"), [(1, "x"), (2, "ü")]),
    "UTF-16": ("a,b\n1,x\n2,ü\n".encode("utf-16"), [(1, "x"), (2, "ü")]),
    "quotes": ('a,b\n1,"x, ""y"""\n2,"line\nbreak"\n', [(1, 'x, "y"'), (2, "line\nbreak")]),
    "missing values": ("a,b\n,NA\n2.5,?\n1e3,NaN\n", [(None, None), (2.5, None), (1000.0, None)]),
    "leading zeros": ("a,b\n01234,1\n10000,2\n", [("01234", 1), ("10000", 2)]),
    "mixed types": ("a,b\n1,x\ntwo,y\n", [("1", "x"), ("two", "y")]),
    "long numbers": ("a,b\n12345678901234567890,1\n2,2\n", [("12345678901234567890", 1), ("2", 2)]),
    "blanks around": ("a , b\n 1 , x \n2,y\n", [(1, "x"), (2, "y")]),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_table_in_text(written, name):
    content, rows = GOOD[name]
    table = tabular.read(written(content))
    assert table.columns == ["a", "b"]
    assert table.rows() == rows


BAD = {
    "empty": ("", "is empty"),
    "only blanks": ("\n \n\n", "is empty"),
    "only a header": ("a,b\n", "header and no rows"),
    "only a header, no line end": ("a,b", "header and no rows"),
    "duplicate names": ("a,b,a\n1,2,3\n", r"line 1: 'a' names more than one column \(1, 3\)"),
    "no header": ("0.5,1.5\n1,2\n", "numbers where the names"),
    "a title above the table": (
        "My cars\n\na,b\n1,2\n3,4\n",
        "'My cars' is no line of names; a table of 2 columns begins",
    ),
    "comments above the table": ("# of 2020\n# by us\na;b\n1;2\n3;4\n", "'# of 2020' is no line of names"),
    "a short row": ("a,b\n1,2\n3\n4,5\n", "line 3: 1 value where the header has 2 names: 3"),
    "a long row after a quoted line break": ('a,b\n"1\n1",2\n3,4,5\n', "line 4: 3 values where the header has 2"),
    "an open quotation mark": ('a,b\n1,"2\n3,4\n', "never closed"),
    "an Excel workbook": (b"PK\x03\x04rest", "Excel"),
    "compressed": (b"\x1f\x8b\x08rest", "gzip"),
    "binary": (b"a,b\n\x00\x01\x02,1\n", "zero bytes"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_table_is_an_error_with_the_place(written, name):
    content, message = BAD[name]
    with pytest.raises(TableError, match=message) as caught:
        tabular.read(written(content))
    assert "table.csv" in caught.value.message


def test_a_wrong_separator_is_told_the_right_one(written):
    with pytest.raises(TableError, match="does not separate") as caught:
        tabular.read(written("a;b\n1;2\n"), separator=",")
    assert "';'" in (caught.value.hint or "")


def test_what_is_no_file_or_of_another_kind(tmp_path, written):
    with pytest.raises(TableError, match="there is no file"):
        tabular.read(tmp_path / "nowhere.csv")
    with pytest.raises(TableError, match="is a folder"):
        tabular.read(tmp_path)
    with pytest.raises(TableError, match=r"not from \.xlsx"):
        tabular.read(written("x", "a.xlsx"))
    with pytest.raises(TableError, match="cannot be read"):
        tabular.read(written("no parquet", "a.parquet"))
    with pytest.raises(TableError, match="cannot be read"):
        tabular.read(written("no archive", "a.npz"))


def test_other_kinds_of_files_are_told_what_to_do(written):
    for name, hint in (("a.csv.gz", "unpack it"), ("a.json", "write_parquet"), ("a.pkl", "savez"), ("a.doc", None)):
        with pytest.raises(TableError, match="tables are read from") as caught:
            tabular.read(written("x", name))
        assert (hint in caught.value.hint) if hint else caught.value.hint is None


def test_one_column_is_a_table(written):
    assert tabular.read(written("a\n1\n2\n")).rows() == [(1,), (2,)]
    assert tabular.read(written("what they said\nyes, well\nno\n"), separator=";").rows() == [("yes, well",), ("no",)]


def test_wanted_columns_only(written):
    path = written("a,b,c\n1,2,3\n")
    assert tabular.read(path, columns=["c", "a"]).columns == ["a", "c"]
    with pytest.raises(TableError, match="has no column 'z'"):
        tabular.read(path, columns=["z"])


def test_parquet_and_arrays_are_read(tmp_path):
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    frame.write_parquet(tmp_path / "t.parquet")
    assert tabular.read(tmp_path / "t.parquet").equals(frame)
    np.savez(tmp_path / "t.npz", x=np.arange(6.0).reshape(3, 2), y=np.array(["p", "q", "p"]))
    assert tabular.read(tmp_path / "t.npz").rows() == [(0.0, 1.0, "p"), (2.0, 3.0, "q"), (4.0, 5.0, "p")]
    np.savez(tmp_path / "bad.npz", x=np.zeros((3, 2)), y=np.zeros(2))
    with pytest.raises(TableError, match="a row for each row"):
        tabular.read(tmp_path / "bad.npz")
    nested = tmp_path / "nested.parquet"
    pl.DataFrame({"a": [[1], [2]], "b": [1, 2]}).write_parquet(nested)
    notes: list[str] = []
    assert tabular.read(nested, notes=notes).columns == ["b"]
    assert notes == ["'a' holds lists, records or bytes: left out"]
    with pytest.raises(TableError, match="lists, records or bytes"):
        tabular.read(nested, columns=["a"])


def test_a_large_file_is_read_in_blocks_with_the_same_values(tmp_path):
    # A file of 300 blocks stands for one of many gigabytes: quotes and line breaks fall on the ends of blocks.
    draw = random.Random(0)
    words = ["red", "blue", 'say "hi"', "two\nlines", "ä,ö", ""]
    rows = [(i, draw.random(), draw.choice(words)) for i in range(4000)]
    path = tmp_path / "large.csv"
    quoted = ['"{}"'.format(word.replace('"', '""')) for *_, word in rows]
    lines = [f"{i},{number:.6f},{word}" for (i, number, _), word in zip(rows, quoted, strict=True)]
    path.write_text("count,number,word\n" + "\n".join(lines) + "\n")
    notes: list[str] = []
    table = read_delimited(path, None, None, notes, block=400, large=0)
    assert table.dtypes == [pl.Int16, pl.Float32, pl.Categorical]
    assert table["count"].to_list() == [i for i, *_ in rows]
    assert table["word"].cast(pl.String).to_list() == [word or None for *_, word in rows]
    assert np.allclose(table["number"].to_numpy(), [number for _, number, _ in rows], atol=1e-6)
    assert "single precision" in notes[-1]


def test_a_word_late_in_a_large_file_makes_its_column_words(tmp_path):
    path = tmp_path / "late.csv"
    path.write_text("a,b\n" + "1,007\n" * 500 + "one,008\n")
    table = read_delimited(path, None, None, [], block=300, large=0)
    assert table["a"].cast(pl.String).to_list() == ["1"] * 500 + ["one"]
    assert table["b"].cast(pl.String).to_list() == ["007"] * 500 + ["008"]


def test_part_of_the_rows_is_drawn_the_same_way_from_blocks_and_formats(tmp_path):
    rows = pl.DataFrame({"count": range(3000), "half": [n / 2 for n in range(3000)], "word": ["a", "b", None] * 1000})
    rows.write_csv(tmp_path / "a.csv")
    rows.write_parquet(tmp_path / "a.parquet")
    notes: list[str] = []
    whole = tabular.read(tmp_path / "a.csv", rows=100, notes=notes)
    assert notes == ["100 of 3,000 rows are used, drawn by chance"]
    assert len(whole) == 100
    assert whole["count"].is_sorted()
    assert whole.equals(read_delimited(tmp_path / "a.csv", None, None, [], rows=100, block=500))
    assert whole.equals(tabular.read(tmp_path / "a.parquet", rows=100))
    assert len(tabular.read(tmp_path / "a.csv", rows=5000, notes=notes)) == 3000
    with pytest.raises(UsageError, match="rows is 1"):
        tabular.read(tmp_path / "a.csv", rows=1)


def test_reading_tells_how_far_it_is(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n" + "1.5,x\n" * 2000)
    shares: list[float] = []
    read_delimited(tmp_path / "a.csv", None, None, [], watch=shares.append, block=1000)
    assert shares == sorted(shares)
    assert (len(shares) > 20, shares[0] < 0.1, shares[-1]) == (True, True, 1.0)


# ------------------------------------------------------------------ points and commas
EURO = [1234, 2500, 9800, 315, 11465, 987]  # as people write them: 1.234 and 315


def dotted(number):
    return f"{number:,}".replace(",", ".")


def numbers_of(path, name, target, known=None):
    """What a network would see of the column `name`, and what was said."""
    notes, marks = [], dict(known or {})
    table = tabular.read(path, notes=notes, marks=marks)
    plan = tabular.infer(table, target, marks=marks)
    column = next(one for one in plan.columns if one.name == name)
    return as_numbers(table[name], column.decimal), [*notes, *plan.warnings], plan


def filled(header, rows, separator=";"):
    rows = [(*row, "ab"[place % 2]) for place, row in enumerate(rows * 4)]
    return "\n".join([separator.join((*header, "y")), *(separator.join(row) for row in rows)]) + "\n"


def test_points_between_thousands_are_told_from_decimal_points(written):
    path = written(filled(["x"], [[dotted(number)] for number in EURO]))
    found, said, _ = numbers_of(path, "x", "y")
    assert found.tolist() == EURO * 4
    assert any("'1.234' is read as 1234, and might be 1.234" in line for line in said)
    beside = written(filled(["x", "z"], [[dotted(number), "0,5"] for number in EURO]), "beside.csv")
    found, said, _ = numbers_of(beside, "x", "y")
    assert (found.tolist(), said) == (EURO * 4, [])
    points = written(filled(["x", "z"], [[f"{number / 1000 + 1:.3f}", "0.5"] for number in EURO]), "points.csv")
    found, said, _ = numbers_of(points, "x", "y")
    assert (found.tolist(), said) == ([number / 1000 + 1 for number in EURO] * 4, [])


def test_commas_before_three_digits_are_fractions_between_semicolons(written):
    found, said, _ = numbers_of(written(filled(["x"], [["5,733"], ["11,465"], ["3,250"]])), "x", "y")
    assert found[:3].tolist() == [5.733, 11.465, 3.25]
    assert any("'5,733' is read as 5.733, and might be 5733" in line for line in said)
    found, said, _ = numbers_of(written(filled(["x"], [['"5,733"'], ['"1,465"']], ","), "quoted.csv"), "x", "y")
    assert found[:2].tolist() == [5733, 1465]
    assert any("might be 5.733" in line for line in said)


def test_decimals_that_are_all_of_three_digits_are_doubted_only_where_nothing_tells(written):
    doubtful = written(filled(["x"], [["1.250"], ["2.125"], ["7.375"]], ","))
    found, said, _ = numbers_of(doubtful, "x", "y")
    assert found[:3].tolist() == [1.25, 2.125, 7.375]
    assert any("might be 1250" in line for line in said)
    for clear in (["0.250"], ["1.5"], ["1250"]):
        path = written(filled(["x"], [["1.250"], clear], ","), "clear.csv")
        found, said, _ = numbers_of(path, "x", "y")
        assert (found[0], said) == (1.25, [])


def test_a_table_to_predict_is_read_by_the_mark_of_the_training(written):
    _, _, plan = numbers_of(written(filled(["x", "z"], [[dotted(number), "0,5"] for number in EURO])), "x", "y")
    assert plan.marks == {"x": ","}
    notes = []
    table = tabular.read(written("x,z\n1.234,1\n2.500,2\n", "new.csv"), notes=notes, marks=plan.marks)
    assert (as_numbers(table["x"], ",").tolist(), notes) == ([1234, 2500], [])


def test_a_table_to_predict_that_is_written_otherwise_is_read_as_it_is_written(written):
    numbers = [[f"{number / 1000:.3f}"] for number in EURO]
    table = tabular.read(written(filled(["x"], numbers)))
    plan = tabular.infer(table, "y")
    preparation = tabular.Preparation.fit(plan, table)
    other = tabular.read(written(filled(["x"], [[one.replace(".", ",")] for [one] in numbers]), "new.csv"))
    assert np.array_equal(preparation.inputs(other), preparation.inputs(table))
    assert preparation.notes(other) == ["x: here with decimal commas, in the training with points"]


def test_marks_are_the_same_in_blocks(written):
    path = written(filled(["x"], [[dotted(number)] for number in EURO * 9]))
    table = read_delimited(path, None, None, [], block=200)
    assert as_numbers(table["x"], ",").tolist() == EURO * 36


# ------------------------------------------------------------------ arrays and types that tables lack
def test_arrays_that_are_no_table_are_told_by_name(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.arange(3) + 1j, y=[1, 2, 3])
    with pytest.raises(TableError, match=r"a\.npz: 'x' holds complex numbers"):
        tabular.read(path)
    np.savez(path, x=np.zeros(3, [("a", "f8"), ("b", "i4")]))
    with pytest.raises(TableError, match="'x' holds records") as caught:
        tabular.read(path)
    assert caught.value.hint == "one array for each field: a, b"
    np.save(tmp_path / "b.npy", np.zeros(3))
    (tmp_path / "b.npy").rename(path)
    with pytest.raises(TableError, match="is a single array"):
        tabular.read(path)
    path.write_text("hello")
    with pytest.raises(TableError, match=r"it is no \.npz file"):
        tabular.read(path)


def test_numbers_of_every_size_are_numbers(tmp_path):
    numbers = {
        f"x{kind.__name__}": np.arange(3).astype(kind) for kind in (np.float16, np.longdouble, np.uint64, np.bool_)
    }
    np.savez(tmp_path / "a.npz", **numbers)
    table = tabular.read(tmp_path / "a.npz")
    assert [as_numbers(table[name]).tolist() for name in numbers] == [[0, 1, 2]] * 3 + [[0, 1, 1]]


@pytest.mark.parametrize("unit", ["D", "h", "s", "ns"])
def test_times_in_arrays_are_dates_and_durations_are_days(tmp_path, unit):
    hours = np.arange(40).astype("timedelta64[D]").astype(f"timedelta64[{unit}]")
    when = np.datetime64("2020-01-01") + hours
    np.savez(tmp_path / "a.npz", when=when, lasting=hours, z=np.arange(40) ** 2, y=["a", "b"] * 20)
    table = tabular.read(tmp_path / "a.npz")
    plan = tabular.infer(table, "y")
    assert [column.kind for column in plan.columns] == ["date", "number", "number"]
    assert as_numbers(table["lasting"]).tolist() == [*range(40)]
    table.write_parquet(tmp_path / "a.parquet")
    again = tabular.read(tmp_path / "a.parquet")
    assert np.isfinite(tabular.Preparation.fit(tabular.infer(again, "y"), again).inputs(again)).all()


@pytest.mark.parametrize("ending", ["csv", "parquet", "npz"])
def test_names_that_look_the_same_are_the_same(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    match ending:
        case "csv":
            path.write_text("gro\u0308\u00dfe,b\n1,2\n")
        case "parquet":
            pl.DataFrame({"gro\u0308\u00dfe": [1], "b": [2]}).write_parquet(path)
        case _:
            np.savez(path, **{name: [1] for name in ("gro\u0308\u00dfe", "b")})
    assert tabular.read(path, columns=["gr\u00f6\u00dfe"]).columns == ["gr\u00f6\u00dfe"]


def test_a_target_in_a_large_file_keeps_its_digits(written):
    path = written("x,y\n" + "0.1234567891,123456789.25\n" * 30)
    table = read_delimited(path, None, None, [], exact=["y"], block=200, large=0)
    assert table["y"].unique().to_list() == [123456789.25]
    assert table["x"].dtype == pl.Float32
