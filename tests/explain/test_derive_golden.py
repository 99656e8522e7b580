"""Printed derivations of formulas, against pages that were read by eye."""

import pytest

from tests.explain.derive_cases import CASES, FOLDER, page


@pytest.mark.parametrize("name", CASES)
def test_prints_as_on_the_page(name: str) -> None:
    assert page(name) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_keeps_to_80_columns(name: str) -> None:
    assert max(len(line) for line in page(name).splitlines()) <= 80


def test_no_page_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)
