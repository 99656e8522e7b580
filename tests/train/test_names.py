"""The names of `gg.train`, which load when they are first used, are those that a type checker sees."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

from glassgrad import train


def imports_for_types():
    """{name: module} of the imports under `if TYPE_CHECKING:`."""
    tree = ast.parse(Path(train.__file__).read_text(encoding="utf-8"))
    (block,) = [statement for statement in tree.body if isinstance(statement, ast.If)]
    return {alias.name: statement.module for statement in block.body for alias in statement.names}


def test_each_name_comes_from_where_its_import_says():
    found = imports_for_types()
    assert sorted(found) == sorted(train.__all__) == sorted([*train._WHERE, "export", "store"])
    for name, module in found.items():
        assert getattr(train, name) is getattr(importlib.import_module(module), name)
    assert set(train.__all__) <= set(dir(train))


def test_the_store_loads_without_the_engine():
    script = "import sys, glassgrad.train.store; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in loaded if name.startswith(("llvmlite", "scipy", "rich", "glassgrad.graph"))} == set()
    assert "glassgrad.train.fitting" not in loaded
