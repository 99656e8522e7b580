"""Sources and derivations against the files in tests/golden, which were read by eye line by line.

After a wanted change: `python -m tests.explain.test_golden_programs` writes the files anew; read what changed.
"""

from pathlib import Path

import pytest

import glassgrad as gg
from tests.explain.programs import PROGRAMS, Program

_FOLDER = Path(__file__).parents[1] / "golden"


def _source(program: Program) -> str:
    return gg.source(program.function, *program.arguments, wrt=program.wrt)


def _derivation(program: Program) -> str:
    return gg.explain(program.function, *program.arguments, wrt=program.wrt).text() + "\n"


_KINDS = {"source": _source, "explain": _derivation}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
@pytest.mark.parametrize("kind", _KINDS)
def test_reads_as_on_file(kind: str, program: Program) -> None:
    assert _KINDS[kind](program) == (_FOLDER / kind / f"{program.name}.txt").read_text(encoding="utf-8")


if __name__ == "__main__":
    for kind, show in _KINDS.items():
        for program in PROGRAMS:
            (_FOLDER / kind / f"{program.name}.txt").write_text(show(program), encoding="utf-8")
