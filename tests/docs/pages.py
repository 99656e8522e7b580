"""Reads the fenced blocks of a Markdown page and runs them as a reader would, from top to bottom.

A block's first word is its language; `title="…"` after it says what it is: `title="output"` is what the block
before prints, `title="error"` the error that it raises, and a name with a suffix (`title="model.py"`) a file
for the blocks below. In a `console` block, `$ glassgrad …` (or `python`, `cat`) is run and compared with the
lines under it, where `...` stands for anything. A page with `<!-- needs: torch -->` is skipped where
that package is missing.
"""

import contextlib
import io
import linecache
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from types import ModuleType

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<info>[^`\n]*)$")
TITLE = re.compile(r'title="(?P<title>[^"]*)"')
NEEDS = re.compile(r"<!-- needs: (?P<packages>[\w, ]+) -->")
COMMANDS = ("glassgrad", "python", "cat")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where its text begins, its language, its title and its text without the indent."""

    line: int
    language: str
    title: str
    text: str

    @property
    def is_file(self) -> bool:
        return "." in self.title


@dataclass(frozen=True, slots=True)
class Command:
    """A `$ …` line of a console block and the lines shown under it."""

    line: int
    text: str
    shown: str


def read_blocks(markdown: str) -> list[Block]:
    blocks: list[Block] = []
    lines = markdown.splitlines()
    number = 0
    while number < len(lines):
        opening = FENCE.match(lines[number])
        number += 1
        if opening is None:
            continue
        start = number
        while number < len(lines) and lines[number].strip() != opening["fence"]:
            number += 1
        language, _, options = opening["info"].strip().partition(" ")
        title = TITLE.search(options)
        text = dedent("\n".join(lines[start:number]) + "\n")
        blocks.append(Block(start + 1, language, title["title"] if title else "", text))
        number += 1
    return blocks


def needed_packages(markdown: str) -> list[str]:
    return [name.strip() for found in NEEDS.finditer(markdown) for name in found["packages"].split(",")]


def read_commands(block: Block) -> Iterator[Command]:
    """The commands of a console block; a line that ends in a backslash goes on in the next."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    line = block.line + parts[0].count("\n")
    for part in parts[1:]:
        text, shown = re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*)\n?(.*)", part, flags=re.DOTALL).groups()
        yield Command(line, text, shown)
        line += part.count("\n")


def agrees(shown: str, found: str) -> bool:
    """Is the text found the text shown? `...` stands for any text, blanks at line ends do not matter."""
    pattern = ".*?".join(re.escape(part) for part in _trimmed(shown).split("..."))
    return re.fullmatch(pattern, _trimmed(found), flags=re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def run_page(name: str, blocks: Sequence[Block], folder: Path) -> None:
    """Runs the blocks of a page in `folder`; an AssertionError names the page, the line, and both texts."""
    module = ModuleType(f"page_{re.sub(r'[^a-zA-Z0-9]', '_', name)}")
    path = folder / f"{module.__name__}.py"
    # The code is in a file, at the lines of the page: Glassgrad reads the user's names from the source.
    path.write_text(_python_source(blocks), encoding="utf-8")
    linecache.checkcache(str(path))
    for block, following in pairwise([*blocks, Block(0, "", "", "")]):
        if block.is_file:
            (folder / block.title).write_text(block.text, encoding="utf-8")
        if block.language == "python":
            _run_python(f"{name}:{block.line}", block, following, module, path)
        elif block.language == "console":
            for command in read_commands(block):
                _run_command(f"{name}:{command.line}", command, folder)


def _python_source(blocks: Sequence[Block]) -> str:
    """The text of the Python blocks, each line with its number in the page."""
    source = ""
    for block in blocks:
        if block.language == "python":
            source += "\n" * (block.line - 1 - source.count("\n")) + block.text
    return source


def _run_python(where: str, block: Block, following: Block, module: ModuleType, path: Path) -> None:
    printed = io.StringIO()
    error = ""
    try:
        with contextlib.redirect_stdout(printed), _registered(module):
            exec(compile(_python_source([block]), str(path), "exec"), vars(module))
    except Exception as raised:
        if following.title != "error":
            raise
        error = f"{type(raised).__name__}: {raised}"
    match following.title:
        case "output":
            same = _trimmed(following.text) == _trimmed(printed.getvalue())
            _compare(where, following.text, printed.getvalue(), same=same)
        case "error":
            assert error, f"{where}: the page shows an error, but the block raises none"
            _compare(where, following.text, error, same=agrees(following.text, error))


@contextlib.contextmanager
def _registered(module: ModuleType) -> Iterator[None]:
    """The page as an importable module while it runs: dataclasses and pickles look their module up."""
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        del sys.modules[module.__name__]


def _run_command(where: str, command: Command, folder: Path) -> None:
    if command.text.split()[0] not in COMMANDS:
        return
    shell = f'glassgrad() {{ "{sys.executable}" -m glassgrad "$@"; }}; python() {{ "{sys.executable}" "$@"; }}\n'
    # A terminal of 80 columns without colours; both streams in one, in the order in which they were written.
    settings = {
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        "TERM": "dumb",
    }
    run = subprocess.run(
        ["sh", "-c", shell + command.text],
        cwd=folder,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if command.shown.strip():
        _compare(where, command.shown, run.stdout, same=agrees(command.shown, run.stdout))
    else:
        assert run.returncode == 0, f"{where}: `{command.text}` ends with {run.returncode}:\n{run.stdout}"


def _compare(where: str, shown: str, found: str, *, same: bool) -> None:
    assert same, f"{where}: the page shows\n\n{shown}\nbut this comes out:\n\n{found}"
