"""Every code block of the README and the docs runs and prints what the page says. The rules: `pages.py`."""

import re
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.docs.pages import Block, agrees, needed_packages, read_blocks, read_commands, run_page

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder whose modules can be imported, and are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    forget_modules_under(tmp_path.parent)  # a `model` that another test left
    yield tmp_path
    forget_modules_under(tmp_path)


def forget_modules_under(place):
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(place)):
            del sys.modules[name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_blocks_of_a_page_run(page, folder):
    markdown = page.read_text(encoding="utf-8")
    for package in needed_packages(markdown):
        pytest.importorskip(package)
    run_page(page.relative_to(ROOT).as_posix(), read_blocks(markdown), folder)


def test_the_readme_has_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"<!-- (\w+)-command -->\n+```sh\n(.*)\n```\n+<!-- /\1-command -->", readme)
    assert [name for name, _ in commands] == ["demo", "test"]
    assert all(line.startswith("python3 -m venv .venv && ") for _, line in commands)


# ---- The runner itself ------------------------------------------------------------------------------------


def page(text: str) -> list[Block]:
    return read_blocks(dedent(text))


def test_blocks_have_line_language_title_and_text():
    blocks = page(
        """\
        # Title

        ```python
        x = 1
        ```

        - in a list:

            ```text title="output"
            a
              b
            ```
        """
    )
    assert blocks == [Block(4, "python", "", "x = 1\n"), Block(10, "text", "output", "a\n  b\n")]


def test_a_longer_fence_holds_shorter_ones():
    assert page("````markdown\n```python\n1 / 0\n```\n````\n") == [Block(2, "markdown", "", "```python\n1 / 0\n```\n")]


def test_console_blocks_split_into_commands():
    [block] = page("```console\n$ glassgrad a \\\n    b\none\ntwo\n$ glassgrad c\n```\n")
    commands = [(command.line, command.text, command.shown) for command in read_commands(block)]
    assert commands == [(2, "glassgrad a \\\n    b", "one\ntwo\n"), (6, "glassgrad c", "")]


@pytest.mark.parametrize(
    ("shown", "found", "same"),
    [
        ("a b\n", "a b   \n", True),
        ("a ... b", "a c d b", True),
        ("a\n...\nb", "a\nc\nd\nb", True),
        ("a.b", "acb", False),
        ("a", "a\nb", False),
        ("  a", "a", False),
    ],
)
def test_dots_stand_for_any_text(shown, found, same):
    assert agrees(shown, found) is same


def test_blocks_share_names_and_print_what_follows(folder):
    blocks = page(
        """\
        ```python
        from dataclasses import dataclass

        @dataclass
        class Point:
            x: "int"
        ```
        ```python
        print(Point(2).x)
        ```
        ```text title="output"
        2
        ```
        """
    )
    run_page("page.md", blocks, folder)


def test_a_wrong_output_names_page_line_and_both_texts(folder):
    blocks = page('\n```python\nprint(1)\n```\n```text title="output"\n2\n```\n')
    with pytest.raises(AssertionError, match=r"page\.md:3: the page shows\n\n2\n\nbut this comes out:\n\n1\n"):
        run_page("page.md", blocks, folder)


def test_output_of_python_is_compared_without_dots(folder):
    with pytest.raises(AssertionError, match="the page shows"):
        run_page("page.md", page('```python\nprint("a b")\n```\n```text title="output"\na...\n```\n'), folder)


def test_a_failing_block_fails_in_the_lines_of_the_page(folder):
    with pytest.raises(ZeroDivisionError) as caught:
        run_page("page.md", page("\n\n```python\n1\n1 / 0\n```\n"), folder)
    assert caught.traceback[-1].lineno + 1 == 5
    assert str(caught.traceback[-1].statement) == "1 / 0"


def test_a_page_can_show_an_error(folder):
    error = '```python\n1 / 0\n```\n```text title="error"\nZeroDivisionError: ...\n```\n'
    run_page("page.md", page(error), folder)
    with pytest.raises(AssertionError, match="raises none"):
        run_page("page.md", page(error.replace("/ 0", "/ 1")), folder)


def test_a_titled_block_becomes_a_file_that_commands_can_use(folder):
    files = '```python title="model.py"\nthree = 3\n```\n```json title="data.json"\n[4]\n```\n'
    console = '```console\n$ python -c "import model; print(model.three)"\n3\n$ cat data.json\n[4]\n'
    console += "$ rm data.json\n```\n"
    run_page("page.md", page(files + console), folder)
    assert (folder / "data.json").exists()  # `rm` is not among the commands that run
    with pytest.raises(AssertionError, match=r"page\.md:8: the page shows\n\n5"):
        run_page("page.md", page(files + console.replace('three)"\n3', 'three)"\n5')), folder)


def test_a_command_without_output_shown_must_succeed(folder):
    run_page("page.md", page("```console\n$ python -c 'print(1)'\n```\n"), folder)
    with pytest.raises(AssertionError, match="ends with 3"):
        run_page("page.md", page("```console\n$ python -c 'exit(3)'\n```\n"), folder)


def test_needs_are_read():
    assert needed_packages("<!-- needs: torch, jax -->\ntext") == ["torch", "jax"]
