"""The commands as a person runs them: output, exit codes, errors, files."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from glassgrad._version import __version__
from glassgrad.cli.main import app

MODEL = """
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def loss(W, b, x):
    z = W @ x + b
    a = sigmoid(z)
    return np.sum(a)
"""


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def model(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "args.json").write_text(json.dumps({"W": [[0.1, 0.2]], "b": [0.5], "x": [1.0, -1.0]}))
    np.savez(tmp_path / "args.npz", W=np.array([[0.1, 0.2]]), b=np.array([0.5]), x=np.array([1.0, -1.0]))
    return tmp_path


def test_derive_skydiver_as_text_and_json():
    words = ("derive", "p = 101325*exp(-0.0001*h)", "--let", "h = 4000 - 0.5*9.8*t**2", "--at", "t=10")
    text = run(*words, "--units", "t=s, h=m, p=Pa")
    assert text.exit_code == 0
    assert "699.045  Pa/s" in text.stdout
    assert all(len(line) <= 80 for line in text.stdout.splitlines())
    found = json.loads(run(*words, "--format", "json").stdout)
    assert found["derivative"]["value"] == pytest.approx(699.045, abs=5e-4)
    assert [link["name"] for link in found["links"]] == ["h", "p"]
    assert found["check"]["agrees"] is True
    assert json.loads(run(*words, "--json").stdout) == found


@pytest.mark.parametrize("form", ["latex", "mathml", "html", "markdown"])
def test_derive_has_its_forms(form):
    result = run("derive", "sin(x)**2", "--format", form)
    assert result.exit_code == 0
    assert "sin" in result.stdout


@pytest.mark.parametrize(("formula", "point"), [("x**x", 2.0), ("sec(x)*LambertW(x)", 0.5), ("Max(x, 1)*erf(x)", 2.0)])
def test_derive_as_python_runs_alone(formula, point):
    scope = {}
    exec(run("derive", formula, "--format", "python").stdout, scope)
    value, slope = scope["f_and_derivative"](point)
    ahead, behind = (scope["f_and_derivative"](point + h)[0] for h in (1e-6, -1e-6))
    assert slope == pytest.approx((ahead - behind) / 2e-6, rel=1e-6)
    assert math.isfinite(value)


def test_inspect_shows_loops_with_the_names_of_the_person(model):
    result = run("inspect", f"{model / 'model.py'}:loss", "--args", model / "args.json")
    assert result.exit_code == 0
    assert "z = W @ x + b" in result.stdout
    assert "for (int i = 0; i < 2; i++)" in result.stdout
    found = json.loads(run("inspect", f"{model / 'model.py'}:loss", "--args", model / "args.npz", "--json").stdout)
    assert {step["kind"] for step in found["steps"]} == {"kernel"}


def test_profile_tells_where_the_time_goes(model):
    words = ("profile", f"{model / 'model.py'}:loss", "--args", model / "args.json", "--wrt", "W,b", "--seconds", 0.01)
    result = run(*words, "--trace", model / "trace.json")
    assert result.exit_code == 0
    assert "a run" in result.stdout
    assert json.loads((model / "trace.json").read_text())["traceEvents"]
    assert json.loads(run(*words, "--json").stdout)["steps"]


def test_bad_formula_has_a_caret_a_hint_and_exit_code_2():
    result = run("derive", "2*sn(x)")
    assert result.exit_code == 2
    assert "2*sn(x)\n      ^^" in result.stderr
    assert "did you mean `sin`?" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("kind", ["args.json", "args.npz"])
def test_explain_source_draw_check(model, kind):
    target, args = f"{model / 'model.py'}:loss", ("--args", model / kind)
    explained = run("explain", target, *args, "--wrt", "W")
    assert explained.exit_code == 0, explained.stderr
    assert "σ(z)" in explained.stdout
    assert json.loads(run("explain", target, *args, "--wrt", "W,b", "--json").stdout)["wrt"] == ["W", "b"]
    scope = {}
    exec(run("source", target, *args, "--wrt", "W", "--wrt", "b").stdout, scope)
    _, (dW, db) = scope["loss_and_grad"](np.array([[0.1, 0.2]]), np.array([0.5]), np.array([1.0, -1.0]))
    assert dW.shape == (1, 2)
    assert db.shape == (1,)
    picture = model / "graph.svg"
    assert run("draw", target, *args, "-o", picture).exit_code == 0
    assert picture.read_text().startswith("<svg")
    assert run("check", target, *args).exit_code == 0
    assert json.loads(run("check", target, *args, "--json").stdout)["agrees"] is True


def test_check_finds_a_wrong_derivative(tmp_path):
    (tmp_path / "wrong.py").write_text(
        "import numpy as np, glassgrad as gg\n\n@gg.custom_derivative\ndef f(x):\n    return np.sin(x)\n\n"
        "f.pullback(lambda ct, y, x: ct * 3.0)\n"
    )
    (tmp_path / "a.json").write_text('{"x": 0.5}')
    assert run("check", f"{tmp_path / 'wrong.py'}:f", "--args", tmp_path / "a.json").exit_code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("explain", "nowhere.py:f"), "there is no file nowhere.py"),
        (("explain", "model.py"), "names no function"),
        (("explain", "{model}/model.py:los"), "did you mean 'loss'?"),
        (("explain", "{model}/model.py:loss", "--args", "{model}/none.json"), "there is no file"),
        (("explain", "{model}/model.py:loss", "--args", "{model}/bad.json"), "cannot be read as JSON"),
        (("explain", "{model}/model.py:loss", "--args", "{model}/names.json"), "did you mean 'W'?"),
    ],
)
def test_bad_input_is_told_with_exit_code_2(model, words, told):
    (model / "bad.json").write_text("{")
    (model / "names.json").write_text('{"w": [[1.0]]}')
    result = run(*[word.format(model=model) for word in words])
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_a_pickled_array_is_not_loaded(model):
    np.savez(model / "object.npz", W=np.array([{}], dtype=object), allow_pickle=True)
    result = run("explain", f"{model / 'model.py'}:loss", "--args", model / "object.npz")
    assert result.exit_code == 2


def test_a_file_that_cannot_be_written_is_told(model):
    assert run("derive", "x**2", "-o", model / "missing" / "out.txt").exit_code == 2


def test_demo_gives_its_figures():
    result = run("demo", "--json")
    assert result.exit_code == 0
    figures = json.loads(result.stdout)
    assert figures["skydiver"]["dp_dt"] == pytest.approx(699.045, abs=5e-4)
    assert figures["two_layer_network"]["output"] == pytest.approx(0.871843204787514, abs=1e-15)
    assert figures["breast_cancer"]["test_accuracy"] > 0.93
    assert "0.871843204787514" in result.stderr
    assert max(len(line) for line in result.stderr.splitlines()) <= 100


def test_module_and_help_run_as_processes():
    done = subprocess.run(
        [sys.executable, "-m", "glassgrad", "derive", "x**2", "--at", "x=3", "--json"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
    )
    assert json.loads(done.stdout)["derivative"]["value"] == 6.0
    assert "derive" in run("--help").stdout


def test_the_version_is_said_in_a_line():
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout == f"glassgrad {__version__}\n"


def test_a_hint_names_the_option_of_the_command():
    result = run("derive", "x*y")
    assert "choose one: --wrt x" in result.stderr
    assert 'wrt="' not in result.stderr


@pytest.mark.parametrize(("columns", "widest"), [("64", 64), ("20", 60), ("200", 80)])
def test_text_keeps_to_the_terminal(monkeypatch, columns, widest):
    monkeypatch.setenv("COLUMNS", columns)
    lines = run("derive", "x**2*sin(x)*exp(x)*cosh(x)", "--at", "x=1").stdout.splitlines()
    assert widest - 16 < max(map(len, lines)) <= widest
