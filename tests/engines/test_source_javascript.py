"""Generated JavaScript gives the same numbers in node as NumPy does here."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import UnsupportedError
from tests.explain.programs import BY_NAME, two_layer

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


def run_javascript(text: str, name: str, arguments: list, folder: Path) -> list:
    path = folder / "job.js"
    given = json.dumps([np.asarray(x).tolist() for x in arguments])
    path.write_text(f"{text}\nconsole.log(JSON.stringify({name}_and_grad(...{given})));\n", encoding="utf-8")
    done = subprocess.run([NODE, str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def scalars(x, y, eps=1e-3):
    r = np.sqrt(x**2 + y**2 + eps)
    return -np.log(r) * np.exp(-r) + np.arctan2(y, x) ** 2


def broadcasting(x, w, b):
    centred = x - x.mean(axis=0)
    scaled = centred / (1 + np.abs(w))
    return np.sum(np.maximum(scaled, b[:, None]) * np.where(x > 0, x, 0.1)) / x.shape[0]


def with_reserved_words(var, let):
    new = var * let
    mean = new.mean()
    return np.sum(new * mean)


def counted(x):
    return gg.fori_loop(0, 5, lambda i, c: c * np.sin(x) + i, x)


def chosen(x, w):
    return np.sum(gg.cond(w > 0, lambda x: np.sin(x) * w, lambda x: x**2 * w, x))


rng = np.random.default_rng(0)
CASES = {
    "two layers": (two_layer, BY_NAME["two_layer"].arguments),
    "layer norm": (BY_NAME["layer_norm"].function, BY_NAME["layer_norm"].arguments),
    "numbers": (scalars, (0.7, -1.2)),
    "broadcasting": (broadcasting, (rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=4))),
    "reserved words": (with_reserved_words, (rng.normal(size=3), rng.normal(size=3))),
    "recurrent": (BY_NAME["recurrent"].function, BY_NAME["recurrent"].arguments),
    "scan": (BY_NAME["recurrent_scan"].function, BY_NAME["recurrent_scan"].arguments),
    "while": (BY_NAME["newton"].function, (2.0, 1.0)),
    "counted": (counted, (0.3,)),
    "branch": (chosen, (rng.normal(size=3), 2.0)),
}


@needs_node
@pytest.mark.parametrize("name", CASES)
def test_javascript_agrees_with_numpy(name: str, tmp_path: Path) -> None:
    function, arguments = CASES[name]
    text = gg.source(function, *arguments, wrt="all", target="javascript")
    value, gradients = run_javascript(text, function.__name__, list(arguments), tmp_path)
    assert np.isclose(value, function(*arguments), rtol=1e-12)
    expected = gg.grad(function, tuple(range(len(gradients))))(*arguments)
    for found, wanted in zip(gradients, expected, strict=True):
        assert np.allclose(found, wanted, rtol=1e-10, atol=1e-12)


def test_numbers_stay_plain_arithmetic() -> None:
    text = gg.source(scalars, 0.7, -1.2, target="javascript")
    assert "const r = Math.sqrt(x ** 2 + y ** 2 + eps);" in text
    assert "function elementwise" not in text


def test_what_is_not_in_the_subset_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"np.linalg.det\(X\)' cannot be written as JavaScript"):
        gg.source(lambda X: np.linalg.det(X), np.eye(3), target="javascript")
