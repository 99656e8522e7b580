"""`glassgrad check` names the person's function where derivatives disagree, not one of its own."""

import pytest

from glassgrad.cli.main import app

PROGRAM = """
import glassgrad as gg

@gg.custom_derivative
def square(x):
    return x * x

@square.pullback
def _(ct, y, x):
    return ct * x

def area(x):
    return square(x)
"""


def test_the_message_begins_with_its_name(tmp_path, monkeypatch, capsys):
    (tmp_path / "wrong_rule.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "arguments.json").write_text('{"x": 3.0}', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        app(["check", "wrong_rule.py:area", "--args", "arguments.json"], standalone_mode=False)
    assert ended.value.code == 1
    assert "error: area: forward mode and differences disagree" in capsys.readouterr().err
