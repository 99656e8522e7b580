"""`glassgrad train` and `glassgrad predict` as a person uses them: what they write, what they say, how they go on."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pl = pytest.importorskip("polars")
pytest.importorskip("sklearn")

from glassgrad.base.tensors import read  # noqa: E402
from glassgrad.cli.main import app  # noqa: E402 - only where tables can be read
from glassgrad.train.job import load_network  # noqa: E402
from glassgrad.train.tabular.options import Options  # noqa: E402

SMALL = ("--epochs", "3", "--hidden", "8")


def run(*words):
    return CliRunner(env={"COLUMNS": "90"}).invoke(app, [str(word) for word in words])


def pets(rows=200):
    generator = np.random.default_rng(0)
    weight = generator.normal(10, 3, rows)
    kind = generator.choice(["cat", "dog", "größer Hund"], rows)
    price = 20 * weight + 50 * (kind == "dog") + generator.normal(0, 5, rows)
    sold = np.where(weight + generator.normal(0, 1, rows) > 10, "yes", "no")
    return pl.DataFrame({"id": range(1, rows + 1), "weight": weight, "kind": kind, "price": price, "sold": sold})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    pets().write_csv(tmp_path / "pets.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_same_network(one, two):
    first, second = (read(path / "model.safetensors").arrays for path in (one, two))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def read_csv(text):
    return list(csv.DictReader(io.StringIO(text)))


# ------------------------------------------------------------------ what it writes
def test_train_writes_a_folder_with_everything(folder):
    result = run("train", "pets.csv", "--target", "sold", *SMALL)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "pets-model\n"
    found = folder / "pets-model"
    names = {path.name for path in found.iterdir()}
    assert names >= {
        "config.toml", "plan.json", "preparation", "model.safetensors", "network.json", "metrics.json", "history.json",
        "predictions.csv", "report.html",
    }  # fmt: skip
    assert not (folder / "pets-model.unfinished").exists()
    summary = json.loads((found / "metrics.json").read_text())
    assert summary["task"] == "classification"
    assert summary["rows"] == {"train": 140, "validation": 20, "test": 40}
    assert set(summary["baselines"]) == {"majority", "logistic regression"}
    history = json.loads((found / "history.json").read_text())
    assert len(history["epochs"]) == 3
    assert np.shape(history["layers"]["gradient"]) == (len(history["layers"]["step"]), 4)
    tested = read_csv((found / "predictions.csv").read_text())
    table = pets()
    assert len(tested) == 40
    assert all(row["sold"] == table["sold"][int(row["row"]) - 1] for row in tested)
    hits = np.mean([row["sold"] == row["prediction"] for row in tested])
    assert hits == pytest.approx(summary["metrics"]["accuracy"])
    assert "glassgrad train pets.csv --target sold --hidden 8 --epochs 3" in (found / "report.html").read_text()


def test_train_says_what_it_inferred_and_how_good_it_is_beside_the_baselines(folder):
    result = run("train", "pets.csv", "--target", "sold", *SMALL)
    assert "target sold: classification into 2 classes" in result.stderr
    assert "140 rows to train, 20 to validate, 40 to test" in result.stderr
    assert "– identifier  it counts the rows" in result.stderr
    assert "--kind COLUMN=number|category|date|drop" in result.stderr
    assert "logistic regression" in result.stderr
    assert "accuracy" in result.stderr
    assert all(len(line) <= 90 for line in result.stderr.splitlines())


def test_the_same_words_give_the_same_network(folder):
    for name in ("one", "two"):
        assert run("train", "pets.csv", "--target", "price", *SMALL, "--out", name).exit_code == 0
    assert_same_network(folder / "one", folder / "two")


def test_json_goes_to_stdout_and_nothing_else_does(folder):
    result = run("train", "pets.csv", "--target", "price", *SMALL, "--json")
    found = json.loads(result.stdout)
    assert (found["task"], found["folder"], found["epochs"]) == ("regression", "pets-model", 3)
    assert set(found["metrics"]) == {"rmse", "mae", "r2"}
    assert set(found["baselines"]) == {"mean", "linear regression"}


def test_columns_are_overruled(folder):
    result = run(
        "train", "pets.csv", "--target", "sold", *SMALL, "--kind", "id=number", "--kind", "price=drop", "--json"
    )
    assert result.exit_code == 0, result.stderr
    plan = json.loads((folder / "pets-model/plan.json").read_text())
    kinds = {column["name"]: column["kind"] for column in plan["columns"]}
    assert kinds == {"id": "number", "weight": "number", "kind": "category", "price": "left out"}


def test_settings_come_from_a_file_and_the_command_line_overrules_them(folder):
    (folder / "train.toml").write_text(
        'data = "pets.csv"\ntarget = "sold"\nhidden = [4]\nepochs = 9\nclip = 0\n[kind]\nid = "drop"\n'
    )
    assert run("train", "--config", "train.toml", "--epochs", 2).exit_code == 0
    again = (folder / "pets-model/config.toml").read_text()
    assert "hidden = [4]" in again
    assert "epochs = 2" in again
    assert '"id" = "left out"' in again
    (folder / "again.toml").write_text(again)
    assert run("train", "--config", "again.toml", "--out", "again").exit_code == 0
    assert_same_network(folder / "pets-model", folder / "again")
    assert (folder / "again/config.toml").read_text() == again


def test_the_last_rows_by_a_time_column_are_the_test(folder):
    pets().with_columns(pl.lit(1).alias("x"), day=pl.Series(range(200, 0, -1))).write_csv("days.csv")
    result = run("train", "days.csv", "--target", "price", "--time-column", "day", *SMALL)
    assert result.exit_code == 0, result.stderr
    rows = {int(row["row"]) for row in read_csv((folder / "days-model/predictions.csv").read_text())}
    assert rows == set(range(1, 41))


@pytest.mark.parametrize("ending", ["parquet", "npz", "tsv"])
def test_other_formats(folder, ending):
    table = pets()
    if ending == "npz":
        numbers = np.stack([table["weight"].to_numpy(), table["price"].to_numpy()], axis=1)
        np.savez("pets.npz", x=numbers, sold=(table["sold"].to_numpy() == "yes").astype(int))
    elif ending == "tsv":
        table.write_csv("pets.tsv", separator="\t")
    else:
        table.write_parquet("pets.parquet")
    result = run("train", f"pets.{ending}", "--target", "sold", *SMALL, "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["task"] == "classification"
    predicted = run("predict", "pets-model", f"pets.{ending}")
    assert len(predicted.stdout.splitlines()) == 201


def test_a_range_test_chooses_the_rate(folder):
    assert run("train", "pets.csv", "--target", "sold", *SMALL, "--lr", "auto").exit_code == 0
    assert "by a range test" in (folder / "pets-model/report.html").read_text()


def test_help_tells_the_defaults_that_are_used():
    text = " ".join(run("train", "--help").stdout.replace("│", " ").split())
    usual = Options()
    for shown in (
        "(192;", usual.activation, usual.optimizer, f"({usual.clip})", f"({usual.epochs})",
        f"({usual.seed})",
    ):  # fmt: skip
        assert shown in text


# ------------------------------------------------------------------ folders that are there already
def test_nothing_is_written_over_unless_it_is_said(folder):
    words = ("train", "pets.csv", "--target", "sold", *SMALL)
    assert run(*words, "--out", "m").exit_code == 0
    before = (folder / "m/metrics.json").read_text()
    again = run(*words, "--out", "m")
    assert (again.exit_code, "m is there already" in again.stderr, "--overwrite" in again.stderr) == (2, True, True)
    assert (folder / "m/metrics.json").read_text() == before
    assert run(*words, "--out", "m", "--seed", 5, "--overwrite").exit_code == 0
    assert "seed = 5" in (folder / "m/config.toml").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["m", "pets.csv"]
    (folder / "own").mkdir()
    (folder / "own/thesis.tex").write_text("…")
    assert run(*words, "--out", "own", "--overwrite").exit_code == 2
    assert (folder / "own/thesis.tex").exists()


def test_without_out_a_free_name_is_taken(folder):
    names = [run("train", "pets.csv", "--target", "sold", *SMALL).stdout.strip() for _ in range(2)]
    assert names == ["pets-model", "pets-model-2"]


# ------------------------------------------------------------------ breaks
def start(*words):
    return subprocess.Popen(
        [sys.executable, "-m", "glassgrad", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def wait_for(path, process, seconds=60):
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_was_broken_off_goes_on_and_gives_the_same_network(folder, how):
    words = ("train", "pets.csv", "--target", "sold", "--epochs", 200, "--patience", 200, "--hidden", 8)
    assert run(*words, "--out", "whole").exit_code == 0
    process = start(*words, "--out", "broken")
    wait_for(folder / "broken.unfinished/checkpoints/last.safetensors", process)
    os.killpg(process.pid, how)
    _, errors = process.communicate(timeout=60)
    assert not (folder / "broken").exists()
    if how is signal.SIGINT:
        assert process.returncode == 130, errors
        assert "glassgrad train --resume --out broken" in errors
        assert "Traceback" not in errors
    refused = run(*words, "--out", "broken")
    assert (refused.exit_code, "an unfinished run lies in" in refused.stderr) == (2, True)
    other = run("train", "--resume", "--out", "broken", "--hidden", 16)
    assert (other.exit_code, "has hidden = [8], and now it is [16]" in other.stderr) == (2, True)
    resumed = run("train", "--resume", "--out", "broken")
    assert resumed.exit_code == 0, resumed.stderr
    assert not (folder / "broken.unfinished").exists()
    assert_same_network(folder / "whole", folder / "broken")
    first, second = (json.loads((folder / name / "metrics.json").read_text()) for name in ("whole", "broken"))
    assert (first["metrics"], first["steps"]) == (second["metrics"], second["steps"])


def test_resume_without_a_run_says_so(folder):
    result = run("train", "pets.csv", "--target", "sold", "--resume")
    assert (result.exit_code, "no unfinished run of pets-model" in result.stderr) == (2, True)


def test_resume_of_a_finished_run_says_so(trained):
    assert "it is finished" in run("train", "--resume", "--out", "pets-model").stderr


# ------------------------------------------------------------------ predict
@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A folder with a network that is trained once for all tests of predictions."""
    folder = tmp_path_factory.mktemp("once")
    pets().write_csv(folder / "pets.csv")
    words = ("train", folder / "pets.csv", "--target", "sold", *SMALL, "--out", folder / "pets-model")
    assert run(*words).exit_code == 0
    return folder


@pytest.fixture
def trained(once, folder):
    shutil.copytree(once / "pets-model", folder / "pets-model")
    return folder


def test_predict_gives_csv_with_probabilities(trained):
    new = pets(30).drop("sold", "id")
    new.write_csv("new.csv")
    result = run("predict", "pets-model", "new.csv")
    assert result.exit_code == 0, result.stderr
    rows = read_csv(result.stdout)
    assert len(rows) == 30
    assert list(rows[0]) == ["prediction", "probability no", "probability yes"]
    for row in rows:
        assert float(row["probability no"]) + float(row["probability yes"]) == pytest.approx(1, abs=1e-6)
        assert float(row[f"probability {row['prediction']}"]) >= 0.5


def test_predict_keeps_columns_writes_files_and_gives_json(trained):
    assert run("predict", "pets-model", "pets.csv", "--keep", "id", "--out", "found.csv").exit_code == 0
    rows = read_csv((trained / "found.csv").read_text())
    assert [int(row["id"]) for row in rows] == list(range(1, 201))
    assert run("predict", "pets-model", "pets.csv", "--out", "found.parquet").exit_code == 0
    assert pl.read_parquet("found.parquet")["prediction"].to_list() == [row["prediction"] for row in rows]
    found = json.loads(run("predict", "pets-model", "pets.csv", "--json").stdout)
    assert found["target"] == "sold"
    assert [row["prediction"] for row in found["rows"]] == [row["prediction"] for row in rows]


def test_predict_compares_where_the_truth_is_known_and_tells_what_is_strange(trained):
    table = pets().with_columns(kind=pl.lit("parrot"))
    table.write_csv("strange.csv")
    result = run("predict", "pets-model", "strange.csv")
    assert result.exit_code == 0
    assert "on the 200 rows whose target is known: accuracy" in " ".join(result.stderr.split())
    assert "! kind: the training had no 'parrot' (200 rows)" in result.stderr
    target = json.loads(Path("pets-model/metrics.json").read_text())["target"]
    table.with_columns(pl.lit("no such class").alias(target)).write_csv("strange.csv")
    result = run("predict", "pets-model", "strange.csv")
    assert result.exit_code == 0
    assert f"! predictions are not compared with the target: {target!r} has 'no such class'" in result.stderr


def test_predict_numbers(folder):
    assert run("train", "pets.csv", "--target", "price", "--epochs", 60).exit_code == 0
    rows = read_csv(run("predict", "pets-model", "pets.csv").stdout)
    error = np.array([float(row["prediction"]) for row in rows]) - pets()["price"].to_numpy()
    assert list(rows[0]) == ["prediction"]
    assert np.sqrt(np.mean(error**2)) < 0.5 * pets()["price"].std()


# ------------------------------------------------------------------ export
def test_export_to_numpy_computes_what_predict_gives(trained):
    result = run("export", "pets-model", "--to", "numpy", "--out", "out/pets.py")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.split()[0].endswith("pets.py")
    assert all(Path(line).exists() for line in result.stdout.split())
    facts = json.loads(Path("out/pets.inputs.json").read_text())
    network = load_network(Path("pets-model"))
    inputs = network.preparation.inputs(pets())
    assert facts["inputs"] == list(network.preparation.feature_names)
    code = "import sys, numpy as np, pets; np.save('y.npy', pets.predict(np.load('x.npy')))"
    np.save("out/x.npy", inputs)
    subprocess.run([sys.executable, "-c", code], cwd="out", check=True, timeout=60)
    scores = np.load("out/y.npy")
    chosen = [facts["outputs"]["classes"][place] for place in scores.argmax(axis=1)]
    assert chosen == [row["prediction"] for row in read_csv(run("predict", "pets-model", "pets.csv").stdout)]


@pytest.mark.parametrize("form", ["numpy", "onnx", "torch"])
def test_export_writes_into_the_folder_and_lists_its_files(trained, form):
    if form == "onnx":
        pytest.importorskip("onnx")
    result = run("export", "pets-model", "--to", form, "--json")
    assert result.exit_code == 0, result.stderr
    files = json.loads(result.stdout)["files"]
    assert all(Path(file).parent == Path("pets-model") and Path(file).exists() for file in files)
    assert run("predict", "pets-model", "pets.csv").exit_code == 0
    assert json.loads(run("export", "pets-model", "--to", form, "--json").stdout)["files"] == files
    assert files[0].startswith("pets-model/network")
    assert files[-1].endswith(".inputs.json")


def test_export_lists_the_weights_of_a_large_network_each_time(folder):
    assert run("train", "pets.csv", "--target", "price", "--epochs", 1, "--out", "m").exit_code == 0
    for _ in range(2):
        files = json.loads(run("export", "m", "--to", "numpy", "--json").stdout)["files"]
        assert files == ["m/network.py", "m/network.npz", "m/network.inputs.json"]


def test_export_says_what_is_wrong(trained):
    result = run("export", "pets-model", "--to", "excel")
    assert (result.exit_code, "no form 'excel'" in result.stderr, "numpy, onnx, torch" in result.stderr) == (
        2,
        True,
        True,
    )
    assert run("export", ".", "--to", "numpy").exit_code == 2
    assert run("export", "pets-model", "--to", "numpy", "--out", "pets.csv/x.py").exit_code == 2


# ------------------------------------------------------------------ what predict says
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pets-model", "few.csv"), "weight"),
        (("pets-model", "nothing.csv"), "there is no file nothing.csv"),
        (("pets-model", "pets.csv", "--keep", "name"), "no column 'name' to keep"),
        (("nowhere", "pets.csv"), "there is no folder nowhere"),
        ((".", "pets.csv"), "did not write"),
        (("pets.csv", "pets.csv"), "did not write"),
        (("damaged", "pets.csv"), "model.safetensors"),
        (("pets-model", "pets.csv", "--json", "--out", "x.parquet"), "--json"),
        (("pets-model", "pets.csv", "--out", "no/such/place.csv"), "cannot be written"),
        (("pets-model", "pets.csv", "--out", "no/such/place.parquet"), "no/such"),
    ],
)
def test_predict_says_what_is_wrong(trained, words, said):
    pets().drop("weight").write_csv("few.csv")
    shutil.copytree("pets-model", "damaged")
    Path("damaged/model.safetensors").write_bytes(b"\x00" * 40)
    result = run("predict", *words)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert result.stdout == ""
