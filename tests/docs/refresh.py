"""Writes into pages what their blocks print now: `python -m tests.docs.refresh docs/index.md …`. Then read the diff.

Console blocks keep their text where it has `...`.
"""

import contextlib
import io
import linecache
import os
import re
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from types import ModuleType

from tests.docs.pages import COMMANDS, Block, _python_source, _registered, read_blocks, read_commands

ROOT = Path(__file__).parents[2]


def refresh(page: Path) -> None:
    """Runs the page from top to bottom and replaces the shown outputs, errors and console lines."""
    markdown = page.read_text(encoding="utf-8")
    blocks = read_blocks(markdown)
    module = ModuleType("page_" + re.sub(r"[^a-zA-Z0-9]", "_", page.relative_to(ROOT).as_posix()))
    changes: list[tuple[Block, str]] = []
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        sys.path.insert(0, folder)
        path = Path(folder, f"{module.__name__}.py")
        path.write_text(_python_source(blocks), encoding="utf-8")
        linecache.checkcache(str(path))
        for block, following in pairwise([*blocks, Block(0, "", "", "")]):
            if block.is_file:
                Path(block.title).write_text(block.text, encoding="utf-8")
            if block.language == "python":
                printed, error = _run(block, module, path, may_fail=following.title == "error")
                if following.title in {"output", "error"}:
                    changes.append((following, printed if following.title == "output" else error))
            elif block.language == "console":
                changes.append((block, "".join(_console(command) for command in read_commands(block))))
        sys.path.remove(folder)
        for name, other in list(sys.modules.items()):
            if str(getattr(other, "__file__", "")).startswith(folder):
                del sys.modules[name]  # the next page may have a file of the same name
    page.write_text(_replaced(markdown, changes), encoding="utf-8")


def _run(block: Block, module: ModuleType, path: Path, *, may_fail: bool) -> tuple[str, str]:
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), _registered(module):
            exec(compile(_python_source([block]), str(path), "exec"), vars(module))
    except Exception as raised:
        if not may_fail:
            raise
        error = f"{type(raised).__name__}: {raised}"
        return printed.getvalue(), re.sub(r"at page_\w+\.py:\d+ ", "at ... ", error)  # the line of the page may move
    return printed.getvalue(), ""


def _console(command) -> str:
    written = f"$ {command.text}\n"
    if command.text.split()[0] not in COMMANDS or "..." in command.shown or not command.shown.strip():
        return written + command.shown
    shell = f'glassgrad() {{ "{sys.executable}" -m glassgrad "$@"; }}; python() {{ "{sys.executable}" "$@"; }}\n'
    settings = {"COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8", "TERM": "dumb"}
    run = subprocess.run(
        ["sh", "-c", shell + command.text],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert "Traceback (most recent call last)" not in run.stdout, f"`{command.text}` crashes:\n{run.stdout}"
    return written + run.stdout


def _replaced(markdown: str, changes: list[tuple[Block, str]]) -> str:
    lines = markdown.splitlines()
    for block, text in reversed(changes):
        start = end = block.line - 1
        while not lines[end].lstrip().startswith(("```", "~~~")):
            end += 1
        indent = lines[end][: len(lines[end]) - len(lines[end].lstrip())]
        lines[start:end] = [f"{indent}{line}".rstrip() for line in text.strip("\n").splitlines()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        refresh(Path(name).resolve())
