"""A place in the source is in the right file: also for equal functions in two files, and on every system."""

import importlib.util

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
    own, numpys = (compile("0", file, "exec") for file in ("/work/model.py", "/env/numpy/model.py"))
    assert own == numpys  # for Python
    assert [is_internal(numpys), is_internal(own)] == [True, False]
    assert [locate(Place(code, 0)).file for code in (own, numpys)] == ["/work/model.py", "/env/numpy/model.py"]


def test_libraries_are_known_by_their_folder_on_every_system():
    for file in (r"C:\env\Lib\site-packages\numpy\lib\x.py", "/env/site-packages/numpy/lib/x.py", "<frozen runpy>"):
        assert is_internal(compile("0", file, "exec"))
    assert not is_internal(compile("0", r"C:\work\numpys\x.py", "exec"))
