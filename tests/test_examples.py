"""Every example runs as a person runs it, in seconds, without a word on stderr, and prints what it promises."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
EXAMPLES = sorted(FOLDER.glob("*.py"))
PROMISED = {
    "breast_cancer": "test accuracy 9",
    "character_lstm": "A character LSTM learns a page by heart",
    "churn": "the network took",
    "digits": "test accuracy 9",
    "doctor_pytorch": "Mended: healthy",
    "doctor_vanishing": "The doctor's choice: ",
    "gaussian_likelihood": "scale 1.681   noise 0.163",
    "rnn_by_hand": "    dW += np.outer(dproduct2, h2)",
    "sine_gru": "the GRU: 0.1",
    "skydiver": "grad(pressure)(10.0) = 699.045 Pa/s",
    "sorting_transformer": "new sequences are sorted without a fault",
    "straight_through": "learnt levels: [ 0.5  -1.25  0.    2.  ] truth: [ 0.5  -1.25  0.    2.  ]",
    "two_layer_network": "network(x) = 0.871843204787514",
    "while_loop_pendulum": "central difference 0.504355, formula for small swings 0.501517",
    "xor": "1 xor 0 = 1",
}

MEASURED = {  # what a number that it prints is at least, in percent
    "breast_cancer": (r"test accuracy ([\d.]+)%", 95.0),
    "digits": (r"test accuracy ([\d.]+)% of 360 images", 98.0),
    "sorting_transformer": (r"([\d.]+)% of 1000 new sequences", 98.0),
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_the_example_runs(example, tmp_path):
    text = example.read_text(encoding="utf-8")
    for package in ("sklearn", "torch"):
        if re.search(rf"^(import|from) {package}\b", text, re.MULTILINE) and importlib.util.find_spec(package) is None:
            pytest.skip(f"needs {package}")
    run = subprocess.run(
        [sys.executable, "-W", "error", str(example)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert PROMISED.get(example.stem, "\n") in run.stdout
    if example.stem in MEASURED:
        form, least = MEASURED[example.stem]
        assert float(re.findall(form, run.stdout)[-1]) >= least


def test_the_promised_examples_are_there():
    assert set(PROMISED) <= {example.stem for example in EXAMPLES}
