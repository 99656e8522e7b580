"""`glassgrad doctor` as a person uses it: what it says, exit codes, files, wrong input."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from glassgrad import nn, optim, train
from glassgrad.cli.main import app
from tests.doctor.reports import ALL, vanishing

SETUPS = """
import numpy as np
from glassgrad import nn, optim

x = np.random.default_rng(0).normal(size=(128, 2)).astype(np.float32)
y = (x[:, 0] > 0).astype(int)


def healthy():
    return nn.Linear(2, 2, key=0), nn.cross_entropy, (x, y), optim.adam(0.1)


def broken():
    model = nn.Sequential(nn.Linear(2, 8, key=0), nn.relu, nn.Linear(8, 1, key=1), nn.softmax)
    return {"model": model, "loss": lambda p, t: nn.mse(p[:, 0], t), "data": (x, y.astype(np.float32)),
            "optimiser": optim.adam(0.01)}


class Setup:
    model, loss, data, optimizer = healthy()


nothing = {"model": 1}
three = (1, 2, 3)


def fails():
    raise ValueError("no data today")


def confuses():
    return len(3)


def wants(arguments):
    return arguments


def mismatched():
    return nn.Linear(3, 2, key=0), nn.cross_entropy, (x, y), optim.adam(0.1)
"""


def run(*words):
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, ["doctor", *(str(word) for word in words)])


@pytest.fixture
def setups(tmp_path, monkeypatch):
    (tmp_path / "setups.py").write_text(SETUPS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def examined(monkeypatch):
    """The command with a report made by hand in place of an examination; gives what it was called with."""
    calls = []

    def instead(made):
        def examine(*parts, **settings):
            calls.append((parts, settings))
            return made()

        monkeypatch.setattr("glassgrad.doctor.examining.examine", examine)
        return calls

    return instead


# ------------------------------------------------------------------ a set-up of one's own
@pytest.mark.parametrize("name", ["healthy", "Setup"])
def test_a_healthy_training_ends_with_0(setups, name):
    found = run(f"setups.py:{name}", "--steps", 60, "--no-cures")
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith("HEALTHY: ")
    assert "The chain, from the loss back" in found.stdout


def test_a_training_that_does_not_learn_ends_with_1_and_a_page(setups):
    found = run("setups.py:broken", "--steps", 60, "--no-cures", "--json", "--html", "report.html")
    assert found.exit_code == 1, found.output
    data = json.loads(found.stdout)
    assert data["verdict"] == "sick"
    assert data["causes"][0]["name"] == "one-unit-softmax"
    assert "wrote report.html" in found.stderr
    assert "<h1>The doctor on Sequential</h1>" in (setups / "report.html").read_text(encoding="utf-8")


def test_settings_reach_the_examination(setups, examined):
    calls = examined(ALL["healthy"])
    assert run("setups.py:healthy", "--steps", 7, "--seeds", 2, "--seconds", 5, "--no-cures").exit_code == 0
    (parts, settings), *_ = calls
    assert type(parts[0]).__name__ == "Linear"
    assert settings == {"steps": 7, "seeds": 2, "seconds": 5.0, "cures": False}
    assert run("setups.py:healthy").exit_code == 0
    assert calls[1][1] == {"steps": None, "seeds": 3, "seconds": 60.0, "cures": True}


# ------------------------------------------------------------------ exit codes
@pytest.mark.parametrize(
    ("made", "fail_on", "code"),
    [
        ("vanishing", None, 1),
        ("vanishing", "nan,vanishing", 1),
        ("vanishing", "activation", 1),
        ("vanishing", "depth", 0),  # it is only possible
        ("vanishing", "nan,exploding", 0),
        ("wiring", None, 1),
        ("healthy", "vanishing", 0),
        ("unknown", None, 2),
        ("unknown", "nan", 2),
    ],
)
def test_exit_codes(setups, examined, made, fail_on, code):
    examined(ALL[made])
    words = () if fail_on is None else ("--fail-on", fail_on)
    assert run("setups.py:healthy", *words).exit_code == code


def test_the_text_is_that_of_the_report(setups, examined):
    examined(vanishing)
    assert run("setups.py:healthy").stdout == f"{vanishing()}\n"


# ------------------------------------------------------------------ what cannot be examined
@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("setups.py:nothing", "gives no loss and no data and no optimizer"),
        ("setups.py:three", "gives 3 things"),
        ("setups.py:fails", "ValueError: no data today"),
        ("setups.py:confuses", "fails: TypeError: object of type 'int' has no len()"),
        ("setups.py:wants", "cannot be called without arguments"),
        ("setups.py:helthy", "did you mean 'healthy'?"),
        ("setups.py", "names no setup"),
        ("missing.py:healthy", "there is no file missing.py"),
        ("no-such-folder", "there is no folder no-such-folder"),
        ("setups.py:mismatched", "error: "),
    ],
)
def test_what_cannot_be_examined_ends_with_2(setups, target, says):
    found = run(target, "--steps", 5, "--no-cures")
    assert found.exit_code == 2, found.output
    assert says in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stdout == ""


def test_names_to_fail_on_are_checked_before_anything_runs(setups):
    found = run("setups.py:fails", "--fail-on", "vanishin")
    assert found.exit_code == 2
    assert "did you mean 'vanishing'?" in found.stderr
    assert run("setups.py:fails", "--fail-on", ",").exit_code == 2


# ------------------------------------------------------------------ recorded runs
def test_a_recorded_run_is_judged(tmp_path):
    x = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
    train.fit(nn.Linear(2, 1, key=0), (x, x[:, :1]), nn.mse, optim.adam(0.1), epochs=30, checkpoint=tmp_path / "ck")
    found = run(tmp_path / "ck", "--json")
    assert found.exit_code == 0, found.output
    data = json.loads(found.stdout)
    assert data["verdict"] == "healthy"
    assert data["ledger"] is None


def test_a_folder_without_a_run(tmp_path):
    found = run(tmp_path)
    assert found.exit_code == 2
    assert "holds no training" in found.stderr
