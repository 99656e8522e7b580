"""What the commands say to words, files and functions that are not right, run as a person runs them."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

MODEL = """
import numpy as np


def loss(w, x, n=2):
    for _ in range(n):
        x = np.sin(w * x)
    return np.sum(x)


def vector(x):
    return x * 2


def misspelled(x):
    return np.sim(x)


def keeps(x, /, y):
    return np.sum(x * y)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "args.json").write_text(json.dumps({"w": 1, "x": [1, 2]}))
    (tmp_path / "list.json").write_text(json.dumps([1, [1, 2]]))
    (tmp_path / "x.json").write_text(json.dumps({"x": [1.5, 2.0]}))
    (tmp_path / "xy.json").write_text(json.dumps({"x": [1.5, 2.0], "y": 0.5}))
    return tmp_path


def run(folder, *words, **environment):
    """The installed command itself, by the script that pip would write."""
    script = folder / "glassgrad"
    script.write_text("import sys\nfrom glassgrad.cli.main import run\n\nsys.exit(run())\n")
    return subprocess.run(
        [sys.executable, str(script), *map(str, words)],
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env=os.environ | environment,
        check=False,
        timeout=60,
    )


def test_errors_do_not_name_the_line_that_starts_the_command(folder):
    for words in (
        ("explain", "model.py:vector", "--args", "x.json"),
        ("explain", "model.py:loss", "--args", "args.json", "--wrt", "v"),
        ("derive", "x**2", "--order", "40"),
    ):
        result = run(folder, *words)
        assert result.returncode == 2, result.stderr
        assert result.stderr.startswith("error: ")
        assert "  at " not in result.stderr


def test_an_error_of_the_function_itself_is_told_with_its_line(folder):
    result = run(folder, "explain", "model.py:misspelled", "--args", "x.json")
    assert result.returncode == 2
    assert result.stderr.startswith("error: AttributeError: module 'numpy' has no attribute 'sim'")
    assert "  at model.py:16   return np.sim(x)" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("file", ["args.json", "list.json"])
def test_whole_numbers_of_json_are_real_where_a_derivative_is_asked_for(folder, file):
    for wrt in ("w", "x", "w,x"):
        result = run(folder, "explain", "model.py:loss", "--args", file, "--wrt", wrt, "--json")
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["check"]["agrees"] is True
    assert "write 3.0" in run(folder, "explain", "model.py:loss", "--args", file).stderr


def test_parameters_that_go_by_position_only(folder):
    result = run(folder, "explain", "model.py:keeps", "--args", "xy.json", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["wrt"] == "x"
    assert run(folder, "explain", "numpy:sum", "--args", "list.json").returncode == 2


def test_no_arguments_and_files_of_other_kinds(folder):
    result = run(folder, "explain", "model.py:loss")
    assert (result.returncode, result.stdout) == (2, "")
    assert "no value is given for w, x" in result.stderr
    assert "--args FILE" in result.stderr
    np.save(folder / "x.npy", np.ones(2))
    result = run(folder, "explain", "model.py:loss", "--args", "x.npy")
    assert (result.returncode, "neither JSON nor .npz" in result.stderr) == (2, True)


@pytest.mark.parametrize("formula", ["-x**2", "-x", "-omega*t**2", "-.5*t", "-cos(x)"])
def test_a_formula_may_begin_with_a_minus(folder, formula):
    variable = "t" if "t" in formula else "x"
    plain = run(folder, "derive", "--wrt", variable, "--", formula)
    assert plain.returncode == 0
    assert run(folder, "derive", formula, "--wrt", variable).stdout == plain.stdout
    assert run(folder, "derive", "--wrt", variable, formula).stdout == plain.stdout


def test_misspelled_options_are_still_told(folder):
    for words in (("x**2", "-y", "3"), ("--wtr", "x", "x**2"), ("--wtr", "-x**2")):
        result = run(folder, "derive", *words)
        assert result.returncode == 2
        assert "No such option" in result.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_any_encoding_of_the_terminal_will_do(folder, encoding):
    result = run(folder, "derive", "pi*x**2*y", "--wrt", "x", PYTHONIOENCODING=encoding)
    assert result.returncode == 0, result.stderr
    assert "∂f/∂x" in result.stdout
    assert "π" in result.stdout
    assert "²" in run(folder, "derive", "x²+(", PYTHONIOENCODING=encoding).stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that takes nothing")  # noqa: PTH110
def test_a_full_disk_is_told():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        result = subprocess.run(
            [sys.executable, "-m", "glassgrad", "derive", "x**2"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert (result.returncode, result.stderr) == (2, "error: stdout cannot be written: No space left on device\n")


def test_swapped_letters_of_a_function(folder):
    for wrong, right in (("sni", "sin"), ("epx", "exp"), ("cso", "cos"), ("lgo", "log"), ("sqtr", "sqrt")):
        assert f"did you mean `{right}`?" in run(folder, "derive", f"{wrong}(x)").stderr
