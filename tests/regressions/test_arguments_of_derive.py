"""Arguments of derive that are of another kind are refused in words, not by an error from the inside."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import UsageError


@pytest.mark.parametrize(
    "arguments",
    [
        {"let": 3},
        {"let": ["a = x", None]},
        {"at": 3},
        {"at": [3]},
        {"at": {"x": [1.0]}},
        {"at": {"x": 1j}},
        {"at": {3: 1.0}},
        {"units": 3},
        {"units": {"x": 3}},
        {"wrt": 3},
        {"order": 1.5},
        {"order": "2"},
        {"order": True},
    ],
    ids=repr,
)
def test_the_argument_is_named(arguments: dict[str, object]) -> None:
    (name,) = arguments
    with pytest.raises(UsageError, match=name):
        gg.derive("x**2", **arguments)


@pytest.mark.parametrize("value", [3, 3.0, "3", np.float64(3), np.int64(3), np.array(3.0)])
def test_numbers_of_every_kind_are_values(value: object) -> None:
    assert gg.derive("x**2", at={"x": value}, order=np.int64(1)).derivative == 6.0
