"""A place in the source is in the right file: also for equal functions in two files, and on every system."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.source import Place, is_internal, locate

TEXT = "import numpy as np\n\n\ndef f(x):\n    return np.sin({}float(x))\n"


def loaded(path, text):
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_equal_functions_in_two_files(tmp_path):
    modules = [loaded(tmp_path / f"{name}.py", TEXT.format(space)) for name, space in (("one", ""), ("two", "  "))]
    for module, columns in zip(modules, ((18, 26), (20, 28)), strict=True):
        with pytest.raises(TypeError) as caught:
            gg.grad(module.f)(1.0)
        assert caught.value.where.file == module.__file__
        assert caught.value.where.columns == columns


def test_an_equal_function_of_a_library_is_not_taken_for_the_users():
    numpys = str(Path(np.__file__).parent / "model.py")
    own, library = (compile("0", file, "exec") for file in ("/project/model.py", numpys))
    assert own == library  # for Python
    assert [is_internal(library), is_internal(own)] == [True, False]
    assert [locate(Place(code, 0)).file for code in (own, library)] == ["/project/model.py", numpys]


@pytest.mark.parametrize("name", ["numpy", "scipy", "click"])
def test_a_project_may_have_the_name_of_a_library(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    module = loaded(folder / "model.py", TEXT.format(""))
    with pytest.raises(TypeError, match=r"model.py:5   return np.sin\(float\(x\)\)"):
        gg.grad(module.f)(1.0)
    module = loaded(
        folder / "other.py", "import numpy as np\n\n\ndef f(x):\n    inner = x * 2\n    return inner * inner\n"
    )
    assert "inner = x · 2" in gg.explain(module.f, 1.0).text()


def test_glassgrad_behind_a_link_knows_its_own_lines(tmp_path):
    (tmp_path / "linked").symlink_to(Path(gg.__file__).parent.parent)
    (tmp_path / "model.py").write_text("import glassgrad as gg\n\ngg.grad(float)(1.0)\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "linked")}
    command = [sys.executable, str(tmp_path / "model.py")]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert "  at model.py:3   gg.grad(float)(1.0)" in result.stderr
