"""The house stands: imports go down the floors of pyproject.toml; no circles, nothing overlong."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tests.floors import complaints, read_plan

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"

PLAN = """
    [tool.glassgrad.floors]
    package = "src/house"
    plan = [["cellar"], ["kitchen", "parlour"], ["attic"]]
    ground = ["_version"]
    roof = ["__init__"]
    longest_file = 8
    longest_function = 3
    [tool.glassgrad.floors.late]
    "house.cellar.wine" = "it must breathe"
    [tool.glassgrad.floors.long]
    "attic/archive.py" = "a list"
    [tool.glassgrad.floors.optional]
    torch = ["attic"]
"""

Build = Callable[[dict[str, str]], list[str]]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Writes a package `house` from {path: text} and returns what the checker says about it."""

    def build(files: dict[str, str]) -> list[str]:
        archive = {"attic/archive.py": "1\n" * 9}
        (tmp_path / "pyproject.toml").write_text(dedent(PLAN))
        for name, text in (archive | files).items():
            path = tmp_path / "src/house" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return complaints(read_plan(tmp_path / "pyproject.toml"))

    return build


def test_the_house_stands():
    found = complaints(read_plan(PYPROJECT))
    assert not found, f"{len(found)} breaches of the floor plan:\n" + "\n".join(found)


def test_every_exception_has_a_reason():
    plan = read_plan(PYPROJECT)
    assert all(len(reason.split()) > 1 for reason in [*plan.late.values(), *plan.long.values()])


def test_a_sound_house_has_no_complaints(build):
    assert not build(
        {
            "__init__.py": "from house import _version\nfrom house.attic.trunk import lid\n",
            "_version.py": "",
            "attic/trunk.py": "from house.kitchen import stove\nlid = 1\ndef lift():\n    import torch\n",
            "kitchen/__init__.py": "",
            "kitchen/stove.py": "import numpy\nfrom house.cellar.wine import red\nimport house._version\n",
            "kitchen/table.py": "def late():\n    from house.cellar import wine\n",
            "cellar/wine.py": "red = 1\n",
        }
    )


BREACHES = {
    "cellar/wine.py": {
        "import numpy\nfrom house.attic import archive\n": (
            ":2: imports house.attic.archive, upward: cellar is on floor 0, attic on floor 2"
        ),
        "1\n" * 9: ":1: cellar/wine.py has 9 lines; the limit is 8",
        "red = 1\ndef pour():\n    1\n    2\n    3\n": ":2: cellar/wine.py:pour has 4 lines; the limit is 3",
    },
    "kitchen/stove.py": {
        "import house.parlour.sofa\n": (":1: imports house.parlour.sofa, sideways: kitchen and parlour share floor 1"),
        "from ..parlour import sofa\n": (":1: imports house.parlour.sofa, sideways: kitchen and parlour share floor 1"),
        "if TYPE_CHECKING:\n    from house.attic import archive\n": (
            ":2: imports house.attic.archive, upward: kitchen is on floor 1, attic on floor 2"
        ),
        "def light():\n    import torch.nn\n": (":2: imports torch.nn, an optional package that only attic may import"),
        "from house.kitchen.oven import heat, dial\n": (":1: imports house.kitchen.oven, which does not exist"),
    },
    "attic/trunk.py": {
        "class Trunk:\n    def open(self):\n        import house.parlour.sofa\n": (
            ":3: imports house.parlour.sofa inside a function; "
            "move it to the top, or list the module with a reason under `late`"
        ),
    },
    "garden/shed.py": {
        "": ":1: `garden` has no floor; give it one in [tool.glassgrad.floors]",
    },
}


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [(name, text, complaint) for name, cases in BREACHES.items() for text, complaint in cases.items()],
)
def test_a_breach_is_named_with_file_line_and_import(build, name, text, complaint):
    sofa = {"parlour/sofa.py": "", "parlour/__init__.py": ""}
    assert build(sofa | {name: text}) == [f"src/house/{name}{complaint}"]


def test_an_exception_that_is_no_longer_needed_is_named(build):
    assert build({"attic/archive.py": ""}) == [
        "pyproject.toml: attic/archive.py is listed under `long` but is not too long; take it off the list"
    ]


def test_a_circle_of_imports_is_shown_link_by_link(build):
    found = build(
        {
            "kitchen/stove.py": "from house.kitchen import pan\n",
            "kitchen/pan.py": "\nimport house.kitchen.lid\n",
            "kitchen/lid.py": "from house.kitchen.stove import heat\n",
        }
    )
    assert len(found) == 1
    head, *links = found[0].splitlines()
    assert head == "a circle of imports:"
    assert {link.strip() for link in links} == {
        "src/house/kitchen/stove.py:1: imports house.kitchen.pan",
        "src/house/kitchen/pan.py:2: imports house.kitchen.lid",
        "src/house/kitchen/lid.py:1: imports house.kitchen.stove",
    }


def test_a_circle_for_types_only_is_no_circle(build):
    for_types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.kitchen import stove\n"
    assert not build({"kitchen/stove.py": "from house.kitchen import pan\n", "kitchen/pan.py": for_types})
