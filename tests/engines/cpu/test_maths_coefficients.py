"""The coefficients are what their script makes."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts/maths_coefficients.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("maths_coefficients", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["EXP", "EXP_STEP", "LOG", "SIN", "ERF_TAIL", "STIRLING"])
def test_polynomials_are_remade(script, name):
    table, errors = script.entry(name)
    assert script.recorded()[name] == table
    assert all(error < {"f64": 1e-16, "f32": 2e-8, "short": 2e-8}[form] for form, error in errors.items())


def test_constants_are_remade(script):
    known = script.recorded()
    for name, (number, count) in script.PARTS.items():
        assert known[name] == {form: script.in_parts(number, count, form) for form in ("f64", "f32")}
    assert known["STEPS"] == {form: script.steps(form) for form in ("f64", "f32")}
    assert known["TWO_OVER_PI_WORDS"] == script.words_of_two_over_pi(22)


def test_every_polynomial_is_recorded(script):
    assert set(script.FITS) | set(script.PARTS) | {"STEPS", "TWO_OVER_PI_WORDS"} == set(script.recorded())
