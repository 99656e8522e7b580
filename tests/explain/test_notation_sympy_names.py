"""The list of SymPy's names is that of the SymPy that is installed."""

import textwrap

import sympy

from glassgrad.explain.notation.sympy_names import NAMES


def installed() -> set[str]:
    return {name for name in sympy.__all__ if not name.startswith("_")}


def test_no_name_of_sympys_is_missing() -> None:
    assert not installed() - NAMES


def test_names_that_sympy_gave_up_are_few() -> None:
    assert len(NAMES - installed()) < 20


if __name__ == "__main__":
    print(textwrap.fill(" ".join(sorted(installed())), 112, break_on_hyphens=False))
