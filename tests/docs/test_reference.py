"""The reference pages and the typed facade are what their generator gives now, and every public name has a docstring
with an example.
"""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import glassgrad
from glassgrad.explain import explaining

ROOT = Path(__file__).parents[2]
COMMAND = "python scripts/reference.py"
FILES = (
    "docs/reference/functions.md",
    "docs/reference/ops.md",
    "docs/reference/errors.md",
    "src/glassgrad/__init__.pyi",
)


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """The files as a fresh process writes them: tests may have declared rows of their own in this one."""
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, str(ROOT / "scripts" / "reference.py"), str(folder)], check=True, cwd=ROOT)
    return folder


@pytest.mark.parametrize("file", FILES)
def test_the_file_is_what_the_generator_gives(file, generated):
    checked_in = (ROOT / file).read_text(encoding="utf-8")
    now = (generated / file).read_text(encoding="utf-8")
    assert checked_in == now, f"{file} is out of date: run `{COMMAND}` and commit the result"


def test_all_generated_files_are_compared(generated):
    assert {path.relative_to(generated).as_posix() for path in generated.rglob("*.*")} == set(FILES)


def test_the_facade_binds_the_public_names():
    """Told apart from the generator: the names that an importer of the facade sees, and where each comes from."""
    tree = ast.parse((ROOT / "src/glassgrad/__init__.pyi").read_text(encoding="utf-8"))
    bound = {}
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            bound |= {alias.asname: (statement.module, alias.name) for alias in statement.names}
    assert sorted(bound) == glassgrad.__all__
    for name, (module, original) in bound.items():
        value = explaining.explain if name == "explain" else getattr(glassgrad, name)
        assert getattr(importlib.import_module(module), original) is value


@pytest.mark.parametrize("name", glassgrad.__all__)
def test_a_public_name_has_a_docstring_with_an_example(name):
    value = explaining.explain if name == "explain" else getattr(glassgrad, name)
    text = inspect.getdoc(value) or ""
    assert text.strip(), f"glassgrad.{name} has no docstring"
    assert ">>> " in text, f"the docstring of glassgrad.{name} shows no example"
