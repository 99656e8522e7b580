"""--output to what is no ordinary file (a pipe, /dev/null) writes into it and does not put a file in its place."""

import os
import stat
from pathlib import Path
from threading import Thread

import pytest

from glassgrad.cli.output import give


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = Thread(target=lambda: got.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    give("2·x", pipe)
    reader.join(10)
    assert got == ["2·x\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_nothing_is_left_behind_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(SystemExit):
        give("2·x", tmp_path / "page.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    page, link = tmp_path / "page.txt", tmp_path / "link.txt"
    page.write_text("old", encoding="utf-8")
    link.symlink_to(page)
    give("new", link)
    assert link.is_symlink()
    assert page.read_text(encoding="utf-8") == "new\n"
