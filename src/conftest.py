"""Names for the examples in the docstrings: `np`, `gg`, and Glassgrad's public names as they are."""

import os
from typing import Any

import numpy as np
import pytest

import glassgrad as gg

os.environ.setdefault("GLASSGRAD_STORE", "off")  # examples leave no runs behind

# Examples that need an optional package.
NEEDED = {
    "glassgrad.doctor.watching": "torch",
    "glassgrad.nn.torch_weights": "torch",
    "glassgrad.train.export.onnx_file": "onnx",
}


@pytest.fixture(autouse=True)
def names_of_the_examples(doctest_namespace: dict[str, Any], request: pytest.FixtureRequest) -> None:
    for module, package in NEEDED.items():
        if request.node.name.startswith(module):
            pytest.importorskip(package)
    doctest_namespace.update({name: getattr(gg, name) for name in vars(gg)["__all__"]}, np=np, gg=gg)
