"""Every tenth case of the acceptance sets of `benchmarks/acceptance`, each with all its checks."""

import subprocess
import sys
from pathlib import Path

import pytest

SETS = Path(__file__).parents[2] / "benchmarks" / "acceptance"

pytestmark = pytest.mark.skipif(not SETS.exists(), reason="the sets are not part of the source distribution")


def run(script: str, *options: str) -> None:
    command = [sys.executable, script, "--bar", "1", "--verbose", *options]
    done = subprocess.run(command, cwd=SETS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"


def test_every_tenth_formula_has_the_right_derivative_and_worded_steps() -> None:
    run("formulas.py", "--every", "10")


def test_every_tenth_matrix_function_has_gradient_source_and_derivation() -> None:
    run("matrix.py", "--every", "10")


def test_the_oracles_of_the_formulas_agree_with_each_other() -> None:
    run_oracle = [sys.executable, "formula_oracle.py", "--every", "10"]
    done = subprocess.run(run_oracle, cwd=SETS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
