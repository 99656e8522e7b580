"""What a picture may be: every broken law is refused with what is wrong and what to do."""

import pytest

from glassgrad.base.errors import UsageError
from glassgrad.explain.drawing import Arrow, Box, Line, Picture, render

X, Y, Z = Box("x", "x"), Box("y", "y"), Box("z", "z")

BROKEN = [
    (Picture((X, X)), r"two boxes have the key 'x'"),
    (Picture((X,), (Arrow("x", "x"),)), r"from 'x' to itself"),
    (Picture((X, Y), (Arrow("x", "y"), Arrow("x", "y"))), r"two equal arrows from 'x' to 'y'(.|\n)*labels"),
    (Picture((X,), (Arrow("x", "y"),)), r"ends at 'y', but no box has that key"),
    (Picture((X, Y, Z), (Arrow("x", "y"), Arrow("y", "z"), Arrow("z", "x"))), r"form a cycle: '.' → '.' → '.' → '.'"),
    (Picture((Box("x", "x", kind="weight"),)), r"kind 'weight'(.|\n)*parameter"),
    (Picture((Box("x", "x", (Line("1", "number"),)),)), r"role 'number'(.|\n)*gradient"),
    (Picture((Box("x", "x", block="a//b"),)), r"block 'a//b' with an empty name"),
]


@pytest.mark.parametrize(("some", "message"), BROKEN)
def test_broken_pictures_are_refused(some, message):
    with pytest.raises(UsageError, match=message):
        render(some)


@pytest.mark.parametrize(
    ("choice", "message"), [({"direction": "up"}, "'down', 'right'"), ({"theme": "pink"}, "'auto'")]
)
def test_unknown_choices_are_refused(choice, message):
    with pytest.raises(UsageError, match=message):
        render(Picture((X,)), **choice)


def test_parallel_arrows_with_different_labels_are_welcome():
    assert render(Picture((X, Y), (Arrow("x", "y", "left"), Arrow("x", "y", "right")))).count("gg-arrow") >= 2
