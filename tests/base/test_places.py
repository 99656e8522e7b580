"""Errors and warnings name the line of the person, whatever code of the library lies in between."""

import warnings
from pathlib import Path

import pytest

from glassgrad.base.errors import DomainError
from glassgrad.base.source import user_location
from glassgrad.base.warning import warn
from glassgrad.optim import Plateau


def test_an_error_while_a_dataclass_of_the_library_is_made_names_the_line_that_makes_it():
    with pytest.raises(DomainError) as found:
        Plateau(factor=-1.0)
    assert "at test_places.py" in str(found.value)
    assert found.value.where.text == "Plateau(factor=-1.0)"


def test_typed_code_is_the_persons():
    known = {"user_location": user_location}
    exec("def typed():\n    return user_location()\nplace = typed()", known)
    assert (known["place"].file, known["place"].line) == ("<string>", 2)


def test_a_warning_names_this_line():
    with pytest.warns(RuntimeWarning, match="the disk is full") as seen:
        warn("the disk is full")
    assert Path(seen[0].filename) == Path(__file__)


def test_a_warning_is_shown_once_for_each_line_unless_asked_otherwise():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(3):
            warn("again")
        warn("again")
    assert len(seen) == 2
