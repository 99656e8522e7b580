"""`glassgrad runs`: what a person sees of the store, and what a script gets."""

import json
import math

import numpy as np
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from glassgrad.cli.main import app
from glassgrad.cli.runs_view import ago, main_metric, size
from glassgrad.terminal.charts import plot, sparkline
from glassgrad.terminal.table import Cell, Column, table
from glassgrad.train import store as run_store


def run(*words, width=80, answer=None):
    environment = {"COLUMNS": str(width), "NO_COLOR": "1", "FORCE_COLOR": ""}
    return CliRunner().invoke(app, ["runs", *[str(word) for word in words]], env=environment, input=answer)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = run_store.open()
    for number, name in enumerate(("digits with a rather long name", "größe 图像", "wine")):
        configuration = {"optimizer": {"kind": "adam", "rate": 0.1**number}, "sizes": [64, 32]}
        with store.begin(name, configuration, data={"sha256": "ab" * 32}) as writer:
            losses = np.exp(-np.arange(100.0) / (10 + 20 * number)) + 0.01
            writer.log_many(np.arange(100), {"loss": losses, "gradient_norm": 3 * losses})
            writer.log(99, {"validation_accuracy": 0.9 - 0.1 * number})
            writer.log_layers(99, "gradient norm", {"layers[0].weight": 0.5, "layers[2].weight": 1e-9})
            (tmp_path / "model.bin").write_bytes(b"weights")
            writer.artefact("model.bin", "model")
    with store.begin("diverged") as writer:
        writer.log(0, {"loss": 1.0})
        writer.log(1, {"loss": math.nan})
        writer.finish("failed", "the loss is NaN")
    store.close()
    return tmp_path / ".glassgrad" / "runs.db"


def fits(text, width):
    return max(cell_len(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_tables_fit_the_terminal(place, width):
    listed, shown = run("list", width=width), run("show", "wine", width=max(80, width))
    compared = run("compare", "latest", "latest~1", "latest~2", "latest~3", width=max(60, width))
    assert [result.exit_code for result in (listed, shown, compared)] == [0, 0, 0]
    assert fits(listed.stdout, width)
    assert fits(compared.stdout, max(60, width))
    assert fits(shown.stdout, max(80, width))
    rows = listed.stdout.splitlines()
    assert len(rows) == 5
    assert all(record.id in row for record, row in zip(run_store.open().runs(), rows[1:], strict=True))


def test_list_shows_how_runs_went(place):
    head, diverged, wine, *_ = run("list", width=120).stdout.splitlines()
    assert head.split()[:8] == ["id", "name", "status", "ago", "took", "steps", "loss", "last"]
    assert "failed" in diverged
    assert "NaN" in diverged
    assert "!" in diverged
    assert "█" in wine
    assert wine.split()[-1] == "99"


def test_list_filters_sorts_and_limits(place):
    def names(*words):
        return [found["name"] for found in json.loads(run("list", "--json", *words).stdout)]

    assert names("--sort", "validation_accuracy")[0] == "digits with a rather long name"
    assert names("--sort", "loss", "--limit", 1) == ["digits with a rather long name"]
    assert names("--status", "failed") == ["diverged"]
    assert names("--status", "failed", "--status", "finished", "--name", "w*") == ["wine"]
    assert names() == names("--limit", 0)
    result = run("list", "--limit", 2)
    assert len(result.stdout.splitlines()) == 3
    assert "--limit 0 shows all" in result.stderr
    assert "validation_…" in run("list", "--metric", "validation_accuracy").stdout
    assert run("list", "--name", "nothing").stderr == "no run fits\n"


def test_json_has_each_figure(place):
    diverged, wine, *_ = json.loads(run("list", "--json").stdout)
    assert diverged["metrics"]["loss"]["last"] == "NaN"
    assert (diverged["status"], diverged["reason"]) == ("failed", "the loss is NaN")
    assert wine["metrics"]["loss"]["best_step"] == 99
    shown = json.loads(run("show", "wine", "--json").stdout)
    assert shown["configuration"]["sizes"] == [64, 32]
    assert shown["layers"] == {"gradient norm": ["layers[0].weight", "layers[2].weight"]}
    assert shown["artefacts"][0]["bytes"] == 7
    compared = json.loads(run("compare", "wine", "diverged", "--json").stdout)
    kinds = [each for each in compared["differences"] if each["place"] == "configuration.optimizer.kind"]
    assert kinds == [{"place": "configuration.optimizer.kind", "values": ["adam", None]}]
    assert compared["equal"] > 5


def test_show_has_everything(place):
    text = run("show", "wine", "--metric", "gradient_norm", "--metric", "loss").stdout
    for part in (
        "finished",
        "optimizer.rate",
        "[64, 32]",
        "sha256 abab",
        "numpy",
        "Layers",
        "layers[2].weight",
        "1e-09",
    ):
        assert part in text
    assert "model.bin" in text
    assert text.count("●") > 60
    assert run("show").stdout.splitlines()[0].endswith("diverged")
    assert "failed: the loss is NaN" in run("show").stdout


def test_compare_shows_where_runs_differ_and_which_is_better(place):
    text = run("compare", "wine", "größe 图像").stdout
    assert "configuration.optimizer.rate" in text
    assert "configuration.optimizer.kind" not in text
    best = next(line for line in text.splitlines() if "validation_accuracy, best" in line)
    assert best.split() == ["validation_accuracy,", "best", "0.7", "0.8", "←"]
    assert "←" not in next(line for line in text.splitlines() if "gradient_norm, " in line)
    assert "○" in text
    twice = run("compare", "wine", "wine").stdout
    assert "They differ in none" in twice


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("show", "wien"), "there is no run 'wien'", "did you mean 'wine'?"),
        (("show", "wine", "--metric", "los"), "no run has a metric 'los'", "did you mean 'loss'?"),
        (("list", "--sort", "los"), "no run has a metric 'los' to sort by", "did you mean 'loss'?"),
        (("list", "--metric", "los"), "no run has a metric 'los'", "did you mean 'loss'?"),
        (("compare", "wine"), "a comparison takes two runs or more", "latest~1 latest"),
        (("delete", "wien", "--yes"), "there is no run 'wien'", "did you mean 'wine'?"),
        (("export", "wine"), "say where to: --output runs.json", ""),
        (("export", "--output", "a.json"), "name the runs to export, or all of them by --all", ""),
        (("export", "wine", "--output", "a.txt"), "the ending of a.txt does not say the format", "--to"),
        (("list", "--store", "missing.db"), "there is no run store at missing.db", ""),
    ],
)
def test_errors_say_what_to_do(place, words, message, hint):
    result = run(*words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert hint in result.stderr
    assert result.stdout == ""
    assert len(run_store.open().runs()) == 4


def test_a_damaged_store_is_named(place):
    place.write_bytes(b"no database" * 500)
    for suffix in ("-wal", "-shm"):
        place.with_name(place.name + suffix).unlink(missing_ok=True)
    result = run("list")
    assert result.exit_code == 2
    assert "runs.db is damaged or is no run store" in result.stderr


def test_no_store_yet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no runs yet" in result.stderr
    assert json.loads(run("list", "--json").stdout) == []
    assert run("show").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_delete_asks(place):
    asked = run("delete", "wine", "latest", answer="n\n")
    assert asked.exit_code == 1
    assert "delete 2 runs?" in asked.stderr
    assert len(run_store.open().runs()) == 4
    assert run("delete", "wine", answer="").exit_code != 0  # nobody answers
    assert run("delete", "wine", "wine", answer="y\n").exit_code == 0
    gone = run_store.open().run("latest").id
    assert json.loads(run("delete", "latest", "--yes", "--json").stdout) == {"deleted": [gone]}
    assert [record.name for record in run_store.open().runs()] == ["größe 图像", "digits with a rather long name"]


def test_export_writes_what_the_ending_says(place, tmp_path):
    assert run("export", "wine", "--output", "wine.json").exit_code == 0
    assert json.loads((tmp_path / "wine.json").read_text(encoding="utf-8"))["runs"][0]["name"] == "wine"
    result = run("export", "--all", "--output", "all.txt", "--to", "csv", "--json")
    assert len(json.loads(result.stdout)["runs"]) == 4
    assert (tmp_path / "all.txt").read_text(encoding="utf-8").startswith("run,kind,name,step,value")


def test_columns_that_matter_less_go_first_and_long_texts_are_cut():
    columns = [Column("id"), Column("name", least=4), Column("extra", spare=1), Column("n", right=True)]
    rows = [["a1", "a long name", Cell("extra", "red"), "12345"], ["b2", "图像图像", "", "6"]]
    assert table(columns, rows, width=60).splitlines()[1] == "a1  a long name  extra  12345"
    assert table(columns, rows, width=20).splitlines()[1:] == ["a1  a long n…  12345", "b2  图像图像       6"]
    assert table(columns, rows, width=16).splitlines()[1] == "a1  a lo…  12345"
    assert "\x1b[31mextra\x1b[0m" in table(columns, rows, width=60, colours=True)


def test_curves():
    assert sparkline(np.arange(8.0), 8) == "▁▂▃▄▅▆▇█"
    assert sparkline(np.full(5, 2.0), 8) == "▁▁▁▁▁"
    assert sparkline(np.array([np.nan, np.inf]), 8) == "!!"
    assert sparkline(np.repeat([0.0, 7.0], 32), 2) == "▁█"
    falling = plot([(np.arange(50), np.exp(-np.arange(50.0)))], width=40)
    assert "(logarithmic)" in falling
    assert plot([(np.arange(2), np.array([np.nan, np.inf]))], width=40) == "no finite value to plot"
    assert plot([(np.array([3]), np.array([1.0]))], width=40, height=3).count("●") == 1
    assert fits(falling, 40)


def test_words_for_figures():
    assert [ago(seconds) for seconds in (5, 300, 7300, 2e5)] == ["5 s", "5 min", "2 h", "2 d"]
    assert [size(count) for count in (7, 1500, 250_000_000)] == ["7 B", "1.5 kB", "250 MB"]
    assert main_metric(["accuracy", "validation_loss", "loss"]) == "loss"
    assert main_metric(["accuracy", "validation_loss"]) == "validation_loss"
    assert main_metric([]) is None
