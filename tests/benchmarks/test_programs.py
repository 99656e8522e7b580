"""The programs of the benchmarks give numbers in Glassgrad; `scripts/bench programs` compares them with JAX's."""

import numpy as np
import pytest

from benchmarks import programs
from benchmarks.harness.case import apart, leaves
from benchmarks.harness.measure import prepared

CASES = {case.name: case for case in programs.cases(quick=False, dtype="float32")}


def test_each_has_a_name_of_its_own():
    assert len(CASES) == len(programs.cases(quick=False, dtype="float32"))
    assert {name.split(":")[0] for name in CASES} == set(programs.FIELDS)


@pytest.mark.parametrize("name", CASES)
def test_its_results_are_numbers(name):
    _, (result,), _ = prepared(CASES[name], "glassgrad")
    found = leaves(result)
    assert found
    assert all(np.isfinite(x).all() for x in found)
    assert any(np.any(x != 0) for x in found)


@pytest.mark.parametrize("name", [case.name for case in programs.cases(quick=True, dtype="float32")])
def test_jax_finds_the_same(name):
    pytest.importorskip("jax")
    own, theirs = (prepared(CASES[name], library)[1] for library in ("glassgrad", "jax"))
    assert apart(own, theirs) < 1e-2  # in single precision, which is what JAX computes in where nobody asks for more
