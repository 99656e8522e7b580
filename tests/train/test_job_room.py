"""Large tables: what a training takes is told before it is read, and so is every step on the way."""

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("polars")
pytest.importorskip("sklearn")

from glassgrad.base.errors import TableError
from glassgrad.cli.main import app
from glassgrad.cli.training_tables import Lines
from glassgrad.train.job import Settings, material
from glassgrad.train.job.room import check_room, room_for
from glassgrad.train.tabular import memory


@pytest.fixture(params=["csv", "parquet"])
def large(request, tmp_path, monkeypatch):
    """A file of 20,000 rows that counts as large."""
    import polars as pl

    monkeypatch.setattr("glassgrad.train.tabular.reading.LARGE", 1000)
    monkeypatch.setattr("glassgrad.train.tabular.delimited.LARGE", 1000)
    monkeypatch.setattr("glassgrad.train.tabular.delimited.BLOCK", 100_000)
    draw = np.random.default_rng(0)
    columns = {f"x{place}": draw.normal(size=20_000).round(3) for place in range(3)}
    words = {"id": [f"K{n:05d}" for n in range(20_000)], "y": draw.choice(["yes", "no"], 20_000)}
    path = tmp_path / f"t.{request.param}"
    frame = pl.DataFrame(columns | words)
    frame.write_csv(path) if request.param == "csv" else frame.write_parquet(path)
    return path


def test_the_first_rows_tell_what_a_training_takes(large):
    room = room_for(Settings(str(large), "y"))
    assert room.inputs == 3
    assert room.rows == pytest.approx(20_000, rel=0.02)
    made = material(Settings(str(large), "y"))
    parts = sum(part.estimated_size() for part in (made.split.train, made.split.validation, made.split.test))
    inputs = 4 * 3 * 16_000
    assert 0.5 * (parts + inputs) < room.rows * room.by_row < 3 * (parts + inputs)
    assert made.split.train.columns == ["x0", "x1", "x2", "y"]  # the identifier takes no room
    assert room_for(Settings(str(large), "y", rows=100)).rows == 100
    assert room_for(Settings(str(large), "id")) is None  # reading says that it has too many classes


def test_a_table_without_room_is_refused_with_the_rows_that_have(large, monkeypatch):
    settings = Settings(str(large), "y")
    room = room_for(settings)
    monkeypatch.setattr("glassgrad.train.job.room.free_memory", lambda: (350e6 + 5050 * room.by_row) / 0.9)
    with pytest.raises(TableError, match=r"20,000 rows of 3 inputs.* GB are free") as caught:
        check_room(settings, room)
    assert caught.value.hint == "rows=5000 takes a part of the rows, drawn by chance"
    result = CliRunner().invoke(app, ["train", str(large), "--target", "y", "--out", str(large.parent / "m")])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "hint: --rows 5000 takes a part of the rows" in result.stderr
    words = ["train", str(large), "--target", "y", "--rows", "400", "--epochs", "1", "--out", str(large.parent / "m")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.stderr
    assert "! 400 of 20,000 rows are used, drawn by chance" in result.stderr
    assert "rows = 400" in (large.parent / "m/config.toml").read_text()
    assert "--rows 400" in (large.parent / "m/report.html").read_text()


def test_what_is_going_on_is_said(large):
    said: list[str] = []
    material(Settings(str(large), "y"), said.append)
    assert "20,000 rows of 3 inputs" in said[0].replace("19,000", "20,000")
    assert any(line.startswith("looking at 5 columns of 20,000 rows") for line in said)
    assert said[-1] == "preparing 14,000 rows to train on"


def test_lines_come_at_most_so_often():
    class Screen:
        def __init__(self):
            self.said = []

        def print(self, text):
            self.said.append(str(text))

    screen = Screen()
    often, seldom = Lines(screen, 0.0), Lines(screen, 1000.0)
    for number in range(3):
        often.say(f"often {number}")
        seldom.say(f"seldom {number}")
    assert screen.said == ["often 0", "often 1", "often 2"]


def test_memory_is_what_can_be_made_free(tmp_path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 8000 kB\nMemFree: 100 kB\nMemAvailable: 4000 kB\n")
    monkeypatch.setattr(memory, "_MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    assert memory.free_memory() == 4_096_000
    for name, text in (("max", "3000000\n"), ("current", "1500000\n"), ("stat", "anon 5\ninactive_file 500000\n")):
        (tmp_path / f"memory.{name}").write_text(text)
    assert memory.free_memory() == 2_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_memory() == 4_096_000
