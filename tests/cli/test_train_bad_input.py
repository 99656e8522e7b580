"""What `glassgrad train` says to tables, settings and folders that are not right: a message, a hint, exit code 2."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("polars")
pytest.importorskip("sklearn")

from glassgrad.cli.main import app

LINES = [f"{i * 0.37 % 1:.4f},{'red' if i % 3 else 'blue'},{'yes' if i % 2 else 'no'}" for i in range(40)]


def run(*words):
    return CliRunner().invoke(app, ["train", *map(str, words)])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("good.csv").write_text("\n".join(["x,color,sold", *LINES]) + "\n")
    return tmp_path


def table(*lines, name="table.csv"):
    Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


FILES = {
    "an empty file": (b"", "is empty"),
    "a header alone": (b"x,sold\n", "no rows"),
    "two columns of one name": (b"x,x,sold\n1,2,a\n3,4,b\n", "more than one column"),
    "a row with more values": (b"x,sold\n1,a\n2,b,c\n3,a\n", "line 3"),
    "an Excel workbook": (b"PK\x03\x04rest", "Excel"),
    "one value of the target": (b"x,sold\n1,a\n2,a\n3,a\n", "nothing to learn"),
    "no value of the target": (b"x,sold\n1,\n2,\n3,NaN\n", "no value in any row"),
    "no column but the target": (b"sold\na\nb\na\n", "no column is left"),
    "zero bytes": (b"x,sold\n1\0,a\n", "zero bytes"),
}


@pytest.mark.parametrize("what", FILES)
def test_files(folder, what):
    data, said = FILES[what]
    Path("table.csv").write_bytes(data)
    result = run("table.csv", "--target", "sold")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["good.csv", "table.csv"]


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        ((), "no table is given", "glassgrad train table.csv --target column"),
        (("good.csv",), "no target is given", "one of x, color, sold"),
        (("good.csv", "--target", "Sold"), "no target 'Sold'", "did you mean 'sold'?"),
        (("good.csv", "--target", "solt"), "no target 'solt'", "did you mean 'sold'?"),
        (("god.csv", "--target", "sold"), "there is no file god.csv", "good.csv"),
        ((".", "--target", "sold"), "is a folder", ".csv"),
        (("good.csv", "--target", "sold", "--separator", ";"), "does not separate", "','"),
        (("good.csv", "--target", "sold", "--task", "regression"), "no numbers", "--task classification"),
        (("good.csv", "--target", "sold", "--task", "guess"), "no task 'guess'", "classification or regression"),
        (("good.csv", "--target", "sold", "--kind", "color"), "--kind is 'color'", "zip=category"),
        (("good.csv", "--target", "sold", "--kind", "colour=drop"), "no column 'colour'", "'color'"),
        (("good.csv", "--target", "sold", "--kind", "color=word"), "of the kind 'word'", "number, category, date"),
        (("good.csv", "--target", "sold", "--time-column", "day"), "no time column 'day'", "columns are"),
        (("good.csv", "--target", "sold", "--hidden", "64,x"), "sizes are whole numbers", "--hidden 64,32"),
        (("good.csv", "--target", "sold", "--hidden", "0"), "--hidden[0] is 0", None),
        (("good.csv", "--target", "sold", "--lr", "fast"), "--lr is 'fast'", "auto"),
        (("good.csv", "--target", "sold", "--lr", "-1"), "--lr is -1", "a positive number"),
        (("good.csv", "--target", "sold", "--optimizer", "adm"), "no optimizer 'adm'", "adam"),
        (("good.csv", "--target", "sold", "--activation", "rely"), "no activation 'rely'", "relu"),
        (("good.csv", "--target", "sold", "--epochs", "0"), "--epochs is 0", None),
        (("good.csv", "--target", "sold", "--test", "0.7", "--validation", "0.3"), "no rows for the training", None),
        (("good.csv", "--target", "sold", "--resume", "--overwrite"), "which one", None),
        (("good.csv", "--target", "sold", "--out", "good.csv"), "is a file", "--out"),
        (("good.csv", "--config", "no.toml"), "there is no file no.toml", None),
    ],
)
def test_words(folder, words, said, hint):
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    message, _, found = result.stderr.partition("hint: ")
    assert said in message
    assert hint is None or hint in found
    assert sorted(path.name for path in folder.iterdir()) == ["good.csv"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("target = sold\n", "is no TOML"),
        ('target = "sold"\nlearning_rate = 0.1\n', "no setting 'learning_rate'\n\nhint: did you mean 'lr'?"),
        ('target = "sold"\nepoch = 5\n', "did you mean 'epochs'?"),
        ('target = "sold"\nhidden = "64"\n', "hidden is a list of whole numbers: [64, 32], found '64'"),
        ('target = "sold"\nepochs = 2.5\n', "epochs is a whole number, found 2.5"),
        ('target = "sold"\nclip = "no"\n', "clip is a number, found 'no'"),
        ("target = 3\n", "target is a text in quotes, found 3"),
        ('target = "sold"\nkind = "drop"\n', "kind is a table"),
        ('target = "sold"\n[kind]\nx = 1\n', "'x' cannot be of the kind 1"),
    ],
)
def test_settings(folder, text, said):
    Path("train.toml").write_text(text)
    result = run("good.csv", "--config", "train.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "train.toml" in result.stderr
    assert said in result.stderr


@pytest.mark.filterwarnings("ignore:validation loss is:RuntimeWarning")  # before the loss itself is none
def test_a_training_that_fails_says_so_and_leaves_no_folder(folder):
    result = run("good.csv", "--target", "sold", "--lr", "1e5", "--clip", "0", "--optimizer", "sgd", "--epochs", "9")
    assert result.exit_code == 2
    assert "the training failed: the loss is" in result.stderr
    assert "--lr auto" in result.stderr
    assert not Path("good-model").exists()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["größe,färbe 🎨,sold", *LINES], "färbe 🎨"),
        (["x;color;sold", *[line.replace(",", ";") for line in LINES]], "target sold"),
        (["x,color,sold", *LINES, "0.5,red,maybe"], "'maybe' belongs to one row only"),
        (["x,color,sold", *LINES, "0.5,red,", "0.1,blue,NaN"], "2 rows without a value of 'sold' will not be used"),
        (["x,color,one,sold", *[line.replace("d,", "d,1,").replace("e,", "e,1,") for line in LINES]], "– constant"),
        (["x,color,sold", *[("oops" + line[6:] if i % 5 == 0 else line) for i, line in enumerate(LINES)]], "mixed: "),
    ],
)
def test_odd_tables_are_learnt_from_and_what_is_odd_is_told(folder, lines, said):
    result = run(table(*lines), "--target", "sold", "--epochs", "1", "--hidden", "4")
    assert result.exit_code == 0, result.stderr
    assert said in " ".join(result.stderr.split())


def test_a_table_without_enough_rows_for_a_test_says_so(folder):
    result = run(table("x,y", "1,a", "2,b"), "--target", "y", "--epochs", "1", "--hidden", "4")
    assert result.exit_code == 0, result.stderr
    assert "nobody can say how good it is" in " ".join(result.stderr.split())
    assert "nobody knows how good" in Path("table-model/report.html").read_text()


def test_unreadable_and_unwritable_places_are_told(folder, monkeypatch):
    def refuse(*args, **named):
        raise PermissionError(13, "Permission denied", "good.csv")

    monkeypatch.setattr("glassgrad.train.job.learning.read", refuse)
    result = run("good.csv", "--target", "sold")
    assert (result.exit_code, result.stderr) == (2, "error: good.csv cannot be read or written: Permission denied\n")


def test_too_little_memory_is_told(folder, monkeypatch):
    def refuse(*args, **named):
        np.zeros(2**62, np.int8)

    monkeypatch.setattr("glassgrad.train.job.learning.read", refuse)
    result = run("good.csv", "--target", "sold")
    assert (result.exit_code, "not enough memory" in result.stderr) == (2, True)
