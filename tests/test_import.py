"""`import glassgrad` and a first gradient load what every user needs and nothing heavy; the rest waits."""

import json
import subprocess
import sys

import pytest

HEAVY = [
    "jax",
    "matplotlib",
    "numpy.ma",
    "pint",
    "rich",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    "sklearn",
    "sympy",
    "torch",
    "typer",
]


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules of a fresh interpreter that has imported glassgrad and taken a derivative."""
    program = "import glassgrad, json, sys; glassgrad.grad(lambda x: x * x)(2.0); print(json.dumps([*sys.modules]))"
    run = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    return set(json.loads(run.stdout))


def test_import_loads_the_package(loaded):
    assert {"glassgrad", "numpy"} <= loaded


@pytest.mark.parametrize("module", HEAVY)
def test_import_leaves_out(loaded, module):
    found = sorted(name for name in loaded if f"{name}.".startswith(f"{module}."))
    assert not found, f"`glassgrad.grad` loads {found[0]}; import it inside the function that needs it"
