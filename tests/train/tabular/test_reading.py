"""Files of every kind of trouble: the right table, or an error that says what and where."""

import random

import numpy as np
import polars as pl
import pytest

from glassgrad.base.errors import TableError
from glassgrad.train import tabular
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
    pl.DataFrame({"a": [[1], [2]]}).write_parquet(tmp_path / "nested.parquet")
    with pytest.raises(TableError, match="lists, records or bytes"):
        tabular.read(tmp_path / "nested.parquet")


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
    table = read_delimited(path, None, None, notes, block=400)
    assert table.dtypes == [pl.Int64, pl.Float32, pl.Categorical]
    assert table["count"].to_list() == [i for i, *_ in rows]
    assert table["word"].cast(pl.String).to_list() == [word or None for *_, word in rows]
    assert np.allclose(table["number"].to_numpy(), [number for _, number, _ in rows], atol=1e-6)
    assert "single precision" in notes[-1]


def test_a_word_late_in_a_large_file_makes_its_column_words(tmp_path):
    path = tmp_path / "late.csv"
    path.write_text("a,b\n" + "1,007\n" * 500 + "one,008\n")
    table = read_delimited(path, None, None, [], block=300)
    assert table["a"].cast(pl.String).to_list() == ["1"] * 500 + ["one"]
    assert table["b"].cast(pl.String).to_list() == ["007"] * 500 + ["008"]


def test_a_table_with_no_room_in_memory_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "huge.csv"
    path.write_text("a,b\n" + "1.5,2.5\n" * 2000)
    monkeypatch.setattr("glassgrad.train.tabular.delimited._free_memory", lambda: 1000.0)
    with pytest.raises(TableError, match="memory are free"):
        read_delimited(path, None, None, [], block=1000)
