"""The reference pages are what their generator gives now, and every public name says what it is with an example."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import glassgrad
from glassgrad.explain import explaining

ROOT = Path(__file__).parents[2]
COMMAND = "python scripts/reference.py"
PAGES = ("functions.md", "ops.md", "errors.md")


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """The pages as a fresh process writes them: tests may have declared rows of their own in this one."""
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, str(ROOT / "scripts" / "reference.py"), str(folder)], check=True, cwd=ROOT)
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_what_the_generator_gives(page, generated):
    checked_in = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    now = (generated / page).read_text(encoding="utf-8")
    assert checked_in == now, f"docs/reference/{page} is out of date: run `{COMMAND}` and commit the result"


def test_all_generated_pages_are_compared(generated):
    assert {path.name for path in generated.iterdir()} == set(PAGES)


@pytest.mark.parametrize("name", glassgrad.__all__)
def test_a_public_name_has_a_docstring_with_an_example(name):
    value = explaining.explain if name == "explain" else getattr(glassgrad, name)
    text = inspect.getdoc(value) or ""
    assert text.strip(), f"glassgrad.{name} has no docstring"
    assert ">>> " in text, f"the docstring of glassgrad.{name} shows no example"
