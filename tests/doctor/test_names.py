"""The names of `gg.doctor`, which load when they are first used, are those that a type checker sees."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

from glassgrad import doctor


def imports_for_types():
    """{name: module} of the imports under `if TYPE_CHECKING:`."""
    tree = ast.parse(Path(doctor.__file__).read_text(encoding="utf-8"))
    (block,) = [statement for statement in tree.body if isinstance(statement, ast.If)]
    return {alias.name: statement.module for statement in block.body for alias in statement.names}


def test_each_name_comes_from_where_its_import_says():
    found = imports_for_types()
    assert sorted(found) == sorted(doctor.__all__) == sorted([*doctor._WHERE, "callbacks"])
    for name, module in found.items():
        assert getattr(doctor, name) is getattr(importlib.import_module(module), name)
    assert set(doctor.__all__) <= set(dir(doctor))


def test_pytorch_is_not_loaded_before_one_of_its_models_is_examined():
    script = (
        "import sys, glassgrad as gg; gg.doctor.examine, gg.doctor.Report; "
        "print('torch' in sys.modules, 'llvmlite' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "False"]
