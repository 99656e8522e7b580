"""The names of `gg.train`, which load when they are first used, are those that a type checker sees."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

from glassgrad import train
from glassgrad.train import job


def imports_for_types(package=train):
    """{name: module} of the imports under `if TYPE_CHECKING:`."""
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    (block,) = [statement for statement in tree.body if isinstance(statement, ast.If)]
    return {alias.name: statement.module for statement in block.body for alias in statement.names}


def test_each_name_comes_from_where_its_import_says():
    found = imports_for_types()
    assert sorted(found) == sorted(train.__all__) == sorted([*train._WHERE, "export", "store"])
    for name, module in found.items():
        assert getattr(train, name) is getattr(importlib.import_module(module), name)
    assert set(train.__all__) <= set(dir(train))


def test_the_names_of_a_job_come_from_where_its_imports_say():
    found = imports_for_types(job)
    assert sorted(found) == sorted(job.__all__) == sorted(job._WHERE)
    for name, module in found.items():
        assert getattr(job, name) is getattr(importlib.import_module(module), name)


def test_what_a_prediction_needs_has_no_report_and_no_exporter():
    script = "import sys; from glassgrad.train.job import load_network, predictions; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    heavy = ("sklearn", "scipy.stats", "onnx", "glassgrad.train.export.", "glassgrad.train.report.page")
    assert [name for name in loaded if name.startswith(heavy)] == []


def test_the_store_loads_without_the_engine():
    script = "import sys, glassgrad.train.store; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in loaded if name.startswith(("llvmlite", "scipy", "rich", "glassgrad.graph"))} == set()
    assert "glassgrad.train.fitting" not in loaded
