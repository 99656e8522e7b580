"""Names for the examples in the docstrings: `np`, `gg`, and Glassgrad's public names as they are."""

import os
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import glassgrad as gg

os.environ.setdefault("GLASSGRAD_STORE", "off")  # examples leave no runs behind

# Modules that import an optional package when they are imported, and are so only where it is there.
collect_ignore_glob = [] if find_spec("torch") else ["glassgrad/doctor/subjects/torch/*"]

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
