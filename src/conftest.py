"""Names for the examples in the docstrings: `np`, `gg`, and Glassgrad's public names as they are."""

from typing import Any

import numpy as np
import pytest

import glassgrad as gg


@pytest.fixture(autouse=True)
def names_of_the_examples(doctest_namespace: dict[str, Any]) -> None:
    doctest_namespace.update({name: getattr(gg, name) for name in vars(gg)["__all__"]}, np=np, gg=gg)
