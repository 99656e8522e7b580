"""Every row of the op table on the CPU engine: the same values as the reference engine, for each dtype."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glassgrad.engines import reference
from glassgrad.engines.cpu.program import compile_graph, translated
from glassgrad.graph.node import working
from glassgrad.testing.numeric import distance
from tests.table.case import Case
from tests.table.rows import CASES, sample

ROUNDING = {"float64": 1e-12, "complex128": 1e-12, "float32": 2e-4, "complex64": 2e-4}
UNCOVERED = Path(__file__).with_name("uncovered.txt")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def at_every_dtype(cases: list[Case]) -> Any:
    runs = [(case, dtype) for case in cases for dtype in case.dtypes]
    return pytest.mark.parametrize(("case", "dtype"), runs, ids=[f"{case.name}-{dtype}" for case, dtype in runs])


def uncovered() -> dict[str, set[str]]:
    """The ops that the host computes at some dtype, by op."""
    lines = [line.split("#")[0].split() for line in UNCOVERED.read_text().splitlines()]
    return {words[0]: set(words[1:]) for words in lines if words}


@at_every_dtype(CASES)
def test_a_row_gives_what_the_reference_gives(case: Case, dtype: str) -> None:
    with working():
        graph, values = sample(case, dtype)
    expected = reference.compile_graph(graph)(*values)
    program = compile_graph(graph)
    found = program(*[np.asarray(value) for value in values])
    for value, node in zip(found, graph.outputs, strict=True):
        assert (value.shape, value.dtype) == (node.shape, node.dtype)
    assert distance(found, expected) < ROUNDING[dtype]
    for node in program.module.host:
        assert dtype in uncovered().get(node.op.name, ()), f"{node.op.name} at {dtype} is computed by the host"


def test_the_list_of_uncovered_ops_only_shrinks() -> None:
    still: dict[str, set[str]] = {}
    for case in CASES:
        for dtype in case.dtypes:
            with working():
                graph, _ = sample(case, dtype)
            for node in translated(graph)[1].host:
                still.setdefault(node.op.name, set()).add(dtype)
    assert still == uncovered(), "take out of uncovered.txt what is covered now"


def test_what_is_uncovered_has_a_reason() -> None:
    reason, seen = "", set()
    for line in UNCOVERED.read_text().splitlines():
        if line.startswith("## "):
            reason = line[3:]
        elif line and not line.startswith("#"):
            name = line.split()[0]
            assert reason, f"{name} stands below no reason"
            assert name not in seen, f"{name} is told twice"
            seen.add(name)
